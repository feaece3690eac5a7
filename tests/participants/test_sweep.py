"""The sweep: reminders and deviations that come by the mere passing of time, once each."""

from datetime import UTC, datetime, time, timedelta
from threading import Event, Thread

import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext

from infusion.services.adverse_events import record_adverse_event
from infusion.services.infusions import correct_infusion
from participants.models import Channel, Deviation, Obligation, Participant, Reminder
from participants.services import sweep as sweeping
from participants.services.deviations import settle_deviations
from participants.services.inbox import acknowledge_reminder
from participants.services.sweep import sweep_once
from participants.states import State
from tests.factories.accounts import BOOTSTRAP, make_user
from tests.factories.journeys import Story, Ward, make_ward, participant_at, refer, there
from tests.factories.traces import at_once, refused, traces
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Role, SystemActor
from trialsite.accounts.services.users import deactivate_user
from trialsite.audit.acting import acting

SWEEP = SystemActor("sweep")


def sweep(at: datetime) -> int:
    total = 0
    while count := sweep_once(by=SWEEP, at=at):
        total += count
    return total


def when_due(ward: Ward, *, people: int) -> datetime:
    """Refer some people; return when the consent of all of them has become due."""
    stories = [refer(ward) for _ in range(people)]
    return stories[0].now + timedelta(days=13)


def rungs(story: Story, key: str) -> list[tuple[str, str]]:
    """Return (rung, role) of the reminders of one obligation, in the order of time."""
    found = Reminder.objects.filter(
        obligation__participant=story.participant, obligation__key=key, channel=Channel.MAIL
    )
    return [
        (one.rung, one.recipient.username.rpartition("-")[0])
        for one in found.select_related("recipient").order_by("due_at", "recipient__username")
    ]


@pytest.mark.django_db
class TestReminders:
    def test_each_rung_reaches_each_recipient_once_however_often_the_sweep_runs(self) -> None:
        story = participant_at(State.FOLLOW_UP)  # D21 was done on 6 March; D28 opens on 11 March
        at = story.moment_of("V-D28#1")

        for days in range(-10, 6):
            for _ in range(3):
                sweep(at + timedelta(days=days))

        assert rungs(story, "V-D28#1") == [
            *(
                (rung, role)
                for rung in ("opens-7d", "opens-1d", "opens", "closes-2d", "overdue")
                for role in ("coordinator", "nurse")
            ),
            ("overdue-3d", "coordinator"),
            ("overdue-3d", "investigator"),
        ]

    def test_running_again_at_the_same_instant_does_nothing(self) -> None:
        story = participant_at(State.FOLLOW_UP)
        at = story.moment_of("V-D28#1")

        assert sweep(at) > 0
        before = list(Reminder.objects.values()), list(Obligation.objects.order_by("key").values())

        assert sweep(at) == 0
        assert (list(Reminder.objects.values()), list(Obligation.objects.order_by("key").values())) == before

    def test_after_three_hours_of_standstill_only_the_latest_rung_is_sent(self) -> None:
        story = participant_at(State.INFUSED)
        aware_at = story.now
        record_adverse_event(
            participant=story.participant,
            term="pneumonia",
            onset_at=aware_at,
            aware_at=aware_at,
            toxicity_grade=3,
            is_serious=True,
            by=story.ward.nurse,
            at=aware_at,
        )
        key = Obligation.objects.get(item_id="C-SAE").key

        sweep(aware_at + timedelta(hours=21))  # 12 h and 20 h have both passed

        assert rungs(story, key) == [("20h", "coordinator"), ("20h", "investigator")]
        sweep(aware_at + timedelta(hours=24))
        assert {rung for rung, _ in rungs(story, key)} == {"20h", "24h"}

    def test_a_date_that_moved_is_reminded_of_again(self) -> None:
        story = participant_at(State.INFUSED)
        infusion = there(story.infusion)
        story.wait(9)
        sweep(story.now)
        assert rungs(story, "V-D10#1").count(("opens", "nurse")) == 1

        correct_infusion(
            infusion=infusion,
            started_at=infusion.started_at + timedelta(days=3),
            by=story.ward.nurse,
            at=story.now,
            reason="it was postponed",
        )
        for days in range(1, 4):
            sweep(story.now + timedelta(days=days))

        assert rungs(story, "V-D10#1").count(("opens", "nurse")) == 2

    def test_nobody_is_reminded_of_what_is_done_or_not_required(self) -> None:
        story = participant_at(State.FOLLOW_UP)
        story.comes_on_target("V-D28#1")

        sweep(story.now + timedelta(days=3))

        assert "overdue" not in {rung for rung, _ in rungs(story, "V-D28#1")}

    def test_active_members_of_the_site_are_reminded_and_mailed_where_they_have_an_address(self) -> None:
        ward = make_ward()
        gone = make_user(Role.COORDINATOR, ward.site)
        deactivate_user(user=gone, by=BOOTSTRAP, at=gone.recorded_at, reason="left")
        second = make_user(Role.COORDINATOR, ward.site)
        silent = make_user(Role.COORDINATOR, ward.site)
        make_ward()
        _without_address(silent)
        story = refer(ward)

        sweep(story.now + timedelta(days=13))

        told = set(Reminder.objects.values_list("recipient", "channel"))
        with_address = {ward.coordinator.pk, second.pk}
        assert told == {
            *((user, "in_app") for user in (*with_address, silent.pk)),
            *((user, "mail") for user in with_address),
        }

    def test_dated_reminders_leave_at_eight_in_the_morning_of_the_site(self) -> None:
        story = participant_at(State.FOLLOW_UP)
        row = Obligation.objects.get(participant=story.participant, key="V-D28#1")

        sweep(row.opens_at + timedelta(hours=7, minutes=59))
        assert ("opens", "nurse") not in rungs(story, row.key)
        sweep(row.opens_at + timedelta(hours=8))
        assert ("opens", "nurse") in rungs(story, row.key)


