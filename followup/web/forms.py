"""The forms of follow-up: a visit, its correction, the end of the one-year study."""

from collections.abc import Iterable
from typing import Any

from django import forms

from followup.models import VisitProcedure
from followup.queries.procedures import Checklist
from followup.states import VisitMode
from followup.web.procedure_fields import ProcedureFields
from infusion.web.forms import NoteField, PreviewedForm
from participants.web.forms import ReasonField
from screening.web.forms import DEPARTURE_HELP
from trialsite.web.forms import SiteMomentField, StepForm

MODES = [
    (VisitMode.ON_SITE.value, "On site"),
    (VisitMode.REMOTE.value, "Remote"),
    (VisitMode.OTHER_SITE.value, "At another site"),
]


class _WithProcedures(StepForm):
    """Asks for each procedure of the visit what became of it; what is left open can be answered later."""

    template_name = "followup/visit_fields.html"
    rest_is_done = forms.BooleanField(required=False, label="Everything left open here was done")

    def __init__(
        self, *args: Any, checklist: Checklist, present: Iterable[VisitProcedure] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.procedures = ProcedureFields(self, checklist, present)
        if not checklist.owed:
            del self.fields["rest_is_done"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.procedures.check(cleaned, rest_is_done=bool(cleaned.pop("rest_is_done", False)))
        return cleaned


class VisitForm(_WithProcedures):
    performed_at = SiteMomentField(label="Time of the visit", help_text="When it took place.")
    mode = forms.ChoiceField(label="How", choices=MODES, initial=VisitMode.ON_SITE.value)
    not_done = NoteField("Anything else that was not done", help_text="What is not in the list, and why.")
    note = NoteField(most=1000)
    reason = ReasonField(help_text=DEPARTURE_HELP)

    not_after_today = ("performed_at",)
    before, after = ("performed_at", "mode"), ("not_done", "note", "reason")

    def clean_mode(self) -> VisitMode:
        return VisitMode(self.cleaned_data["mode"])


class ProceduresForm(_WithProcedures):
    reason = ReasonField(
        label="Reason for the correction",
        help_text="Needed where an answer changes. The former answer stays.",
    )

    before, after = (), ("reason",)


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
