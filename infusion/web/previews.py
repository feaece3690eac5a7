"""What a new date would move, before it is saved: the same difference the service will write."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from infusion.web.targets import InTreatment
from participants.queries.changes import preview_of
from participants.queries.preview import Replan, preview, preview_correction
from trialsite import clock
from trialsite.protocol.types import Event, EventKind
from trialsite.protocol.windows import civil_date
from trialsite.web.access import requires, signed_in
from trialsite.web.forms import SiteDateField, SiteMomentField
from trialsite.web.steps import Step

PREVIEW_FIELDS = "participants/steps/preview_fields.html"
PREVIEW_PAGE = "infusion/previewed_step.html"

Difference = Callable[[Any, str, datetime], Replan | None]


def previewed(field: str, difference: Difference) -> Callable[[HttpRequest, Any], Mapping[str, object]]:
    """Return the context of participants/preview.html; without a readable value there is no preview yet."""

    def context(request: HttpRequest, target: Any) -> Mapping[str, object]:
        given = request.POST if request.method == "POST" else request.GET
        text = given.get(field, "")
        found: dict[str, object] = {
            "entered": text,
            "preview_href": quote(f"{request.path.removesuffix('preview/')}preview/"),
            "preview_field": field,
        }
        change = difference(target, text, clock.now()) if text else None
        return found if change is None else {**found, "preview": preview_of(change)}

    return context


def preview_view(step: Step) -> Callable[..., HttpResponseBase]:
    """Return the view that shows which dates would move if `step` were saved with the value given."""

    @requires(step.permission)
    @require_GET
    def view(request: HttpRequest, code: str, **route: Any) -> HttpResponse:
        target = step.find(signed_in(request), code, **route)
        context = {"target": target, "zone": target.site.time_zone, **step.context(request, target)}
        return render(request, "participants/preview.html", context)

    return view


def plan_difference(target: InTreatment[None], text: str, now: datetime) -> Replan | None:
    """What follows from planning the infusion for the date in `text`."""
    planned_on = _date(text)
    if planned_on is None:
        return None
    product = target.treatment.released
    planned = Event(
        kind=EventKind.INFUSION_PLANNED,
        at=now,
        on=civil_date(now, target.site.time_zone),
        facts={"planned_on": planned_on.isoformat(), "lot": product.lot if product else ""},
    )
    return preview(target.participant, planned, at=now)


def correction_of(kind: EventKind) -> Difference:
    """Return what follows from correcting the time of the event of `kind` that the target recorded."""

    def difference(target: Any, text: str, now: datetime) -> Replan | None:
        occurred_at = moment_of(text, target.site.time_zone)
        if occurred_at is None:
            return None
        ref = str(target.subject.pk)
        return preview_correction(target.participant, ref=ref, kind=kind, occurred_at=occurred_at, at=now)

    return difference


def moment_of(text: str, zone: str) -> datetime | None:
    """Return the instant of a wall-clock time at the site, None where it cannot be read."""
    field = SiteMomentField(required=False)
    field.zone = zone
    try:
        found: datetime | None = field.clean(text)
    except ValidationError:
        return None
    return found


def _date(text: str) -> date | None:
    try:
        found: date | None = SiteDateField(required=False).clean(text)
    except ValidationError:
        return None
    return found
