"""A page with one form for one act on one participant: the same view for every step of the journey.

An app declares a `Step` and puts `step_view(step)` into its URLs. The view finds the target, shows the form,
runs the service and shows a refusal at the field it names, with everything that was entered still there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import uuid4

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.errors import Conflict
from trialsite.web.access import KEPT_ENTRY, requires, signed_in
from trialsite.web.forms import StepForm
from trialsite.web.submit import submit


class Target(Protocol):
    """What a step acts on: a participant, or something of one that knows its site and its page."""

    @property
    def site(self) -> Site: ...

    @property
    def version(self) -> int: ...

    def get_absolute_url(self) -> str: ...


def _nothing(request: HttpRequest, target: Any) -> Mapping[str, object]:
    return {}


def _no_values(target: Any, **route: Any) -> Mapping[str, object]:
    return {}


def _never(user: User, target: Any) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One act, as the browser sees it.

    find(user, code, **other route values): the target, or Http404 outside the user's sites.
    run(target, cleaned, by=, at=): calls one service; `cleaned` has `version` (the one the form was opened on).
    blocked(user, target): why the act is not possible now, or ""; the form is then shown but cannot be sent.
    initial(target): first values of the form. form_options(target): further keyword arguments of the form.
    banner: template of the participant banner; `target` and `context(request, target)` are at hand there.
    explanation: one or two sentences beside the form. consequences: what follows from saving, as a list.
    fields: template of the inputs where they need their own arrangement; default: one below the other.
    template: extends web/step.html, to fill its `side` block. extra: fixed values for these templates.
    keeps_unsent: the entry may be made without a connection. It then waits encrypted in the browser and goes out
    once, by itself, when the connection is back, under the token of its form (decision 12). For facts that happened,
    never for an act that a gate must allow first; no direct identifiers; the form names the time it is about.
    done: the message after saving. next_url(target, outcome): where to go then; default: the target's page.
    """

    name: str
    title: str
    permission: Permission
    form_class: type[StepForm]
    find: Callable[..., Any]
    run: Callable[..., Any]
    submit: str = "Save"
    done: str = "Saved."
    explanation: str = ""
    consequences: tuple[str, ...] = ()
    banner: str = ""
    is_destructive: bool = False
    keeps_unsent: bool = False
    blocked: Callable[[User, Any], str] = _never
    initial: Callable[..., Mapping[str, object]] = _no_values
    form_options: Callable[[Any], Mapping[str, object]] = _no_values
    context: Callable[[HttpRequest, Any], Mapping[str, object]] = _nothing
    next_url: Callable[[Any, Any], str] | None = None
    fields: str = ""
    template: str = "web/step.html"
    extra: Mapping[str, object] = field(default_factory=dict)


def step_view(step: Step) -> Callable[..., HttpResponseBase]:
    """Return the view of `step`: GET shows the form, POST runs the act and answers 303, 422 or 403."""

    @requires(step.permission)
    def view(request: HttpRequest, code: str, **route: Any) -> HttpResponseBase:
        user = signed_in(request)
        target: Target = step.find(user, code, **route)
        at = clock.now()
        reason = (
            "" if user.access.may(step.permission, target.site.id) else "Your role does not allow this here."
        )
        reason = reason or step.blocked(user, target)
        if request.method == "POST":
            return _save(step, request, target, at, reason)
        return _show(step, request, target, _form(step, target, at), reason)

    view.step = step  # type: ignore[attr-defined]
    return view


def _form(step: Step, target: Target, at: datetime, entered: Any = None) -> StepForm:
    zone = target.site.time_zone
    first = {"version": target.version, "once": uuid4(), **step.initial(target)}
    today = clock.local_date(zone, at)
    return step.form_class(entered, initial=first, zone=zone, today=today, **step.form_options(target))


def _save(step: Step, request: HttpRequest, target: Target, at: datetime, blocked: str) -> HttpResponse:
    def run(cleaned: dict[str, Any]) -> str:
        outcome = step.run(target, cleaned, by=signed_in(request), at=at)
        return step.next_url(target, outcome) if step.next_url else target.get_absolute_url()

    form = _form(step, target, at, request.POST)
    answer = submit(request, form, run, done=step.done)
    return answer.response or _show(
        step, request, target, form, blocked, status=422, is_stale=isinstance(answer.refused, Conflict)
    )


def _show(
    step: Step,
    request: HttpRequest,
    target: Target,
    form: StepForm,
    blocked: str,
    *,
    status: int = 200,
    is_stale: bool = False,
) -> HttpResponse:
    context = {
        "step": step,
        "target": target,
        "form": form,
        "zone": target.site.time_zone,
        "blocked": blocked,
        "is_stale": is_stale,
        "back": target.get_absolute_url(),
        **step.extra,
        **step.context(request, target),
    }
    is_part = request.headers.get("HX-Request") or request.headers.get(KEPT_ENTRY)
    template = "web/step.html#form" if is_part else step.template
    return render(request, template, context, status=status)
