"""Signs of life, and what their absence means."""

import logging
from datetime import UTC, datetime, timedelta
from io import StringIO
from smtplib import SMTPServerDisconnected

import pytest
from celery.beat import PersistentScheduler, ScheduleEntry
from celery.schedules import schedule
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.db import OperationalError

from trialsite import clock
from trialsite.celery import app
from trialsite.health import beat
from trialsite.health.beat import BeatingScheduler
from trialsite.health.models import Heartbeat
from trialsite.health.rules import (
    ALARM_AGAIN_AFTER,
    PULSE_SECONDS,
    SILENT_AFTER,
    Part,
    SignOfLife,
    Stalled,
    Trouble,
    stalled,
)
from trialsite.health.services import note_alive, note_failing, raise_alarms, troubles
from trialsite.health.tasks import pulse

NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)
STOPPED, FAILING, UNKNOWN = Trouble


def sign(part: Part, *, ago: timedelta = timedelta(), failing: bool = False) -> SignOfLife:
    return SignOfLife(part=part, ok_at=NOW - ago, failing_since_at=NOW if failing else None)


LATE = SILENT_AFTER + timedelta(microseconds=1)
BEAT, WORKER, DELIVERY, SEALER = Part


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        pytest.param([], [(BEAT, STOPPED), (WORKER, UNKNOWN), (DELIVERY, UNKNOWN)], id="never started"),
        pytest.param([sign(part, ago=SILENT_AFTER) for part in Part], [], id="all within the limit"),
        pytest.param(
            [sign(part, ago=LATE) for part in Part],
            [(BEAT, STOPPED), (WORKER, UNKNOWN), (DELIVERY, UNKNOWN), (SEALER, STOPPED)],
            id="all stopped: nobody asks the worker, and nobody need ask the sealer",
        ),
        pytest.param(
            [sign(part, ago=-LATE) for part in Part],
            [(BEAT, STOPPED), (WORKER, UNKNOWN), (DELIVERY, UNKNOWN), (SEALER, STOPPED)],
            id="a sign from a time that has not come",
        ),
        pytest.param([sign(part, ago=-SILENT_AFTER) for part in Part], [], id="clocks a little apart"),
        pytest.param(
            [sign(BEAT), sign(WORKER, ago=LATE), sign(DELIVERY, ago=LATE)],
            [(WORKER, STOPPED), (DELIVERY, UNKNOWN)],
            id="worker stopped",
        ),
        pytest.param(
            [sign(BEAT), sign(WORKER), sign(DELIVERY, ago=LATE)], [(DELIVERY, STOPPED)], id="mail hangs"
        ),
        pytest.param(
            [sign(BEAT), sign(WORKER), sign(DELIVERY, failing=True)], [(DELIVERY, FAILING)], id="mail fails"
        ),
        pytest.param(
            [sign(BEAT), sign(WORKER, ago=LATE), sign(DELIVERY, failing=True)],
            [(WORKER, STOPPED), (DELIVERY, UNKNOWN)],
            id="mail failed when the worker stopped",
        ),
        pytest.param([sign(BEAT, ago=LATE), sign(WORKER), sign(DELIVERY)], [(BEAT, STOPPED)], id="just now"),
        pytest.param(
            [sign(BEAT), sign(WORKER, ago=LATE), sign(DELIVERY), sign(SEALER, failing=True)],
            [(WORKER, STOPPED), (SEALER, FAILING)],
            id="the sealer fails for itself",
        ),
    ],
)
def test_what_silence_means(signs: list[SignOfLife], expected: list[tuple[Part, Trouble]]) -> None:
    assert [(one.part, one.trouble) for one in stalled(signs, NOW)] == expected


def test_a_stop_is_seen_within_a_minute() -> None:
    assert SILENT_AFTER + timedelta(seconds=PULSE_SECONDS) <= timedelta(seconds=60)


