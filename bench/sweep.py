"""What the sweep, the delivery and the reconciliation cost, in one run of interleaved rounds.

    python -m bench.sweep [--sizes 10000 100000] [--rounds 3] [--trail]        (or: make bench-sweep)

The sweep of the product beside the same selection and insertion as one hand-written statement, on the same tables, at
each number of participants with forty obligations each. --trail: with the triggers of the audit trail on, too.
Works on a server of its own, made and dropped here; DATABASE_URL names another. One JSON line for each size, medians
in seconds; a million participants take 20 GB of disk and half an hour.
"""

import argparse
import json
import logging
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from bench.server import server_for_many_rows

_until_the_end = ExitStack()
os.environ["DJANGO_SETTINGS_MODULE"] = "trialsite.settings.test"
os.environ.setdefault("TRIALSITE_TEST_DB", "bench_sweep")
if not os.environ.get("DATABASE_URL"):
    os.environ["DATABASE_URL"] = _until_the_end.enter_context(server_for_many_rows())

# E402 from here on: the settings read DATABASE_URL, and models can be imported only after setup().
import django  # noqa: E402

django.setup()

from celery import shared_task  # noqa: E402
from celery.contrib.testing.worker import start_worker  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext, setup_test_environment  # noqa: E402

from bench.crowd import AT, SWEPT, fill  # noqa: E402
from bench.scale import copy_participant  # noqa: E402
from participants.models import Deviation, Obligation, Participant, Reminder  # noqa: E402
from participants.services import delivery  # noqa: E402
from participants.services.delivery import deliver_once  # noqa: E402
from participants.services.obligations import reconcile_participant  # noqa: E402
from participants.services.sweep import sweep_once  # noqa: E402
from participants.states import State  # noqa: E402
from tests.factories.journeys import Ward, make_ward, participant_at  # noqa: E402
from trialsite.accounts.models import Site  # noqa: E402
from trialsite.accounts.permissions import SystemActor  # noqa: E402
from trialsite.audit.acting import acting  # noqa: E402
from trialsite.audit.trail import TRUNCATE_TRIGGER, WRITE_TRIGGERS  # noqa: E402
from trialsite.celery import app  # noqa: E402
from trialsite.protocol.reminding import Outcome  # noqa: E402

SWEEP = SystemActor("sweep")
SITES = 10
ONE_EACH = 300
BATCHES = 3  # of the sweep, so that some thousands of reminders are to be sent
MILLION = 1_000_000
WRITTEN = ("participants_obligation", "participants_reminder", "participants_deviation")

# The same selection and the same rows, by somebody who knows that only this ladder is in use. It neither judges a
# state, nor opens a deviation, nor moves an obligation on.
RAW = """
INSERT INTO participants_reminder (id, recorded_at, version, obligation_id, ladder, rung, level, is_safety_critical,
    due_at, opens_on, target_on, closes_on, recipient_id, role, channel, status, next_attempt_at, sent_at, attempts,
    outcome, note)
SELECT gen_random_uuid(), %(at)s, 1, o.id, o.ladder, r.rung, r.level, false, o.due_at, o.opens_on, o.target_on,
    o.closes_on, m.user_id, m.role, c.channel, CASE c.channel WHEN 'mail' THEN 'planned' ELSE 'sent' END,
    CASE c.channel WHEN 'mail' THEN %(at)s END, CASE c.channel WHEN 'mail' THEN NULL ELSE %(at)s END, 0, '', ''
FROM (
    SELECT DISTINCT ON (d.id) d.*, u.due_at, u.position
    FROM participants_obligation AS d CROSS JOIN LATERAL unnest(d.rung_at) WITH ORDINALITY AS u(due_at, position)
    WHERE d.next_transition_at <= %(at)s AND u.due_at > d.swept_through_at AND u.due_at <= %(at)s
    ORDER BY d.id, u.due_at DESC
) AS o
JOIN (VALUES (1, 'opens-7d', 0, '{coordinator,nurse}'), (2, 'opens-1d', 0, '{coordinator,nurse}'),
    (3, 'opens', 0, '{coordinator,nurse}'), (4, 'closes-2d', 0, '{coordinator,nurse}'),
    (5, 'overdue', 0, '{coordinator,nurse}'), (6, 'overdue-3d', 1, '{coordinator,investigator}'),
    (7, 'overdue-7d', 2, '{admin,coordinator,investigator}')) AS r(position, rung, level, roles)
    ON r.position = o.position
JOIN accounts_membership AS m ON m.site_id = o.site_id AND m.role = ANY (r.roles::text[])
JOIN accounts_user AS u ON u.id = m.user_id AND u.is_active
CROSS JOIN (VALUES ('in_app'), ('mail')) AS c(channel)
WHERE c.channel = 'in_app' OR u.email <> ''
ON CONFLICT DO NOTHING
"""


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    found = act()
    return time.perf_counter() - began, found


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def sweep_all() -> int:
    total = 0
    while count := sweep_once(by=SWEEP, at=AT):
        total += count
    return total


