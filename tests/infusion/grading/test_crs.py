from decimal import Decimal
from itertools import product

import pytest

from infusion.rules.grading import (
    CrsComponent,
    CrsFindings,
    Flag,
    Hypotension,
    IntubationReason,
    OxygenDevice,
    assess_crs,
)
from tests.infusion.grading.findings import FEVER, NO_FEVER, TREATED, crs

NOREPINEPHRINE, EPINEPHRINE, VASOPRESSIN = "norepinephrine", "epinephrine", "vasopressin"
LOW = Hypotension.WITHOUT_VASOPRESSOR
ON_PRESSORS = Hypotension.VASOPRESSORS


@pytest.mark.parametrize(
    ("temperature", "grade", "rule"),
    [
        ("37.9", 0, "CRS-NO-FEVER"),
        ("37.99", 0, "CRS-NO-FEVER"),
        ("38.0", 1, "CRS-FEVER"),
        ("38", 1, "CRS-FEVER"),
        ("38.1", 1, "CRS-FEVER"),
        ("41.5", 1, "CRS-FEVER"),
    ],
)
def test_fever_begins_at_38_0_and_its_height_does_not_matter(temperature, grade, rule):
    found = assess_crs(crs(highest_temperature_c=Decimal(temperature)))
    assert (found.grade, found.rule) == (grade, rule)


@pytest.mark.parametrize(
    ("hypotension", "vasopressors", "grade"),
    [
        (Hypotension.NONE, (), 1),
        (LOW, (), 2),
        (ON_PRESSORS, (NOREPINEPHRINE,), 3),
        (ON_PRESSORS, (VASOPRESSIN,), 3),
        (ON_PRESSORS, (NOREPINEPHRINE, VASOPRESSIN), 3),
        (ON_PRESSORS, (VASOPRESSIN, NOREPINEPHRINE), 3),
        (ON_PRESSORS, (NOREPINEPHRINE, NOREPINEPHRINE), 3),
        (ON_PRESSORS, (NOREPINEPHRINE, " Noradrenaline "), 3),
        (ON_PRESSORS, ("去甲肾上腺素", NOREPINEPHRINE, "argipressin", VASOPRESSIN), 3),
        (ON_PRESSORS, (NOREPINEPHRINE, EPINEPHRINE), 4),
        (ON_PRESSORS, (NOREPINEPHRINE, "another agent"), 4),
        (ON_PRESSORS, ("another agent", "Another Agent"), 3),
        (ON_PRESSORS, (VASOPRESSIN, NOREPINEPHRINE, "dopamine"), 4),
    ],
)
def test_hypotension_is_graded_by_what_it_needs(hypotension, vasopressors, grade):
    found = assess_crs(crs(hypotension=hypotension, vasopressors=vasopressors))
    assert found.grade == grade
    assert found.rule == ("CRS-FEVER" if grade == 1 else "CRS-HYPOTENSION")


@pytest.mark.parametrize("pressure", [None, Hypotension.NONE, LOW])
def test_a_normal_pressure_on_a_vasopressor_is_grade_3(pressure):
    assert assess_crs(crs(hypotension=pressure, vasopressors=(NOREPINEPHRINE,))).grade == 3


DEVICES = [
    (OxygenDevice.ROOM_AIR, None, 1),
    (OxygenDevice.BLOW_BY, None, 2),
    (OxygenDevice.BLOW_BY, "10", 2),
    (OxygenDevice.NASAL_CANNULA, "2", 2),
    (OxygenDevice.NASAL_CANNULA, "5.9", 2),
    (OxygenDevice.NASAL_CANNULA, "6", 2),
    (OxygenDevice.NASAL_CANNULA, "6.0", 2),
    (OxygenDevice.NASAL_CANNULA, "6.1", 3),
    (OxygenDevice.HIGH_FLOW_CANNULA, "40", 3),
    (OxygenDevice.HIGH_FLOW_CANNULA, "6", 3),
    (OxygenDevice.SIMPLE_MASK, "5", 3),
    (OxygenDevice.VENTURI_MASK, "4", 3),
    (OxygenDevice.NON_REBREATHER_MASK, "15", 3),
    (OxygenDevice.OTHER_MASK, None, 3),
    (OxygenDevice.CPAP, None, 4),
    (OxygenDevice.BIPAP, "2", 4),
    (OxygenDevice.VENTILATION, None, 4),
]


