"""The forms that enter one round of values: laboratory, or vital signs."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.forms import BoundField
from django.urls import reverse

from participants.models import Obligation, Observation, ObservationDomain, Participant
from participants.queries.measured_tests import PLACES_KEPT, MeasuredTest, faults_in, tests_of
from participants.queries.measurements import last_values_of, visits_of
from participants.queries.pages import participant_for
from participants.services.observations import Reading, record_observations
from participants.web.steps import BANNER, banner
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.windows import civil_date
from trialsite.web.forms import SiteMomentField, StepForm
from trialsite.web.steps import Step


class _ValueField(forms.DecimalField):
    """One value in its standard unit; the limits are checked for the round as a whole."""

    def __init__(self, test: MeasuredTest) -> None:
        attrs = {
            "data-unit": test.unit,
            "inputmode": "decimal",
            "step": "1" if test.places == 0 else f"{10**-test.places:.{test.places}f}",
            "min": str(test.least),
            "max": str(test.most),
        }
        super().__init__(
            label=f"{test.title} ({test.code})",
            required=False,
            max_digits=12,
            decimal_places=PLACES_KEPT,
            widget=forms.NumberInput(attrs=attrs),
        )


class RoundForm(StepForm):
    """One round of a domain; every value may be left out, but not all. `_form_of` adds a field per test."""

    tests: tuple[MeasuredTest, ...] = ()
    template_name = "participants/steps/round.html"

    taken_at = SiteMomentField(
        label="Taken at", help_text="When the sample was drawn or the sign was measured."
    )
    obligation_key = forms.ChoiceField(label="Belongs to", required=False)
    missing = forms.MultipleChoiceField(
        label="Tests",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    not_done = forms.CharField(
        label="Why not", required=False, max_length=200, help_text="One reason for all that are marked."
    )

    not_after_today = ("taken_at",)

    def __init__(
        self,
        *args: Any,
        visits: Sequence[Obligation] = (),
        last: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        planned = [(one.key, f"{one.title}, target {one.target_on.isoformat()}") for one in visits]
        self.choose("obligation_key", [("", "No visit: unscheduled"), *planned])
        self.fields["missing"].choices = [  # type: ignore[attr-defined]
            (test.code, test.title) for test in self.tests
        ]
        for code, words in (last or {}).items():
            if code in self.fields:
                self.fields[code].help_text = words

    def when(self) -> list[BoundField]:
        return [self["taken_at"], self["obligation_key"]]

    def values(self) -> list[BoundField]:
        return [self[test.code] for test in self.tests]

    def missed(self) -> list[BoundField]:
        return [self["missing"], self["not_done"]]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        values = {test.code: cleaned[test.code] for test in self.tests if cleaned.get(test.code) is not None}
        missing = cleaned.get("missing", [])
        for code, words in faults_in(values).items():
            self.add_error(code, words)
        for code in values.keys() & set(missing):
            self.add_error(code, "There is a value, and it is marked as not done. Leave one of them out.")
        if missing and not cleaned.get("not_done"):
            self.add_error("not_done", "Say why.")
        if cleaned.get("not_done") and not missing:
            self.add_error("missing", "Mark the tests that this reason is about.")
        if not (values or missing or self.errors):
            self.add_error(None, "Enter at least one value.")
        return cleaned


def _form_of(domain: ObservationDomain) -> type[RoundForm]:
    """Return the form with one field for each test of the domain."""
    tests = tests_of(domain)
    members = {"tests": tests, **{test.code: _ValueField(test) for test in tests}}
    return type(f"{domain.name.title()}Form", (RoundForm,), members)


def _options_of(domain: ObservationDomain) -> Callable[[Participant], Mapping[str, object]]:
    """Return what offers the visits, and the value before beside each field."""

    def options(target: Participant) -> Mapping[str, object]:
        zone = target.site.time_zone
        last = {
            code: f"Last {one.text} on {civil_date(one.taken_at, zone).isoformat()}"
            for code, one in last_values_of(target, domain).items()
        }
        return {"visits": visits_of(target), "last": last}

    return options


def _record(tests: Sequence[MeasuredTest]) -> Callable[..., list[Observation]]:
    def run(target: Participant, entered: dict[str, Any], *, by: User, at: datetime) -> list[Observation]:
        try:
            return record_observations(
                participant=target,
                readings=_readings(tests, entered),
                obligation_key=entered["obligation_key"],
                by=by,
                at=at,
            )
        except Conflict as twice:  # no stale form: another round stands at this very time
            raise RuleViolated(twice.code, twice.message, field="taken_at") from twice

    return run


def _readings(tests: Sequence[MeasuredTest], entered: Mapping[str, Any]) -> list[Reading]:
    return [
        Reading(
            domain=test.domain,
            test_code=test.code,
            unit=test.unit,
            taken_at=entered["taken_at"],
            value=entered[test.code],
            not_done=entered["not_done"] if test.code in entered["missing"] else "",
        )
        for test in tests
        if entered[test.code] is not None or test.code in entered["missing"]
    ]


def _to_table(target: Participant, outcome: object) -> str:
    return reverse("measurements", args=[target.code])


def _step(domain: ObservationDomain, name: str, noun: str) -> Step:
    return Step(
        name=name,
        title=f"Record {noun}",
        permission=Permission.RECORD_VISIT,
        form_class=_form_of(domain),
        find=participant_for,
        run=_record(tests_of(domain)),
        submit=f"Record {noun}",
        done=f"{noun.capitalize()} recorded.",
        explanation="One round: what was taken at the same time. Leave out what was not planned. Enter each "
        "value in the unit that stands beside it.",
        consequences=(
            "The values stand in the table and in the course of each test.",
            "A visit is not recorded by this; it has its own form.",
        ),
        banner=BANNER,
        keeps_unsent=True,
        form_options=_options_of(domain),
        next_url=_to_table,
        context=banner,
    )


LABORATORY = _step(ObservationDomain.LABORATORY, "laboratory-record", "laboratory values")
VITAL_SIGNS = _step(ObservationDomain.VITAL_SIGNS, "vital-signs-record", "vital signs")
