"""Delivery of reminders: at most once each, nothing personal in them, a failure never silent."""

from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused
from threading import Lock

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMessage

from participants.models import DispositionKind, Obligation, Reminder, ReminderStatus
from participants.services import delivery
from participants.services.delivery import (
    CLAIM_EXPIRES_AFTER,
    MAX_ATTEMPTS,
    RETRY_AFTER,
    deliver_once,
    hold_unknown,
    message_for,
)
from participants.services.identities import DirectIdentifiers, record_identity
from participants.services.sweep import sweep_once
from participants.states import State
from participants.tasks import reconcile_everybody
from participants.tasks import sweep as sweep_task
from tests.factories.journeys import Story, make_ward, participant_at, refer
from tests.factories.traces import at_once, refused, traces
from trialsite.accounts.permissions import SystemActor
from trialsite.audit.acting import acting

SWEEP = SystemActor("sweep")
Status = ReminderStatus


def reminded(people: int = 1) -> tuple[Story, datetime]:
    """Return the first of some participants whose consent is due, and the instant of the reminders."""
    ward = make_ward()
    stories = [refer(ward) for _ in range(people)]
    at = stories[0].now + timedelta(days=13)
    while sweep_once(by=SWEEP, at=at):
        pass
    return stories[0], at


def statuses() -> list[str]:
    return sorted(Reminder.objects.filter(channel="mail").values_list("status", flat=True))


def refuses(message: EmailMessage) -> None:
    raise SMTPRecipientsRefused({})


@pytest.mark.django_db
class TestTheMessage:
    def test_it_names_the_code_the_item_the_window_and_a_link_and_nothing_else(self) -> None:
        story = participant_at(State.FOLLOW_UP)
        record_identity(
            participant=story.participant,
            identifiers=DirectIdentifiers(name="张伟", phone="+86 000 1234 5678"),
            by=story.ward.coordinator,
            at=story.now,
        )
        sweep_once(by=SWEEP, at=story.moment_of("V-D28#1"))
        reminder = Reminder.objects.filter(obligation__key="V-D28#1", channel="mail").first()
        assert reminder is not None
        code, row = story.participant.code, reminder.obligation

        message = message_for(reminder)

        assert message.subject == f"trialsite: {code} V-D28 (closes-2d)"
        lines = message.body.splitlines()
        assert lines[0] == f"{code}: V-D28"
        assert lines[1] == "Window: 2026-03-11 to 2026-03-15 (Asia/Shanghai)"
        assert lines[2].endswith(f"/participants/{code}/")
        assert len(lines) == 3
        assert message.to == [reminder.recipient.email]
        whole = message.message().as_string()
        for told in (row.title, "Zhang", "张伟", "1234", "cancer", "CAR"):
            assert told not in whole

    def test_its_id_follows_from_the_row(self) -> None:
        reminded()
        first, again = (message_for(Reminder.objects.get(channel="mail")) for _ in range(2))

        assert first.extra_headers["Message-ID"] == again.extra_headers["Message-ID"]
        assert first.message()["Message-ID"] == first.extra_headers["Message-ID"]

    def test_an_open_ended_obligation_names_its_opening_only(self) -> None:
        reminded()
        reminder = Reminder.objects.get(channel="mail")
        reminder.obligation.closes_on = None

        assert "Window: 2026-01-05 (Asia/Shanghai)" in message_for(reminder).body


