"""Plans that were replaced, and the preview of an amendment for a site."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from participants.api.serializers.replanning import AmendmentPreviewOut, FormerPlansOut
from participants.api.views.participant import BY_CODE
from participants.models import Participant
from participants.queries.amendment import preview_activation
from participants.queries.former_plans import former_plans_of
from trialsite import clock
from trialsite.accounts.models import Site
from trialsite.accounts.permissions import Permission
from trialsite.api.problems import field_refused
from trialsite.api.views import ScopedView
from trialsite.protocol.registry import numbers


class FormerPlans(ScopedView):
    """Read the plans of a participant that a correction or a new date replaced, the last one first."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Participant
    lookup = BY_CODE
    gives = FormerPlansOut

    def narrow(self, rows: QuerySet[Participant]) -> QuerySet[Participant]:
        return rows.select_related("site")

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer the plans."""
        return Response(self.represent({"results": former_plans_of(self.target())}))


class PreviewAmendment(ScopedView):
    """Ask what a protocol version would change for everybody at a site, were it put in force now."""

    required_permission = Permission.MANAGE_VERSIONS
    model = Site
    gives = AmendmentPreviewOut
    query_parameters = frozenset({"number"})
    query_parameter_docs = (
        OpenApiParameter("number", str, required=True, description="A version that this release knows."),
    )

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer the changes. Raises RequestRefused 400 unknown-reference."""
        site: Site = self.target()
        number = request.query_params.get("number", "")
        if number not in numbers():
            known = ", ".join(numbers())
            raise field_refused("number", "unknown-reference", f"Choose one of: {known}.")
        now = clock.now()
        return Response(self.represent(preview_activation(site, number, activated_at=now, at=now)))
