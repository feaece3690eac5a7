"""The faults: each makes reminders due, does harm while they are on their way, and says what was violated.

bug: the seeded bug of `fast.py` with which the fault must turn red; each was seen red with it (`python -m tests.faults --bugs`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from tests.faults import sink
from tests.faults.rig import Message, Rig, Wave

Run = Callable[[Rig, Random], tuple[int, list[str]]]


@dataclass(frozen=True)
class Fault:
    """run: returns how many reminders were at stake, and what was violated. more: what the short run leaves out."""

    name: str
    bug: str
    run: Run
    more: bool = False


FAULTS: list[Fault] = []


def fault(bug: str, *, more: bool = False) -> Callable[[Run], Run]:
    def listed(run: Run) -> Run:
        FAULTS.append(Fault(run.__name__, bug, run, more))
        return run

    return listed


def _usual(rig: Rig) -> None:
    rig.keep_running("worker", "beat")


def _killed_at(rig: Rig, place: str) -> tuple[int, list[str]]:
    """One worker process dies at a place: first with routine reminders on its hands, then with critical ones."""
    _usual(rig)
    at_stake, found = 0, []
    for critical in (False, True):
        token = rig.armed / place
        token.touch()
        wave = rig.arm(2, critical=critical)
        died = rig.wait(lambda token=token: not token.exists())
        token.unlink(missing_ok=True)
        found += [] if died else [f"nobody passed {place}"]
        found += wave.violations(repeats=1 if critical else 0)
        if critical and wave.statuses()["held"]:
            found.append("a safety-critical reminder is held")
        at_stake += wave.expected
    return at_stake, found


@fault("no-expiry", more=True)
def worker_killed_after_claim(rig: Rig, draw: Random) -> tuple[int, list[str]]:
    return _killed_at(rig, "after-claim")


@fault("resends-all")
def worker_killed_after_data(rig: Rig, draw: Random) -> tuple[int, list[str]]:
    return _killed_at(rig, "after-data")


@fault("no-expiry")
def worker_killed_after_250_before_mark(rig: Rig, draw: Random) -> tuple[int, list[str]]:
    return _killed_at(rig, "after-250-before-mark")


@fault("no-expiry", more=True)
def worker_group_killed_at_random(rig: Rig, draw: Random) -> tuple[int, list[str]]:
    """The whole worker, with its processes, is killed while reminders leave, and started again."""
    _usual(rig)
    wave = rig.arm(critical=True)
    rig.wait(wave.has_begun)
    time.sleep(draw.uniform(0, 1.5))
    rig.kill("worker")
    _usual(rig)
    return wave.expected, wave.violations(repeats=1)


@fault("last-seconds-only", more=True)
def beat_killed_and_its_schedule_lost(rig: Rig, draw: Random) -> tuple[int, list[str]]:
    """Nobody gives the time for a while; what became due meanwhile is told once beat is back, without its notes."""
    _usual(rig)
    rig.kill("beat")
    rig.empty_broker()
    time.sleep(1.5)  # what a worker had in hand is done
    wave = rig.arm()
    time.sleep(draw.uniform(3, 4))
    if wave.has_begun():
        return wave.expected, ["something swept without beat"]
    for note in rig.state.beat.iterdir():
        note.unlink()
    rig.keep_running("worker", "beat")
    return wave.expected, wave.violations()


@fault("no-lock")
def two_beats_and_two_workers(rig: Rig, draw: Random) -> tuple[int, list[str]]:
    """Everything is asked for twice at once."""
    rig.keep_running("worker", "worker-2", "beat", "beat-2")
    time.sleep(3)
    at_stake, found = 0, []
    for critical in (False, True):
        wave = rig.arm(8, critical=critical)
        found += wave.violations()
        found += [f"not sent: {dict(wave.statuses())}"] if set(wave.statuses()) != {"sent"} else []
        at_stake += wave.expected
    _usual(rig)
    return at_stake, found


@fault("gives-up")
def database_killed(rig: Rig, draw: Random) -> tuple[int, list[str]]:
    """PostgreSQL and its backends are killed while reminders leave; worker and beat find it again by themselves."""
    _usual(rig)
    wave = rig.arm(8, critical=True)
    rig.wait(wave.has_begun)
    time.sleep(draw.uniform(0, 0.8))
    rig.kill_database()
    _usual(rig)
    found = wave.violations(repeats=1)
    later = rig.arm(6)
    return wave.expected + later.expected, found + later.violations()


@fault("last-seconds-only", more=True)
def broker_emptied(rig: Rig, draw: Random) -> tuple[int, list[str]]:
    """All messages vanish for some seconds; the broker carried nothing that the database does not know."""
    _usual(rig)
    rig.kill("worker")
    wave = rig.arm()
    for _ in range(6):
        rig.empty_broker()
        time.sleep(0.5)
    _usual(rig)
    rig.empty_broker()
    return wave.expected, wave.violations()


@fault("forgets-what-was-sent")
def messages_repeated_shuffled_and_a_week_late(rig: Rig, draw: Random) -> tuple[int, list[str]]:
    """Each message comes two to five times, in any order, to two workers; and again after a week, when nothing is due."""
    rig.keep_running("beat")
    rig.empty_broker()
    wave = rig.arm(8, critical=draw.random() < 0.5)
    piled_up = rig.wait(lambda: len(rig.messages()) >= _PILE)
    rig.kill("beat")
    once = rig.messages()
    often = [one for one in once for _ in range(draw.randint(2, 5))]
    draw.shuffle(often)
    rig.empty_broker()
    rig.put(often)
    rig.keep_running("worker", "worker-2")
    found = [] if piled_up else ["beat sends no messages"]
    found += wave.violations()
    found += [] if set(wave.statuses()) == {"sent"} else [f"not sent: {dict(wave.statuses())}"]
    found += _replayed(rig, draw, once)
    _usual(rig)
    return wave.expected, found


_PILE = 6


def _replayed(rig: Rig, draw: Random, messages: list[Message]) -> list[str]:
    """Deliver old messages; return in what they changed the record."""
    found = _left_over(rig)
    before = rig.written()
    draw.shuffle(messages)
    rig.put(messages, late_by=timedelta(weeks=1))
    found += _left_over(rig)
    after = rig.written()
    return found + [f"old messages changed {name}" for name in before if before[name] != after[name]]


def _left_over(rig: Rig) -> list[str]:
    taken = rig.wait(lambda: not rig.messages())
    return [] if taken else [f"nobody takes {sorted({one.named for one in rig.messages()})}"]


@fault("believes-in-the-future", more=True)
def clock_set_wrong_and_right_again(rig: Rig, draw: Random) -> tuple[int, list[str]]:
    """The clock of worker and beat jumps, an hour or a year, while a worker dies with a claim, and is then set right.

    The database's clock stays right, so they differ. Nothing waits until the wrong time has come again.
    """
    return _with_clocks(rig, _WRONG)


@fault("believes-in-the-future")
def clock_a_year_ahead(rig: Rig, draw: Random) -> tuple[int, list[str]]:
    return _with_clocks(rig, (timedelta(days=365),))


_WRONG = (
    timedelta(hours=1),
    timedelta(hours=-1),
    timedelta(minutes=5),
    timedelta(minutes=-5),
    timedelta(days=365),
    timedelta(minutes=-10),
)


def _with_clocks(rig: Rig, wrong: tuple[timedelta, ...]) -> tuple[int, list[str]]:
    _usual(rig)
    at_stake, found = 0, []
    for off_by in wrong:
        rig.forget_reminders()
        rig.set_clock(off_by)
        told = rig.arm(4)
        found += [f"{off_by}: {one}" for one in told.violations()]
        found += [] if set(told.statuses()) == {"sent"} else [f"{off_by}: {dict(told.statuses())}"]
        token = rig.armed / "after-data"
        token.touch()
        claimed = rig.arm(2, skip=4)
        found += (
            [] if rig.wait(lambda token=token: not token.exists()) else [f"{off_by}: nobody began to send"]
        )
        rig.set_clock(timedelta(0))
        found += [f"set right after {off_by}: {one}" for one in claimed.violations()]
        later = rig.arm(4, skip=6)
        found += [f"later than {off_by}: {one}" for one in later.violations()]
        found += [] if rig.is_alive() else [f"set right after {off_by}: beat or worker seems dead"]
        at_stake += told.expected + claimed.expected + later.expected
    rig.forget_reminders()  # those of a time to come would stand before what the next fault tells
    return at_stake, found


@fault("stops-at-refusal")
def mail_server_refuses_some(rig: Rig, draw: Random) -> tuple[int, list[str]]:
    """Of four people one's address does not exist, one's box is busy twice, one's connection is cut off once."""
    _usual(rig)
    bad, busy, cut, well = draw.sample(rig.addresses(), 4)
    rig.sink.script[bad] = [sink.REFUSED] * 99
    rig.sink.script[busy] = [sink.BUSY, sink.BUSY]
    rig.sink.script[cut] = [sink.SHUTTING]
    wave = rig.arm(5)
    found = wave.violations()
    rig.sink.script.clear()
    by_address = {email: status for status, email in wave.rows().values()}
    wanted = {bad: "failed", busy: "sent", cut: "sent", well: "sent"}
    return wave.expected, found + ([] if by_address == wanted else [f"{by_address} instead of {wanted}"])