@pytest.mark.django_db
class TestSending:
    def test_a_pending_reminder_is_sent_once(self) -> None:
        _, at = reminded()

        assert [deliver_once(by=SWEEP, at=at), deliver_once(by=SWEEP, at=at)] == [1, 0]

        reminder = Reminder.objects.get(channel="mail")
        assert (reminder.status, reminder.sent_at, reminder.attempts) == ("sent", at, 1)
        assert len(mail.outbox) == 1
        assert {("system:sweep", "", "participants_reminder")} == traces("participants.reminders_marked")

    def test_the_claim_is_on_record_before_anything_leaves(self) -> None:
        _, at = reminded()
        seen = []

        deliver_once(by=SWEEP, at=at, send=lambda message: seen.extend(statuses()))

        assert seen == ["claimed"]

    @pytest.mark.parametrize("error", [SMTPRecipientsRefused({}), ConnectionRefusedError(), TimeoutError()])
    def test_what_the_mail_server_refuses_stays_pending(self, error: Exception) -> None:
        _, at = reminded()

        def fails(message: EmailMessage) -> None:
            raise error

        assert deliver_once(by=SWEEP, at=at, send=fails) == 1

        assert statuses() == ["planned"]
        assert Reminder.objects.get(channel="mail").sent_at is None

    def test_a_refused_one_is_not_tried_again_within_the_same_run(self) -> None:
        _, at = reminded()
        deliver_once(by=SWEEP, at=at, send=refuses)

        almost = at + RETRY_AFTER - timedelta(microseconds=1)
        assert deliver_once(by=SWEEP, at=almost, send=refuses) == 0
        assert deliver_once(by=SWEEP, at=at + RETRY_AFTER) == 1
        assert statuses() == ["sent"]

    def test_after_five_refusals_it_is_held_for_a_person(self) -> None:
        _, at = reminded()

        found = []
        for attempt in range(MAX_ATTEMPTS + 1):
            deliver_once(by=SWEEP, at=at + attempt * RETRY_AFTER, send=refuses)
            found += statuses()

        assert found == ["planned"] * (MAX_ATTEMPTS - 1) + ["held", "held"]
        assert Reminder.objects.get(channel="mail").attempts == MAX_ATTEMPTS

    def test_one_refused_message_does_not_keep_the_others(self) -> None:
        _, at = reminded(people=3)
        sent: list[str] = []

        def second_fails(message: EmailMessage) -> None:
            sent.append(message.subject)
            if len(sent) == 2:
                raise SMTPRecipientsRefused({})

        deliver_once(by=SWEEP, at=at, send=second_fails)

        assert statuses() == ["planned", "sent", "sent"]

    def test_a_crash_between_sending_and_marking_is_held_and_never_repeated(self) -> None:
        _, at = reminded()

        def sends_and_dies(message: EmailMessage) -> None:
            message.send()
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            deliver_once(by=SWEEP, at=at, send=sends_and_dies)
        assert statuses() == ["claimed"]

        later = at + CLAIM_EXPIRES_AFTER
        assert hold_unknown(by=SWEEP, at=later - timedelta(microseconds=1)) == 0
        assert hold_unknown(by=SWEEP, at=later) == 1
        assert deliver_once(by=SWEEP, at=later + timedelta(days=1)) == 0
        assert statuses() == ["held"]
        assert len(mail.outbox) == 1

    def test_who_died_in_the_meantime_is_not_written_about(self) -> None:
        story, at = reminded()
        story.now = at
        story.leaves(DispositionKind.DIED, cause_of_death="unknown")

        assert deliver_once(by=SWEEP, at=at) == 0

        assert statuses() == ["cancelled"]
        assert mail.outbox == []

    def test_what_is_no_longer_in_the_plan_is_not_written_about(self) -> None:
        _, at = reminded()
        with acting(by=SWEEP, at=at, action="participants.replanned"):
            Obligation.objects.update(cancelled_at=at)

        assert deliver_once(by=SWEEP, at=at) == 0
        assert statuses() == ["cancelled"]

    def test_delivery_belongs_to_the_system(self) -> None:
        story, at = reminded()

        with refused("not-permitted"):
            deliver_once(by=story.ward.admin, at=at)
        with refused("not-permitted"):
            hold_unknown(by=story.ward.admin, at=at)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    _, at = reminded(people=30)
    monkeypatch.setattr(delivery, "BATCH_SIZE", 3)
    sent, lock = [], Lock()

    def send(message: EmailMessage) -> None:
        with lock:
            sent.append(message.extra_headers["Message-ID"])

    def works() -> int:
        total = 0
        while count := deliver_once(by=SWEEP, at=at, send=send):
            total += count
        return total

    counts = at_once(*[works] * 3)

    assert sum(count for count in counts if isinstance(count, int)) == 30
    assert len(sent) == len(set(sent)) == 30
    assert set(statuses()) == {"sent"}


@pytest.mark.django_db
class TestTheTask:
    def test_it_sweeps_and_sends_from_end_to_end(self) -> None:
        ward = make_ward()
        story = refer(ward)

        with time_machine.travel(story.now + timedelta(days=13), tick=False):
            assert sweep_task.delay().get() == 1
            assert sweep_task.delay().get() == 0

        (message,) = mail.outbox
        assert message.to == [ward.coordinator.email]
        assert story.participant.code in message.subject

    def test_a_mail_server_that_is_down_costs_one_attempt_per_run(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        story = refer(make_ward())
        monkeypatch.setattr(EmailMessage, "send", refuses)

        with time_machine.travel(story.now + timedelta(days=13), tick=False):
            sweep_task.delay().get()

        reminder = Reminder.objects.get(channel="mail")
        assert (reminder.status, reminder.attempts) == ("planned", 1)

    def test_the_nightly_repair_finds_nothing_to_repair(self) -> None:
        story = participant_at(State.INFUSED)

        with time_machine.travel(story.now, tick=False):
            assert reconcile_everybody.delay().get() == 0

    def test_the_nightly_repair_restores_what_was_changed_behind_the_services_back(self) -> None:
        story = participant_at(State.INFUSED)
        good = Obligation.objects.get(key="V-M12#1")
        with acting(by=SWEEP, at=story.now, action="participants.tampered"):
            Obligation.objects.filter(key="V-M12#1").update(closes_on=None, closes_at=None)

        with time_machine.travel(story.now, tick=False):
            assert reconcile_everybody.delay().get() == 1

        assert Obligation.objects.get(key="V-M12#1").to_value() == good.to_value()