@pytest.mark.parametrize(("device", "flow", "grade"), DEVICES)
def test_hypoxia_is_graded_by_the_device_before_the_flow(device, flow, grade):
    found = assess_crs(crs(oxygen_device=device, oxygen_flow_l_per_min=flow and Decimal(flow)))
    assert found.grade == grade
    assert found.rule == ("CRS-FEVER" if grade == 1 else "CRS-HYPOXIA")


def test_every_device_is_in_the_table():
    assert {device for device, _, _ in DEVICES} == set(OxygenDevice)


@pytest.mark.parametrize(
    ("reason", "grade"),
    [
        (None, 4),
        (IntubationReason.HYPOXIA, 4),
        (IntubationReason.AIRWAY_PROTECTION, 1),
        (IntubationReason.SEIZURE, 1),
        (IntubationReason.PROCEDURE, 1),
    ],
)
def test_intubation_without_hypoxia_is_not_grade_4(reason, grade):
    found = assess_crs(crs(oxygen_device=OxygenDevice.VENTILATION, intubation_reason=reason))
    assert found.grade == grade


def test_the_reason_of_an_intubation_says_nothing_about_a_mask():
    mask = crs(oxygen_device=OxygenDevice.SIMPLE_MASK, intubation_reason=IntubationReason.PROCEDURE)
    assert assess_crs(mask).grade == 3


HYPOTENSION = [
    (Hypotension.NONE, (), 0),
    (LOW, (), 2),
    (ON_PRESSORS, ("a",), 3),
    (ON_PRESSORS, ("a", "b"), 4),
]
OXYGEN = [
    (OxygenDevice.ROOM_AIR, 0),
    (OxygenDevice.BLOW_BY, 2),
    (OxygenDevice.SIMPLE_MASK, 3),
    (OxygenDevice.CPAP, 4),
]


@pytest.mark.parametrize(("pressure", "oxygen"), [*product(HYPOTENSION, OXYGEN)])
def test_the_worse_of_hypotension_and_hypoxia_decides(pressure, oxygen):
    hypotension, vasopressors, by_pressure = pressure
    device, by_oxygen = oxygen
    found = assess_crs(crs(hypotension=hypotension, vasopressors=vasopressors, oxygen_device=device))
    assert found.grade == max(1, by_pressure, by_oxygen)
    assert found.domains == (("fever", 1), ("hypotension", by_pressure), ("hypoxia", by_oxygen))
    assert found.rule == (
        "CRS-FEVER" if found.grade == 1 else "CRS-HYPOTENSION" if by_pressure >= by_oxygen else "CRS-HYPOXIA"
    )


@pytest.mark.parametrize(
    ("attributed", "grade"),
    [
        ((), 4),
        ((CrsComponent.HYPOXIA,), 3),
        ((CrsComponent.HYPOTENSION,), 4),
        ((CrsComponent.HYPOTENSION, CrsComponent.HYPOXIA), 1),
        ((CrsComponent.FEVER,), 0),
        (tuple(CrsComponent), 0),
    ],
)
def test_a_component_with_another_cause_does_not_count(attributed, grade):
    sick = crs(
        vasopressors=(NOREPINEPHRINE,),
        oxygen_device=OxygenDevice.CPAP,
        due_to_another_cause=frozenset(attributed),
    )
    assert assess_crs(sick).grade == grade


@pytest.mark.parametrize("component", list(CrsComponent))
def test_what_has_another_cause_need_not_be_documented(component):
    silent = {
        CrsComponent.FEVER: {"highest_temperature_c": None},
        CrsComponent.HYPOTENSION: {"hypotension": None},
        CrsComponent.HYPOXIA: {"oxygen_device": None},
    }[component]
    found = assess_crs(crs(**silent, due_to_another_cause=frozenset({component})))
    assert found.grade == (0 if component is CrsComponent.FEVER else 1)
    assert found.missing == ()


@pytest.mark.parametrize("treatment", ["antipyretic_given", "anticytokine_given", "steroid_given"])
@pytest.mark.parametrize("is_established", [True, False])
def test_fever_is_waived_after_treatment_in_an_established_episode_only(treatment, is_established):
    low = crs(NO_FEVER, is_established=is_established, hypotension=LOW, **{treatment: True})
    found = assess_crs(low)
    if is_established:
        assert (found.grade, found.rule, found.flags) == (2, "CRS-HYPOTENSION", (Flag.FEVER_WAIVED,))
    else:
        assert (found.grade, found.rule, found.flags) == (0, "CRS-NO-FEVER", ())


