"""The forms from vein to vein. Amounts carry their unit; cells are entered in millions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from infusion.rules.adverse_events import RELATIONS
from infusion.web.room_words import PROOFS
from participants.queries.measured_tests import BY_CODE, MeasuredTest, faults_in
from participants.web.forms import ReasonField
from screening.web.forms import DEPARTURE_HELP, AmountField
from trialsite.protocol.types import Arm
from trialsite.signing.web.forms import OF_SIGNATURE, MaySignForm
from trialsite.web.forms import SiteDateField, SiteMomentField, StepForm

MILLION = 1_000_000
COLLECTION_SIGNS = tuple(BY_CODE[code] for code in ("TEMP", "PULSE", "SYSBP", "DIABP"))  # at its start
_GRADES = [
    ("1", "1 mild"),
    ("2", "2 moderate"),
    ("3", "3 severe"),
    ("4", "4 life-threatening"),
    ("5", "5 death"),
]
_YES_NO = [("yes", "Yes"), ("no", "No")]
_OF_ROUTE: dict[Arm, tuple[str, ...]] = {
    Arm.INTRAVENOUS: ("access_line", "rate_ml_per_h", "infused_volume_ml"),
    Arm.INTRAPLEURAL: (
        "catheter_position",
        "catheter_proof",
        "drained_at",
        "drained_volume_ml",
        "drained_colour",
        "instilled_volume_ml",
        "flush_volume_ml",
        "clamped_at",
        "unclamped_at",
        "catheter_removed_at",
    ),
}


class CellsField(AmountField):
    """A number of cells, entered in millions, cleaned to the exact whole number."""

    def __init__(self, label: str, *, help_text: str = "") -> None:
        super().__init__(label, "× 10⁶ cells", digits=13, places=6, help_text=help_text)
        self.widget.attrs["step"] = "any"

    def clean(self, value: Any) -> int | None:
        millions = super().clean(value)
        return None if millions is None else int(millions * MILLION)

    def prepare_value(self, value: Any) -> Any:
        return Decimal(value) / MILLION if isinstance(value, int) else value


class SignField(AmountField):
    """A vital sign in its standard unit; `faults_in` says what cannot be right."""

    def __init__(self, test: MeasuredTest) -> None:
        super().__init__(test.title, test.unit, digits=6, places=test.places, required=False)


class LineField(forms.CharField):
    """One line of text."""

    def __init__(self, label: str, *, most: int, required: bool = False, help_text: str = "") -> None:
        super().__init__(label=label, max_length=most, required=required, help_text=help_text)


class NoteField(forms.CharField):
    def __init__(self, label: str = "Remark", *, most: int = 500, help_text: str = "") -> None:
        widget = forms.Textarea(attrs={"rows": 2})
        super().__init__(label=label, max_length=most, required=False, help_text=help_text, widget=widget)


class PreviewedForm(StepForm):
    """Saved only after the dates that move were on screen for the very value that is entered."""

    previewed_field = ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        name = self.previewed_field
        if name and cleaned.get(name) and self.data.get("previewed") != self.data.get(name):
            self.add_error(None, "Look at what moves, shown below, then save once more.")
        return cleaned


class AgainForm(PreviewedForm):
    """Previewed where it is not the first of its kind. is_again: another one is on record."""

    of_again = ""

    def __init__(self, *args: Any, is_again: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.previewed_field = self.of_again if is_again else ""


class LeukapheresisForm(AgainForm):
    performed_at = SiteMomentField(label="Start of the collection")
    ended_at = SiteMomentField(label="End of the collection", required=False)
    processed_blood_ml = AmountField("Blood processed", "mL", digits=6, least=1, required=False)
    collected_cells_10e9 = AmountField(
        "Nucleated cells collected", "× 10⁹ cells", digits=8, places=3, least=0, required=False
    )
    collected_cd3_10e9 = AmountField(
        "CD3-positive among them", "× 10⁹ cells", digits=8, places=3, least=0, required=False
    )
    anticoagulant = LineField("Anticoagulant", most=60, help_text="Such as ACD-A.")
    anticoagulant_ml = AmountField("Anticoagulant given", "mL", digits=5, least=0, required=False)
    bag_identifier = LineField("Bag", most=60, help_text="As on the label; no patient names.")
    complications = NoteField("Complications")
    complication_grade = forms.ChoiceField(
        label="Grade of the worst complication",
        choices=[("", "None"), *_GRADES],
        required=False,
        widget=forms.RadioSelect,
        initial="",
    )
    TEMP, PULSE, SYSBP, DIABP = (SignField(test) for test in COLLECTION_SIGNS)
    reason = ReasonField(help_text=DEPARTURE_HELP)

    of_again = "performed_at"
    not_after_today = ("performed_at", "ended_at")

    def clean_complication_grade(self) -> int | None:
        chosen = self.cleaned_data["complication_grade"]
        return int(chosen) if chosen else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        codes = [test.code for test in COLLECTION_SIGNS]
        for code, words in faults_in({code: cleaned[code] for code in codes if cleaned.get(code)}).items():
            self.add_error(code, words)
        return cleaned


class CorrectLeukapheresisForm(PreviewedForm):
    performed_at = SiteMomentField(label="Time of the collection")
    reason = ReasonField(
        required=True, label="Reason for the correction", help_text="Kept with the old time."
    )

    previewed_field = "performed_at"
    not_after_today = ("performed_at",)


class LotForm(StepForm):
    leukapheresis = forms.ChoiceField(label="Made from")
    lot = LineField(
        "Lot", most=40, required=True, help_text="As on the label. A lot belongs to one participant."
    )
    started_at = SiteMomentField(label="Start of manufacturing")
    reason = ReasonField()

    not_after_today = ("started_at",)

    def __init__(self, *args: Any, collections: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choose("leukapheresis", list(collections))


class ReleaseForm(StepForm):
    total_cells = CellsField("CAR-positive viable cells in the bag")
    volume_ml = AmountField("Volume of the bag", "mL", digits=6, places=1, least=0.1, required=False)
    expires_on = SiteDateField(label="Last day it may be used", required=False)
    expires_at = SiteMomentField(
        label="Or not usable from", required=False, help_text="Only where the hour counts."
    )
    released_at = SiteMomentField(label="Time of release")
    already_happened = forms.BooleanField(
        label="It was released elsewhere already, in spite of what is missing", required=False
    )
    reason = ReasonField(help_text="Needed if it was released already in spite of what is missing.")

    not_after_today = ("released_at",)


class FailLotForm(StepForm):
    failed_at = SiteMomentField(label="Time of the failure")
    reason = ReasonField(required=True, label="Why the lot failed", help_text="Test, value and limit.")

    not_after_today = ("failed_at",)


class PlanForm(PreviewedForm):
    planned_on = SiteDateField(
        label="Planned date of infusion", help_text="Day 0. Lymphodepletion is 5 to 3 days before."
    )
    planned_at = SiteMomentField(
        label="Plan made on",
        required=False,
        help_text="Only for what is written up afterwards; else leave it empty.",
    )
    reason = ReasonField(label="Remark", help_text="Such as why the date moves.")

    previewed_field = "planned_on"
    not_after_today = ("planned_at",)


class DoseForm(StepForm):
    """Ordered per square metre, counted on the body surface, given in milligrams."""

    given_at = SiteMomentField(label="Time of the dose")
    height_cm = AmountField("Height", "cm", digits=4, places=1, least=50, most=250)
    height_on = SiteDateField(label="Measured on")
    weight_kg = AmountField("Body weight", "kg", digits=5, places=1, least=0.1, most=400)
    weight_on = SiteDateField(label="Weighed on")
    fludarabine_mg_per_m2 = AmountField("Fludarabine ordered", "mg/m²", digits=6, places=2, least=0)
    fludarabine_mg = AmountField("Fludarabine given", "mg", digits=7, places=2, least=0)
    cyclophosphamide_mg_per_m2 = AmountField("Cyclophosphamide ordered", "mg/m²", digits=7, places=2, least=0)
    cyclophosphamide_mg = AmountField("Cyclophosphamide given", "mg", digits=8, places=2, least=0)
    reason = ReasonField(help_text=DEPARTURE_HELP)

    not_after_today = ("given_at", "height_on", "weight_on")

    def __init__(self, *args: Any, ranges: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = ("fludarabine_mg_per_m2", "cyclophosphamide_mg_per_m2")
        for name, words in zip(names, ranges, strict=False):
            self.fields[name].help_text = words


class BridgingForm(StepForm):
    drug = LineField("Drug or local therapy", most=100, required=True)
    drug_class = LineField("Kind", most=60, required=True, help_text="Such as chemotherapy, radiotherapy.")
    dose = LineField("Dose", most=60, help_text="As ordered, with its unit.")
    started_on = SiteDateField(label="First day")
    ended_on = SiteDateField(label="Last day", required=False, help_text="Empty while it goes on.")
    note = LineField("Remark", most=200)
    reason = ReasonField()

    not_after_today = ("started_on", "ended_on")


class BridgingEndForm(StepForm):
    ended_on = SiteDateField(label="Last day")
    reason = ReasonField(help_text="Needed to change a last day that is on record.")

    not_after_today = ("ended_on",)


class InfusionForm(AgainForm, MaySignForm):
    """Shaped by the route: the fields of the other one are not there."""

    template_name = "infusion/forms/grouped.html"

    product = forms.ChoiceField(label="Lot")
    weight_kg = AmountField(
        "Body weight the dose was counted on", "kg", digits=5, places=1, least=0.1, most=400
    )
    weight_on = SiteDateField(label="Weighed on", required=False)
    infused_cells = CellsField("CAR-positive viable cells given")
    thawed_at = SiteMomentField(label="End of thaw", required=False)
    started_at = SiteMomentField(label="Start of the infusion", help_text="Its date at the site is day 0.")
    ended_at = SiteMomentField(label="End of the infusion", required=False)
    was_interrupted = forms.BooleanField(label="The infusion was interrupted", required=False)
    access_line = LineField("Line", most=100, help_text="Such as central venous, right jugular.")
    rate_ml_per_h = AmountField("Rate", "mL/h", digits=6, places=1, least=0, required=False)
    infused_volume_ml = AmountField("Volume infused", "mL", digits=6, places=1, least=0, required=False)
    catheter_position = LineField(
        "Catheter", most=200, help_text="Side and position, and how it was checked."
    )
    catheter_proof = forms.ChoiceField(
        label="Position shown by",
        required=False,
        choices=list(PROOFS.items()),
    )
    drained_at = SiteMomentField(label="Effusion drained at", required=False)
    drained_colour = LineField("Colour of the effusion", most=60)
    drained_volume_ml = AmountField(
        "Effusion drained before", "mL", digits=6, places=1, least=0, required=False
    )
    instilled_volume_ml = AmountField("Volume instilled", "mL", digits=6, places=1, least=0, required=False)
    flush_volume_ml = AmountField("Catheter flushed with", "mL", digits=6, places=1, least=0, required=False)
    clamped_at = SiteMomentField(label="Catheter clamped", required=False)
    unclamped_at = SiteMomentField(label="Catheter unclamped", required=False)
    catheter_removed_at = SiteMomentField(label="Catheter removed", required=False)
    note = NoteField()
    reason = ReasonField(label="Reason for going on in spite of the checks", help_text=DEPARTURE_HELP)

    of_again = "started_at"
    not_after_today: tuple[str, ...] = (
        "weight_on",
        "started_at",
        "ended_at",
        "thawed_at",
        "drained_at",
        "clamped_at",
        "unclamped_at",
        "catheter_removed_at",
    )

    def __init__(
        self,
        *args: Any,
        route: Arm = Arm.INTRAVENOUS,
        lots: Sequence[tuple[str, str]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.route = route
        self.choose("product", list(lots))
        for other, names in _OF_ROUTE.items():
            for name in names if other is not route else ():
                del self.fields[name]
        self.not_after_today = tuple(name for name in self.not_after_today if name in self.fields)

    def groups(self) -> Iterable[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings."""
        parts = (
            ("Product and dose", ("product", "weight_kg", "weight_on", "infused_cells")),
            ("Time", ("thawed_at", "started_at", "ended_at", "was_interrupted")),
            ("Intrapleural" if self.route is Arm.INTRAPLEURAL else "Intravenous", _OF_ROUTE[self.route]),
            ("", ("note", "reason")),
            ("Signature", tuple(name for name in OF_SIGNATURE if name in self.fields and name != "meaning")),
        )
        return [(title, [self[name] for name in names]) for title, names in parts if names]


