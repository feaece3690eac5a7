"""Delivery of reminders: at most once each, nothing personal in them, a failure never silent."""

import smtplib
from collections import Counter
from datetime import datetime, timedelta
from threading import Lock

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMessage

from participants.models import DispositionKind, Obligation, Reminder
from participants.services import delivery
from participants.services.delivery import (
    CLAIM_EXPIRES_AFTER,
    CLAIMED_AHEAD,
    GIVES_UP_AFTER_UNREACHABLE,
    WAITS_AHEAD,
    deliver_once,
    settle_expired_claims,
)
from participants.services.identities import DirectIdentifiers, record_identity
from participants.services.inbox import snooze_reminder
from participants.services.messages import message_for
from participants.services.post import MailPost, Post, outcome_of
from participants.services.sweep import sweep_once
from participants.states import State
from participants.tasks import reconcile_everybody
from participants.tasks import sweep as sweep_task
from tests.factories.accounts import BOOTSTRAP
from tests.factories.journeys import Story, make_ward, participant_at, refer
from tests.factories.traces import at_once, refused, traces
from trialsite.accounts.models import Membership, User
from trialsite.accounts.permissions import SystemActor
from trialsite.audit.acting import acting
from trialsite.protocol.reminding import CRITICAL_ATTEMPTS, ROUTINE_ATTEMPTS, Outcome, retry_after

SWEEP = SystemActor("sweep")


def reminded(people: int = 1) -> tuple[Story, datetime]:
    """Return the first of some participants whose consent is due, and the instant of the reminders."""
    ward = make_ward()
    stories = [refer(ward) for _ in range(people)]
    at = stories[0].now + timedelta(days=13)
    while sweep_once(by=SWEEP, at=at):
        pass
    return stories[0], at


def mails() -> list[Reminder]:
    return list(Reminder.objects.filter(channel="mail").order_by("recorded_at", "pk"))


def statuses() -> list[str]:
    return sorted(one.status for one in mails())


def answers(*outcomes: Outcome, sent: list[EmailMessage] | None = None) -> Post:
    """A mail server that gives these answers one after the other, then the last again."""
    left = list(outcomes)

    def post(message: EmailMessage) -> Outcome:
        if sent is not None:
            sent.append(message)
        return left.pop(0) if len(left) > 1 else left[0]

    return post


def tampers(at: datetime, **values: object) -> None:
    with acting(by=SWEEP, at=at, action="participants.tampered"):
        Reminder.objects.filter(channel="mail").update(**values)


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

        message = message_for([reminder])

        assert message.subject == f"trialsite: {code} V-D28 (closes-2d)"
        lines = message.body.splitlines()
        assert lines[0] == f"{code}: V-D28 (closes-2d)"
        assert lines[1] == "Window: 2026-03-11 to 2026-03-15 (Asia/Shanghai)"
        assert lines[2].endswith(f"/participants/{code}/")
        assert len(lines) == 3
        assert message.to == [reminder.recipient.email]
        whole = message.message().as_string()
        for told in (row.title, "Zhang", "张伟", "1234", "cancer", "CAR"):
            assert told not in whole

    def test_its_id_follows_from_the_rows_in_any_order(self) -> None:
        reminded(people=2)
        first, again = message_for(mails()), message_for(mails()[::-1])

        assert first.extra_headers == again.extra_headers
        assert first.message()["Message-ID"] == first.extra_headers["Message-ID"]
        assert message_for(mails()[:1]).extra_headers["Message-ID"] != first.extra_headers["Message-ID"]

    def test_an_open_ended_obligation_names_its_opening_only(self) -> None:
        reminded()
        (reminder,) = mails()
        reminder.obligation.closes_on = None

        assert "Window: 2026-01-05 (Asia/Shanghai)" in message_for([reminder]).body


