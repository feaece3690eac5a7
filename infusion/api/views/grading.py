"""Stateless grading: findings in, a grade with its reasons out. Nothing is stored and nobody is looked up."""

from functools import partial
from typing import ClassVar, cast

from rest_framework.request import Request
from rest_framework.response import Response

from infusion.rules.grading.wire import (
    grade_record,
    grade_records,
    grading_schema,
    record_schema,
    schemas,
    write_grading,
)
from screening.api.stateless import CASE_LIMIT, StatelessSchema, StatelessView, answer_all
from trialsite.accounts.permissions import Permission, require_anywhere
from trialsite.api.views import ApiView


class _Grade(StatelessView):
    assessment: ClassVar[str]
    answered = ("Grading", grading_schema)

    def post(self, request: Request) -> Response:
        """Answer one grading, or a list of them."""
        require_anywhere(self.person, self.required_permission)
        return answer_all(
            cast("dict[str, object]", request.data),  # the parser takes nothing but an object
            partial(grade_record, self.assessment),
            lambda cases: grade_records(self.assessment, cases, CASE_LIMIT),
            write_grading,
        )


class GradeCrs(_Grade):
    """Grade cytokine release syndrome by ASTCT 2019, for one assessment or for up to 200.

    Nothing is stored. Send one record, or `{"cases": [...]}` to get `{"results": [...]}` in the same order. What is
    left out is not documented and can leave the grade undeterminable (null). The grade is a proposal. Repeating the
    request is harmless, so it needs no `Idempotency-Key`.
    """

    assessment = "crs"
    asked = ("CrsRecord", partial(record_schema, "crs"))


class GradeIcans(_Grade):
    """Grade neurotoxicity (ICANS) by ASTCT 2019, for one assessment or for up to 200.

    Nothing is stored. Send one record, or `{"cases": [...]}` to get `{"results": [...]}` in the same order. What is
    left out is not documented and can leave the grade undeterminable (null). The grade is a proposal. Repeating the
    request is harmless, so it needs no `Idempotency-Key`.
    """

    assessment = "icans"
    asked = ("IcansRecord", partial(record_schema, "icans"))


class GradeCtcae(_Grade):
    """Grade laboratory results, fever, hypotension or hypoxia by CTCAE 5.0, for one record or for up to 200.

    `term` says what the record is. Nothing is stored. Send one record, or `{"cases": [...]}` to get
    `{"results": [...]}` in the same order. Without a baseline a grade is given as for a normal one, and flagged. The
    grade is a proposal. Repeating the request is harmless, so it needs no `Idempotency-Key`.
    """

    assessment = "ctcae"
    asked = ("CtcaeRecord", partial(record_schema, "ctcae"))


class GradingSchemas(ApiView):
    """Read the JSON Schemas (draft 2020-12) of records (`input`, by assessment) and of gradings (`output`)."""

    required_permission = Permission.VIEW_PARTICIPANT
    throttle_scope = "description"
    schema = StatelessSchema()

    def get(self, request: Request) -> Response:
        """Answer all schemas."""
        require_anywhere(self.person, self.required_permission)
        return Response(schemas())
