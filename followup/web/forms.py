"""The forms of follow-up: a visit, its correction, the end of the one-year study."""

from django import forms

from followup.states import VisitMode
from infusion.web.forms import NoteField, PreviewedForm
from participants.web.forms import ReasonField
from screening.web.forms import DEPARTURE_HELP
from trialsite.web.forms import SiteMomentField, StepForm

MODES = [
    (VisitMode.ON_SITE.value, "On site"),
    (VisitMode.REMOTE.value, "Remote"),
    (VisitMode.OTHER_SITE.value, "At another site"),
]


class VisitForm(StepForm):
    performed_at = SiteMomentField(label="Time of the visit", help_text="When it took place.")
    mode = forms.ChoiceField(label="How", choices=MODES, initial=VisitMode.ON_SITE.value)
    not_done = NoteField("What was not done", help_text="Parts of the visit that were left out, and why.")
    note = NoteField(most=1000)
    reason = ReasonField(help_text=DEPARTURE_HELP)

    not_after_today = ("performed_at",)

    def clean_mode(self) -> VisitMode:
        return VisitMode(self.cleaned_data["mode"])


class CorrectVisitForm(PreviewedForm):
    performed_at = SiteMomentField(label="Time of the visit", help_text="As in the source record.")
    reason = ReasonField(
        required=True, label="Reason for the correction", help_text="Kept with the old time."
    )

    previewed_field = "performed_at"
    not_after_today = ("performed_at",)


class CompleteForm(StepForm):
    completed_at = SiteMomentField(label="Time of completion")
    reason = ReasonField(help_text=DEPARTURE_HELP)

    not_after_today = ("completed_at",)


class CompletedElsewhereForm(CompleteForm):
    reason = ReasonField(
        required=True, label="Why it is closed all the same", help_text="What is still open stays open."
    )