def test_an_established_episode_without_any_treatment_waives_nothing():
    assert assess_crs(crs(NO_FEVER, is_established=True, hypotension=LOW)).rule == "CRS-NO-FEVER"


@pytest.mark.parametrize(
    ("changes", "grade", "rule"),
    [
        ({}, 0, "CRS-NONE"),
        ({"highest_temperature_c": Decimal("38.0")}, 1, "CRS-FEVER"),
        ({"oxygen_device": OxygenDevice.SIMPLE_MASK}, 3, "CRS-HYPOXIA"),
        ({"highest_temperature_c": None, "hypotension": LOW}, 2, "CRS-HYPOTENSION"),
        ({"highest_temperature_c": None}, None, "CRS-FEVER"),  # 0 or 1
        ({"highest_temperature_c": None, "hypotension": None}, None, "CRS-HYPOTENSION"),
    ],
)
def test_under_the_waiver_hypotension_and_hypoxia_alone_grade(changes, grade, rule):
    found = assess_crs(crs(TREATED, **changes))
    assert (found.grade, found.rule) == (grade, rule)


def test_a_fever_that_is_there_needs_no_waiver():
    found = assess_crs(crs(TREATED, highest_temperature_c=Decimal("38.0"), hypotension=LOW))
    assert (found.grade, found.flags, found.is_flagged) == (2, (), False)


@pytest.mark.parametrize(
    ("base", "changes", "grade", "missing", "at_least"),
    [
        (FEVER, {"hypotension": None}, None, ("hypotension",), 1),
        (FEVER, {"oxygen_device": None}, None, ("oxygen_device",), 1),
        (FEVER, {"oxygen_device": None, "hypotension": LOW}, None, ("oxygen_device",), 2),
        (FEVER, {"oxygen_device": None, "vasopressors": ("a",)}, None, ("oxygen_device",), 3),
        (FEVER, {"oxygen_device": None, "vasopressors": ("a", "b")}, 4, ("oxygen_device",), 4),
        (FEVER, {"hypotension": None, "oxygen_device": OxygenDevice.CPAP}, 4, ("hypotension",), 4),
        (FEVER, {"hypotension": ON_PRESSORS}, None, ("vasopressors",), 3),
        (FEVER, {"hypotension": ON_PRESSORS, "vasopressors": (" ",)}, None, ("vasopressors",), 3),
        (FEVER, {"oxygen_device": OxygenDevice.NASAL_CANNULA}, None, ("oxygen_flow_l_per_min",), 2),
        (
            FEVER,
            {"oxygen_device": OxygenDevice.NASAL_CANNULA, "vasopressors": ("a",)},
            3,
            ("oxygen_flow_l_per_min",),
            3,
        ),
        (FEVER, {"highest_temperature_c": None}, None, ("highest_temperature_c",), 0),
        (FEVER, {"highest_temperature_c": None, "hypotension": LOW}, None, ("highest_temperature_c",), 0),
        (
            FEVER,
            {"highest_temperature_c": None, "oxygen_device": OxygenDevice.CPAP},
            4,
            ("highest_temperature_c",),
            4,
        ),
        (FEVER, {"highest_temperature_c": None, "vasopressors": ("a",)}, None, ("highest_temperature_c",), 0),
        (NO_FEVER, {"hypotension": None}, 0, ("hypotension",), 0),
        (NO_FEVER, {"oxygen_device": OxygenDevice.CPAP}, 0, (), 0),
        (NO_FEVER, {"is_established": None}, 0, (), 0),
        (NO_FEVER, {"is_established": None, "hypotension": LOW}, 0, (), 0),
        (TREATED, {"is_established": None, "hypotension": LOW}, None, ("is_established",), 0),
        (TREATED, {"is_established": None, "oxygen_device": OxygenDevice.CPAP}, 4, (), 4),
        (TREATED, {"is_established": None}, 0, (), 0),
        (
            TREATED,
            {"anticytokine_given": None, "steroid_given": None, "hypotension": LOW},
            None,
            ("anticytokine_given", "steroid_given"),
            0,
        ),
        (TREATED, {"steroid_given": None, "hypotension": LOW}, 2, (), 2),
        (
            TREATED,
            {"is_established": None, "hypotension": None},
            None,
            ("hypotension", "is_established"),
            0,
        ),
    ],
)
def test_what_is_not_documented_leaves_the_grade_open_unless_it_is_4_already(
    base, changes, grade, missing, at_least
):
    found = assess_crs(crs(base, **changes))
    assert (found.grade, found.missing, found.at_least) == (grade, missing, at_least)
    assert found.is_determined is (grade is not None)
    cannula = missing == ("oxygen_flow_l_per_min",)
    assert found.at_most == (3 if cannula else 4 if grade is None else grade)