def raw_all() -> int:
    with acting(by=SWEEP, at=AT, action="bench.swept"), connection.cursor() as cursor:
        cursor.execute(RAW, {"at": AT})
        return int(cursor.rowcount)


_off: list[bool] = []


@contextmanager
def without_trail() -> Iterator[None]:
    """Without the triggers of the trail; the foreign keys are checked all the same."""
    if not _off:
        _switch("DISABLE")
    _off.append(True)
    try:
        yield
    finally:
        _off.pop()
        if not _off:
            _switch("ENABLE ALWAYS")


def _switch(how: str) -> None:
    names = (*WRITE_TRIGGERS, TRUNCATE_TRIGGER)
    run(*(f"ALTER TABLE {table} {how} TRIGGER {name}" for table in WRITTEN for name in names))


def make_real(ward: Ward) -> list[Any]:
    """A hundred participants as services make them, for the reconciliation."""
    story = participant_at(State.INFUSED, ward=ward)
    copy_participant(story.participant.pk, 1, 101, at=story.now)
    real = Participant.objects.filter(state=State.INFUSED).values_list("pk", flat=True)
    set_aside(list(real))
    return list(real.exclude(pk=story.participant.pk))


def set_aside(people: list[Any]) -> None:
    """The real participants are not swept."""
    with acting(by=SWEEP, at=AT, action="bench.settled"):
        Obligation.objects.filter(participant__in=people).update(next_transition_at=None)


def remember() -> None:
    """Note what is due, so that each round begins alike."""
    run("DROP TABLE IF EXISTS bench_due")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE bench_due AS SELECT id, is_settled, rung_at, next_transition_at, swept_through_at"
            " FROM participants_obligation WHERE next_transition_at <= %s",
            [AT],
        )
    run("ANALYZE bench_due")


