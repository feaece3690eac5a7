"""What the pages of all stages share: an act with the reason why not, the banner, the part beside a form.

Beside a form stands what the entry means: the checks of a gate, the window of a visit, the dates that move.
It is asked for anew whenever the entry changes; nothing is saved by asking.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from participants.models import Participant
from participants.queries.pages import banner_of
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import PERMISSIONS, Permission
from trialsite.protocol.gates import Gate
from trialsite.web.access import requires, signed_in
from trialsite.web.steps import Step, step_view

BANNER = "participants/banner.html"
BESIDE_PAGE = "screening/step_beside.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActLink:
    """A button. reason: why it cannot be used now, "" if it can. kind: classes after btn-."""

    text: str
    href: str
    reason: str = ""
    kind: str = "secondary"
    icon: str = ""


def why_not(user: User, permission: Permission, participant: Participant) -> str:
    """Return who may do it, if this reader may not; "" otherwise."""
    if user.access.may(permission, participant.site_id):
        return ""
    return "Only " + " or ".join(sorted(role.value for role in PERMISSIONS[permission]))


def obstacles(gate: Gate) -> str:
    """Return the reasons of a gate as one line, "" if it passes."""
    return "; ".join(check.reason for check in gate.obstacles)


def with_banner(own: Callable[[HttpRequest, Any], Mapping[str, object]] | None = None) -> Any:
    """Return the context of a step: the banner, and what `own` adds."""

    def context(request: HttpRequest, target: Any) -> Mapping[str, object]:
        participant = target if isinstance(target, Participant) else target.participant
        return {"banner": banner_of(participant, clock.now()), **(own(request, target) if own else {})}

    return context


def entered(step: Step, request: HttpRequest, target: Any) -> dict[str, Any]:
    """Return what is entered so far and can be read, by field; nothing when the form is first opened."""
    if request.method != "POST":
        return {}
    zone = target.site.time_zone
    today = clock.local_date(zone, clock.now())
    form = step.form_class(request.POST, zone=zone, today=today, **step.form_options(target))
    form.is_only_read = True
    form.is_valid()
    return {**form.cleaned_data, "raw": request.POST}


def step_paths(route: str, step: Step) -> list[URLPattern]:
    """Return the URL of `step`, and of the part beside its form where it has one."""
    found = [path(route, step_view(step), name=step.name)]
    if step.extra.get("beside"):
        found.append(path(f"{route}beside/", beside_view(step), name=f"{step.name}-beside"))
    return found


def beside_view(step: Step) -> Callable[..., HttpResponseBase]:
    """Return the view that answers what the entry of `step` would mean. Nothing is saved."""

    @requires(step.permission)
    @require_POST
    def view(request: HttpRequest, code: str, **route: Any) -> HttpResponse:
        target = step.find(signed_in(request), code, **route)
        context = {"step": step, "target": target, "zone": target.site.time_zone, **step.extra}
        return render(request, str(step.extra["beside"]), {**context, **step.context(request, target)})

    return view


def without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return what a form gave, without its version and without `names`."""
    return {name: value for name, value in values.items() if name not in {"version", *names}}


def present_time(field: str) -> Callable[..., Mapping[str, datetime]]:
    """Return the first values of a form whose time is now, most of the time."""

    def initial(target: Any) -> Mapping[str, datetime]:
        return {field: clock.now()}

    return initial
