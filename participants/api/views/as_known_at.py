"""A participant as known at an instant."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from participants.api.serializers.as_known_at import KnowledgeOut
from participants.api.views.participant import BY_CODE
from participants.models import Participant
from participants.queries.as_known_at import as_known_at
from participants.queries.concealed import may_read_confidential
from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.api.fields import AwareDateTimeField
from trialsite.api.problems import field_refused
from trialsite.api.views import ScopedView
from trialsite.audit.reads import ReadKind, note_read
from trialsite.audit.replay import KnownBy

_CLOCKS = [one.value for one in KnownBy]


class AsKnownAt(ScopedView):
    """Read everything that was known of a participant at an instant, rebuilt from the audit trail alone.

    What may not be read in the record may not be read here either. That it was read is recorded first.
    """

    required_permission = Permission.VIEW_TRAIL
    model = Participant
    lookup = BY_CODE
    gives = KnowledgeOut
    query_parameters = frozenset({"at", "known_by"})
    query_parameter_docs = (
        OpenApiParameter("at", datetime, required=True, description="Instant with an offset."),
        OpenApiParameter(
            "known_by",
            str,
            enum=_CLOCKS,
            description="`act`: the instant each act states (default). `database`: when the database stored it.",
        ),
    )

    def narrow(self, rows: QuerySet[Participant]) -> QuerySet[Participant]:
        return rows.select_related("site")

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer the rows. Raises RequestRefused 400 for an instant without an offset or an unknown clock."""
        participant: Participant = self.target()
        at, known_by = _instant(request), _clock(request)
        now = clock.now()
        note_read(
            kind=ReadKind.AS_KNOWN_AT,
            what=f"as known at {at.isoformat()}",
            by=self.person,
            at=now,
            participant_ids=[participant.pk],
            site_ids=[participant.site_id],
        )
        sees = may_read_confidential(self.person, participant.site_id)
        found = as_known_at(participant, at, now, known_by=known_by, sees_confidential=sees)
        return Response(self.represent(found))


def _instant(request: Request) -> datetime:
    try:
        at: datetime = AwareDateTimeField().run_validation(request.query_params.get("at", ""))
    except (serializers.ValidationError, ValidationError) as error:
        raise field_refused(
            "at", "invalid", "Give an instant with its offset, such as 2026-11-22T09:30:00+08:00."
        ) from error
    return at


def _clock(request: Request) -> KnownBy:
    given = request.query_params.get("known_by", KnownBy.ACT.value)
    if given not in _CLOCKS:
        raise field_refused("known_by", "unknown-reference", f"Choose one of: {', '.join(_CLOCKS)}.")
    return KnownBy(given)
