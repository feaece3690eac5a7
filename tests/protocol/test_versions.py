from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from tests.protocol.snapshots import render, snapshot_path
from trialsite.accounts.permissions import Role
from trialsite.protocol.amendments import find
from trialsite.protocol.registry import latest, numbers, resolve, shipped
from trialsite.protocol.types import (
    Arm,
    ClockDefinition,
    CriterionKind,
    EventKind,
    Limit,
    ObligationKind,
    Offset,
    ScheduledItem,
    Source,
)
from trialsite.protocol.validate import STAFF_ROLES, ProtocolInvalid, validate

VERSION = resolve("1.0")
LEAVING = {
    EventKind.WITHDRAWN_FROM_VISITS,
    EventKind.WITHDRAWN_FROM_DATA_USE,
    EventKind.LOST_TO_FOLLOW_UP,
    EventKind.DIED,
}


def recorded_sentences():
    """The criteria of the registry record, in order, without their numbers and headings."""
    text = (Path(__file__).parent / "registry_criteria.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.endswith("Criteria:")]
    return [line.partition(". ")[2] for line in lines]


@pytest.mark.parametrize("version", shipped(), ids=lambda version: version.number)
def test_each_version_is_valid_and_equals_its_snapshot(version):
    validate(version)
    assert render(version) == snapshot_path(version.number).read_text(encoding="utf-8")


def test_only_version_1_0_is_shipped_and_it_is_resolved_once():
    assert numbers() == ("1.0",)
    assert latest() is VERSION is resolve("1.0")


def test_an_unknown_version_number_is_refused():
    with pytest.raises(ProtocolInvalid) as refusal:
        resolve("9.9")
    assert refusal.value.code == "version-unknown"


def test_criteria_are_the_sentences_of_the_record_in_its_order():
    ours = [one.text for one in VERSION.criteria if not one.id.startswith("E10.")]
    assert ours == recorded_sentences()


def test_the_parts_of_exclusion_10_are_pieces_of_its_sentence():
    parts = [one for one in VERSION.criteria if one.parent == "E10"]
    whole = next(one for one in VERSION.criteria if one.id == "E10").text
    assert whole == "{}; {}; {}; or {}".format(*(part.text for part in parts))


def test_the_record_has_13_inclusion_and_12_exclusion_criteria_with_6_4_and_4_parts():
    top = Counter(one.kind for one in VERSION.criteria if not one.parent)
    assert top == {CriterionKind.INCLUSION: 13, CriterionKind.EXCLUSION: 12}
    assert Counter(one.parent for one in VERSION.criteria if one.parent) == {"I10": 6, "E7": 4, "E10": 4}
    assert {one.source for one in VERSION.criteria} == {Source.SEED}


def test_judgement_is_marked_where_only_the_investigator_can_answer():
    assert {one.id for one in VERSION.criteria if one.is_judgement} == {
        *("I7", "I8", "I9", "I10.2", "I11"),
        *("E1", "E5", "E6", "E7.3", "E8", "E12"),
    }


def test_only_the_effusion_criterion_depends_on_the_arm():
    assert {one.id: one.arms for one in VERSION.criteria if one.arms} == {"I4": {Arm.INTRAPLEURAL}}


def test_every_reading_says_that_it_is_assumed():
    readings = [one.reading for one in VERSION.criteria if one.reading]
    assert len(readings) > 20
    assert all(reading.startswith("Assumed: ") for reading in readings)


def test_every_chinese_text_is_chinese():
    texts = [one.plain_zh for one in VERSION.criteria]
    texts += [row.title_zh for row in VERSION.schedule] + [clock.title_zh for clock in VERSION.clocks]
    assert all(any("\u4e00" <= character <= "\u9fff" for character in text) for text in texts)


def test_titles_in_both_languages_name_one_row_each():
    assert max(Counter(row.title for row in VERSION.schedule).values()) == 1
    assert max(Counter(row.title_zh for row in VERSION.schedule).values()) == 1


def test_the_record_of_the_trial_is_the_public_one():
    trial = VERSION.trial
    assert (trial.registry_id, trial.planned_participants, trial.sites) == (
        "NCT06945523",
        60,
        ("Wuhan, Hubei, China",),
    )
    assert (trial.status, trial.minimum_age_years, trial.sexes) == ("Recruiting", 18, "All")
    assert trial.first_submitted_on == date(2025, 4, 18)


def test_everything_the_record_does_not_state_is_marked_as_assumed():
    assumed = [*VERSION.schedule, *VERSION.clocks, *VERSION.dose_levels, VERSION.cohort_rule]
    assert {one.source for one in assumed} == {Source.ASSUMED}
    stated = {limit.id for limit in VERSION.limits if limit.source is Source.SEED}
    assert stated == {"L-AGE-MIN", "L-CONTRA"}
    assert {one.arm: one.source for one in VERSION.arms} == {
        Arm.INTRAVENOUS: Source.ASSUMED,
        Arm.INTRAPLEURAL: Source.SEED,
    }


def window_in_days(item_id):
    row = find(VERSION, ScheduledItem, item_id)
    return row.offset.days - row.lower_days, row.offset.days, row.offset.days + row.upper_days


@pytest.mark.parametrize(
    ("item_id", "window"),
    [
        ("T-CONSENT", (0, 0, 14)),
        ("T-START", (0, 0, 7)),
        ("T-ELIG", (0, 14, 28)),
        ("T-ENROL", (0, 0, 7)),
        ("T-SLOT", (0, 0, 7)),
        ("T-RESLOT", (0, 0, 14)),
        ("V-APH", (0, 3, 7)),
        ("T-REAPH", (0, 0, 14)),
        ("T-RELEASE", (0, 14, 28)),
        ("T-PLAN", (0, 0, 7)),
        ("V-BL", (-12, -6, -5)),
        ("T-RECHECK-LD", (-8, -5, -5)),
        ("V-LD1", (-6, -5, -4)),
        ("V-LD2", (-5, -4, -3)),
        ("V-LD3", (-4, -3, -2)),
        ("T-RECHECK-INF", (-2, 0, 0)),
        ("V-D0", (0, 0, 0)),
        ("P-DLT", (0, 0, 28)),
        *((f"V-D{day}", (day, day, day)) for day in range(1, 8)),
        ("V-D10", (9, 10, 11)),
        ("V-D14", (13, 14, 15)),
        ("V-D21", (19, 21, 23)),
        ("V-D28", (26, 28, 30)),
    ],
)
def test_windows_counted_in_days(item_id, window):
    assert window_in_days(item_id) == window


@pytest.mark.parametrize(
    ("item_id", "months", "lower", "upper"),
    [
        *((f"V-M{month}", month, 7, 7) for month in (2, 3)),
        *((f"V-M{month}", month, 14, 14) for month in (6, 9, 12)),
        *((f"V-M{month}", month, 30, 30) for month in (18, 24, 30, 36, 42, 48, 54, 60)),
        *((f"V-Y{year}", 12 * year, 60, 60) for year in range(6, 16)),
        ("T-EOS", 12, 14, 44),
    ],
)
def test_windows_counted_in_calendar_months_from_infusion(item_id, months, lower, upper):
    row = find(VERSION, ScheduledItem, item_id)
    assert row.anchor is EventKind.INFUSED
    assert row.offset == Offset(months=months)
    assert (row.lower_days, row.upper_days) == (lower, upper)


def test_the_schedule_has_no_other_rows():
    assert len(VERSION.schedule) == 53
    assert {row.id for row in VERSION.schedule if row.is_important} == {"V-D0", "V-D28"}


def test_death_and_leaving_visits_end_every_row_that_they_do_not_fulfil():
    for row in VERSION.schedule:
        if row.id != "T-EOS":
            assert row.ends_with >= LEAVING, row.id


def test_leaving_treatment_ends_what_leads_to_infusion_and_nothing_after_it():
    kind = EventKind.WITHDRAWN_FROM_TREATMENT
    stopped = {row.id for row in VERSION.schedule if kind in row.ends_with | row.fulfilled_by}
    assert stopped == {row.id for row in VERSION.schedule if row.anchor is not EventKind.INFUSED}


def test_a_screen_failure_ends_the_rows_of_screening():
    screening = {row.id for row in VERSION.schedule if EventKind.SCREEN_FAILED in row.ends_with}
    assert screening == {"T-CONSENT", "T-START", "T-ENROL"}
    assert EventKind.SCREEN_FAILED in find(VERSION, ScheduledItem, "T-ELIG").fulfilled_by


def test_in_house_tasks_are_no_protocol_windows():
    in_house = {row.id for row in VERSION.schedule if not row.is_protocol_window}
    tasks = {row.id for row in VERSION.schedule if row.kind is ObligationKind.TASK}
    assert in_house == {*tasks, "V-D0"}  # the planned infusion date is the site's own


def test_the_last_row_of_each_series_is_missed_30_days_after_its_window():
    last = {row.id: row.missed_after_days for row in VERSION.schedule if row.missed_after_days is not None}
    assert last == dict.fromkeys(("V-BL", "V-LD1", "V-LD2", "V-LD3", "V-Y15"), 30)


@pytest.mark.parametrize(
    ("clock_id", "hours"),
    [
        ("C-SAE", 24),
        ("C-AESI", 24),
        ("C-CONF", 24),
        ("C-SUSAR-7", 168),
        ("C-SUSAR-FULL", 360),
        ("C-SUSAR-15", 360),
    ],
)
def test_clocks_count_elapsed_hours_and_their_last_rung_is_the_end(clock_id, hours):
    clock = find(VERSION, ClockDefinition, clock_id)
    ladder = next(one for one in VERSION.ladders if one.id == clock.ladder)
    assert clock.hours == hours == ladder.rungs[-1].hours


def test_visits_are_announced_as_the_rules_say():
    visit = next(one for one in VERSION.ladders if one.id == "visit")
    assert [(rung.id, rung.relative_to, rung.days, rung.level) for rung in visit.rungs] == [
        ("opens-7d", "opens", -7, 0),
        ("opens-1d", "opens", -1, 0),
        ("opens", "opens", 0, 0),
        ("closes-2d", "closes", -2, 0),
        ("overdue", "closes", 1, 0),
        ("overdue-3d", "closes", 3, 1),
        ("overdue-7d", "closes", 7, 2),
    ]
    assert [sorted(rung.roles) for rung in visit.rungs[-3:]] == [
        ["coordinator", "nurse"],
        ["coordinator", "investigator"],
        ["admin", "coordinator", "investigator"],
    ]


def test_the_ladders_of_clocks_and_cases_are_the_ones_that_may_wake_somebody():
    critical = {one.id for one in VERSION.ladders if one.is_safety_critical}
    assert critical == {"clock", "clock-7", "clock-15", "safety"}
    assert {clock.ladder for clock in VERSION.clocks} <= critical


def test_whoever_is_told_is_a_role_of_the_site():
    assert {role for one in VERSION.ladders for rung in one.rungs for role in rung.roles} <= set(Role)
    assert set(Role) - {Role.AUDITOR} == STAFF_ROLES


@pytest.mark.parametrize(
    ("arm", "ranges"),
    [
        (
            Arm.INTRAVENOUS,
            [(800_000, 1_200_000), (2_400_000, 3_600_000), (8_000_000, 12_000_000)],
        ),
        (Arm.INTRAPLEURAL, [(240_000, 360_000), (800_000, 1_200_000), (2_400_000, 3_600_000)]),
    ],
)
def test_dose_levels_reach_20_percent_either_side(arm, ranges):
    levels = [level for level in VERSION.dose_levels if level.arm is arm]
    assert [(level.lower_cells_per_kg, level.upper_cells_per_kg) for level in levels] == ranges


@pytest.mark.parametrize(
    ("limit_id", "value", "unit"),
    [
        ("L-AGE-MIN", 18, "years"),
        ("L-CONTRA", 12, "months"),
        ("L-CONTRA-LD", 12, "months"),
        ("L-SCR-LEUK", 28, "days"),
        ("L-LAB-VALID", 7, "days"),
        ("L-IMAGING-VALID", 28, "days"),
        ("L-RECONSENT", 28, "days"),
        ("L-LOST-ATTEMPTS", 3, "attempts"),
        ("L-FLU-MIN", 25, "mg/m2"),
        ("L-FLU-MAX", 30, "mg/m2"),
        ("L-CY-MIN", 250, "mg/m2"),
        ("L-CY-MAX", 500, "mg/m2"),
        ("L-PREG-TEST-H", 72, "hours"),
        ("L-LD-GAP-H", 48, "hours"),
        ("L-THAW-MIN", 30, "minutes"),
        ("L-RECIST-TARGETS", 5, "lesions"),
        ("L-RECIST-PER-ORGAN", 2, "lesions"),
        ("L-RECIST-BASELINE", 28, "days"),
        ("L-RECIST-CONFIRM", 28, "days"),
        ("L-RECIST-SD", 42, "days"),
        ("L-RECIST-MISSED", 2, "assessments"),
    ],
)
def test_limits_carry_their_unit(limit_id, value, unit):
    limit = find(VERSION, Limit, limit_id)
    assert (limit.value, limit.unit) == (value, unit)


def test_the_cohort_rule_is_3_plus_3_over_28_days_with_a_stagger_of_14():
    rule = VERSION.cohort_rule
    assert (rule.size, rule.expanded_size, rule.dlt_window_days, rule.stagger_days) == (3, 6, 28, 14)
