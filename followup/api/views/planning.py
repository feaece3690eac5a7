"""Stateless planning: events in, everything due out. Nothing is stored and nobody is looked up."""

from typing import cast

from rest_framework.request import Request
from rest_framework.response import Response

from followup.rules.planning import (
    outlook_schema,
    plan_record,
    plan_records,
    record_schema,
    schemas,
    write_schedule,
)
from screening.api.stateless import CASE_LIMIT, StatelessSchema, StatelessView, answer_all
from trialsite.accounts.permissions import Permission, require_anywhere
from trialsite.api.views import ApiView


class PlanSchedule(StatelessView):
    """Plan everything due from a course of events, for one participant or for up to 200.

    Nothing is stored. Send one record, or `{"cases": [...]}` to get `{"results": [...]}` in the same order. Every
    obligation comes with its window, its state at `now` and the days to it; beside them the contraception period
    with the rule that gave its last day, and the safety clocks. Repeating the request is harmless, so it needs no
    `Idempotency-Key`.
    """

    asked = ("ScheduleRecord", record_schema)
    answered = ("Schedule", outlook_schema)

    def post(self, request: Request) -> Response:
        """Answer one schedule, or a list of them."""
        require_anywhere(self.person, self.required_permission)
        return answer_all(
            cast("dict[str, object]", request.data),  # the parser takes nothing but an object
            plan_record,
            lambda cases: plan_records(cases, CASE_LIMIT),
            write_schedule,
        )


class ScheduleSchemas(ApiView):
    """Read the JSON Schemas (draft 2020-12) of a course of events (`input`) and of a schedule (`output`)."""

    required_permission = Permission.VIEW_PARTICIPANT
    throttle_scope = "description"
    schema = StatelessSchema()

    def get(self, request: Request) -> Response:
        """Answer both schemas."""
        require_anywhere(self.person, self.required_permission)
        return Response(schemas())
