"""The form of one bedside round, for a finger on a tablet: one column, large targets, numbers with their unit."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.forms import BoundField

from infusion.rules.bedside import PAIN_MOST
from infusion.rules.grading.crs import CrsComponent, Hypotension, OxygenDevice
from infusion.rules.grading.icans import Consciousness, IcansDomain, PressureSign, Seizure
from infusion.rules.grading.ice import OBJECTS
from infusion.rules.grading.vasopressors import Vasopressor
from infusion.rules.plausibility import unusual_in
from participants.models import ObservationDomain
from participants.queries.measured_tests import BY_CODE, faults_in, tests_of
from participants.web.forms import ReasonField
from screening.web.forms import AmountField
from trialsite.protocol.units import celsius
from trialsite.web.forms import SiteMomentField, StepForm

CELSIUS, FAHRENHEIT = "°C", "°F"
VITAL_SIGNS = tuple(one.code for one in tests_of(ObservationDomain.VITAL_SIGNS))
ICE_ITEMS = {
    "ice_year": "Year",
    "ice_month": "Month",
    "ice_city": "City",
    "ice_hospital": "Hospital",
    "ice_follows_command": "Follows a simple command",
    "ice_writes_sentence": "Writes a standard sentence",
    "ice_counts_backwards": "Counts backwards from 100 by ten",
}
_YES_NO = [("", "Not said"), ("yes", "Yes"), ("no", "No")]
_RIGHT = [("", "Not tested"), ("yes", "Right"), ("no", "Wrong")]
_GRADES = [("", "As computed"), *((str(grade), str(grade)) for grade in range(6))]
HYPOTENSION = [
    (Hypotension.NONE.value, "None"),
    (Hypotension.WITHOUT_VASOPRESSOR.value, "Needs no vasopressor"),
    (Hypotension.VASOPRESSORS.value, "Needs vasopressors"),
]
DEVICES = {
    OxygenDevice.ROOM_AIR: "Room air",
    OxygenDevice.NASAL_CANNULA: "Nasal cannula",
    OxygenDevice.BLOW_BY: "Blow-by",
    OxygenDevice.HIGH_FLOW_CANNULA: "High-flow cannula",
    OxygenDevice.SIMPLE_MASK: "Simple mask",
    OxygenDevice.VENTURI_MASK: "Venturi mask",
    OxygenDevice.NON_REBREATHER_MASK: "Non-rebreather mask",
    OxygenDevice.OTHER_MASK: "Other mask",
    OxygenDevice.CPAP: "CPAP",
    OxygenDevice.BIPAP: "BiPAP",
    OxygenDevice.VENTILATION: "Ventilation",
}
CONSCIOUSNESS = [
    (Consciousness.AWAKE.value, "Awake"),
    (Consciousness.SPONTANEOUS.value, "Awakens spontaneously"),
    (Consciousness.TO_VOICE.value, "Awakens to voice"),
    (Consciousness.TO_TOUCH.value, "Only to touch"),
    (Consciousness.UNAROUSABLE.value, "Cannot be roused, or barely"),
]
SEIZURE = [
    (Seizure.NONE.value, "None"),
    (Seizure.CLINICAL.value, "Focal or generalised"),
    (Seizure.NON_CONVULSIVE.value, "On EEG only"),
    (Seizure.REPETITIVE.value, "Repetitive, no return to baseline"),
]
_SIGNS = {
    PressureSign.FOCAL_OEDEMA: "Focal oedema on imaging",
    PressureSign.DIFFUSE_OEDEMA: "Diffuse oedema on imaging",
    PressureSign.POSTURING: "Posturing",
    PressureSign.SIXTH_NERVE_PALSY: "Sixth nerve palsy",
    PressureSign.PAPILLOEDEMA: "Papilloedema",
    PressureSign.CUSHING_TRIAD: "Cushing triad",
}
_DOMAINS = {
    IcansDomain.ICE: "ICE score",
    IcansDomain.CONSCIOUSNESS: "Consciousness",
    IcansDomain.SEIZURE: "Seizure",
    IcansDomain.MOTOR: "Weakness",
    IcansDomain.PRESSURE: "Pressure signs",
}
AGENTS = {one: one.value.replace("_", " ").capitalize().replace(" ii", " II") for one in Vasopressor}
CHEST = [("", "None taken"), ("no_pneumothorax", "No pneumothorax"), ("pneumothorax", "Pneumothorax")]
_OF_PLEURA = ("pain_score", "has_dyspnoea", "drained_volume_ml", "chest_image")


def _choice(label: str, choices: Sequence[tuple[str, str]], help_text: str = "") -> forms.ChoiceField:
    offered = list(choices) if choices[0][0] == "" else [("", "Not documented"), *choices]
    return forms.ChoiceField(label=label, choices=offered, required=False, help_text=help_text)


def _several(label: str, choices: Mapping[Any, str], help_text: str = "") -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        choices=[(one.value, words) for one, words in choices.items()],
        required=False,
        help_text=help_text,
        widget=forms.CheckboxSelectMultiple,
    )


def _sign(code: str) -> AmountField:
    """A vital sign; what cannot be is refused for the round as a whole, in the unit of the test."""
    test = BY_CODE[code]
    return AmountField(test.title, test.unit, digits=5, places=test.places, required=False)


class RoundForm(StepForm):
    """One round. Everything but the time may be left out; what is left out is not documented."""

    template_name = "infusion/forms/round.html"

    taken_at = SiteMomentField(
        label="Time of the round", help_text="When it was measured, also if written up later."
    )
    TEMP = _sign("TEMP")
    temperature_unit = forms.ChoiceField(
        label="Unit of the temperature",
        choices=[(CELSIUS, CELSIUS), (FAHRENHEIT, FAHRENHEIT)],
        required=False,
    )
    PULSE = _sign("PULSE")
    RESP = _sign("RESP")
    SYSBP = _sign("SYSBP")
    DIABP = _sign("DIABP")
    OXYSAT = _sign("OXYSAT")
    is_checked = forms.BooleanField(
        label="Unusual values were measured a second time and are right", required=False
    )
    oxygen_device = _choice("Oxygen", [(one.value, words) for one, words in DEVICES.items()])
    oxygen_flow_l_per_min = AmountField(
        "Flow", "L/min", digits=4, places=1, least=0, most=100, required=False
    )
    hypotension = _choice("Low blood pressure", HYPOTENSION)
    vasopressors = _several("Vasopressors running", AGENTS)
    vasopressor_doses = forms.CharField(
        label="Their doses", required=False, max_length=200, help_text="Such as 0.1 µg/kg/min."
    )
    antipyretic_at = SiteMomentField(label="Antipyretic given at", required=False)
    anticytokine_at = SiteMomentField(label="Tocilizumab or other anticytokine given at", required=False)
    steroid_at = SiteMomentField(label="Steroid given at", required=False)
    not_crs = _several(
        "Due to another cause than CRS",
        {one: one.value.capitalize() for one in CrsComponent},
        "What is marked does not count for the grade.",
    )
    ice = forms.ChoiceField(
        label="ICE score",
        choices=[("", "Not tested"), ("all", "10: all right"), ("items", "Item by item")],
        required=False,
    )
    (
        ice_year,
        ice_month,
        ice_city,
        ice_hospital,
        ice_follows_command,
        ice_writes_sentence,
        ice_counts_backwards,
    ) = (_choice(words, _RIGHT) for words in ICE_ITEMS.values())
    ice_objects_named = _choice(
        "Objects named, of three", [("", "Not tested"), *((str(n), str(n)) for n in range(OBJECTS + 1))]
    )
    neurology = forms.ChoiceField(
        label="Examination",
        choices=[
            ("", "Not done"),
            ("normal", "Normal: awake, no seizure, no weakness, no pressure signs"),
            ("findings", "Findings"),
        ],
        required=False,
    )
    consciousness = _choice("Consciousness", CONSCIOUSNESS)
    seizure = _choice("Seizure", SEIZURE)
    seizure_min = AmountField("Its length", "min", digits=5, places=1, least=0, required=False)
    has_seizure_resolved = _choice("Has it resolved?", _YES_NO)
    has_deep_focal_weakness = _choice("Deep focal weakness", _YES_NO, "Such as hemiparesis.")
    pressure = _choice(
        "Signs of raised pressure or oedema", [("", "Not said"), ("no", "None"), ("yes", "Found")]
    )
    pressure_signs = _several("Which", _SIGNS)
    not_icans = _several(
        "Due to another cause than ICANS", _DOMAINS, "Such as sedation or a metastasis. It does not count."
    )
    pain_score = AmountField("Chest pain", "of 10", digits=2, least=0, most=PAIN_MOST, required=False)
    has_dyspnoea = _choice("Short of breath", _YES_NO)
    drained_volume_ml = AmountField(
        "Drained since the last entry of today", "mL", digits=6, places=1, least=0, required=False
    )
    chest_image = _choice("Chest image", CHEST)
    crs_grade = _choice("CRS grade confirmed", _GRADES)
    icans_grade = _choice("ICANS grade confirmed", _GRADES)
    override_reason = forms.CharField(
        label="Why another grade than the computed one", required=False, max_length=300
    )
    note = forms.CharField(
        label="Remark", required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    reason = ReasonField(help_text="Needed only where the round does not fit what is on record.")

    not_after_today = ("taken_at", "antipyretic_at", "anticytokine_at", "steroid_at")

    def __init__(self, *args: Any, is_intrapleural: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in () if is_intrapleural else _OF_PLEURA:
            del self.fields[name]

    def groups(self) -> Iterator[tuple[str, str, list[BoundField]]]:
        """Key, heading and fields, in the order of a round."""
        for key, title, names in _GROUPS:
            shown = [self[name] for name in names if name in self.fields]
            if shown:
                yield key, title, shown

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        signs = vital_signs_in(cleaned)
        for code, words in faults_in(signs).items():
            self.add_error(code, words)
        if not cleaned.get("is_checked"):
            for code, words in unusual_in(signs).items():
                if code not in self.errors:
                    self.add_error(code, f"{words} Measure again, then tick that it is right.")
        if cleaned.get("pressure") == "yes" and not cleaned.get("pressure_signs"):
            self.add_error("pressure_signs", "Mark which signs were found.")
        return cleaned


class CorrectRoundForm(RoundForm):
    reason = ReasonField(
        required=True, label="Reason for the correction", help_text="Kept with the former values."
    )


_GROUPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("when", "", ("taken_at",)),
    (
        "signs",
        "Vital signs",
        ("TEMP", "temperature_unit", "PULSE", "RESP", "SYSBP", "DIABP", "OXYSAT", "is_checked"),
    ),
    ("oxygen", "Oxygen", ("oxygen_device", "oxygen_flow_l_per_min")),
    ("circulation", "Circulation", ("hypotension", "vasopressors", "vasopressor_doses")),
    ("given", "Given since the last round", ("antipyretic_at", "anticytokine_at", "steroid_at")),
    ("cause-crs", "", ("not_crs",)),
    ("ice", "ICE", ("ice", *list(ICE_ITEMS)[:4], "ice_objects_named", *list(ICE_ITEMS)[4:])),
    (
        "neurology",
        "Neurological examination",
        (
            "neurology",
            "consciousness",
            "seizure",
            "seizure_min",
            "has_seizure_resolved",
            "has_deep_focal_weakness",
            "pressure",
            "pressure_signs",
            "not_icans",
        ),
    ),
    ("pleura", "Chest", _OF_PLEURA),
    ("grades", "Grades", ("crs_grade", "icans_grade", "override_reason")),
    ("rest", "", ("note", "reason")),
)


def vital_signs_in(entered: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return test code → value in the standard unit of each test; a temperature in °F is converted."""
    found = {code: entered[code] for code in VITAL_SIGNS if entered.get(code) is not None}
    if "TEMP" in found and entered.get("temperature_unit") == FAHRENHEIT:
        found["TEMP"] = _kept(celsius(found["TEMP"], FAHRENHEIT))
    return found


def _kept(degrees: Decimal) -> Decimal:
    """Two places, one where that is exact: 38.0 of 100.4 °F. A tenth of a degree Fahrenheit stays apart from the next."""
    return round(degrees, 1) if round(degrees, 1) == degrees else round(degrees, 2)