def _without_address(user: User) -> None:
    with acting(by=BOOTSTRAP, at=user.recorded_at, action="accounts.address_removed"):
        User.objects.filter(pk=user.pk).update(email="")


@pytest.mark.django_db
class TestDeviations:
    def test_a_window_that_closed_undone_is_one_deviation_that_occurred_at_its_close(self) -> None:
        story = participant_at(State.INFUSED)
        row = Obligation.objects.get(participant=story.participant, key="V-D1#1")

        for hours in (49, 50, 51, 100):
            sweep(story.now + timedelta(hours=hours))

        found = Deviation.objects.get(subject="V-D1#1")
        assert (found.rule_id, found.occurred_at, found.detected_by) == (
            "WINDOW-MISSED",
            row.closes_at,
            "system",
        )
        assert traces("participants.swept") >= {("system:sweep", "", "participants_deviation")}

    def test_the_sweep_belongs_to_the_system(self) -> None:
        story = participant_at(State.REFERRED)

        with refused("not-permitted"):
            sweep_once(by=story.ward.admin, at=story.now)

    def test_a_failure_in_a_batch_leaves_none_of_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        story = participant_at(State.INFUSED)
        at = story.now + timedelta(days=3)
        fails = sweeping.SWEEP.replace(
            "SELECT count(*) FROM judged", "SELECT 1 / (count(*) - count(*)) FROM judged"
        )

        with monkeypatch.context() as patch:
            patch.setattr(sweeping, "SWEEP", fails)
            with pytest.raises(DataError), transaction.atomic():
                sweep_once(by=SWEEP, at=at)
        assert (Reminder.objects.count(), Deviation.objects.count()) == (0, 0)

        sweep(at)

        assert Deviation.objects.exists()

    def test_a_finding_that_a_correction_closed_and_time_brings_again_is_reopened(self) -> None:
        story = participant_at(State.INFUSED)
        at = story.now + timedelta(days=3)
        sweep(at)
        with acting(by=SWEEP, at=at, action="participants.tampered"):
            settle_deviations(Deviation.objects.filter(subject="V-D1#1"), at=at)
            Obligation.objects.filter(key="V-D1#1").update(is_settled=False, next_transition_at=at)

        sweep(at)

        found = Deviation.objects.get(subject="V-D1#1")
        assert (found.status, found.closed_at, found.closing_note) == ("draft", None, "")


