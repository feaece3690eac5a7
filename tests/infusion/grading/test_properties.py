"""What holds for all findings: a worse one never lowers a grade, a unit never changes one."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infusion.rules.grading import (
    LABORATORY_TESTS,
    Consciousness,
    CrsComponent,
    CrsFindings,
    Hypotension,
    IcansDomain,
    IcansFindings,
    IceAnswers,
    OxygenDevice,
    PressureSign,
    Scale,
    Seizure,
    assess_crs,
    assess_icans,
    grade_laboratory,
)
from trialsite.protocol.results import Operator, Result

EXAMPLES = settings(max_examples=100, deadline=None)
flags = st.none() | st.booleans()
temperatures = st.decimals(Decimal(35), Decimal(42), places=1)
flows = st.decimals(Decimal("0.5"), Decimal(20), places=1)
AGENTS = ("norepinephrine", "epinephrine", "vasopressin", "dopamine")
crs_findings = st.builds(
    CrsFindings,
    highest_temperature_c=st.none() | temperatures,
    hypotension=st.none() | st.sampled_from(Hypotension),
    vasopressors=st.lists(st.sampled_from(AGENTS), max_size=3).map(tuple),
    oxygen_device=st.none() | st.sampled_from(OxygenDevice),
    oxygen_flow_l_per_min=st.none() | flows,
    due_to_another_cause=st.frozensets(st.sampled_from(CrsComponent), max_size=1),
    is_established=flags,
    antipyretic_given=flags,
    anticytokine_given=flags,
    steroid_given=flags,
)
answers = st.builds(
    IceAnswers,
    **dict.fromkeys(("year", "month", "city", "hospital"), flags),
    objects_named=st.none() | st.integers(0, 3),
    **dict.fromkeys(("follows_command", "writes_sentence", "counts_backwards"), flags),
)
icans_findings = st.builds(
    IcansFindings,
    ice=st.none() | answers,
    consciousness=st.none() | st.sampled_from(Consciousness),
    seizure=st.none() | st.sampled_from(Seizure),
    seizure_min=st.none() | st.decimals(Decimal(0), Decimal(20), places=1),
    has_seizure_resolved=flags,
    has_deep_focal_weakness=flags,
    pressure_signs=st.none() | st.lists(st.sampled_from(PressureSign), max_size=2).map(tuple),
    due_to_another_cause=st.frozensets(st.sampled_from(IcansDomain), max_size=2),
)

# Mildest first.
PRESSURES = [
    {"hypotension": Hypotension.NONE, "vasopressors": ()},
    {"hypotension": Hypotension.WITHOUT_VASOPRESSOR, "vasopressors": ()},
    {"hypotension": Hypotension.VASOPRESSORS, "vasopressors": ("vasopressin",)},
    {"hypotension": Hypotension.VASOPRESSORS, "vasopressors": ("vasopressin", "norepinephrine")},
    {"hypotension": Hypotension.VASOPRESSORS, "vasopressors": ("norepinephrine", "dopamine")},
]
DEVICES = [
    {"oxygen_device": OxygenDevice.ROOM_AIR},
    {"oxygen_device": OxygenDevice.NASAL_CANNULA, "oxygen_flow_l_per_min": Decimal(2)},
    {"oxygen_device": OxygenDevice.NASAL_CANNULA, "oxygen_flow_l_per_min": Decimal(6)},
    {"oxygen_device": OxygenDevice.NASAL_CANNULA, "oxygen_flow_l_per_min": Decimal(7)},
    {"oxygen_device": OxygenDevice.NON_REBREATHER_MASK},
    {"oxygen_device": OxygenDevice.CPAP},
    {"oxygen_device": OxygenDevice.VENTILATION},
]
TEMPERATURES = [{"highest_temperature_c": Decimal(one)} for one in ("36.5", "37.9", "38.0", "40.5")]
WAKING = [{"consciousness": one} for one in Consciousness]
SEIZURES = [
    {"seizure": Seizure.NONE},
    {"seizure": Seizure.CLINICAL, "seizure_min": Decimal(5), "has_seizure_resolved": True},
    {"seizure": Seizure.CLINICAL, "seizure_min": Decimal("5.1"), "has_seizure_resolved": True},
    {"seizure": Seizure.REPETITIVE},
]
SIGNS = [{"pressure_signs": ()}, {"pressure_signs": (PressureSign.FOCAL_OEDEMA,)}]
SIGNS.append({"pressure_signs": (PressureSign.PAPILLOEDEMA,)})
WEAKNESS = [{"has_deep_focal_weakness": False}, {"has_deep_focal_weakness": True}]


def does_not_fall(assess, findings, ladder):
    """Walk up a ladder; a grade that is given is never below one that was given before, nor is what is sure."""
    found = [assess(replace(findings, **step)) for step in ladder]
    given_grades = [one.grade for one in found if one.is_determined]
    assert given_grades == sorted(given_grades)
    assert [one.at_least for one in found] == sorted(one.at_least for one in found)
    assert all(one.at_least <= one.at_most for one in found)


@EXAMPLES
@given(crs_findings, st.sampled_from([PRESSURES, DEVICES, TEMPERATURES]))
def test_crs_never_falls_when_a_finding_worsens(findings, ladder):
    does_not_fall(assess_crs, findings, ladder)


@EXAMPLES
@given(icans_findings, st.sampled_from([WAKING, SEIZURES, SIGNS, WEAKNESS]))
def test_icans_never_falls_when_a_finding_worsens(findings, ladder):
    does_not_fall(assess_icans, findings, ladder)


@EXAMPLES
@given(icans_findings, st.integers(0, 3))
def test_icans_never_falls_when_a_point_of_the_ice_is_lost(findings, objects):
    whole = dict.fromkeys(
        ("year", "month", "city", "hospital", "follows_command", "writes_sentence", "counts_backwards"), True
    )
    scores = [IceAnswers(**whole, objects_named=objects)]
    for item in whole:
        scores.append(replace(scores[-1], **{item: False}))
    does_not_fall(assess_icans, findings, [{"ice": one} for one in scores])


@EXAMPLES
@given(crs_findings)
def test_attributing_a_component_elsewhere_never_raises_the_grade(findings):
    found = assess_crs(findings)
    for component in CrsComponent:
        attributed = replace(findings, due_to_another_cause=findings.due_to_another_cause | {component})
        assert assess_crs(attributed).at_least <= max(found.at_most, found.at_least)


@EXAMPLES
@given(crs_findings, icans_findings)
def test_scale_version_rule_and_reason_are_always_there(crs, icans):
    for found, term in ((assess_crs(crs), "CRS"), (assess_icans(icans), "ICANS")):
        assert (found.scale, found.scale_version, found.term) == (Scale.ASTCT, "2019", term)
        assert found.rule.startswith(f"{term}-")
        assert found.because.endswith(".")
        assert found.is_determined or found.missing


UNITS = [(code, unit) for code, test in LABORATORY_TESTS.items() for unit in test.quantity.factors]
numbers = st.decimals(Decimal("0.01"), Decimal(3000), places=2)


@pytest.mark.parametrize(("code", "unit"), UNITS)
@settings(max_examples=20, deadline=None)
@given(value=numbers, limit=numbers, at_baseline=numbers, operator=st.sampled_from(Operator))
def test_a_unit_never_changes_a_grade(code, unit, value, limit, at_baseline, operator):
    """Everything written in the other unit is exactly so many times smaller."""
    quantity = LABORATORY_TESTS[code].quantity
    factor = quantity.factors[unit]

    def graded_in(name, times):
        result = Result(value * times, name, operator, limit * times, limit * times)
        baseline = Result(at_baseline * times, name, upper=limit * times)
        return grade_laboratory(code, result, baseline)

    base, other = graded_in(quantity.base, factor), graded_in(unit, Decimal(1))
    assert (other.grade, other.at_least, other.at_most) == (base.grade, base.at_least, base.at_most)
    assert (other.rule, other.flags, other.missing) == (base.rule, base.flags, base.missing)
    assert (other.scale, other.scale_version) == (Scale.CTCAE, "5.0")


@pytest.mark.parametrize("code", LABORATORY_TESTS)
@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(numbers, min_size=2, max_size=6),
    limit=st.none() | numbers,
    at_baseline=st.none() | numbers,
    operator=st.sampled_from(Operator),
)
def test_a_laboratory_grade_never_falls_when_the_value_worsens(code, values, limit, at_baseline, operator):
    test = LABORATORY_TESTS[code]
    falls = bool(test.rows[0].text.startswith("≥"))
    baseline = None if at_baseline is None else Result(at_baseline, test.quantity.base, upper=limit)
    found = [
        grade_laboratory(code, Result(value, test.quantity.base, operator, limit, limit), baseline)
        for value in sorted(values, reverse=falls)
    ]
    for bound in ("at_least", "at_most"):
        bounds = [getattr(one, bound) for one in found]
        assert bounds == sorted(bounds)
