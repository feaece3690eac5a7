"""The stored obligations follow the plan, whatever is done to them in between."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from infusion.services.infusions import correct_infusion
from participants.models import DispositionKind, Obligation, Reminder
from participants.queries.course import load_course, lock_course
from participants.services.obligations import reconcile, reconcile_participant
from participants.services.sweep import sweep_once
from participants.states import State
from tests.factories.journeys import Story, participant_at, there
from tests.factories.traces import refused, traces
from trialsite.accounts.permissions import SystemActor
from trialsite.audit.acting import acting
from trialsite.protocol.due import OPEN_STATES, due_state
from trialsite.protocol.schedule import plan

pytestmark = pytest.mark.django_db
SWEEP = SystemActor("sweep")


def tampers(story: Story, **values: object) -> None:
    with acting(by=SWEEP, at=story.now, action="participants.tampered"):
        Obligation.objects.filter(participant=story.participant, key="V-M3#1").update(**values)


def repairs(story: Story) -> bool:
    return reconcile_participant(participant_id=story.participant.pk, by=SWEEP, at=story.now)


def test_nothing_to_repair_writes_nothing() -> None:
    story = participant_at(State.INFUSED)
    before = list(Obligation.objects.order_by("key").values())

    with CaptureQueriesContext(connection) as captured:
        assert repairs(story) is False

    assert list(Obligation.objects.order_by("key").values()) == before
    assert not [one for one in captured if one["sql"].startswith(("INSERT", "UPDATE"))]


def test_a_changed_row_is_set_right_under_the_name_of_the_system() -> None:
    story = participant_at(State.INFUSED)
    good = Obligation.objects.get(key="V-M3#1")
    tampers(story, title="something else", closes_at=None)

    assert repairs(story) is True

    row = Obligation.objects.get(key="V-M3#1")
    assert row.to_value() == good.to_value()
    assert row.version == good.version + 1
    assert traces("participants.reconciled") == {("system:sweep", "", "participants_obligation")}
    assert repairs(story) is False


def test_a_row_called_off_by_mistake_comes_back() -> None:
    story = participant_at(State.INFUSED)
    tampers(story, cancelled_at=story.now, is_settled=True, next_transition_at=None)

    assert repairs(story) is True

    row = Obligation.objects.get(key="V-M3#1")
    assert (row.cancelled_at, row.is_settled) == (None, False)
    assert row.next_transition_at is not None


def test_what_is_no_longer_planned_stays_readable_but_counts_no_more() -> None:
    story = participant_at(State.FOLLOW_UP)
    story.now = story.now.replace(month=6, day=1)

    story.gets_infusion(reason="second dose")

    gone = Obligation.objects.get(participant=story.participant, key="V-M6#1")
    assert (gone.cancelled_at, gone.is_settled, gone.next_transition_at) == (story.now, True, None)
    assert gone not in Obligation.objects.in_force()
    assert gone.pk not in Obligation.objects.unsettled().values_list("pk", flat=True)


def test_the_flags_of_the_sweep_say_what_the_engine_says() -> None:
    story = participant_at(State.FOLLOW_UP)

    for row in Obligation.objects.in_force().exclude(kind="round"):  # time alone settles a round: the sweep
        assert row.is_settled is (due_state(row.to_value(), story.now) not in OPEN_STATES), row.key
        assert row.next_transition_at is None or row.next_transition_at > story.participant.recorded_at


def test_a_correction_that_moves_everything_is_one_upsert() -> None:
    story = participant_at(State.INFUSED)
    infusion = there(story.infusion)

    with CaptureQueriesContext(connection) as captured:
        correct_infusion(
            infusion=infusion,
            started_at=infusion.started_at - timedelta(days=1),
            by=story.ward.nurse,
            at=story.now,
            reason="wrong day",
        )

    writes = [one["sql"] for one in captured if 'INTO "participants_obligation"' in one["sql"]]
    assert len(writes) == 1
    assert "ON CONFLICT" in writes[0]


def test_only_the_system_repairs() -> None:
    story = participant_at(State.REFERRED)

    with refused("not-permitted"):
        reconcile_participant(participant_id=story.participant.pk, by=story.ward.admin, at=story.now)


@pytest.mark.parametrize("state", [State.SCREENING, State.LYMPHODEPLETION, State.FOLLOW_UP, State.COMPLETED])
def test_reconciling_at_any_later_time_changes_nothing(state: State) -> None:
    story = participant_at(state)

    for days in (0, 1, 40, 800):
        at = story.now + timedelta(days=days)
        with acting(by=SWEEP, at=at, action="participants.reconciled"):
            assert not reconcile(lock_course(story.participant.pk), at=at)


def test_the_plan_is_stored_in_full_after_a_death() -> None:
    story = participant_at(State.LYMPHODEPLETION)
    story.wait(1).leaves(DispositionKind.DIED, cause_of_death="unknown")

    course = load_course(story.participant)

    assert set(course.obligations) == set(plan(course.version_at(story.now), course.events, course.facts))


def test_without_a_transaction_nothing_is_locked() -> None:
    story = participant_at(State.REFERRED)

    with transaction.atomic(), CaptureQueriesContext(connection) as captured:
        load_course(story.participant)

    assert "FOR " not in " ".join(one["sql"] for one in captured)


def test_rungs_of_another_calendar_are_set_right_by_the_nightly_repair() -> None:
    story = participant_at(State.INFUSED)
    good = Obligation.objects.get(key="V-M3#1")
    assert good.rung_at[0] is not None
    former = [good.rung_at[0] + timedelta(days=1), *good.rung_at[1:]]  # as if the day were no holiday
    tampers(story, rung_at=former, next_transition_at=former[0])

    assert repairs(story) is True

    row = Obligation.objects.get(key="V-M3#1")
    assert (row.rung_at, row.next_transition_at) == (good.rung_at, good.next_transition_at)
    assert repairs(story) is False


def statuses(key: str) -> Counter[tuple[str, str]]:
    return Counter(Reminder.objects.filter(obligation__key=key).values_list("channel", "status"))


def test_what_is_told_of_a_date_that_moves_is_superseded_in_the_same_transaction() -> None:
    story = participant_at(State.INFUSED)
    story.wait(9)
    while sweep_once(by=SWEEP, at=story.now):
        pass
    assert statuses("V-D10#1") == {("mail", "planned"): 2, ("in_app", "sent"): 2}

    correct_infusion(
        infusion=there(story.infusion),
        started_at=there(story.infusion).started_at + timedelta(days=3),
        by=story.ward.nurse,
        at=story.now,
        reason="the date was mistyped",
    )

    assert statuses("V-D10#1") == {("mail", "superseded"): 2, ("in_app", "superseded"): 2}
    superseded = Reminder.objects.filter(obligation__key="V-D10#1").values_list("opens_on", flat=True)
    assert set(superseded) != {Obligation.objects.get(key="V-D10#1").opens_on}  # each row keeps its own dates


def test_what_waits_to_be_mailed_about_somebody_who_died_is_cancelled_in_the_same_transaction() -> None:
    story = participant_at(State.INFUSED)
    story.wait(9)
    while sweep_once(by=SWEEP, at=story.now):
        pass

    story.leaves(DispositionKind.DIED, cause_of_death="unknown")

    assert statuses("V-D10#1") == {("mail", "cancelled"): 2, ("in_app", "sent"): 2}
    assert not Reminder.objects.still_owed().filter(obligation__key="V-D10#1").exists()