@fault("resends-all")
def mail_server_loses_its_reply(rig: Rig, draw: Random) -> tuple[int, list[str]]:
    """The text is taken, kept by one and not by the other, and the connection is gone: nobody knows."""
    _usual(rig)
    first, second, *others = draw.sample(rig.addresses(), 4)
    rig.sink.script[first] = [sink.REPLY_LOST]
    rig.sink.script[second] = [sink.DROPS]
    wave = rig.arm(5)
    found = wave.violations()
    by_address = {email: status for status, email in wave.rows().values()}
    wanted = {first: "held", second: "held", **dict.fromkeys(others, "sent")}
    found += [] if by_address == wanted else [f"{by_address} instead of {wanted}"]
    critical = _critical_reply_lost(rig, first)
    return wave.expected + critical.expected, found + critical.violations(repeats=1)


def _critical_reply_lost(rig: Rig, address: str) -> Wave:
    rig.sink.script[address] = [sink.REPLY_LOST]
    wave = rig.arm(2, critical=True)
    rig.wait(wave.is_settled)
    return wave


@fault("resends-all", more=True)
def mail_server_slow(rig: Rig, draw: Random) -> tuple[int, list[str]]:
    """One person's mail takes longer than the client waits; the others' do not wait for it."""
    _usual(rig)
    slow, *_ = draw.sample(rig.addresses(), 4)
    rig.sink.script[slow] = [sink.SLOW]
    wave = rig.arm(5)
    found = wave.violations()
    by_address = {email: status for status, email in wave.rows().values()}
    wrong = {email for email, status in by_address.items() if status != ("held" if email == slow else "sent")}
    return wave.expected, found + ([f"wrong for {sorted(wrong)}: {by_address}"] if wrong else [])


@fault("fails-at-once", more=True)
def mail_server_down(rig: Rig, draw: Random) -> tuple[int, list[str]]:
    """Nobody takes the connection; the failure shows as a sign of life that is missing, and all leaves afterwards."""
    _usual(rig)
    rig.sink.stop()
    wave = rig.arm()
    rig.wait(wave.has_begun)
    noticed = rig.wait(
        lambda: bool(
            rig.ask("SELECT 1 FROM health_heartbeat WHERE part = 'delivery' AND failing_since_at IS NOT NULL")
        ),
        seconds=20,
    )
    rig.sink.start()
    found = [] if noticed else ["nobody noticed that the mail server is down"]
    found += wave.violations()
    found += [] if set(wave.statuses()) == {"sent"} else [f"not sent: {dict(wave.statuses())}"]
    return wave.expected, found
