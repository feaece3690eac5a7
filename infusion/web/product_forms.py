"""The forms of a bag: its release tests, the decision on it, its chain of custody."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms

from infusion.rules.custody import CustodyStep, ExcursionVerdict
from infusion.rules.release import Decision, ReleaseResult, SponsorDecision
from infusion.web.forms import CellsField, LineField, NoteField
from participants.web.forms import ReasonField
from screening.web.forms import AmountField
from trialsite.protocol.results import Operator
from trialsite.protocol.types import ReleaseTest, StorageRange
from trialsite.signing.web.forms import SignedForm
from trialsite.web.forms import SiteDateField, SiteMomentField, StepForm

STEPS = {
    CustodyStep.STORED: "Stored",
    CustodyStep.HANDED_OVER: "Handed over",
    CustodyStep.SHIPPED: "Shipped",
    CustodyStep.RECEIVED: "Received",
    CustodyStep.THAWED: "Thawed",
    CustodyStep.DESTROYED: "Destroyed",
}
DECISIONS = {
    Decision.TREAT_UNDER_EXCEPTION: "Treat under exception",
    Decision.REMANUFACTURE: "Make a new lot",
    Decision.REAPHERESIS: "Collect cells again",
    Decision.WITHDRAW: "No treatment",
}
_FINDINGS = {
    "conforms": [("conforms", "Conforms"), ("differs", "Does not conform")],
    "negative": [("negative", "Negative"), ("positive", "Positive")],
}
_RESULT = re.compile(r"([<≤≥>]?)\s*(\d{1,10}(?:\.\d{1,4})?)")
_NOT_YET = ("", "Not done yet")


class ResultField(forms.CharField):
    """A number as on the certificate, with what stands before it: 85, or <0.5."""

    def __init__(self, test: ReleaseTest) -> None:
        super().__init__(label=f"{test.title}, {test.unit}", max_length=20, required=False)
        self.test_id = test.id
        self.help_text = f"Specified: {test.sign} {test.value} {test.unit} (assumed). Such as 85 or <0.5."

    def clean(self, value: Any) -> ReleaseResult | None:
        entered = super().clean(value)
        if not entered:
            return None
        found = _RESULT.fullmatch(entered)
        if found is None:
            raise forms.ValidationError("Give a number, with <, ≤, ≥ or > before it if the report has one.")
        sign, number = found.groups()
        return ReleaseResult(test_id=self.test_id, value=Decimal(number), operator=Operator(sign or "="))


class ReleaseTestsForm(StepForm):
    """One field for each test of the specification; what is left empty stays as it is."""

    tested_at = SiteMomentField(label="Time of the tests")
    laboratory = LineField("Laboratory", most=100)
    reason = ReasonField(help_text="Needed where a test is repeated. The former result stays on record.")

    not_after_today = ("tested_at",)

    def __init__(self, *args: Any, tests: Sequence[ReleaseTest] = (), **kwargs: Any) -> None:
        self.tests = tests
        super().__init__(*args, **kwargs)
        for test in tests:
            self.fields[test.id] = ResultField(test) if test.sign else _finding(test)
        self.order_fields([*(test.id for test in tests), "tested_at", "laboratory", "reason"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        results = [
            found if isinstance(found, ReleaseResult) else ReleaseResult(test_id=test.id, finding=str(found))
            for test in self.tests
            if (found := cleaned.pop(test.id, None))
        ]
        if not results and not self.errors:
            self.add_error(None, "Give at least one result.")
        return cleaned | {"results": results}


def _finding(test: ReleaseTest) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=test.title,
        choices=[_NOT_YET, *_FINDINGS[test.finding]],
        required=False,
        widget=forms.RadioSelect,
        initial="",
        help_text=f"Specified: {test.finding} (assumed). {test.note}",
    )


class DispositionForm(SignedForm):
    decision = forms.ChoiceField(label="Decision", choices=[(d.value, text) for d, text in DECISIONS.items()])
    decided_at = SiteMomentField(label="Time of the decision")
    reason = ReasonField(required=True, label="Ground", help_text="On what the decision rests.")
    sponsor_decision = forms.ChoiceField(
        label="Sponsor",
        choices=[
            ("", "Not decided yet"),
            (SponsorDecision.AGREED.value, "Agreed"),
            (SponsorDecision.REFUSED.value, "Refused"),
        ],
        required=False,
        widget=forms.RadioSelect,
        initial="",
    )
    sponsor_decided_by = LineField("Decided for the sponsor by", most=150)
    sponsor_decided_at = SiteMomentField(label="Time of the sponsor's decision", required=False)
    ethics_informed_at = SiteMomentField(label="Ethics committee informed", required=False)
    participant_informed_at = SiteMomentField(label="Participant informed", required=False)
    participant_informed_by = LineField(
        "Participant informed by", most=150, help_text="A member of the team."
    )
    recalculated_cells = CellsField("Dose counted anew", help_text="On what the lot holds.")
    frees_slot = forms.BooleanField(label="Give the place in the dose cohort back", required=False)

    not_after_today = (
        "decided_at",
        "sponsor_decided_at",
        "ethics_informed_at",
        "participant_informed_at",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recalculated_cells"].required = False

    def clean_decision(self) -> Decision:
        return Decision(self.cleaned_data["decision"])

    def clean_sponsor_decision(self) -> SponsorDecision | None:
        chosen = self.cleaned_data["sponsor_decision"]
        return SponsorDecision(chosen) if chosen else None


class CustodyForm(StepForm):
    step = forms.ChoiceField(label="What happened", choices=[(s.value, text) for s, text in STEPS.items()])
    occurred_at = SiteMomentField(label="Time")
    place = LineField("Place", most=100, required=True)
    handed_by = LineField("Given by", most=100, help_text="Where the bag changes hands.")
    taken_by = LineField("Taken by", most=100, required=True, help_text="Who has the bag now.")
    storage_id = forms.ChoiceField(label="Kept from here on")
    temperature_c = AmountField("Temperature read", "°C", digits=5, places=1, least=-273, required=False)
    note = NoteField()
    reason = ReasonField(help_text="Needed where a former entry is corrected.")

    not_after_today = ("occurred_at",)

    def __init__(self, *args: Any, ranges: Sequence[StorageRange] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choose("storage_id", [(one.id, f"{one.title}, {range_in_words(one)}") for one in ranges])

    def clean_step(self) -> CustodyStep:
        return CustodyStep(self.cleaned_data["step"])


class ExcursionForm(StepForm):
    verdict = forms.ChoiceField(
        label="After the excursion the bag is",
        choices=[
            (ExcursionVerdict.USABLE.value, "Usable"),
            (ExcursionVerdict.NOT_USABLE.value, "Not usable"),
        ],
    )
    decided_at = SiteMomentField(label="Time of the decision")
    reason = ReasonField(required=True, label="Ground", help_text="Such as the stability that is proven.")

    not_after_today = ("decided_at",)

    def clean_verdict(self) -> ExcursionVerdict:
        return ExcursionVerdict(self.cleaned_data["verdict"])


class LeukapheresisPlanForm(StepForm):
    planned_on = SiteDateField(label="Planned date of the collection")
    place = LineField("Place", most=100)
    reason = ReasonField(label="Remark", help_text="Such as why the date moves.")


def range_in_words(one: StorageRange) -> str:
    if one.lower_c is None:
        return f"at most {one.upper_c} °C"
    return f"at least {one.lower_c} °C" if one.upper_c is None else f"{one.lower_c} to {one.upper_c} °C"


class LabelPrintForm(StepForm):
    reason = ReasonField(label="Why another copy", required=True)

    def __init__(self, *args: Any, copies: int = 0, **kwargs: Any) -> None:
        """copies: printed before; the first one needs no reason."""
        super().__init__(*args, **kwargs)
        if not copies:
            del self.fields["reason"]
