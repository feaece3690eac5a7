"""Adverse events: special interest, courses of grades, collection periods, what is asked and what clocks run."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from infusion.rules.adverse_events import (
    Concerned,
    Grading,
    Scale,
    Spell,
    Syndrome,
    collected_under,
    dlt_is_asked,
    grade_course,
    reached_at,
    require_sound_grade,
    scale_for,
    special_interest,
    spell_for,
    syndrome_of,
)
from infusion.rules.safety_case import Case, told_by, told_of
from tests.protocol.engine import K, event
from trialsite.errors import RuleViolated
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Event

V = resolve("1.0")
T0 = datetime(2026, 3, 15, 2, tzinfo=UTC)


def hours(count: float) -> datetime:
    return T0 + timedelta(hours=count)


@pytest.mark.parametrize(
    ("term", "syndrome", "scale"),
    [
        ("CRS", Syndrome.CRS, Scale.ASTCT),
        ("Cytokine  release SYNDROME", Syndrome.CRS, Scale.ASTCT),
        ("icans", Syndrome.ICANS, Scale.ASTCT),
        ("IEC-HS", Syndrome.IEC_HS, Scale.CTCAE),
        ("second malignancy", Syndrome.SECOND_MALIGNANCY, Scale.CTCAE),
        ("fever", None, Scale.CTCAE),
    ],
)
def test_a_term_names_its_syndrome_and_the_scale_that_grades_it(
    term: str, syndrome: Syndrome | None, scale: Scale
) -> None:
    assert (syndrome_of(term), scale_for(syndrome_of(term))) == (syndrome, scale)


@pytest.mark.parametrize(
    ("term", "grade", "rule"),
    [
        ("CRS", 2, None),
        ("CRS", 3, "AESI-CRS"),
        ("ICANS", 2, None),
        ("ICANS", 3, "AESI-ICANS"),
        ("IEC-HS", 1, "AESI-IEC-HS"),
        ("second malignancy", 1, "AESI-2ND"),
        ("Neutropenia", 4, None),
    ],
)
def test_what_is_of_special_interest_follows_from_the_protocol(
    term: str, grade: int, rule: str | None
) -> None:
    found = special_interest(V, term, grade)
    assert (found.id if found else None) == rule


def test_a_course_tells_worst_onset_end_and_severe_days_whatever_the_order_of_entry() -> None:
    entries = [
        Grading(at=hours(72), grade=0),
        Grading(at=hours(0), grade=1),
        Grading(at=hours(48), grade=2),
        Grading(at=hours(20), grade=3),
    ]
    course = grade_course(entries, until=hours(100))
    assert (course.onset_at, course.worst, course.present) == (hours(0), 3, 0)
    assert (course.resolved_at, course.severe_since) == (hours(72), hours(20))
    assert course.severe_days == 3  # from 22:00 on the 15th to 02:00 on the 17th: three dates


def test_a_course_that_goes_on_is_counted_until_now() -> None:
    course = grade_course([Grading(at=hours(0), grade=4)], until=hours(24))
    assert (course.resolved_at, course.severe_days) == (None, 2)
    mild = grade_course([Grading(at=hours(0), grade=2)], until=hours(24))
    assert (mild.severe_since, mild.severe_days) == (None, 0)


def test_when_a_grade_was_reached() -> None:
    entries = [Grading(at=hours(5), grade=3), Grading(at=hours(1), grade=2)]
    assert (reached_at(entries, 3), reached_at(entries, 2), reached_at(entries, 4)) == (
        hours(5),
        hours(1),
        None,
    )


SPELLS = (
    Spell(key="first", onset_at=hours(10), ended_at=hours(20)),
    Spell(key="second", onset_at=hours(40), ended_at=None),
)


@pytest.mark.parametrize(
    ("at", "is_present", "key"),
    [
        (9, True, "first"),  # it began earlier than was known
        (9, False, None),
        (10, True, "first"),
        (20, True, "first"),
        (20.5, True, "second"),
        (20.5, False, None),
        (40, False, "second"),
        (90, True, "second"),
    ],
)
def test_an_assessment_belongs_to_the_event_it_lies_in_or_the_next(
    at: float, is_present: bool, key: str | None
) -> None:
    found = spell_for(SPELLS, hours(at), is_present=is_present)
    assert (found.key if found else None) == key


def test_an_assessment_after_the_end_of_all_belongs_to_none() -> None:
    assert spell_for(SPELLS[:1], hours(21), is_present=True) is None


EVENTS: tuple[Event, ...] = (
    event(K.CONSENTED, "2026-01-10"),
    event(K.LYMPHODEPLETION_DOSE_GIVEN, "2026-03-10"),
    event(K.INFUSED, "2026-03-15"),
)
PLAIN = Concerned(
    began_on=date(2026, 3, 10), is_serious=False, is_related=False, is_procedural=False, syndrome=None
)


@pytest.mark.parametrize(
    ("change", "on", "period"),
    [
        ({}, "2026-03-09", None),
        ({}, "2026-03-10", "AE-ANY"),
        ({}, "2026-06-15", "AE-ANY"),
        ({}, "2026-06-16", None),
        ({"is_procedural": True}, "2026-01-09", None),
        ({"is_procedural": True}, "2026-01-10", "AE-PROC"),
        ({"is_serious": True}, "2027-03-15", "AE-SERIOUS"),
        ({"is_serious": True}, "2027-03-16", None),
        ({"is_serious": True, "is_related": True}, "2030-01-01", "AE-RELATED"),
        ({"is_related": True}, "2030-01-01", None),
        ({"syndrome": Syndrome.SECOND_MALIGNANCY}, "2035-01-01", "AE-2ND"),
    ],
)
def test_an_event_lies_in_a_collection_period_or_is_labelled_as_outside(
    change: dict[str, object], on: str, period: str | None
) -> None:
    concerned = replace(PLAIN, began_on=date.fromisoformat(on), **change)  # type: ignore[arg-type]
    found = collected_under(V.collection_periods, EVENTS, concerned)
    assert (found.id if found else None) == period


def test_before_the_infusion_and_before_anything_a_period_is_judged_by_what_there_is() -> None:
    assert collected_under(V.collection_periods, EVENTS[:2], PLAIN) is not None
    assert collected_under(V.collection_periods, (), PLAIN) is None


@pytest.mark.parametrize(
    ("day", "change", "is_asked"),
    [
        (-1, {}, False),
        (0, {}, True),
        (28, {}, True),
        (29, {}, False),
        (5, {"worst_grade": 2}, False),
        (5, {"is_related": False}, False),
        (5, {"is_exempt": True}, False),
        (5, {"infused_on": []}, False),
    ],
)
def test_dose_limitation_is_asked_for_a_severe_related_event_within_the_window(
    day: int, change: dict[str, object], is_asked: bool
) -> None:
    day_0 = date(2026, 3, 15)
    given = {"infused_on": [day_0], "worst_grade": 3, "is_related": True, "is_exempt": False} | change
    assert dlt_is_asked(V.cohort_rule, began_on=day_0 + timedelta(days=day), **given) is is_asked  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("grade", "lowest", "is_sound"), [(0, 0, True), (0, 1, False), (5, 1, True), (6, 0, False)]
)
def test_a_grade_is_1_to_5_and_0_only_in_a_course(grade: int, lowest: int, is_sound: bool) -> None:
    if is_sound:
        require_sound_grade(grade, lowest)
        return
    with pytest.raises(RuleViolated):
        require_sound_grade(grade, lowest)


CASE = Case(
    aware_at=hours(1),
    serious_since=None,
    seriousness=(),
    interest_since=None,
    sponsor_aware_at=None,
    is_related=False,
    is_expected=None,
    asks_seriousness=False,
    seriousness_judged_at=None,
    asks_dlt=False,
    dlt_judged_at=None,
    is_dlt=None,
    resolved_at=None,
)
SUSAR = replace(CASE, serious_since=hours(2), sponsor_aware_at=hours(3), is_related=True, is_expected=False)


@pytest.mark.parametrize(
    ("case", "told"),
    [
        (CASE, {}),
        (replace(CASE, serious_since=hours(2)), {"C-SAE": 2, "T-SAE-FU": 2}),
        (replace(CASE, interest_since=hours(4)), {"C-AESI": 4}),
        (SUSAR, {"C-SAE": 2, "T-SAE-FU": 2, "C-SUSAR-15": 3}),
        (
            replace(SUSAR, seriousness=("death",)),
            {"C-SAE": 2, "T-SAE-FU": 2, "C-SUSAR-7": 3, "C-SUSAR-FULL": 3},
        ),
        (replace(CASE, interest_since=hours(4), asks_seriousness=True), {"C-AESI": 4, "T-SERIOUS": 4}),
        (replace(CASE, asks_dlt=True), {"T-DLT": 1}),
        (replace(CASE, asks_dlt=True, dlt_judged_at=hours(2)), {}),
        (replace(CASE, is_dlt=True, resolved_at=hours(9)), {"dlt_reported": 1, "safety_case_closed": 9}),
        (replace(SUSAR, is_voided=True), {}),
    ],
)
def test_what_a_case_makes_due(case: Case, told: dict[str, float]) -> None:
    found = told_by(case, {})
    assert {item or kind.value: at for (kind, item), at in found.items()} == {
        name: hours(at) for name, at in told.items()
    }


def test_a_question_that_was_put_is_answered_and_stays_on_record() -> None:
    owed = (K.SAFETY_TASK_OWED, "T-DLT")
    found = told_by(replace(CASE, asks_dlt=True, dlt_judged_at=hours(5)), {owed: hours(1)})
    assert found == {owed: hours(1), (K.SAFETY_TASK_DONE, "T-DLT"): hours(5)}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"serious_since": None}, False),
        ({"is_related": False}, False),
        ({"is_expected": True}, False),
        ({"is_expected": None}, False),
        ({"sponsor_aware_at": None}, False),
    ],
)
def test_a_susar_is_serious_related_unexpected_and_known_to_the_sponsor(
    change: dict[str, object], expected: bool
) -> None:
    found = told_by(replace(SUSAR, **change), {})  # type: ignore[arg-type]
    assert ((K.SAFETY_EVENT_AWARE, "C-SUSAR-15") in found) is expected


def test_what_was_told_of_a_case_leaves_out_reports_and_other_cases() -> None:
    events = [
        event(K.SAFETY_EVENT_AWARE, "2026-03-20", item="C-SAE", ref="a"),
        event(K.SAFETY_REPORT_SENT, "2026-03-21", item="C-SAE", ref="a"),
        event(K.SAFETY_EVENT_AWARE, "2026-03-20", item="C-SAE", ref="b"),
    ]
    assert list(told_of(events, "a")) == [(K.SAFETY_EVENT_AWARE, "C-SAE")]