@pytest.mark.django_db
class TestSigns:
    def test_trouble_begins_with_the_first_failure_and_ends_with_success(self) -> None:
        for part in (BEAT, WORKER):
            note_alive(part, at=NOW)
        note_failing(DELIVERY, reason="TimeoutError", at=NOW)
        note_failing(DELIVERY, reason="ConnectionRefusedError", at=NOW + timedelta(seconds=9))

        assert troubles(NOW) == (
            Stalled(part=DELIVERY, trouble=FAILING, since=None, reason="ConnectionRefusedError"),
        )
        assert Heartbeat.objects.get(part="delivery").failing_since_at == NOW

        note_alive(DELIVERY, at=NOW)
        assert troubles(NOW) == ()

    def test_people_are_told_once_and_again_after_a_quarter_of_an_hour(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        note_alive(BEAT, at=NOW)
        later = NOW + ALARM_AGAIN_AFTER

        with caplog.at_level(logging.ERROR, logger="alarm"):
            found = [
                len(raise_alarms(at, about=[WORKER, BEAT]))
                for at in (NOW, NOW, later - timedelta(microseconds=1), later)
            ]

        assert found == [
            1,
            0,
            1,
            1,
        ]  # the worker; nothing new; beat, silent by now; the worker again
        assert caplog.messages[0] == "worker stopped, last worked: never "

    def test_an_alarm_given_by_a_clock_that_was_ahead_keeps_no_later_one_back(self) -> None:
        raise_alarms(NOW + timedelta(days=365), about=[BEAT])

        assert [one.part for one in raise_alarms(NOW, about=[BEAT])] == [BEAT]

    def test_the_command_exits_with_1_where_something_has_stopped(self) -> None:
        out = StringIO()
        with pytest.raises(SystemExit) as left:
            call_command("check_health", stdout=out)
        assert left.value.code == 1
        assert out.getvalue().splitlines()[0] == "beat\tstopped\tnever\t"

        for part in Part:
            note_alive(part, at=clock.now())
        call_command("check_health", stdout=out)
        assert out.getvalue().splitlines()[-1] == "all parts work"

    def test_a_pulse_is_the_sign_of_the_worker_and_tries_the_mail_server(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        note_alive(BEAT, at=clock.now())
        assert pulse() == 0
        assert troubles(clock.now()) == ()

        def breaks(self: EmailBackend) -> None:
            raise SMTPServerDisconnected

        monkeypatch.setattr(EmailBackend, "open", breaks)
        assert pulse() == 1
        assert [(one.part, one.trouble) for one in troubles(clock.now())] == [(DELIVERY, FAILING)]
        assert caplog.messages[-1].startswith("delivery failing, last worked: 2")

    def test_beat_gives_a_sign_and_keeps_giving_the_time_without_a_database(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(PersistentScheduler, "setup_schedule", lambda self: None)
        monkeypatch.setattr(PersistentScheduler, "_store", {"entries": {}})
        monkeypatch.setattr(PersistentScheduler, "tick", lambda self: 300.0)
        monkeypatch.setattr(beat, "close_old_connections", lambda: None)
        scheduler = BeatingScheduler(app)

        assert scheduler.tick() == PULSE_SECONDS / 3
        assert Heartbeat.objects.get(part="beat").ok_at is not None

        def gone(part: Part, at: datetime) -> None:
            raise OperationalError

        monkeypatch.setattr(beat, "note_alive", gone)
        monkeypatch.setattr(scheduler, "_noted_at", 0.0)
        assert scheduler.tick() == PULSE_SECONDS / 3
        assert "the database does not answer" in caplog.messages[-1]

    def test_beat_does_not_wait_for_a_time_that_a_wrong_clock_had_shown(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent: list[str] = []
        ahead = clock.now() + timedelta(days=365)
        entry = ScheduleEntry(
            name="sweep", task="sweep", app=app, schedule=schedule(60, app=app), last_run_at=ahead
        )
        monkeypatch.setattr(PersistentScheduler, "setup_schedule", lambda self: None)
        monkeypatch.setattr(PersistentScheduler, "_store", {"entries": {"sweep": entry}})
        monkeypatch.setattr(PersistentScheduler, "tick", lambda self: sent.append(str(self._heap)) or 300.0)
        monkeypatch.setattr(beat, "close_old_connections", lambda: None)
        scheduler = BeatingScheduler(app)
        scheduler._heap = [entry]

        scheduler.tick()

        assert entry.last_run_at <= clock.now()
        assert entry.is_due().next <= 60
        assert sent == ["None"]  # in what order they come is counted anew