@pytest.mark.django_db
class TestSending:
    def test_what_is_due_to_one_person_in_the_morning_is_one_mail(self) -> None:
        _, at = reminded(people=3)

        assert [deliver_once(by=SWEEP, at=at), deliver_once(by=SWEEP, at=at)] == [3, 0]

        assert [(one.status, one.sent_at, one.attempts, one.outcome) for one in mails()] == [
            ("sent", at, 1, "accepted")
        ] * 3
        (message,) = mail.outbox
        assert message.subject == "trialsite: 3 reminders"
        assert message.body.count("/participants/") == 3
        assert {("system:sweep", "", "participants_reminder")} == traces("participants.reminders_marked")

    def test_what_is_safety_critical_is_a_mail_of_its_own(self) -> None:
        _, at = reminded(people=3)
        tampers(at, is_safety_critical=True)

        deliver_once(by=SWEEP, at=at)

        assert len(mail.outbox) == 3

    def test_a_very_long_digest_is_several_mails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(delivery, "LONGEST_DIGEST", 2)
        _, at = reminded(people=3)

        deliver_once(by=SWEEP, at=at)

        assert mail.outbox[0].subject == "trialsite: 2 reminders"
        assert len(mail.outbox) == 2

    def test_the_claim_is_on_record_before_anything_leaves(self) -> None:
        _, at = reminded()
        seen: list[str] = []

        def looks(message: EmailMessage) -> Outcome:
            seen.extend(statuses())
            return Outcome.ACCEPTED

        deliver_once(by=SWEEP, at=at, post=looks)

        assert seen == ["claimed"]

    @pytest.mark.parametrize("outcome", [Outcome.DEFERRED, Outcome.UNREACHABLE])
    def test_what_did_not_leave_is_tried_again_later_and_later(self, outcome: Outcome) -> None:
        _, at = reminded()
        deliver_once(by=SWEEP, at=at, post=answers(outcome))

        (row,) = mails()
        assert (row.status, row.attempts, row.outcome) == ("planned", 1, outcome.value)
        assert row.next_attempt_at is not None
        assert at + retry_after(1, 0) <= row.next_attempt_at < at + retry_after(1, 1)

        assert deliver_once(by=SWEEP, at=row.next_attempt_at - timedelta(microseconds=1)) == 0
        assert deliver_once(by=SWEEP, at=row.next_attempt_at) == 1
        assert statuses() == ["sent"]

    @pytest.mark.parametrize(("critical", "attempts"), [(False, ROUTINE_ATTEMPTS), (True, CRITICAL_ATTEMPTS)])
    def test_after_too_many_attempts_it_goes_to_a_person(self, critical: bool, attempts: int) -> None:
        _, at = reminded()
        tampers(at, is_safety_critical=critical, attempts=attempts - 1)

        deliver_once(by=SWEEP, at=at, post=answers(Outcome.DEFERRED))

        assert statuses() == ["failed"]
        assert Reminder.objects.unsettled().count() == 1

    def test_a_retry_of_the_evening_waits_for_the_morning(self) -> None:
        _, at = reminded()
        evening = at.replace(hour=11, minute=59, second=30)  # 19:59:30 in Wuhan
        tampers(at, next_attempt_at=evening)

        deliver_once(by=SWEEP, at=evening, post=answers(Outcome.DEFERRED))

        assert [one.next_attempt_at for one in mails()] == [
            evening.replace(hour=0, minute=0, second=0) + timedelta(days=1)
        ]

    def test_one_bad_address_does_not_keep_the_others(self) -> None:
        _, at = reminded(people=3)
        tampers(at, is_safety_critical=True)  # a mail each

        deliver_once(by=SWEEP, at=at, post=answers(Outcome.ACCEPTED, Outcome.REFUSED, Outcome.ACCEPTED))

        assert statuses() == ["failed", "sent", "sent"]

    def test_where_the_server_is_down_the_rest_need_not_wait_for_it(self) -> None:
        _, at = reminded(people=4)
        tampers(at, is_safety_critical=True)
        tried: list[EmailMessage] = []

        deliver_once(by=SWEEP, at=at, post=answers(Outcome.UNREACHABLE, sent=tried))

        assert len(tried) == GIVES_UP_AFTER_UNREACHABLE
        assert (
            sorted((one.status, one.attempts) for one in mails())
            == [("planned", 0)] * 2 + [("planned", 1)] * 2
        )

    def test_what_may_have_left_is_held_and_never_repeated(self) -> None:
        _, at = reminded()

        deliver_once(by=SWEEP, at=at, post=answers(Outcome.UNKNOWN))

        assert statuses() == ["held"]
        assert deliver_once(by=SWEEP, at=at + timedelta(days=1)) == 0

    def test_what_may_have_left_and_is_safety_critical_is_sent_again_with_the_same_id(self) -> None:
        _, at = reminded()
        tampers(at, is_safety_critical=True)
        sent: list[EmailMessage] = []
        post = answers(Outcome.UNKNOWN, Outcome.ACCEPTED, sent=sent)

        deliver_once(by=SWEEP, at=at, post=post)
        deliver_once(by=SWEEP, at=at + timedelta(minutes=2), post=post)

        assert statuses() == ["sent"]
        assert len(sent) == 2
        assert len({one.extra_headers["Message-ID"] for one in sent}) == 1

    @pytest.mark.parametrize(("critical", "after"), [(False, "held"), (True, "planned")])
    def test_a_crash_between_sending_and_marking_is_settled_when_the_claim_expires(
        self, critical: bool, after: str
    ) -> None:
        _, at = reminded()
        tampers(at, is_safety_critical=critical)

        def sends_and_dies(message: EmailMessage) -> Outcome:
            message.send()
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            deliver_once(by=SWEEP, at=at, post=sends_and_dies)
        assert statuses() == ["claimed"]

        later = at + CLAIM_EXPIRES_AFTER
        assert settle_expired_claims(by=SWEEP, at=later - timedelta(microseconds=1)) == 0
        assert settle_expired_claims(by=SWEEP, at=later) == 1
        assert statuses() == [after]
        assert len(mail.outbox) == 1

    def test_a_claim_of_a_clock_that_was_ahead_does_not_hold_until_that_time_has_come(self) -> None:
        _, at = reminded()

        def dies(message: EmailMessage) -> Outcome:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            deliver_once(by=SWEEP, at=at, post=dies)

        right = at - CLAIMED_AHEAD
        assert settle_expired_claims(by=SWEEP, at=right) == 0
        assert settle_expired_claims(by=SWEEP, at=right - timedelta(microseconds=1)) == 1
        assert statuses() == ["held"]

    def test_mail_that_waits_for_a_time_no_right_clock_names_is_due_now(self) -> None:
        _, at = reminded()
        tampers(at, next_attempt_at=at + WAITS_AHEAD)
        settle_expired_claims(by=SWEEP, at=at)
        assert deliver_once(by=SWEEP, at=at) == 0

        tampers(at, next_attempt_at=at + WAITS_AHEAD + timedelta(microseconds=1))
        settle_expired_claims(by=SWEEP, at=at)
        assert deliver_once(by=SWEEP, at=at) == 1

    def test_a_worker_that_comes_back_late_does_not_overrule_who_settled_its_claim(self) -> None:
        _, at = reminded()

        def is_overtaken(message: EmailMessage) -> Outcome:
            settle_expired_claims(by=SWEEP, at=at + CLAIM_EXPIRES_AFTER)
            return Outcome.ACCEPTED

        deliver_once(by=SWEEP, at=at, post=is_overtaken)

        assert statuses() == ["held"]

    def test_what_there_was_no_time_for_is_left_to_the_next_run(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, at = reminded()
        monkeypatch.setattr(delivery, "SENDS_FOR_SECONDS", -1)

        assert deliver_once(by=SWEEP, at=at) == 0

        assert [(one.status, one.attempts) for one in mails()] == [("planned", 0)]
        monkeypatch.undo()
        assert deliver_once(by=SWEEP, at=at + timedelta(seconds=30)) == 1


@pytest.mark.django_db
class TestLookingAgain:
    """Between claim and sending, what was true may have become untrue."""

    def outcome_after(self, story: Story, at: datetime) -> tuple[str, str]:
        deliver_once(by=SWEEP, at=at)
        assert mail.outbox == []
        (row,) = mails()
        return row.status, row.outcome

    def test_who_died_in_the_meantime_is_not_written_about(self) -> None:
        story, at = reminded()
        story.now = at
        story.leaves(DispositionKind.DIED, cause_of_death="unknown")

        assert self.outcome_after(story, at)[0] == "cancelled"

    def test_what_is_no_longer_in_the_plan_is_not_written_about(self) -> None:
        story, at = reminded()
        with acting(by=SWEEP, at=at, action="participants.replanned"):
            Obligation.objects.update(cancelled_at=at)

        assert self.outcome_after(story, at) == ("cancelled", "not-owed")

    def test_what_moved_is_not_written_about_under_its_former_date(self) -> None:
        story, at = reminded()
        with acting(by=SWEEP, at=at, action="participants.replanned"):
            Obligation.objects.update(opens_on=at.date())

        assert self.outcome_after(story, at) == ("superseded", "moved")

    def test_who_lost_the_role_is_not_written_to(self) -> None:
        story, at = reminded()
        with acting(by=BOOTSTRAP, at=at, action="accounts.role_taken"):
            Membership.objects.filter(user=story.ward.coordinator).delete()

        assert self.outcome_after(story, at) == ("cancelled", "not-a-member")

    @pytest.mark.parametrize(
        ("values", "why"), [({"is_active": False}, "not-a-member"), ({"email": ""}, "no-address")]
    )
    def test_who_left_or_has_no_address_is_not_written_to(self, values: dict[str, object], why: str) -> None:
        story, at = reminded()
        with acting(by=BOOTSTRAP, at=at, action="accounts.user_changed"):
            User.objects.filter(pk=story.ward.coordinator.pk).update(**values)

        assert self.outcome_after(story, at) == ("cancelled", why)

    def test_of_two_rungs_that_wait_the_later_one_is_sent(self) -> None:
        _, at = reminded()
        (first,) = mails()
        with acting(by=SWEEP, at=at, action="participants.tampered"):
            later = Reminder.objects.get(pk=first.pk)
            later.pk, later.rung, later.due_at = None, "overdue-3d", first.due_at + timedelta(days=3)
            later._state.adding = True
            later.id = type(later)().id
            later.save_new()

        deliver_once(by=SWEEP, at=at)

        assert {one.rung: one.status for one in mails()} == {first.rung: "superseded", "overdue-3d": "sent"}
        assert len(mail.outbox) == 1

    def test_what_was_snoozed_comes_back_into_the_inbox_at_its_time(self) -> None:
        story, at = reminded()
        reminder = Reminder.objects.get(channel="in_app")
        back_at = at + timedelta(hours=1)
        snooze_reminder(
            reminder=reminder, comes_back_at=back_at, by=story.ward.coordinator, at=at, reason="not now"
        )

        deliver_once(by=SWEEP, at=back_at - timedelta(microseconds=1))
        assert not Reminder.objects.standing().exists()
        deliver_once(by=SWEEP, at=back_at)

        assert Counter(Reminder.objects.values_list("channel", "status")) == {
            ("in_app", "superseded"): 1,
            ("mail", "superseded"): 1,
            ("in_app", "sent"): 1,
            ("mail", "sent"): 1,
        }


@pytest.mark.django_db
def test_delivery_belongs_to_the_system() -> None:
    story, at = reminded()
    with refused("not-permitted"):
        deliver_once(by=story.ward.admin, at=at)
    with refused("not-permitted"):
        settle_expired_claims(by=story.ward.admin, at=at)


REFUSED_FOR_GOOD = (550, b"no such box")
LATER = (450, b"busy")


@pytest.mark.parametrize(
    ("failure", "handed_over", "outcome"),
    [
        (smtplib.SMTPRecipientsRefused({"a": REFUSED_FOR_GOOD}), False, Outcome.REFUSED),
        (smtplib.SMTPRecipientsRefused({"a": LATER}), False, Outcome.DEFERRED),
        (smtplib.SMTPRecipientsRefused({}), False, Outcome.DEFERRED),
        (smtplib.SMTPDataError(*REFUSED_FOR_GOOD), False, Outcome.REFUSED),
        (smtplib.SMTPDataError(*LATER), True, Outcome.DEFERRED),
        (smtplib.SMTPSenderRefused(*REFUSED_FOR_GOOD, "us"), False, Outcome.DEFERRED),
        (smtplib.SMTPAuthenticationError(535, b"no"), False, Outcome.DEFERRED),
        (smtplib.SMTPServerDisconnected(), False, Outcome.UNREACHABLE),
        (smtplib.SMTPServerDisconnected(), True, Outcome.UNKNOWN),
        (ConnectionRefusedError(), False, Outcome.UNREACHABLE),
        (TimeoutError(), True, Outcome.UNKNOWN),
    ],
)
def test_what_a_failure_of_the_mail_server_means(
    failure: Exception, handed_over: bool, outcome: Outcome
) -> None:
    assert outcome_of(failure, was_handed_over=handed_over) is outcome


def test_without_a_server_nothing_leaves_and_nothing_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(message: EmailMessage) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailMessage, "send", refuses)
    with MailPost() as post:
        assert post(EmailMessage("s", "b", to=["a@example.org"])) is Outcome.UNREACHABLE


