"""The forms about deviations, from noticing one to closing it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms

from participants.models import ActionKind, Cause, NoticeTo
from participants.queries.words import in_words
from participants.web.forms import ReasonField
from trialsite.protocol.findings import Category
from trialsite.signing.web.forms import SignedForm
from trialsite.web.forms import SiteDateField, SiteMomentField, StepForm

_IMPORTANT = "It may affect safety, rights or well-being, or the reliability of the data."
_YES_NO = [("yes", "Yes"), ("no", "No")]


def _told(label: str, help_text: str = "", *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=500,
        required=required,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class DeviationForm(StepForm):
    category = forms.ChoiceField(
        label="Category",
        choices=[("", "Choose"), *((one.value, in_words(one.value)) for one in Category)],
    )
    description = _told("What departed from the protocol", "No names of patients.")
    is_important = forms.ChoiceField(label="Important", choices=_YES_NO, help_text=_IMPORTANT)
    occurred_at = SiteMomentField(label="When it happened")
    reason = ReasonField(label="Why it happened", help_text="")

    not_after_today = ("occurred_at",)


class ReportForm(StepForm):
    cause = forms.ChoiceField(label="Where it came from", choices=[("", "Choose"), *Cause.choices])
    explanation = _told("Why it happened", "No names of patients.")
    immediate_action = _told("What was done at once", required=False)


class AssessForm(StepForm):
    is_important = forms.ChoiceField(label="Important", choices=_YES_NO, help_text=_IMPORTANT)
    reason = _told("Why it is, or is not")


class PlanForm(StepForm):
    kind = forms.ChoiceField(
        label="Kind",
        choices=ActionKind.choices,
        help_text="Corrective: puts right what happened. Preventive: keeps it from happening again.",
    )
    description = _told("What is to be done")
    owner = forms.ChoiceField(label="Who does it")
    due_on = SiteDateField(label="By")

    def __init__(self, *args: Any, owners: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [("", "Choose"), *owners]  # type: ignore[attr-defined]
        first: date | None = self.today
        if first:
            self.fields["due_on"].widget.attrs["min"] = first.isoformat()


class CompleteForm(StepForm):
    note = _told("What was done")


class EffectForm(StepForm):
    is_effective = forms.ChoiceField(label="The actions had their effect", choices=_YES_NO)
    note = _told("What that rests on")


class NoticeForm(StepForm):
    recipient = forms.ChoiceField(label="Who was told", choices=NoticeTo.choices)
    sent_at = SiteMomentField(label="When")
    reference = forms.CharField(
        label="Reference", max_length=200, required=False, help_text="Number or subject of the letter."
    )

    not_after_today = ("sent_at",)


class CloseForm(SignedForm):
    note = _told("How it was dealt with")


class ReopenForm(StepForm):
    reason = _told("Why it is opened again")