@pytest.mark.django_db
class TestEscalation:
    def test_an_answer_keeps_routine_rungs_from_escalating_and_no_others(self) -> None:
        story = participant_at(State.FOLLOW_UP)
        at = story.moment_of("V-D28#1")
        for days in (0, 3):
            sweep(at + timedelta(days=days))
        mine = Reminder.objects.get(
            obligation__key="V-D28#1", rung="overdue", recipient=story.ward.nurse, channel=Channel.IN_APP
        )
        acknowledge_reminder(reminder=mine, by=story.ward.nurse, at=at + timedelta(days=3, hours=1))

        sweep(at + timedelta(days=6))

        assert {rung for rung, _ in rungs(story, "V-D28#1")} == {"closes-2d", "overdue"}

    def test_routine_mail_waits_for_the_morning_and_what_is_safety_critical_does_not(self) -> None:
        story = participant_at(State.INFUSED)
        record_adverse_event(
            participant=story.participant,
            term="pneumonia",
            onset_at=story.now,
            aware_at=story.now,
            toxicity_grade=3,
            is_serious=True,
            by=story.ward.nurse,
            at=story.now,
        )
        night = datetime.combine(story.now.date() + timedelta(days=2), time(15), tzinfo=UTC)  # 23:00 in Wuhan

        sweep(night)

        mails = Reminder.objects.filter(channel=Channel.MAIL)
        assert set(mails.filter(is_safety_critical=True).values_list("next_attempt_at", flat=True)) == {night}
        routine = set(mails.filter(is_safety_critical=False).values_list("next_attempt_at", flat=True))
        assert routine == {night + timedelta(hours=9)}


@pytest.mark.django_db
def test_a_batch_takes_the_same_statements_for_one_obligation_and_for_two_hundred() -> None:
    ward = make_ward()

    def statements(people: int) -> tuple[int, int]:
        stories = [refer(ward) for _ in range(people)]
        with CaptureQueriesContext(connection) as captured:
            count = sweep_once(by=SWEEP, at=stories[0].now + timedelta(days=13))
        return count, len(captured)

    one, with_one = statements(1)
    many, with_many = statements(200)

    assert (one, many) == (1, 200)
    assert with_many == with_one


@pytest.mark.django_db
def test_a_full_batch_leaves_the_rest_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    ward = make_ward()
    at = when_due(ward, people=5)
    monkeypatch.setattr(sweeping, "BATCH_SIZE", 2)

    assert [sweep_once(by=SWEEP, at=at) for _ in range(4)] == [2, 2, 1, 0]


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_two_sweeps_share_the_rows_and_double_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ward = make_ward()
        at = when_due(ward, people=20)
        monkeypatch.setattr(sweeping, "BATCH_SIZE", 4)

        counts = at_once(*[lambda: sweep(at)] * 3)

        assert sum(count for count in counts if isinstance(count, int)) == 20
        assert Reminder.objects.filter(channel=Channel.MAIL).count() == 20
        assert not Obligation.objects.exclude(version=2).exists()  # each row was dealt with exactly once

    def test_a_sweep_does_not_wait_for_rows_that_another_holds(self) -> None:
        ward = make_ward()
        at = when_due(ward, people=3)
        is_held, may_go = Event(), Event()

        def holds_one() -> None:
            try:
                with transaction.atomic():
                    list(Obligation.objects.select_for_update().order_by("id")[:1])
                    is_held.set()
                    may_go.wait(timeout=20)
            finally:
                connection.close()

        holder = Thread(target=holds_one)
        holder.start()
        try:
            assert is_held.wait(timeout=10)
            assert sweep(at) == 2
        finally:
            may_go.set()
            holder.join()
        assert sweep(at) == 1
        assert Participant.objects.count() == Reminder.objects.filter(channel=Channel.MAIL).count() == 3