@pytest.mark.parametrize(
    ("findings", "rule"),
    [
        (crs(highest_temperature_c=None), "CRS-FEVER"),
        (crs(TREATED, highest_temperature_c=None), "CRS-FEVER"),
        (crs(hypotension=None), "CRS-HYPOTENSION"),
        (crs(hypotension=ON_PRESSORS), "CRS-HYPOTENSION"),
        (crs(oxygen_device=None), "CRS-HYPOXIA"),
        (crs(oxygen_device=OxygenDevice.NASAL_CANNULA), "CRS-HYPOXIA"),
        (crs(TREATED, is_established=None, hypotension=LOW), "CRS-WAIVER"),
    ],
)
def test_an_open_grade_names_the_component_that_leaves_it_open(findings, rule):
    assert assess_crs(findings).rule == rule


def test_without_a_temperature_the_waiver_leaves_0_or_1():
    found = assess_crs(crs(TREATED, highest_temperature_c=None))
    assert (found.grade, found.at_least, found.at_most) == (None, 0, 1)


def test_nothing_documented_is_undeterminable():
    found = assess_crs(CrsFindings())
    assert found.grade is None
    assert found.missing == ("highest_temperature_c", "hypotension", "oxygen_device")
    assert found.domains == (("fever", None), ("hypotension", None), ("hypoxia", None))


def test_death_from_crs_is_grade_5_whatever_else_is_known():
    found = assess_crs(CrsFindings(has_died_of_crs=True))
    assert (found.grade, found.rule, found.missing) == (5, "CRS-DEATH", ())


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        (FEVER, "Fever of 38.5 °C without hypotension or hypoxia that counts."),
        (
            NO_FEVER,
            "No fever of 38.0 °C or more that counts, and no established episode in which it is waived.",
        ),
        (TREATED, "No fever, no hypotension, no hypoxia that counts as CRS."),
        (crs(hypotension=LOW), "Hypotension that needs no vasopressor."),
        (
            crs(vasopressors=("noradrenaline", "vasopressin")),
            "One vasopressor is needed, vasopressin not counted beside it: norepinephrine, vasopressin.",
        ),
        (crs(vasopressors=("noradrenaline",)), "One vasopressor is needed: norepinephrine."),
        (crs(vasopressors=("a", "b")), "Several vasopressors are needed: a, b."),
        (crs(oxygen_device=OxygenDevice.CPAP), "Positive pressure (CPAP) is needed."),
        (
            crs(oxygen_device=OxygenDevice.NASAL_CANNULA, oxygen_flow_l_per_min=Decimal(6)),
            "Oxygen by nasal cannula at 6 L/min, not above 6.",
        ),
        (
            crs(oxygen_device=OxygenDevice.NASAL_CANNULA, oxygen_flow_l_per_min=Decimal("6.5")),
            "Oxygen by nasal cannula at 6.5 L/min, above 6.",
        ),
        (
            crs(oxygen_device=OxygenDevice.NASAL_CANNULA),
            "The flow of oxygen by nasal cannula is not documented.",
        ),
        (crs(hypotension=None), "Whether there is hypotension is not documented."),
        (crs(hypotension=ON_PRESSORS), "Which vasopressors are given is not documented."),
        (crs(oxygen_device=None), "Whether oxygen is needed is not documented."),
        (
            crs(highest_temperature_c=None),
            "The highest temperature of the period is not documented.",
        ),
        (
            crs(TREATED, is_established=None, hypotension=LOW),
            "No fever; whether it is waived in an established episode is not documented.",
        ),
        (crs(has_died_of_crs=True), "Death from CRS."),
    ],
)
def test_the_reason_is_one_plain_sentence(findings, words):
    assert assess_crs(findings).because == words


def test_scale_version_and_inputs_stay_with_the_grade():
    found = assess_crs(FEVER)
    assert (found.term, found.scale, found.scale_version) == ("CRS", "ASTCT", "2019")
    assert found.inputs is FEVER
