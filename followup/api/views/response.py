"""Stateless response: lesions and scans in, RECIST 1.1 out. Nothing is stored and nobody is looked up."""

from typing import cast

from rest_framework.request import Request
from rest_framework.response import Response

from followup.rules.response.wire import (
    answer_schema,
    assess_record,
    assess_records,
    record_schema,
    schemas,
    write_response,
)
from screening.api.stateless import CASE_LIMIT, StatelessSchema, StatelessView, answer_all
from trialsite.accounts.permissions import Permission, require_anywhere
from trialsite.api.views import ApiView


class AssessRecist(StatelessView):
    """Assess tumour response by RECIST 1.1, for one participant or for up to 200.

    Nothing is stored. Send one record, or `{"cases": [...]}` to get `{"results": [...]}` in the same order. Every scan
    comes with its sum, the nadir before it and target, non-target and overall response; then the best overall response
    with and without confirmation, and PFS, OS and DoR with their event or the reason of censoring. Repeating the
    request is harmless, so it needs no `Idempotency-Key`.
    """

    asked = ("ResponseRecord", record_schema)
    answered = ("TumourResponse", answer_schema)

    def post(self, request: Request) -> Response:
        """Answer one assessment, or a list of them."""
        require_anywhere(self.person, self.required_permission)
        return answer_all(
            cast("dict[str, object]", request.data),  # the parser takes nothing but an object
            assess_record,
            lambda cases: assess_records(cases, CASE_LIMIT),
            write_response,
        )


class ResponseSchemas(ApiView):
    """Read the JSON Schemas (draft 2020-12) of lesions and scans (`input`) and of a response (`output`)."""

    required_permission = Permission.VIEW_PARTICIPANT
    throttle_scope = "description"
    schema = StatelessSchema()

    def get(self, request: Request) -> Response:
        """Answer both schemas."""
        require_anywhere(self.person, self.required_permission)
        return Response(schemas())