class CorrectInfusionForm(PreviewedForm):
    """Shaped by the route. recorded: the times on record, by field."""

    started_at = SiteMomentField(label="Start of the infusion", help_text="As in the infusion record.")
    thawed_at = SiteMomentField(label="End of thaw", required=False)
    ended_at = SiteMomentField(label="End of the infusion", required=False)
    clamped_at = SiteMomentField(label="Catheter clamped", required=False)
    unclamped_at = SiteMomentField(label="Catheter unclamped", required=False)
    reason = ReasonField(
        required=True, label="Reason for the correction", help_text="Kept with the old times."
    )

    previewed_field = "started_at"
    not_after_today: tuple[str, ...] = ("started_at", "thawed_at", "ended_at", "clamped_at", "unclamped_at")

    def __init__(
        self,
        *args: Any,
        route: Arm = Arm.INTRAPLEURAL,
        recorded: Mapping[str, datetime | None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for name in _OF_ROUTE[Arm.INTRAPLEURAL] if route is Arm.INTRAVENOUS else ():
            self.fields.pop(name, None)
        self.not_after_today = tuple(name for name in self.not_after_today if name in self.fields)
        for name, value in (recorded or {}).items():
            if name in self.fields:
                self.fields[name].help_text = self._moves(value)

    def _moves(self, value: datetime | None) -> str:
        if value is None:
            return "Not on record."
        local = value.astimezone(ZoneInfo(self.zone))
        return f"On record: {local:%Y-%m-%d %H:%M}. Empty: it moves by as much as the start."


_CAUSALITY = [
    ("unrelated", "Unrelated"),
    ("unlikely", "Unlikely"),
    ("possible", "Possible"),
    ("probable", "Probable"),
    ("definite", "Definite"),
]
EVENT_DETAILS = ("grade_reason", *RELATIONS)


def _relation(label: str, help_text: str = "") -> forms.ChoiceField:
    """How the investigator relates an event to something."""
    return forms.ChoiceField(
        label=label, choices=[("", "Not judged yet"), *_CAUSALITY], required=False, help_text=help_text
    )


class AdverseEventForm(StepForm):
    term = LineField("Adverse event", most=200, required=True, help_text="The diagnosis if there is one.")
    toxicity_grade = forms.ChoiceField(
        label="Grade", choices=_GRADES, help_text="CTCAE; CRS and ICANS by ASTCT."
    )
    grade_reason = LineField(
        "Why another grade than the value gives", most=300, help_text="Only for another grade."
    )
    onset_at = SiteMomentField(label="Onset")
    aware_at = SiteMomentField(label="The site learned of it", help_text="The reporting clocks start here.")
    is_serious = forms.ChoiceField(
        label="Serious",
        choices=_YES_NO,
        help_text="Death, danger to life, hospital stay, lasting harm, birth defect or of like weight. "
        "Not the same as severe.",
    )
    is_special_interest = forms.ChoiceField(
        label="Of special interest",
        choices=_YES_NO,
        help_text="CRS or ICANS of grade 3 and more, IEC-HS, second malignancy.",
    )
    is_dlt = forms.ChoiceField(
        label="Dose-limiting", choices=[*_YES_NO, ("open", "Not judged yet")], initial="open"
    )
    relation_product = _relation("Related to the product", "The investigator's judgement, as the next three.")
    relation_lymphodepletion = _relation("Related to lymphodepletion")
    relation_procedure = _relation("Related to the procedure")
    relation_disease = _relation("Related to the disease")
    resolved_on = SiteDateField(label="Resolved on", required=False)
    outcome = LineField("Outcome", most=100)
    reason = ReasonField()

    not_after_today = ("onset_at", "aware_at", "resolved_on")

    def __init__(self, *args: Any, is_graded: bool = False, **kwargs: Any) -> None:
        """is_graded: a laboratory value proposes the grade, so that another one needs a reason."""
        super().__init__(*args, **kwargs)
        if not is_graded:
            del self.fields["grade_reason"]

    def clean_toxicity_grade(self) -> int:
        return int(self.cleaned_data["toxicity_grade"])

    def clean_is_serious(self) -> bool:
        return bool(self.cleaned_data["is_serious"] == "yes")

    def clean_is_special_interest(self) -> bool:
        return bool(self.cleaned_data["is_special_interest"] == "yes")

    def clean_is_dlt(self) -> bool | None:
        return {"yes": True, "no": False}.get(self.cleaned_data["is_dlt"])


class SeriousnessForm(StepForm):
    """Whether an event is serious, and by which criteria of ICH E2A."""

    is_serious = forms.ChoiceField(label="Serious", choices=_YES_NO)
    seriousness = forms.MultipleChoiceField(
        label="Because of",
        choices=[
            ("death", "Death"),
            ("life_threatening", "Danger to life"),
            ("hospitalisation", "Hospital stay, or a longer one"),
            ("disability", "Lasting disability"),
            ("birth_defect", "Birth defect"),
            ("other", "Another medically important event"),
        ],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    aware_at = SiteMomentField(
        label="The site learned that it is serious",
        required=False,
        help_text="The clock of 24 hours starts here. Empty: as on record, or now.",
    )
    reason = ReasonField(help_text="Needed where an event is no longer called serious.")

    not_after_today = ("aware_at",)

    def clean_is_serious(self) -> bool:
        return bool(self.cleaned_data["is_serious"] == "yes")


class DltForm(StepForm):
    is_dlt = forms.ChoiceField(label="Dose-limiting", choices=[*_YES_NO, ("open", "Not evaluable")])
    reason = ReasonField(help_text="Needed for not evaluable, and where a judgement is changed.")

    def clean_is_dlt(self) -> bool | None:
        return {"yes": True, "no": False}.get(self.cleaned_data["is_dlt"])


class RelationForm(StepForm):
    """What the investigator relates an event to."""

    relation_product = _relation("Related to the product")
    relation_lymphodepletion = _relation("Related to lymphodepletion")
    relation_procedure = _relation("Related to the procedure")
    relation_disease = _relation("Related to the disease")
    reason = ReasonField(help_text="Needed where a judgement is changed.")


class SponsorForm(StepForm):
    """How the sponsor sees an event."""

    sponsor_relation = forms.ChoiceField(label="Related to the product, for the sponsor", choices=_CAUSALITY)
    is_expected = forms.ChoiceField(
        label="Expected",
        choices=_YES_NO,
        help_text="Whether the reference safety information names it, in kind and severity.",
    )
    sponsor_aware_at = SiteMomentField(
        label="The sponsor first knew of it", help_text="Its day 0. The clocks of a SUSAR start here."
    )
    reason = ReasonField(help_text="Needed where an assessment is changed.")

    not_after_today = ("sponsor_aware_at",)

    def clean_is_expected(self) -> bool:
        return bool(self.cleaned_data["is_expected"] == "yes")


class OutcomeForm(StepForm):
    outcome = forms.ChoiceField(
        label="Outcome",
        choices=[
            ("recovered", "Recovered"),
            ("recovering", "Recovering"),
            ("recovered_with_sequelae", "Recovered with sequelae"),
            ("not_recovered", "Not recovered"),
            ("fatal", "Fatal"),
            ("unknown", "Unknown"),
        ],
    )
    resolved_on = SiteDateField(
        label="Ended on", required=False, help_text="For an event that ended, with its last day."
    )
    reason = ReasonField()

    not_after_today = ("resolved_on",)


class SafetyReportForm(StepForm):
    sent_at = SiteMomentField(label="Sent at", help_text="When it left, as the receipt says.")
    recipient = LineField("Sent to", most=200, required=True)
    reference = LineField("Reference", most=100, help_text="Number of the report or of the receipt.")
    reason = ReasonField()

    not_after_today = ("sent_at",)
