"""The forms of the contraception ledger and of the confidential tests."""

from collections.abc import Sequence
from typing import Any

from django import forms

from followup.models.contraception import GROUNDS
from infusion.models.confidential import Specimen, TestOutcome
from infusion.web.forms import NoteField
from participants.web.forms import ReasonField
from trialsite.protocol.types import ContraceptiveMethod
from trialsite.web.forms import SiteDateField, SiteMomentField, StepForm

DISCREET = "Name no condition here: reasons stand in the record of every act."
_YES_NO = [("yes", "Yes"), ("no", "No")]


class StatusForm(StepForm):
    is_possible = forms.ChoiceField(label="Of childbearing potential", choices=_YES_NO)
    since_on = SiteDateField(label="Since", help_text="From this day on, as documented.")
    ground = forms.ChoiceField(
        label="If not: the ground",
        required=False,
        choices=[("", "–"), *((ground.value, words) for ground, words in GROUNDS.items())],
    )
    note = NoteField(help_text="Where it is documented.")
    reason = ReasonField(help_text=DISCREET)

    not_after_today = ("since_on",)

    def clean_is_possible(self) -> bool:
        return bool(self.cleaned_data["is_possible"] == "yes")


class MethodForm(StepForm):
    method = forms.ChoiceField(label="Method")
    started_on = SiteDateField(label="First day", help_text="From this day on it protects.")
    stopped_on = SiteDateField(
        label="Last day, if it was stopped", required=False, help_text="Empty while it goes on."
    )
    effective_last_on = SiteDateField(
        label="Works until",
        required=False,
        help_text="Last day on which it works: needed for an injection, implant, patch or ring.",
    )
    note = NoteField()
    reason = ReasonField(
        help_text="Needed only for a method that does not count, such as the rhythm method alone."
    )

    not_after_today = ("started_on", "stopped_on")

    def __init__(self, *args: Any, methods: Sequence[ContraceptiveMethod] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [
            (one.id, one.title if one.is_effective else f"{one.title} (does not count)") for one in methods
        ]
        self.choose("method", [("", "–"), *choices])


class CorrectMethodForm(MethodForm):
    reason = ReasonField(
        required=True, label="Reason for the correction", help_text="Kept with the first entry."
    )


class StopMethodForm(StepForm):
    stopped_on = SiteDateField(label="Last day", help_text="The last day on which it was used.")
    reason = ReasonField()

    not_after_today = ("stopped_on",)


class AgreementForm(StepForm):
    confirmed_on = SiteDateField(label="Asked on")
    is_agreed = forms.ChoiceField(label="Agrees to go on with contraception", choices=_YES_NO)
    note = NoteField()
    reason = ReasonField()

    not_after_today = ("confirmed_on",)

    def clean_is_agreed(self) -> bool:
        return bool(self.cleaned_data["is_agreed"] == "yes")


class TestForm(StepForm):
    __test__ = False  # not a class of tests

    taken_on = SiteDateField(label="Day of the specimen")
    specimen = forms.ChoiceField(label="Specimen", choices=Specimen.choices)
    outcome = forms.ChoiceField(
        label="Result", choices=TestOutcome.choices, help_text="An unclear one is repeated: it stays owed."
    )
    note = NoteField()
    reason = ReasonField(help_text=DISCREET)

    not_after_today = ("taken_on",)


class CorrectTestForm(TestForm):
    reason = ReasonField(required=True, label="Reason for the correction", help_text=DISCREET)


class AskTestForm(StepForm):
    asked_at = SiteMomentField(label="Asked for at", help_text="The test is owed within three days.")
    reason = ReasonField(help_text=DISCREET)

    not_after_today = ("asked_at",)


class VoidForm(StepForm):
    reason = ReasonField(required=True, label="Why it is taken back", help_text=DISCREET)


class RefuseContactForm(StepForm):
    refused_at = SiteMomentField(label="Refused at")
    reason = ReasonField(help_text="What the participant said, in short.")

    not_after_today = ("refused_at",)
