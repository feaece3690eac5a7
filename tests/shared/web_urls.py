"""The real URLs, and a step that acts on a chart with no database behind it, for tests of the step view."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path

from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.errors import Conflict, InvalidTransition, NotPermitted, RuleViolated
from trialsite.urls import urlpatterns as real_urls
from trialsite.web.access import public, requires
from trialsite.web.forms import SiteDateField, SiteMomentField, StepForm
from trialsite.web.panels import Panel
from trialsite.web.steps import Step, step_view


@dataclass
class Chart:
    """What the step acts on. runs: everything that was recorded on it."""

    site: Site
    version: int = 7
    runs: list[tuple[dict[str, Any], User, datetime]] = field(default_factory=list)

    def get_absolute_url(self) -> str:
        return "/chart/"


CHARTS: dict[str, Chart] = {}
REFUSALS = {
    "rule": RuleViolated("too-early", "Wait for the approval.", field="given_at"),
    "order": InvalidTransition("not-now", "Screening has not begun."),
    "stale": Conflict("stale", "Somebody changed this meanwhile."),
    "role": NotPermitted("not-permitted", "Your role does not allow this here."),
    "elsewhere": RuleViolated("odd", "This is about a field the form lacks.", field="unknown"),
}


class ChartForm(StepForm):
    given_at = SiteMomentField(label="Given at")
    given_on = SiteDateField(label="Given on", required=False)
    kind = forms.ChoiceField(
        label="Kind", choices=[("", "Choose"), ("plain", "Plain"), *[(r, r) for r in REFUSALS]]
    )
    weight_kg = forms.DecimalField(
        label="Weight", required=False, max_value=200, widget=forms.NumberInput(attrs={"data-unit": "kg"})
    )
    not_after_today = ("given_at", "given_on")


def find(user: User, code: str) -> Chart:
    if code not in CHARTS:
        raise Http404
    return CHARTS[code]


def record(chart: Chart, entered: dict[str, Any], *, by: User, at: datetime) -> None:
    if entered["kind"] in REFUSALS:
        raise REFUSALS[entered["kind"]]
    chart.runs.append((entered, by, at))


def blocked(user: User, chart: Chart) -> str:
    return "Re-consent is owed first." if chart.version == 0 else ""


STEP = Step(
    name="chart",
    title="Record a chart",
    permission=Permission.RECORD_VISIT,
    form_class=ChartForm,
    find=find,
    run=record,
    submit="Record chart",
    done="Chart recorded.",
    explanation="What is recorded here is invented.",
    blocked=blocked,
)


@requires(Permission.VIEW_TRAIL)
def guarded(request: HttpRequest) -> HttpResponse:
    return HttpResponse("inside")


@requires(Permission.USE_ACCOUNT)
def refusing(request: HttpRequest, kind: str) -> HttpResponse:
    raise REFUSALS[kind]


@public
def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


@requires(Permission.VIEW_PARTICIPANT)
def fragment(request: HttpRequest, code: str) -> HttpResponse:
    return HttpResponse("a fragment")


PANEL = Panel(
    name="fragment",
    title="Fragment",
    url_name="test-fragment",
    permission=Permission.VIEW_PARTICIPANT,
    order=5,
)

urlpatterns = [
    path("chart/<str:code>/", step_view(STEP), name="chart"),
    path("guarded/", guarded, name="guarded"),
    path("refusing/<str:kind>/", refusing, name="refusing"),
    path("broken/", broken, name="broken"),
    path("fragment/<str:code>/", fragment, name="test-fragment"),
    *real_urls,
]
handler400 = "trialsite.web.errors.bad_request"
handler403 = "trialsite.web.errors.forbidden"
handler404 = "trialsite.web.errors.not_found"
handler500 = "trialsite.web.errors.fault"
