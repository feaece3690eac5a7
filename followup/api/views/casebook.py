"""The casebook in the API: the same rows and filters as on the page."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from followup.api.casebook_shapes import CasebookRowOut, row_values
from followup.queries.casebook import Part, casebook_rows, columns_of, in_casebook
from participants.filters import ParticipantFilter
from participants.models import Participant
from trialsite import clock
from trialsite.accounts.permissions import Permission, require_anywhere
from trialsite.api.problems import field_refused
from trialsite.api.views import ScopedList


class CasebookList(ScopedList):
    """List the participants who have visits, each with what became of every visit. A constant number of queries."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Participant
    order = ("code",)
    filterset_class = ParticipantFilter
    gives = CasebookRowOut
    query_parameters = frozenset({"part"})
    query_parameter_docs = (
        OpenApiParameter(
            "part",
            str,
            enum=[one.value for one in Part],
            description="Visits to month 12, or those of long-term follow-up.",
        ),
    )

    def narrow(self, rows: QuerySet[Participant]) -> QuerySet[Participant]:
        return in_casebook(rows)

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer one page. Raises RequestRefused 400 unknown-reference for a part that there is not."""
        require_anywhere(self.person, self.required_permission)
        wanted = request.query_params.get("part", Part.YEAR.value)
        if wanted not in set(Part):
            raise field_refused("part", "unknown-reference", f"Choose one of: {', '.join(Part)}.")
        columns = columns_of(Part(wanted))
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(self._filtered(self._rows()), request, view=self)
        rows = casebook_rows(page, clock.now())
        return paginator.get_paginated_response([self.represent(row_values(row, columns)) for row in rows])
