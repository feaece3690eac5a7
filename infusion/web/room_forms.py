"""The forms at the bedside: dose as prepared, premedication, start to stop, and what follows an instillation."""

from typing import Any

from django import forms

from infusion.rules.intrapleural import BodyPosition, ImageFinding, ImageModality, SamplePurpose
from infusion.rules.readiness import DrugClass
from infusion.web.forms import CellsField, LineField, NoteField
from infusion.web.room_words import FINDINGS, IMAGES, POSITIONS, PROOFS, PURPOSES
from participants.web.forms import ReasonField
from screening.web.forms import AmountField
from trialsite.protocol.types import Arm
from trialsite.signing.web.forms import MaySignForm
from trialsite.web.forms import SiteDateField, SiteMomentField, StepForm

_AT_START: dict[Arm, tuple[str, ...]] = {
    Arm.INTRAVENOUS: ("access_line", "rate_ml_per_h"),
    Arm.INTRAPLEURAL: (
        "catheter_position",
        "catheter_proof",
        "drained_at",
        "drained_volume_ml",
        "drained_colour",
    ),
}


def _volume(label: str, *, help_text: str = "", required: bool = False) -> AmountField:
    return AmountField(label, "mL", digits=6, places=1, least=0, required=required, help_text=help_text)


class PreparedDoseForm(StepForm):
    prepared_cells = CellsField("CAR-positive viable cells prepared")
    prepared_volume_ml = _volume("Volume prepared")
    weight_kg = AmountField(
        "Body weight the dose was counted on", "kg", digits=5, places=1, least=0.1, most=400
    )
    weight_on = SiteDateField(label="Weighed on")
    thawed_at = SiteMomentField(
        label="End of thaw", required=False, help_text="Empty while it is frozen. The thaw clock starts here."
    )

    not_after_today = ("weight_on", "thawed_at")


class ThawForm(StepForm):
    thawed_at = SiteMomentField(label="End of thaw", help_text="The thaw clock runs from here.")
    reason = ReasonField(help_text="Needed to change a time that is on record.")

    not_after_today = ("thawed_at",)


class PremedicationForm(StepForm):
    drug = LineField("Medication", most=100, required=True)
    drug_class = forms.ChoiceField(
        label="Kind",
        choices=[
            (DrugClass.ANTIHISTAMINE.value, "Antihistamine"),
            (DrugClass.ANTIPYRETIC.value, "Antipyretic"),
            (DrugClass.ANTIEMETIC.value, "Antiemetic"),
            (DrugClass.STEROID.value, "Steroid"),
            (DrugClass.OTHER.value, "Other"),
        ],
        help_text="A steroid is recorded like any other; it stops the infusion.",
    )
    dose = LineField("Dose", most=60, help_text="With its unit, such as 25 mg.")
    given_at = SiteMomentField(label="Given at")

    not_after_today = ("given_at",)


class StartInfusionForm(StepForm):
    """Shaped by the route. There is no time: the infusion starts when the button is pressed."""

    access_line = LineField("Line", most=100, help_text="Such as central venous, right jugular.")
    rate_ml_per_h = AmountField("Rate", "mL/h", digits=6, places=1, least=0, required=False)
    catheter_position = LineField("Catheter", most=200, required=True, help_text="Side and position.")
    catheter_proof = forms.ChoiceField(label="Position shown by", choices=list(PROOFS.items()))
    drained_at = SiteMomentField(label="Effusion drained at", required=False)
    drained_volume_ml = _volume("Effusion drained")
    drained_colour = LineField("Colour of the effusion", most=60)
    reason = ReasonField(
        help_text="Only for what departs from the order of the trial, such as a second infusion."
    )

    not_after_today: tuple[str, ...] = ("drained_at",)

    def __init__(self, *args: Any, route: Arm = Arm.INTRAVENOUS, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for other, names in _AT_START.items():
            for name in names if other is not route else ():
                self.fields.pop(name)
        self.not_after_today = tuple(name for name in self.not_after_today if name in self.fields)


class PauseForm(StepForm):
    cause = LineField(
        "Why it is interrupted", most=500, required=True, help_text="Such as line occluded, cough."
    )


class ResumeForm(StepForm):
    """Nothing is asked: it goes on when the button is pressed."""


class StopInfusionForm(MaySignForm):
    residual_volume_ml = _volume(
        "Left in the bag or syringe", help_text="The cells given are counted from it, by volume."
    )
    infused_cells = CellsField(
        "Cells given, as counted", help_text="Only where they were counted otherwise than by volume."
    )
    given_volume_ml = _volume("Volume given", help_text="Empty: what was prepared less what is left.")
    reaction = NoteField("Reaction", help_text="What was seen, and what was done. Empty if there was none.")
    reason = ReasonField(help_text="Needed if less than the range of the dose level was given.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["infused_cells"].required = False


class InterruptionForm(StepForm):
    paused_at = SiteMomentField(label="It stood still from")
    resumed_at = SiteMomentField(
        label="It went on at", required=False, help_text="Empty if it was ended without going on."
    )
    cause = LineField("Why it was interrupted", most=500, required=True)
    reason = ReasonField(required=True, label="Why it is entered late")

    not_after_today = ("paused_at", "resumed_at")


class CatheterForm(StepForm):
    """What is on record stands in the fields; empty means not known yet."""

    flush_volume_ml = _volume("Flushed with")
    clamped_at = SiteMomentField(label="Clamped at", required=False)
    unclamped_at = SiteMomentField(label="Opened at", required=False, help_text="The dwell time ends here.")
    catheter_removed_at = SiteMomentField(label="Removed at", required=False)
    reason = ReasonField(help_text="Needed to change what is on record.")

    not_after_today = ("clamped_at", "unclamped_at", "catheter_removed_at")


class PositionForm(StepForm):
    position = forms.ChoiceField(
        label="Turned to",
        choices=list(POSITIONS.items()),
    )
    changed_at = SiteMomentField(label="Turned at")

    not_after_today = ("changed_at",)

    def clean_position(self) -> BodyPosition:
        return BodyPosition(self.cleaned_data["position"])


class ChestImageForm(StepForm):
    imaged_at = SiteMomentField(label="Taken at")
    modality = forms.ChoiceField(
        label="Image",
        choices=list(IMAGES.items()),
    )
    finding = forms.ChoiceField(
        label="Finding",
        choices=list(FINDINGS.items()),
        help_text="A pneumothorax is recorded as an adverse event besides.",
    )
    size_mm = AmountField("Size", "mm", digits=5, places=1, least=0.1, required=False)
    note = LineField("Remark", most=200)

    not_after_today = ("imaged_at",)

    def clean_modality(self) -> ImageModality:
        return ImageModality(self.cleaned_data["modality"])

    def clean_finding(self) -> ImageFinding:
        return ImageFinding(self.cleaned_data["finding"])


class DrainedForm(StepForm):
    drained_at = SiteMomentField(label="Bottle read at")
    volume_ml = _volume("Drained since the last reading", required=True, help_text="0 is a reading.")
    colour = LineField("Colour", most=60)

    not_after_today = ("drained_at",)


class SampleForm(StepForm):
    taken_at = SiteMomentField(label="Taken at")
    purpose = forms.ChoiceField(
        label="For",
        choices=list(PURPOSES.items()),
    )
    note = LineField("Remark", most=200)

    not_after_today = ("taken_at",)

    def clean_purpose(self) -> SamplePurpose:
        return SamplePurpose(self.cleaned_data["purpose"])
