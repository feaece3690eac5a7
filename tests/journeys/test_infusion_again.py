"""An infusion date corrected after the fact, and a second infusion."""

from datetime import date, timedelta

import pytest

from infusion.services.infusions import correct_infusion
from participants.models import Deviation, JourneyEvent, Obligation, Participant
from participants.queries.preview import preview_correction
from participants.services.sweep import sweep_once
from participants.states import State
from tests.factories.journeys import Story, participant_at
from trialsite.accounts.permissions import SystemActor
from trialsite.protocol.types import DueState, EventKind

pytestmark = pytest.mark.django_db


def stored(story: Story) -> dict[str, Obligation]:
    return {row.key: row for row in Obligation.objects.in_force().filter(participant=story.participant)}


def test_correcting_the_infusion_moves_every_date_that_counts_from_it() -> None:
    story = participant_at(State.INFUSED)
    assert story.infusion is not None
    before = stored(story)

    correct_infusion(
        infusion=story.infusion,
        started_at=story.now - timedelta(days=1),
        by=story.ward.nurse,
        at=story.now,
        reason="date of the form was wrong",
    )

    after = stored(story)
    for key in ("V-D1#1", "V-D28#1", "V-M12#1", "P-DLT#1", "P-CONTRA"):
        assert after[key].target_on == before[key].target_on - timedelta(days=1), key
    assert after["V-LD1#1"].target_on == before["V-LD1#1"].target_on
    assert Participant.objects.get().infused_on == date(2026, 2, 12)


def test_the_first_value_of_a_corrected_date_stays_readable() -> None:
    story = participant_at(State.INFUSED)
    assert story.infusion is not None
    first = story.infusion.started_at

    correct_infusion(
        infusion=story.infusion,
        started_at=first - timedelta(days=1),
        by=story.ward.nurse,
        at=story.now,
        reason="date of the form was wrong",
    )

    voided = JourneyEvent.objects.get(kind=EventKind.INFUSED, voided_at__isnull=False)
    assert (voided.occurred_at, voided.void_reason) == (first, "date of the form was wrong")
    assert voided.corrected_by.occurred_at == first - timedelta(days=1)


def test_the_preview_of_a_correction_is_what_then_happens() -> None:
    story = participant_at(State.FOLLOW_UP)
    assert story.infusion is not None
    moved_to = story.infusion.started_at - timedelta(days=2)
    before = {key: row.to_value() for key, row in stored(story).items()}
    promised = preview_correction(
        story.participant,
        ref=str(story.infusion.pk),
        kind=EventKind.INFUSED,
        occurred_at=moved_to,
        at=story.now,
    )

    correct_infusion(
        infusion=story.infusion, started_at=moved_to, by=story.ward.nurse, at=story.now, reason="wrong date"
    )

    after = {key: row.to_value() for key, row in stored(story).items()}
    assert promised
    assert {c.after.key: c.after for c in promised.changed} == {
        key: value for key, value in after.items() if key in before and before[key] != value
    }
    assert {one.key for one in promised.added} == set(after) - set(before)
    assert {one.key for one in promised.removed} == set(before) - set(after)


def test_a_deviation_that_a_correction_explains_away_is_closed_with_a_note() -> None:
    story = participant_at(State.INFUSED)
    assert story.infusion is not None
    story.wait(2).comes_to("V-D1#1")
    late = Deviation.objects.get(subject="V-D1#1")
    assert late.rule_id == "WINDOW-LATE"

    correct_infusion(
        infusion=story.infusion,
        started_at=story.infusion.started_at + timedelta(days=1),
        by=story.ward.nurse,
        at=story.now,
        reason="given the day after",
    )

    late.refresh_from_db()
    assert late.status == "closed"
    assert "correction" in late.closing_note


def test_a_second_infusion_starts_a_new_series_and_restarts_the_year() -> None:
    story = participant_at(State.FOLLOW_UP)
    story.now = story.now.replace(month=6, day=1)
    first_year_ends = stored(story)["P-CONTRA"].closes_on

    story.gets_infusion(reason="second dose from the same lot, without lymphodepletion")

    rows = stored(story)
    assert story.state is State.INFUSED
    assert rows["V-D1#2"].target_on == date(2026, 6, 2)
    assert rows["V-M12#2"].target_on == date(2027, 6, 1)
    assert "V-M6#1" not in rows
    assert (first_year_ends, rows["P-CONTRA"].closes_on) == (date(2027, 2, 13), date(2027, 6, 1))
    assert Participant.objects.get().infused_on == date(2026, 6, 1)


def test_a_visit_open_at_the_second_infusion_is_no_longer_required() -> None:
    story = participant_at(State.FOLLOW_UP)
    story.now = story.now.replace(month=5, day=10)  # the window of month 3 is 6 to 20 May

    story.gets_infusion(reason="second dose from the same lot, without lymphodepletion")

    assert story.due_states()["V-M3#1"] is DueState.NOT_REQUIRED


def test_time_alone_turns_an_undone_visit_into_one_deviation() -> None:
    story = participant_at(State.INFUSED)
    sweeper = SystemActor("sweep")

    for _ in range(3):
        while sweep_once(by=sweeper, at=story.now + timedelta(days=3)):
            pass

    missed = Deviation.objects.filter(participant=story.participant, rule_id="WINDOW-MISSED")
    assert sorted(missed.values_list("subject", flat=True)) == ["V-D1#1", "V-D2#1"]
