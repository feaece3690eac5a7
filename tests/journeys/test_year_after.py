"""The year after infusion: late and missed visits, a corrected day 0, a second infusion, clocks that change, death."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from followup.queries.casebook import casebook_rows
from followup.queries.visits import follow_up_of
from followup.rules.procedures import ProcedureEntry
from followup.services.procedures import record_procedures
from followup.services.survival import record_progression
from followup.states import ProcedureOutcome, ProgressionBasis
from infusion.services.adverse_events import record_adverse_event
from infusion.services.infusions import correct_infusion
from participants.models import Deviation, DispositionKind, Obligation, Participant
from participants.queries.former_plans import former_plans_of
from participants.services.sweep import sweep_once
from participants.states import State
from tests.factories.journeys import FIRST_SERIES, START_AT, Story, make_ward, participant_at, there
from trialsite.accounts.permissions import SystemActor
from trialsite.protocol.types import DueState

pytestmark = pytest.mark.django_db


def swept(story: Story) -> None:
    while sweep_once(by=SystemActor("sweep"), at=story.now):
        continue


def found(story: Story) -> list[tuple[str, str]]:
    """What is open about visits and clocks; confidential tests have a story of their own."""
    rows = Deviation.objects.unclosed().filter(participant=story.participant)
    return sorted((one.rule_id, one.subject) for one in rows if one.subject[:2] in {"V-", "C-"})


def row(story: Story, key: str) -> Obligation:
    return Obligation.objects.get(participant=story.participant, key=key)


def reread(story: Story) -> Participant:
    return Participant.objects.select_related("site").get(pk=story.participant.pk)


def comes_on_time(story: Story, keys: Iterable[str]) -> None:
    for key in keys:
        story.comes_on_target(key)


def test_two_visits_late_and_one_missed_are_three_deviations_and_the_year_is_completed_all_the_same() -> None:
    story = participant_at(State.INFUSED)
    delays = {"V-D21#1": 3, "V-M3#1": 9}
    for key in FIRST_SERIES:
        if key != "V-M6#1":
            story.comes_on_target(key, delay_days=delays.get(key, 0))
    swept(story)

    assert found(story) == [
        ("WINDOW-LATE", "V-D21#1"),
        ("WINDOW-LATE", "V-M3#1"),
        ("WINDOW-MISSED", "V-M6#1"),
    ]
    important = Deviation.objects.filter(participant=story.participant, proposed_important=True)
    assert not important.filter(subject__startswith="V-").exists()
    lines = {
        one.obligation.key: one for one in follow_up_of(reread(story), story.now).current if one.obligation
    }
    assert (lines["V-D21#1"].days_off_target, lines["V-M3#1"].days_off_target) == (3, 9)
    assert (lines["V-M6#1"].state, lines["V-M6#1"].visit) == (DueState.MISSED, None)
    story.wait(1).completes()
    assert story.state is State.COMPLETED
    assert story.due_states()["V-M18#1"] is DueState.UPCOMING


def test_an_infusion_date_corrected_after_day_28_judges_every_visit_anew_and_keeps_the_former_plan() -> None:
    story = participant_at(State.INFUSED)
    comes_on_time(story, [key for key in FIRST_SERIES if key.startswith("V-D")])
    swept(story.wait(1))
    assert found(story) == []
    infusion = there(story.infusion)
    twelve = row(story, "V-M12#1").target_on

    correct_infusion(
        infusion=infusion,
        started_at=infusion.started_at - timedelta(days=1),
        by=story.ward.nurse,
        at=story.now,
        reason="the form had the day of thawing",
    )

    late = {subject for rule, subject in found(story) if rule == "WINDOW-LATE"}
    assert late == {f"V-D{day}#1" for day in range(1, 8)}  # days with no leeway; the others have a day or two
    assert row(story, "V-M12#1").target_on == twelve - timedelta(days=1)
    former = former_plans_of(story.participant)[0]
    assert former.why == "the form had the day of thawing"
    assert {line.key: line.target_on for line in former.lines}["V-M12#1"] == twelve


def test_a_second_infusion_at_month_5_begins_its_own_series_and_restarts_the_year() -> None:
    story = participant_at(State.INFUSED)
    comes_on_time(story, ("V-D1#1", "V-D28#1", "V-M2#1", "V-M3#1"))
    first_end = row(story, "P-CONTRA").closes_on
    story.goes_to(story.morning_of(there(story.infusion).started_at.date() + timedelta(days=152)))
    story.gets_infusion(reason="second dose from the same lot, without lymphodepletion")
    swept(story.wait(hours=1))

    states = story.due_states()
    assert states["V-M3#1"] is DueState.DONE
    assert not {"V-M6#1", "V-M12#1", "V-Y15#1"} & set(states)
    assert states["V-M6#2"] is DueState.UPCOMING
    assert (first_end, row(story, "P-CONTRA").closes_on) == (date(2027, 2, 13), date(2027, 7, 15))
    (line,) = casebook_rows([reread(story)], story.now)
    assert (line.series, line.day, line.cells["V-M3"].state) == (2, 0, DueState.UPCOMING)


def test_at_a_site_in_new_york_windows_keep_to_the_wall_clock_over_the_change() -> None:
    zone = ZoneInfo("America/New_York")
    at = datetime(2026, 1, 12, 15, tzinfo=UTC)
    story = participant_at(
        State.INFUSED, ward=make_ward(zone="America/New_York", since=at - timedelta(days=30)), at=at
    )
    infused_on = there(story.infusion).started_at.astimezone(zone).date()
    changes = date(2026, 3, 8)
    assert infused_on < changes < infused_on + timedelta(days=60)

    visits = Obligation.objects.filter(
        participant=story.participant, kind="visit", epoch__endswith="follow_up"
    )
    offsets = set()
    for one in visits:
        opens, closes = one.opens_at.astimezone(zone), there(one.closes_at).astimezone(zone)
        assert (opens.hour, opens.minute, opens.date()) == (0, 0, one.opens_on)
        assert (closes.hour, closes.date()) == (0, there(one.closes_on) + timedelta(days=1))
        assert {rung.astimezone(zone).hour for rung in one.rung_at if rung} <= {8}
        offsets.add(opens.utcoffset())
    assert offsets == {timedelta(hours=-5), timedelta(hours=-4)}

    across = next(one for one in visits.order_by("opens_at") if there(one.closes_on) > changes)
    story.now = there(across.closes_at) - timedelta(minutes=1)  # 23:59 on the last day, by the new clock
    story.comes_to(across.key)
    assert row(story, across.key).fulfilled_on == across.closes_on
    assert ("WINDOW-LATE", across.key) not in found(story)


def test_contraception_after_an_infusion_on_29_february_ends_on_28_february() -> None:
    usual = participant_at(State.INFUSED)
    way = there(usual.infusion).started_at - START_AT
    at = datetime(2028, 2, 29, 2, tzinfo=UTC) - timedelta(days=way.days)
    story = participant_at(State.INFUSED, ward=make_ward(since=at - timedelta(days=30)), at=at)
    infused_at = there(story.infusion).started_at
    assert infused_at.astimezone(ZoneInfo("Asia/Shanghai")).date() == date(2028, 2, 29)

    period = row(story, "P-CONTRA")
    assert period.closes_on == date(2029, 2, 28)
    assert period.closes_at == datetime(2029, 2, 28, 16, tzinfo=UTC)
    assert row(story, "V-M12#1").target_on == date(2029, 2, 28)
    assert row(story, "V-M48#1").target_on == date(2032, 2, 29)
    story.now = datetime(2029, 2, 28, 15, 59, tzinfo=UTC)
    assert story.due_states()["P-CONTRA"] is DueState.DUE
    story.now = datetime(2029, 2, 28, 16, 0, tzinfo=UTC)
    assert story.due_states()["P-CONTRA"] is DueState.DONE


def test_death_at_month_4_ends_the_visits_and_the_contraception_and_the_clock_runs_on() -> None:
    story = participant_at(State.INFUSED)
    comes_on_time(story, [key for key in FIRST_SERIES if key not in {"V-M6#1", "V-M9#1", "V-M12#1"}])
    story.goes_to(story.moment_of("V-M3#1", 31))
    nurse = story.ward.nurse
    event = record_adverse_event(
        participant=story.participant,
        term="pneumonia",
        onset_at=story.now,
        aware_at=story.now,
        toxicity_grade=4,
        is_serious=True,
        by=nurse,
        at=story.now,
    )
    clock = f"C-SAE:{event.pk}"
    story.wait(hours=10).leaves(DispositionKind.DIED, cause_of_death="pneumonia")

    states = story.due_states()
    assert states["V-M6#1"] is DueState.NOT_REQUIRED
    assert states["V-Y15#1"] is DueState.NOT_REQUIRED
    assert states[clock] is DueState.DUE
    died_on = story.now.astimezone(ZoneInfo("Asia/Shanghai")).date()
    assert row(story, "P-CONTRA").closes_on == died_on
    assert row(story, "V-M6#1").next_transition_at is None
    assert there(row(story, clock).next_transition_at) <= there(row(story, clock).closes_at)

    story.wait(hours=14)
    swept(story)
    assert story.due_states()[clock] is DueState.OVERDUE
    assert ("SAFETY-LATE", clock) in found(story)
    assert not [subject for rule, subject in found(story) if rule == "WINDOW-MISSED"]


def test_after_progression_a_visit_asks_for_survival_and_safety_alone() -> None:
    story = participant_at(State.INFUSED)
    comes_on_time(story, [key for key in FIRST_SERIES if key.startswith("V-D")])
    progressed_on = story.now.date() + timedelta(days=3)
    story.wait(5)
    record_progression(
        participant=story.participant,
        progressed_on=progressed_on,
        basis=ProgressionBasis.IMAGING,
        by=story.ward.investigator,
        at=story.now,
    )
    visit = story.comes_on_target("V-M3#1")
    line = next(one for one in follow_up_of(reread(story), story.now).current if one.visit == visit)
    assert "CT and response by RECIST 1.1" not in line.open_procedures
    assert {"Survival and new anticancer therapy", "Adverse events and other medication"} <= set(
        line.open_procedures
    )
    scan = [ProcedureEntry(procedure="PR-CT", outcome=ProcedureOutcome.NOT_DONE, reason="progressed before")]
    record_procedures(visit=visit, procedures=scan, by=story.ward.nurse, at=story.now)
    assert not [subject for _, subject in found(story) if subject.endswith("PR-CT")]
