"""What the system asks about entered data: each rule of version 1.0 on both sides of its boundary."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from trialsite.protocol.data_rules import RecordFacts, data_findings, in_words, says_nothing
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Source

VERSION = resolve("1.0")
RULES = {rule.id: rule for rule in VERSION.data_rules}
NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
DAY = date(2026, 3, 10)


def record(kind: str, *, on: date = DAY, **values: object) -> RecordFacts:
    at = NOON + (on - DAY)
    return RecordFacts(
        kind=kind, ref=f"{kind} {on}", label="Fever", dated_by="dated", at=at, on=on, values=values
    )


def value(test_code: str, number: str | None, unit: str, not_done: str = "") -> RecordFacts:
    measured = Decimal(number) if number else None
    row = record("observation", value=measured, unit=unit, not_done=not_done)
    return replace(row, test_code=test_code, label=test_code)


def asked(
    *records: RecordFacts, today: date = DAY, died_on: date | None = None
) -> list[tuple[str, str, str]]:
    found = data_findings(VERSION.data_rules, records, today=today, died_on=died_on)
    return [(one.rule_id, one.field, one.about) for one in found]


def test_every_rule_is_assumed_and_there_are_ten_of_them() -> None:
    assert len(RULES) == 10
    assert {rule.source for rule in RULES.values()} == {Source.ASSUMED}


@pytest.mark.parametrize(("days", "is_asked"), [(0, False), (3, False), (4, True), (400, True)])
def test_a_procedure_without_an_answer_is_asked_about_after_three_days(days: int, is_asked: bool) -> None:
    visit = replace(record("visit"), label="Day 28", owed={"PR-CT": "CT"})
    found = data_findings(VERSION.data_rules, [visit], today=DAY + timedelta(days=days))
    assert [(one.rule_id, one.field) for one in found] == ([("DQ-PROCEDURE", "PR-CT")] if is_asked else [])
    assert all(one.question.startswith("Day 28, CT: was it done") for one in found)


@pytest.mark.parametrize(
    "reason", ["-", "n/a", "N.A.", "?", "none", "Not done.", "xx", "123", "无", "未做", "   ?  "]
)
def test_a_reason_that_says_nothing_is_asked_about(reason: str) -> None:
    assert says_nothing(reason)
    assert asked(value("ALT", None, "", reason)) == [("DQ-REASON", "not_done", reason)]


@pytest.mark.parametrize("reason", ["haemolysed", "sample lost", "refused", "溶血", "no vein found", "MRI"])
def test_a_reason_that_says_something_is_not(reason: str) -> None:
    assert not asked(value("ALT", None, "", reason))


@pytest.mark.parametrize(
    ("test_code", "number", "unit", "is_asked"),
    [
        ("TEMP", "33.9", "°C", True),
        ("TEMP", "34.0", "°C", False),
        ("TEMP", "42", "°C", False),
        ("TEMP", "42.1", "°C", True),
        ("OXYSAT", "0.98", "%", True),
        ("WBC", "100", "10⁹/L", False),
        ("WBC", "100.01", "10⁹/L", True),
        ("WBC", "5000", "another unit", False),
        ("CEA", "5000", "ng/mL", False),
    ],
)
def test_a_value_outside_its_range_is_asked_about(
    test_code: str, number: str, unit: str, is_asked: bool
) -> None:
    expected = [("DQ-PLAUSIBLE", "value", in_words(Decimal(number)))] if is_asked else []
    assert asked(value(test_code, number, unit)) == expected


def test_a_value_of_a_test_that_has_a_unit_is_asked_for_it() -> None:
    assert asked(value("ALT", "40", "")) == [("DQ-UNIT", "unit", "40")]
    assert not asked(value("INR", "1.1", ""))
    assert not asked(value("ALT", None, "", "haemolysed"))


@pytest.mark.parametrize(
    ("first", "second", "is_asked"),
    [("60", "72", False), ("60", "72.1", True), ("60", "48", False), ("60", "47.9", True)],
)
def test_a_weight_that_changed_by_more_than_a_fifth_is_asked_about(
    first: str, second: str, is_asked: bool
) -> None:
    before = record("conditioning", weight_kg=Decimal(first))
    without = record("conditioning", on=DAY + timedelta(days=1))
    then = record("infusion", on=DAY + timedelta(days=5), weight_kg=Decimal(second))
    found = asked(then, without, before, today=DAY + timedelta(days=5))
    assert found == (
        [("DQ-WEIGHT", "weight_kg", f"{in_words(Decimal(second))} / {first}")] if is_asked else []
    )


@pytest.mark.parametrize(
    ("days", "found"),
    [(7, []), (8, ["DQ-AE-RELATION"]), (30, ["DQ-AE-RELATION"]), (31, ["DQ-AE-OUTCOME", "DQ-AE-RELATION"])],
)
def test_what_was_not_judged_of_an_event_is_asked_about_in_time(days: int, found: list[str]) -> None:
    event = record("adverse_event", toxicity_grade=2, outcome="", relation_product="")
    assert [one[0] for one in asked(event, today=DAY + timedelta(days=days))] == found


def test_an_event_that_was_judged_is_not() -> None:
    event = record("adverse_event", toxicity_grade=2, outcome="recovering", relation_product="related")
    assert not asked(event, today=DAY + timedelta(days=99))


@pytest.mark.parametrize(
    ("grade", "outcome", "is_asked"),
    [
        (5, "fatal", False),
        (5, "recovered", True),
        (4, "fatal", True),
        (4, "recovered", False),
        (5, "", False),
    ],
)
def test_grade_and_outcome_go_together(grade: int, outcome: str, is_asked: bool) -> None:
    event = record("adverse_event", toxicity_grade=grade, outcome=outcome, relation_product="related")
    assert asked(event) == ([("DQ-AE-FATAL", "outcome", f"{grade} / {outcome}")] if is_asked else [])


@pytest.mark.parametrize(
    ("died_on", "is_asked"), [(None, False), (DAY, False), (DAY - timedelta(days=1), True)]
)
@pytest.mark.parametrize("kind", ["visit", "medication", "survival_contact"])
def test_a_record_after_the_death_is_asked_about(kind: str, died_on: date | None, is_asked: bool) -> None:
    about = f"{DAY} / {died_on}"
    assert asked(record(kind), died_on=died_on) == ([("DQ-AFTER-DEATH", "dated", about)] if is_asked else [])


@pytest.mark.parametrize(
    ("onset", "is_asked"), [(DAY, False), (DAY + timedelta(days=1), True), (None, False)]
)
def test_a_medication_before_its_event_is_asked_about(onset: date | None, is_asked: bool) -> None:
    found = asked(record("medication", started_on=DAY, event_onset_on=onset))
    assert [one[:2] for one in found] == ([("DQ-MED-ORDER", "started_on")] if is_asked else [])


def test_a_rule_looks_only_at_its_own_kinds() -> None:
    assert not asked(replace(record("consent"), owed={"PR-CT": "CT"}), today=DAY + timedelta(days=9))


def test_values_are_written_as_people_compare_them() -> None:
    assert [in_words(one) for one in (Decimal("60.00"), Decimal("1E+2"), None, NOON, True)] == [
        "60",
        "100",
        "",
        "2026-03-10",
        "True",
    ]


def test_one_rule_record_and_field_is_one_question() -> None:
    found = data_findings(VERSION.data_rules, [value("TEMP", "45", "°C")], today=DAY)
    assert [one.key for one in found] == [("DQ-PLAUSIBLE", f"observation {DAY}", "value")]
    assert found[0].question == "TEMP 45 °C lies outside 34 to 42. Are the number and the unit right?"