@pytest.mark.django_db(transaction=True)
def test_several_workers_at_once_send_nothing_twice_and_split_no_digest() -> None:
    ats = [reminded(people=3) for _ in range(6)]
    at = max(at for _, at in ats)
    sent, lock = [], Lock()

    def post(message: EmailMessage) -> Outcome:
        with lock:
            sent.append(message)
        return Outcome.ACCEPTED

    def works() -> int:
        total = 0
        while count := deliver_once(by=SWEEP, at=at, post=post):
            total += count
        return total

    counts = at_once(*[works] * 3)

    assert sum(count for count in counts if isinstance(count, int)) == 18
    assert sorted(one.to[0] for one in sent) == sorted({one.to[0] for one in sent})
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

    def test_the_nightly_repair_finds_nothing_to_repair(self) -> None:
        story = participant_at(State.INFUSED)

        with time_machine.travel(story.now, tick=False):
            assert reconcile_everybody.delay().get() == 0

    def test_the_nightly_repair_takes_back_what_a_clock_a_year_ahead_had_settled(self) -> None:
        story = participant_at(State.INFUSED)
        open_rows = Obligation.objects.filter(cancelled_at=None).order_by("key")
        columns = ("key", "is_settled", "rung_at", "next_transition_at")
        before = list(open_rows.values_list(*columns))
        while sweep_once(by=SWEEP, at=story.now + timedelta(days=365)):
            pass
        assert list(open_rows.values_list(*columns)) != before

        with time_machine.travel(story.now, tick=False):
            assert reconcile_everybody.delay().get() == 1
            assert reconcile_everybody.delay().get() == 0

        assert list(open_rows.values_list(*columns)) == before

    def test_the_nightly_repair_restores_what_was_changed_behind_the_services_back(self) -> None:
        story = participant_at(State.INFUSED)
        good = Obligation.objects.get(key="V-M12#1")
        with acting(by=SWEEP, at=story.now, action="participants.tampered"):
            Obligation.objects.filter(key="V-M12#1").update(closes_on=None, closes_at=None)

        with time_machine.travel(story.now, tick=False):
            assert reconcile_everybody.delay().get() == 1

        assert Obligation.objects.get(key="V-M12#1").to_value() == good.to_value()