def forget_reminders() -> None:
    """What hangs on a deviation is empty here and goes with it."""
    hanging = [str(one.related_model._meta.db_table) for one in Deviation._meta.related_objects]
    with without_trail():
        run(
            *(f"ALTER TABLE {table} DISABLE TRIGGER trail_no_truncate" for table in hanging),
            f"TRUNCATE participants_reminder, participants_deviation, {', '.join(hanging)} CASCADE",
            *(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER trail_no_truncate" for table in hanging),
        )


def restore() -> None:
    forget_reminders()
    with without_trail():
        run(
            "UPDATE participants_obligation o SET is_settled = d.is_settled, rung_at = d.rung_at,"
            " next_transition_at = d.next_transition_at, swept_through_at = d.swept_through_at, version = 1"
            " FROM bench_due d WHERE d.id = o.id"
        )
    run("VACUUM ANALYZE participants_obligation")


def measure_sweep(rounds: int) -> dict[str, float]:
    """Hand-written and product in turn; asserts that both make the same reminders before a time counts."""
    raw, product, again, nothing = [], [], [], []
    for _ in range(rounds):
        seconds, made = timed(raw_all)
        raw.append(seconds)
        forget_reminders()
        seconds, moved = timed(sweep_all)
        product.append(seconds)
        if Reminder.objects.count() != made:
            raise SystemExit(f"hand-written: {made} reminders, product: {Reminder.objects.count()}")
        again.append(timed(sweep_all)[0])
        nothing.append(timed(lambda: sweep_once(by=SWEEP, at=SWEPT - timedelta(days=30)))[0])
        restore()
    middle = statistics.median
    return {
        "due": moved,
        "reminders": made,
        "raw_s": round(middle(raw), 3),
        "sweep_s": round(middle(product), 3),
        "ratio": round(middle(product) / middle(raw), 2),
        "again_s": round(middle(again), 4),
        "again_ratio": round(middle(again) / middle(product), 4),
        "nothing_due_ms": round(1000 * max(nothing), 2),
    }


@shared_task
def deliver_this(key: str) -> None:
    """One task for one reminder, as it would be written without batches."""
    row = Reminder.objects.get(pk=key)
    with acting(by=SWEEP, at=AT, action="participants.reminders_claimed"):
        Reminder.objects.filter(pk=row.pk, status="planned").update(
            status="claimed", claimed_at=AT, attempts=1
        )
    delivery._send(delivery.Parcel((row.pk,), is_safety_critical=True), SWEEP, AT, _accepts)


def _accepts(message: object) -> Outcome:
    return Outcome.ACCEPTED


def measure_delivery() -> dict[str, float]:
    """Reminders dealt with a second: ONE_EACH of them with a task each, then all others in batches; same broker."""
    for _ in range(BATCHES):
        sweep_once(by=SWEEP, at=AT)
    app.conf.task_always_eager = False
    keys = list(
        Reminder.objects.filter(channel="mail", status="planned").values_list("pk", flat=True)[:ONE_EACH]
    )
    if len(keys) < ONE_EACH:
        raise SystemExit("too few reminders wait to be sent for a rate")
    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="ERROR"):
        task = ONE_EACH / timed(partial(_one_task_each, keys))[0]
        seconds, done = timed(lambda: deliver_once(by=SWEEP, at=AT, post=_accepts))
    batch = done / seconds
    return {"batch_per_s": round(batch), "one_task_each_per_s": round(task), "times": round(batch / task, 1)}


def _one_task_each(keys: list[Any]) -> None:
    for key in keys:
        deliver_this.delay(str(key))
    while Reminder.objects.filter(pk__in=keys, status="planned").exists():
        time.sleep(0.005)
    while Reminder.objects.filter(pk__in=keys, status="claimed").exists():
        time.sleep(0.005)


def measure_reconcile(real: list[Any]) -> dict[str, float]:
    """Participants as they are, with nothing to repair: the first time set right what copying them had left."""
    times, statements = [], set()
    for key in real:
        reconcile_participant(participant_id=key, by=SWEEP, at=SWEPT)
    for key in real:
        with CaptureQueriesContext(connection) as captured:
            seconds, differed = timed(partial(reconcile_participant, participant_id=key, by=SWEEP, at=SWEPT))
        if differed:
            raise SystemExit("a second reconciliation found something to change")
        times.append(seconds)
        statements.add(len(captured))
    return {
        "reconcile_ms": round(1000 * statistics.median(times), 1),
        "reconcile_statements": max(statements),
        "nightly_s_per_1000": round(1000 * statistics.fmean(times), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--trail", action="store_true")
    wishes = parser.parse_args()
    logging.disable()
    setup_test_environment()
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        wards = [make_ward() for _ in range(SITES)]
        measure_sizes([ward.site for ward in wards], wards[0], wishes)
        print(json.dumps({"delivery": measure_delivery()}), flush=True)
    finally:
        connection.close()
        connection.creation.destroy_test_db("", verbosity=0)
        _until_the_end.close()


def measure_sizes(sites: list[Site], ward: Ward, wishes: argparse.Namespace) -> None:
    there, real = 0, []
    for size in wishes.sizes:
        seconds, _ = timed(partial(fill, sites, there, size))
        real, there = real or make_real(ward), size
        found: dict[str, Any] = {"participants": size, "fill_s": round(seconds, 1)}
        remember()
        with without_trail():
            found["sweep"] = measure_sweep(wishes.rounds)
        print(json.dumps(found), flush=True)
        if wishes.trail:
            found["sweep_with_trail"] = measure_sweep(1 if size >= MILLION else wishes.rounds)
        found |= measure_reconcile(real)
        set_aside(real)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
