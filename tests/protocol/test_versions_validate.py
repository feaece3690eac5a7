"""Each fault that `validate` knows, planted once in an otherwise sound version."""

from dataclasses import replace
from datetime import time
from decimal import Decimal

import pytest

from trialsite.protocol.registry import resolve
from trialsite.protocol.types import (
    Arm,
    CriterionKind,
    EventKind,
    Ladder,
    ObligationKind,
    Offset,
    PlausibleRange,
    Rung,
    Slot,
)
from trialsite.protocol.validate import ProtocolInvalid, validate

VERSION = resolve("1.0")


def with_row(item_id, **changes):
    rows = tuple(replace(row, **changes) if row.id == item_id else row for row in VERSION.schedule)
    return replace(VERSION, schedule=rows)


def with_criterion(item_id, **changes):
    criteria = tuple(replace(one, **changes) if one.id == item_id else one for one in VERSION.criteria)
    return replace(VERSION, criteria=criteria)


def with_clock(**changes):
    return replace(VERSION, clocks=(replace(VERSION.clocks[0], **changes), *VERSION.clocks[1:]))


def with_threshold(**changes):
    first, *rest = VERSION.thresholds
    return replace(VERSION, thresholds=(replace(first, **changes), *rest))


def with_test(index, **changes):
    tests = list(VERSION.release_tests)
    tests[index] = replace(tests[index], **changes)
    return replace(VERSION, release_tests=tuple(tests))


def with_storage(**changes):
    first, *rest = VERSION.storage_ranges
    return replace(VERSION, storage_ranges=(replace(first, **changes), *rest))


def with_limit(**changes):
    return replace(VERSION, limits=(replace(VERSION.limits[0], **changes), *VERSION.limits[1:]))


def with_dose(index, **changes):
    levels = list(VERSION.dose_levels)
    levels[index] = replace(levels[index], **changes)
    return replace(VERSION, dose_levels=tuple(levels))


def with_rule(item_id, **changes):
    rules = tuple(replace(one, **changes) if one.id == item_id else one for one in VERSION.data_rules)
    return replace(VERSION, data_rules=rules)


def ranges(*bounds):
    return tuple(
        PlausibleRange(test_code=code, least=Decimal(least), most=Decimal(most), unit="U/L")
        for code, least, most in bounds
    )


def with_phase(item_id, **changes):
    rows = tuple(replace(row, **changes) if row.id == item_id else row for row in VERSION.monitoring)
    return replace(VERSION, monitoring=rows)


def with_rungs(*rungs):
    return replace(VERSION, ladders=(*VERSION.ladders, Ladder(id="extra", rungs=rungs)))


def with_cohort(**changes):
    return replace(VERSION, cohort_rule=replace(VERSION.cohort_rule, **changes))


def without(section, item_id):
    kept = tuple(item for item in getattr(VERSION, section) if item.id != item_id)
    return replace(VERSION, **{section: kept})


def faults_of(version):
    with pytest.raises(ProtocolInvalid) as refusal:
        validate(version)
    return {(fault.code, fault.item_id) for fault in refusal.value.faults}


