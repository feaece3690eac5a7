"""The forms of screening: the start, one finding, the decision, enrolment. And the field of an amount."""

from collections.abc import Sequence
from typing import Any

from django import forms

from participants.queries.words import ARMS
from participants.web.forms import ReasonField
from trialsite.protocol.criteria import CriterionStatus
from trialsite.signing.web.forms import SignedActForm
from trialsite.web.forms import SiteDateField, SiteMomentField, StepForm

DEPARTURE_HELP = "Needed where a check beside this form does not pass. Each becomes an important deviation."


class AmountField(forms.DecimalField):
    """A number with its unit beside it. places: decimal places that are kept. above_zero: 0 is refused."""

    def __init__(
        self,
        label: str,
        unit: str,
        *,
        digits: int,
        places: int = 0,
        least: float | None = None,
        most: float | None = None,
        required: bool = True,
        help_text: str = "",
    ) -> None:
        step = f"{10**-places:.{places}f}" if places else "1"
        attrs = {"data-unit": unit, "inputmode": "decimal" if places else "numeric", "step": step}
        super().__init__(
            label=label,
            required=required,
            help_text=help_text,
            max_digits=digits,
            decimal_places=places,
            min_value=least,
            max_value=most,
            widget=forms.NumberInput(attrs=attrs),
        )


class StartForm(StepForm):
    started_at = SiteMomentField(
        label="Start of screening",
        help_text="The first procedure done for the trial alone. The look-back periods count from this day.",
    )
    intended_arm = forms.ChoiceField(
        label="Intended arm",
        choices=list(ARMS.items()),
        help_text="What the screening is for; it can still change at enrolment.",
    )
    reason = ReasonField(help_text=DEPARTURE_HELP)

    not_after_today = ("started_at",)


class FindingForm(StepForm):
    """One criterion. The status is the button that was pressed."""

    status = forms.ChoiceField(label="Status", choices=[(one.value, one.value) for one in CriterionStatus])
    evidence_on = SiteDateField(label="Date of the evidence", required=False)
    note = forms.CharField(label="Note", required=False, max_length=500)
    reason = ReasonField(label="Reason for the change", help_text="")


class ConfirmForm(SignedActForm):
    decided_at = SiteMomentField(label="Time of the decision")

    not_after_today = ("decided_at",)


class FailForm(SignedActForm):
    decided_at = SiteMomentField(label="Time of the decision")
    reason = ReasonField(
        required=True,
        label="Why the participant does not go on",
        help_text="Also where no criterion failed, such as a change of mind. No names of patients.",
    )

    not_after_today = ("decided_at",)


class EnrolForm(StepForm):
    enrolled_at = SiteMomentField(label="Time of enrolment")
    dose_level = forms.ChoiceField(label="Dose level", help_text="As the cohort of this arm now stands.")

    not_after_today = ("enrolled_at",)

    def __init__(self, *args: Any, levels: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choose("dose_level", list(levels))


class EnrolledElsewhereForm(EnrolForm):
    reason = ReasonField(
        required=True,
        label="What happened, and why",
        help_text="Each check that does not pass becomes an important deviation with this reason.",
    )
