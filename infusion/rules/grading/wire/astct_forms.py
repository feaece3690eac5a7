"""What is sent for CRS and ICANS, in words for whoever fills it in. Source: clinical rules 2.1, 2.2."""

from typing import Any

from infusion.rules.grading.crs import (
    CrsComponent,
    CrsFindings,
    Hypotension,
    IntubationReason,
    OxygenDevice,
)
from infusion.rules.grading.icans import (
    Consciousness,
    IcansDomain,
    IcansFindings,
    PressureSign,
    Seizure,
)
from infusion.rules.grading.ice import OBJECTS, IceAnswers
from infusion.rules.grading.vasopressors import Vasopressor
from infusion.rules.grading.wire.members import (
    Form,
    code,
    codes,
    count,
    flag,
    nested,
    number,
    temperature,
    texts,
)

CRS_FORM: Form = {
    "highest_temperature": temperature(
        "Highest temperature", "Of the assessment period; 38.0 °C is fever already."
    ),
    "hypotension": code(
        "Hypotension",
        "What it needs, not how low the pressure is.",
        {
            Hypotension.NONE: "no hypotension",
            Hypotension.WITHOUT_VASOPRESSOR: "hypotension that needs no vasopressor, such as fluids alone",
            Hypotension.VASOPRESSORS: "vasopressors are needed; name them in vasopressors",
        },
    ),
    "vasopressors": texts(
        "Vasopressors",
        "Every agent that is needed, by name: one that is known here, or any other, which counts as one of its own. "
        "The same agent twice is one; any agent outweighs what hypotension says.",
        list(Vasopressor),
    ),
    "oxygen_device": code(
        "Oxygen device",
        "The highest support that hypoxia needs. The device decides before the flow.",
        {
            OxygenDevice.ROOM_AIR: "no oxygen",
            OxygenDevice.NASAL_CANNULA: "nasal cannula; give the flow",
            OxygenDevice.BLOW_BY: "blow-by",
            OxygenDevice.HIGH_FLOW_CANNULA: "high-flow cannula",
            OxygenDevice.SIMPLE_MASK: "simple mask",
            OxygenDevice.VENTURI_MASK: "Venturi mask",
            OxygenDevice.NON_REBREATHER_MASK: "non-rebreather mask",
            OxygenDevice.OTHER_MASK: "any other mask",
            OxygenDevice.CPAP: "CPAP",
            OxygenDevice.BIPAP: "BiPAP",
            OxygenDevice.VENTILATION: "mechanical ventilation through a tube",
        },
    ),
    "oxygen_flow_l_per_min": number(
        "oxygen_flow_l_per_min",
        "Oxygen flow",
        "Needed for the nasal cannula only; exactly 6 is low flow.",
        "L/min",
        "0.1",
        "100",
    ),
    "intubation_reason": code(
        "Reason of intubation",
        "For ventilation only; left out, it counts as hypoxia. The others mean: without hypoxia.",
        {
            IntubationReason.HYPOXIA: "hypoxia",
            IntubationReason.AIRWAY_PROTECTION: "to protect the airway",
            IntubationReason.SEIZURE: "a seizure",
            IntubationReason.PROCEDURE: "a procedure",
        },
    ),
    "due_to_another_cause": codes(
        "Due to another cause",
        "Components that somebody attributed to something else than CRS; they do not count.",
        {one: one.value for one in CrsComponent},
        frozenset,
    ),
    "is_established": flag("is_established", "Established", "CRS was already diagnosed in this episode."),
    "antipyretic_given": flag("antipyretic_given", "Antipyretic given", "In this episode; it waives fever."),
    "anticytokine_given": flag(
        "anticytokine_given", "Anticytokine given", "Such as tocilizumab, in this episode; it waives fever."
    ),
    "steroid_given": flag("steroid_given", "Steroid given", "In this episode; it waives fever."),
    "has_died_of_crs": flag("has_died_of_crs", "Died of CRS", "Left out: no."),
}

_ICE_FORM: Form = {
    **{
        name: flag(name, title, "1 point. Left out: not tested, and then there is no score.")
        for name, title in {
            "year": "Knows the year",
            "month": "Knows the month",
            "city": "Knows the city",
            "hospital": "Knows the hospital",
        }.items()
    },
    "objects_named": count(
        "objects_named", "Objects named", "Of three; 1 point each.", "objects", str(OBJECTS)
    ),
    **{
        name: flag(name, title, "1 point. Left out: not tested, and then there is no score.")
        for name, title in {
            "follows_command": "Follows a simple command",
            "writes_sentence": "Writes a standard sentence",
            "counts_backwards": "Counts backwards from 100 by ten",
        }.items()
    },
}

ICANS_FORM: Form = {
    "ice": nested(_ICE_FORM, IceAnswers, "ICE", "Ten points; not needed for somebody who cannot be roused."),
    "consciousness": code(
        "Consciousness",
        "How the person wakes.",
        {
            Consciousness.AWAKE: "awake",
            Consciousness.SPONTANEOUS: "awakens spontaneously",
            Consciousness.TO_VOICE: "awakens to voice",
            Consciousness.TO_TOUCH: "awakens only to touch",
            Consciousness.UNAROUSABLE: "needs vigorous or repeated stimuli, unarousable, stupor, coma",
        },
    ),
    "seizure": code(
        "Seizure",
        "The worst of the period.",
        {
            Seizure.NONE: "none",
            Seizure.CLINICAL: "clinical, focal or generalised; give its length and whether it resolved",
            Seizure.NON_CONVULSIVE: "on EEG only; give whether it resolved",
            Seizure.REPETITIVE: "repetitive, without return to baseline in between",
        },
    ),
    "seizure_min": number(
        "seizure_min",
        "Length of the seizure",
        "Of the longest; exactly 5 is not prolonged.",
        "min",
        "0",
        "10000",
    ),
    "has_seizure_resolved": flag("has_seizure_resolved", "Seizure resolved", "It ended."),
    "has_deep_focal_weakness": flag(
        "has_deep_focal_weakness", "Deep focal weakness", "Such as hemiparesis or paraparesis."
    ),
    "pressure_signs": codes(
        "Raised pressure or oedema",
        "An empty list: none was found.",
        {
            PressureSign.FOCAL_OEDEMA: "focal oedema on imaging",
            PressureSign.DIFFUSE_OEDEMA: "diffuse oedema on imaging",
            PressureSign.POSTURING: "decerebrate or decorticate posturing",
            PressureSign.SIXTH_NERVE_PALSY: "palsy of the sixth cranial nerve",
            PressureSign.PAPILLOEDEMA: "papilloedema",
            PressureSign.CUSHING_TRIAD: "Cushing triad",
        },
        tuple,
    ),
    "due_to_another_cause": codes(
        "Due to another cause",
        "Domains that somebody attributed to something else, such as sedation or a metastasis; they do not count.",
        {one: one.value for one in IcansDomain},
        frozenset,
    ),
    "has_died_of_icans": flag("has_died_of_icans", "Died of ICANS", "Left out: no."),
}


def crs_findings(found: dict[str, Any]) -> CrsFindings:
    degrees = found.pop("highest_temperature", None)
    return CrsFindings(highest_temperature_c=degrees, **found)


def icans_findings(found: dict[str, Any]) -> IcansFindings:
    return IcansFindings(**found)