FAULTY = [
    (replace(VERSION, number="one"), "number-unsound", ""),
    (replace(VERSION, number="1"), "number-unsound", ""),
    (replace(VERSION, limits=VERSION.limits * 2), "id-duplicate", "L-CONTRA"),
    (with_row("V-M2", id="C-SAE"), "id-duplicate", "C-SAE"),
    (replace(VERSION, retired=("V-D21",)), "id-retired", "V-D21"),
    (with_row("V-M2", id="P-CONTRA"), "id-reserved", "P-CONTRA"),
    (with_criterion("I1", plain_zh=""), "text-missing", "I1"),
    (with_row("V-M2", title_zh=""), "text-missing", "V-M2"),
    (with_clock(title=""), "text-missing", "C-SAE"),
    (with_row("V-M2", source="hearsay"), "source-missing", "V-M2"),
    (with_criterion("E3", source=""), "source-missing", "E3"),
    (with_cohort(source=None), "source-missing", "cohort-rule"),
    (without("criteria", "I7"), "criterion-missing", "I7"),
    (without("criteria", "E10.HIV"), "criterion-missing", "E10.HIV"),
    (with_criterion("I10.1", parent="I99"), "parent-unknown", "I10.1"),
    (with_criterion("I10.1", parent="E7"), "parent-kind", "I10.1"),
    (with_criterion("E10", kind=CriterionKind.INCLUSION), "parent-kind", "E10.HBV"),
    (with_criterion("I10.1", parent="I10.2"), "parent-nested", "I10.1"),
    (with_row("V-M2", ladder="steep"), "ladder-unknown", "V-M2"),
    (with_clock(ladder="steep"), "ladder-unknown", "C-SAE"),
    (without("ladders", "task"), "ladder-unknown", "RECONSENT"),
    (without("ladders", "none"), "ladder-unknown", "P-CONTRA"),
    (with_rungs(Rung(id="a", relative_to="opens", days=0), Rung(id="a", relative_to="closes", days=0)),
     "rung-duplicate", "extra"),
    (with_rungs(Rung(id="a", relative_to="opens")), "rung-unsound", "extra"),
    (with_rungs(Rung(id="a", relative_to="target", days=0)), "rung-unsound", "extra"),
    (with_rungs(Rung(id="a", relative_to="opens", days=0, hours=1)), "rung-unsound", "extra"),
    (with_rungs(Rung(id="a", relative_to="closes", hours=1)), "rung-unsound", "extra"),
    (with_rungs(Rung(id="a", relative_to="opens", hours=-1)), "rung-unsound", "extra"),
    (with_rungs(Rung(id="a", relative_to="opens", days=0)), "rung-recipients", "extra"),
    (with_rungs(Rung(id="a", relative_to="opens", days=0, roles=frozenset({"nurse", "auditor"}))),
     "rung-recipients", "extra"),
    (with_rungs(Rung(id="a", relative_to="opens", days=0, roles=frozenset({"nurse"}), level=-1)),
     "rung-recipients", "extra"),
    (with_row("V-M2", lower_days=-1), "window-unsound", "V-M2"),
    (with_row("V-M2", upper_days=-1), "window-unsound", "V-M2"),
    (with_row("V-Y15", missed_after_days=-1), "window-unsound", "V-Y15"),
    (with_row("V-M2", offset=Offset(months=2, days=1)), "offset-mixed", "V-M2"),
    (with_row("T-EOS", kind=ObligationKind.CLOCK), "kind-unsuitable", "T-EOS"),
    (with_row("T-EOS", kind=ObligationKind.RECONSENT), "kind-unsuitable", "T-EOS"),
    (with_row("T-EOS", ends_with=frozenset({EventKind.DIED})), "end-fulfils", "T-EOS"),
    (with_row("T-EOS", fulfilled_by=frozenset()), "fulfilment-unsuitable", "T-EOS"),
    (with_row("V-M2", fulfilled_by=frozenset({EventKind.COMPLETED})), "fulfilment-unsuitable", "V-M2"),
    (with_row("P-DLT", fulfilled_by=frozenset({EventKind.DIED})), "fulfilment-unsuitable", "P-DLT"),
    (with_row("V-M2", procedures=("PR-LAB", "PR-XYZ")), "procedure-unknown", "V-M2"),
    (with_row("V-M2", procedures=("PR-LAB", "PR-LAB")), "procedure-twice", "V-M2"),
    (with_row("V-M12", procedures=("PR-LAB",)), "procedure-unused", "PR-CONTRA-END"),
    (with_row("T-PLAN", anchor=EventKind.PROGRESSED), "anchor-unreachable", "T-PLAN"),
    (with_row("T-PLAN", anchor=EventKind.PROGRESSED), "anchor-unreachable", "V-D0"),
    (without("schedule", "V-D0"), "anchor-unreachable", "V-D1"),
    (with_row("V-D21", upper_days=5), "series-overlap", "V-D28"),
    (with_row("V-D10", offset=Offset(days=14)), "series-overlap", "V-D14"),
    (with_row("V-M2", lower_days=29), "series-overlap", "V-M2"),
    (replace(VERSION, arms=VERSION.arms[:1]), "arm-undefined", "intrapleural"),
    (replace(VERSION, arms=VERSION.arms + VERSION.arms[:1]), "arm-undefined", "intravenous"),
    (replace(VERSION, dose_levels=VERSION.dose_levels[:3]), "arm-uncovered", "intrapleural"),
    (with_row("V-D0", arms=frozenset({Arm.INTRAVENOUS})), "arm-uncovered", "intrapleural"),
    (with_rule("DQ-REASON", question=""), "question-unsound", "DQ-REASON"),
    (with_rule("DQ-REASON", question="Why is {patient} missing?"), "question-unsound", "DQ-REASON"),
    (with_rule("DQ-REASON", title=""), "text-missing", "DQ-REASON"),
    (with_rule("DQ-REASON", source="assumed "), "source-missing", "DQ-REASON"),
    (with_rule("DQ-REASON", kinds=frozenset()), "data-rule-unsound", "DQ-REASON"),
    (with_rule("DQ-REASON", field=""), "data-rule-unsound", "DQ-REASON"),
    (with_rule("DQ-AE-FATAL", field="outcome"), "data-rule-unsound", "DQ-AE-FATAL"),
    (with_rule("DQ-MED-ORDER", other=""), "data-rule-unsound", "DQ-MED-ORDER"),
    (with_rule("DQ-WEIGHT", percent=0), "data-rule-unsound", "DQ-WEIGHT"),
    (with_rule("DQ-AE-OUTCOME", days=-1), "data-rule-unsound", "DQ-AE-OUTCOME"),
    (with_rule("DQ-UNIT", ranges=()), "data-rule-unsound", "DQ-UNIT"),
    (with_rule("DQ-UNIT", ranges=ranges(("ALT", 1, 2), ("ALT", 1, 3))), "range-twice", "DQ-UNIT"),
    (with_rule("DQ-UNIT", ranges=ranges(("ALT", 2, 2))), "range-unsound", "DQ-UNIT"),
    (with_clock(hours=0), "clock-unsound", "C-SAE"),
    (with_limit(value=-1), "limit-unsound", "L-AGE-MIN"),
    (with_limit(unit=""), "limit-unsound", "L-AGE-MIN"),
    (with_threshold(value=Decimal(-1)), "limit-unsound", "I1-AGE"),
    (with_threshold(unit=""), "limit-unsound", "I1-AGE"),
    (with_threshold(criterion="I99"), "criterion-unknown", "I1-AGE"),
    (
        replace(VERSION, rechecks=(replace(VERSION.rechecks[0], criteria=("I5", "I99")),)),
        "criterion-unknown",
        "R-LD",
    ),
    (with_test(0, title_zh=""), "text-missing", "RT-IDENTITY"),
    (with_test(0, source=""), "source-missing", "RT-IDENTITY"),
    (with_test(0, finding=""), "test-unsound", "RT-IDENTITY"),
    (with_test(0, unit="%"), "test-unsound", "RT-IDENTITY"),
    (with_test(2, finding="negative"), "test-unsound", "RT-VIABILITY"),
    (with_test(2, unit=""), "test-unsound", "RT-VIABILITY"),
    (with_test(2, sign=None), "test-unsound", "RT-VIABILITY"),
    (with_storage(upper_c=None), "range-unsound", "ST-VAPOUR"),
    (with_storage(lower_c=Decimal("-129.9")), "range-unsound", "ST-VAPOUR"),
    (with_dose(0, lower_cells_per_kg=0), "dose-unsound", "DL-IV-1"),
    (with_dose(0, lower_cells_per_kg=1_000_001), "dose-unsound", "DL-IV-1"),
    (with_dose(2, upper_cells_per_kg=9_999_999), "dose-unsound", "DL-IV-3"),
    (with_dose(1, lower_cells_per_kg=1_200_000), "dose-overlap", "DL-IV-2"),
    (with_cohort(size=0), "cohort-unsound", "cohort-rule"),
    (with_cohort(expanded_size=2), "cohort-unsound", "cohort-rule"),
    (with_cohort(stagger_days=-1), "cohort-unsound", "cohort-rule"),
    (with_cohort(dlt_window_days=0), "cohort-unsound", "cohort-rule"),
    (with_cohort(most_dlts=-1), "cohort-unsound", "cohort-rule"),
    (with_cohort(most_dlts=VERSION.cohort_rule.expanded_size), "cohort-unsound", "cohort-rule"),
    (with_cohort(expansion_size=0), "cohort-unsound", "cohort-rule"),
    (with_cohort(expansion_dlt_percent=101), "cohort-unsound", "cohort-rule"),
    (with_cohort(judged_from_grade=6), "cohort-unsound", "cohort-rule"),
    (with_cohort(dlt_window_days=35), "cohort-window", "P-DLT"),
    (with_row("P-DLT", upper_days=35), "cohort-window", "P-DLT"),
    (with_phase("M-H1", title_zh=""), "text-missing", "M-H1"),
    (
        replace(VERSION, stop_checks=(replace(VERSION.stop_checks[0], question=""),)),
        "text-missing",
        "SC-INFECTION",
    ),
    (replace(VERSION, body_surface=()), "surface-unsound", "body-surface"),
    (
        replace(VERSION, body_surface=(replace(VERSION.body_surface[0], title_zh=""),)),
        "text-missing",
        "BSA-MOSTELLER",
    ),
    (with_phase("M-H1", source=""), "source-missing", "M-H1"),
    (with_phase("M-H1", ladder="steep"), "ladder-unknown", "M-H1"),
    (with_phase("M-H1", id="V-M2"), "id-duplicate", "V-M2"),
    (with_phase("M-H1", assessed=frozenset()), "assessed-missing", "M-H1"),
    (with_phase("M-H1", anchor=EventKind.ENROLLED), "kind-unsuitable", "M-H1"),
    (with_phase("M-AM", anchor=EventKind.INFUSION_ENDED), "kind-unsuitable", "M-AM"),
    (with_phase("M-H1", missed_after_minutes=-1), "window-unsound", "M-H1"),
    (with_phase("M-H1", lower_minutes=-1), "window-unsound", "M-H1"),
    (with_phase("M-PRE", lower_minutes=0, upper_minutes=0), "window-unsound", "M-PRE"),
    (with_phase("M-H1", upper_minutes=9), "window-unsound", "M-H1"),
    (with_phase("M-H1", first_minutes=75), "window-unsound", "M-H1"),
    (with_phase("M-AM", first_day=8), "window-unsound", "M-AM"),
    (with_phase("M-AM", first_day=-1), "window-unsound", "M-AM"),
    (with_phase("M-AM", slot=Slot(opens=time(7), target=time(6))), "window-unsound", "M-AM"),
    (with_phase("M-AM", slot=Slot(opens=time(0), target=time(6), closes=time(6))), "window-unsound", "M-AM"),
]  # fmt: skip


