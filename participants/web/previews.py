"""What a correction would move, for the form that makes it: the same difference the service will write."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from participants.models import Consent, Participant
from participants.queries.changes import preview_of
from participants.queries.lists import signature_remarks
from participants.queries.pages import participant_for
from participants.queries.preview import preview_correction
from participants.web.targets import OfParticipant, find_consent
from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.protocol.types import EventKind
from trialsite.web.access import requires, signed_in
from trialsite.web.forms import SiteMomentField


@requires(Permission.CORRECT_RECORD)
@require_GET
def preview_consent(request: HttpRequest, code: str, consent_id: UUID) -> HttpResponse:
    """Show which dates would move if the consent had been signed at `signed_at`."""
    target = find_consent(signed_in(request), code, consent_id=consent_id)
    context = consent_preview(target, request.GET.get("signed_at", ""), clock.now())
    return render(request, "participants/preview.html", context)


def consent_preview(target: OfParticipant[Consent], entered: str, now: datetime) -> Mapping[str, object]:
    """Return what participants/preview.html needs; without a readable time there is no preview yet."""
    zone = target.site.time_zone
    context: dict[str, object] = {
        "entered": entered,
        "zone": zone,
        "preview_href": reverse("consent-preview", args=[target.participant.code, target.record.pk]),
        "preview_field": "signed_at",
    }
    signed_at = _moment(entered, zone)
    if signed_at is not None:
        difference = preview_correction(
            target.participant,
            ref=str(target.record.pk),
            kind=EventKind.CONSENTED,
            occurred_at=signed_at,
            at=now,
        )
        context["preview"] = preview_of(difference)
        context["remarks"] = signature_remarks(target.site, str(target.record.icf_id), signed_at)
    return context


@requires(Permission.RECORD_CONSENT)
@require_GET
def consent_beside(request: HttpRequest, code: str) -> HttpResponse:
    """Say how the chosen version of the consent form fits the time of the signature."""
    participant = participant_for(signed_in(request), code)
    context = consent_remarks(participant, request.GET)
    return render(request, "participants/partials/consent_remarks.html", context)


def consent_remarks(participant: Participant, given: Mapping[str, str]) -> Mapping[str, object]:
    """Return what stands below the form of a consent; nothing while time or version is missing."""
    signed_at = _moment(given.get("signed_at", ""), participant.site.time_zone)
    remarks = signature_remarks(participant.site, given.get("icf", ""), signed_at) if signed_at else []
    return {"remarks": remarks, "remarks_href": reverse("consent-beside", args=[participant.code])}


def _moment(entered: str, zone: str) -> datetime | None:
    field = SiteMomentField(required=False)
    field.zone = zone
    try:
        found: datetime | None = field.clean(entered)
    except ValidationError:
        return None
    return found
