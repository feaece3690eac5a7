"""The page of a participant as known at an instant, with what is different now."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from participants.queries.as_known_at import Knowledge, KnownRecord, as_known_at
from participants.queries.concealed import may_read_confidential
from participants.queries.pages import banner_of, participant_for
from trialsite import clock
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.reads import ReadKind, note_read
from trialsite.audit.replay import KnownBy
from trialsite.web.access import requires, signed_in
from trialsite.web.forms import SiteMomentField

_NOTHING: tuple[Any, ...] = (None, "", [], {})


class InstantForm(forms.Form):
    """Which instant, on the site's clock, and by which clock something counts as known."""

    at = SiteMomentField(label="Instant")
    known_by = forms.ChoiceField(
        label="Known by",
        required=False,
        choices=[
            (KnownBy.ACT.value, "The time of the act"),
            (KnownBy.DATABASE.value, "The database's clock"),
        ],
    )

    def __init__(self, *args: object, zone: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["at"].zone = zone  # type: ignore[attr-defined]
        self.fields["at"].label = f"Instant ({zone})"


@requires(Permission.VIEW_TRAIL)
@require_GET
def known_page(request: HttpRequest, code: str) -> HttpResponse:
    """Show every row as it was known, table by table; what changed since is marked. The reading is recorded first."""
    user, now = signed_in(request), clock.now()
    participant = participant_for(user, code)
    require(user, Permission.VIEW_TRAIL, participant.site_id)
    zone = participant.site.time_zone
    form = InstantForm(request.GET or None, zone=zone, initial={"at": now})
    context: dict[str, object] = {
        "participant": participant,
        "banner": banner_of(participant, now),
        "zone": zone,
        "form": form,
    }
    if form.is_bound and form.is_valid():
        at: datetime = form.cleaned_data["at"]
        note_read(
            kind=ReadKind.AS_KNOWN_AT,
            what=f"as known at {at.isoformat()}",
            by=user,
            at=now,
            participant_ids=[participant.pk],
            site_ids=[participant.site_id],
        )
        found = as_known_at(
            participant,
            at,
            now,
            known_by=KnownBy(form.cleaned_data["known_by"] or KnownBy.ACT),
            sees_confidential=may_read_confidential(user, participant.site_id),
        )
        context |= {"at": at, "sections": _sections(found, zone)}
    return render(request, "participants/as_known_at.html", context)


def _sections(found: Knowledge, zone: str) -> list[dict[str, object]]:
    return [
        {
            "table": section.table,
            "title": section.title,
            "known": sum(1 for one in section.records if one.since != "added"),
            "differing": section.differing,
            "records": [_record(one, zone) for one in section.records],
        }
        for section in found.sections
    ]


def _record(record: KnownRecord, zone: str) -> dict[str, object]:
    is_added = record.since == "added"
    lines = [
        {
            "name": one.name.removesuffix("_sealed").removesuffix("_id"),
            "value": _words(one.now if is_added else one.value, zone),
            "now": _words(one.now, zone) or "empty",
            "is_changed": one.is_changed,
        }
        for one in record.fields
        if one.is_changed or (one.now if is_added else one.value) not in _NOTHING
    ]
    return {
        "id": record.row_id[:8],
        "since": record.since,
        "at": record.last_act_at,
        "by": record.last_act_by,
        "lines": lines,
    }


def _words(value: Any, zone: str) -> str:
    if value in _NOTHING:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