def test_the_shipped_version_has_no_fault():
    assert validate(VERSION) is None


@pytest.mark.parametrize(
    ("version", "code", "item_id"), FAULTY, ids=[f"{code}-{item_id}" for _, code, item_id in FAULTY]
)
def test_a_planted_fault_is_found_and_named(version, code, item_id):
    assert (code, item_id) in faults_of(version)


def test_all_faults_are_listed_at_once_in_the_message_too():
    version = replace(with_row("V-M2", ladder="steep", title=""), number="x")
    with pytest.raises(ProtocolInvalid) as refusal:
        validate(version)
    assert [(one.code, one.item_id) for one in refusal.value.faults] == [
        ("number-unsound", ""),
        ("text-missing", "V-M2"),
        ("ladder-unknown", "V-M2"),
    ]
    assert refusal.value.code == "number-unsound"
    assert refusal.value.number == "x"
    assert "ladder-unknown V-M2: its ladder 'steep' does not exist" in str(refusal.value)


def test_a_retired_criterion_is_not_missing():
    version = replace(without("criteria", "E12"), retired=("E12",))
    assert validate(version) is None


def test_windows_that_touch_without_overlapping_are_sound():
    assert validate(with_row("V-D21", upper_days=4)) is None


def test_windows_that_overlap_only_in_february_are_found():
    # The two shortest months from an infusion in December or January are 59 days; month 2 opens 7 before.
    assert validate(with_row("V-D28", upper_days=23)) is None
    assert ("series-overlap", "V-M2") in faults_of(with_row("V-D28", upper_days=24))


def test_visits_of_different_arms_may_overlap():
    rows = []
    for row in VERSION.schedule:
        if row.id == "V-D10":
            rows.append(replace(row, arms=frozenset({Arm.INTRAVENOUS})))
            rows.append(replace(row, id="V-D10P", title_zh="胸腔", arms=frozenset({Arm.INTRAPLEURAL})))
        else:
            rows.append(row)
    assert validate(replace(VERSION, schedule=tuple(rows))) is None
