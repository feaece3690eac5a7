"""What happens when a form is sent: check it, act once, go on; or show the refusal where it belongs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse

from trialsite.errors import DomainError, NotPermitted
from trialsite.web.access import KEPT_ENTRY
from trialsite.web.collisions import collision
from trialsite.web.forms import SiteMomentField, StepForm
from trialsite.web.once import run_once


@dataclass(frozen=True, slots=True)
class Answer:
    """response: where to go after success. None: show the form again; `refused` is the refusal, if it was one."""

    response: HttpResponse | None = None
    refused: DomainError | None = None


def submit(
    request: HttpRequest, form: StepForm, act: Callable[[dict[str, Any]], str], *, done: str
) -> Answer:
    """Run `act` with what was entered; it returns the URL to go to.

    A refusal becomes an error of the form, at the field it names. NotPermitted is no matter of the form and
    goes through to its page. An entry that a browser kept (`X-Kept-Entry`) is answered with its token, once it is
    recorded; sent in the background (`X-Background: 1`), with no message for the page that comes next.
    """
    if not form.is_valid():
        return Answer()
    token = form.cleaned_data.pop("once")
    try:
        href = run_once(request, token, lambda: act(form.cleaned_data))
    except NotPermitted:
        raise
    except DomainError as refused:
        return _refused(form, refused)
    except DatabaseError as error:
        lost = collision(error)
        if lost is None:
            raise
        return _refused(form, lost)
    is_seen_next = request.headers.get("X-Background") != "1"
    if done and is_seen_next:
        messages.success(request, done)
    if request.headers.get(KEPT_ENTRY):
        return Answer(response=JsonResponse({"recorded": str(token), "href": href, "done": done}))
    return Answer(response=go_to(request, href))


def _refused(form: StepForm, refused: DomainError) -> Answer:
    if refused.code == "reason-required" and refused.field not in form.fields:
        _doubt_the_time(form, refused)
    else:
        form.add_error(refused.field if refused.field in form.fields else None, refused.message)
    return Answer(refused=refused)


def _doubt_the_time(form: StepForm, refused: DomainError) -> None:
    """An act that takes no reason is refused for its time: to ask for a reason would lead nowhere."""
    moments = (name for name, field in form.fields.items() if isinstance(field, SiteMomentField))
    because = refused.message.partition(": ")[2] or refused.message
    form.add_error(next(moments, None), f"Check this time. It does not fit what is on record: {because}")


def go_to(request: HttpRequest, href: str) -> HttpResponse:
    """Send the whole window to `href` after a change, so that a reload repeats nothing."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": href})
    return HttpResponse(status=303, headers={"Location": href})
