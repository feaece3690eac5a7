"""What the trail costs, and how fast it is checked, in one run of interleaved rounds.

    python -m bench.audit [--rounds 11] [--entries 1000000]        (or: make bench-audit)

The same writes through the ORM on the same table without a trail, with it, and, where `simple_history` can be imported,
with a history kept by the application:

    pip install --target /tmp/history django-simple-history && PYTHONPATH=/tmp/history python -m bench.audit

All of it over one connection, so the bulk writes meet a session warmed by thousands of single-row updates: statement
triggers go quadratic there. Works in a database of its own. One JSON object; ratios count, times depend on the machine.
"""

import argparse
import importlib.util
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from bench.server import server_for_many_rows

_until_the_end = ExitStack()
os.environ["DJANGO_SETTINGS_MODULE"] = "trialsite.settings.test"
os.environ.setdefault("TRIALSITE_TEST_DB", "bench_audit")
if not os.environ.get("DATABASE_URL"):
    os.environ["DATABASE_URL"] = _until_the_end.enter_context(server_for_many_rows())

# E402 from here on: the settings read DATABASE_URL, and models can be declared only after setup().
import django  # noqa: E402
from django.conf import settings  # noqa: E402

HAS_HISTORY = importlib.util.find_spec("simple_history") is not None
if HAS_HISTORY:
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "simple_history"]
django.setup()

from django.db import connection, models, transaction  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from trialsite.accounts.permissions import SystemActor  # noqa: E402
from trialsite.audit.acting import acting  # noqa: E402
from trialsite.audit.trail import install_trail_sql  # noqa: E402
from trialsite.seal.connections import sealer_conninfo  # noqa: E402
from trialsite.seal.keys import make_key, read_key  # noqa: E402
from trialsite.seal.sealer import Database, Sealer  # noqa: E402
from trialsite.seal.standalone import check, read_anchors  # noqa: E402

AT = datetime(2026, 1, 1, tzinfo=UTC)
BENCH = SystemActor("bench")
SINGLE, FEW, MANY = 200, 200, 2000


class Visit(models.Model):
    """Twelve columns and three indexes, like a table of the product."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    participant_id = models.UUIDField(db_index=True)
    site_id = models.UUIDField()
    code = models.CharField(max_length=20)
    status = models.CharField(max_length=20)
    planned_on = models.DateField()
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    weight_kg = models.DecimalField(max_digits=6, decimal_places=2)
    note = models.TextField()
    version = models.IntegerField(default=1)
    flags = models.JSONField(default=dict)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.code


def _kind(name: str, **more: Any) -> type[Visit]:
    class Meta:
        app_label = "audit"
        db_table = f"bench_{name}"
        indexes = [models.Index(fields=["site_id", "closes_at"], name=f"bench_{name}_window")]

    return type(f"{name.title()}Visit", (Visit,), {"Meta": Meta, "__module__": __name__, **more})


KINDS: dict[str, type[Visit]] = {"none": _kind("none"), "trail": _kind("trail")}
if HAS_HISTORY:
    from simple_history.models import HistoricalRecords
    from simple_history.utils import bulk_create_with_history, bulk_update_with_history

    KINDS["history"] = _kind(
        "history", history=HistoricalRecords(history_user_id_field=models.TextField(null=True))
    )


def rows(model: type[Visit], count: int) -> list[Visit]:
    who, where = uuid4(), uuid4()
    return [
        model(
            participant_id=who,
            site_id=where,
            code=f"V-D{number % 12}",
            status="planned",
            planned_on=AT.date(),
            opens_at=AT,
            closes_at=AT,
            weight_kg="61.25",
            note="as planned, by telephone",
            flags={"assumed": True},
        )
        for number in range(count)
    ]


def act(name: str) -> AbstractContextManager[None]:
    """Open the transaction of one act: with an actor where there is a trail."""
    if name == "trail":
        return acting(by=BENCH, at=AT, action="bench.wrote", reason="measured")
    return transaction.atomic()


class Cost(NamedTuple):
    """Microseconds per row. processor: of this process and of its backend, which other work on the machine changes less."""

    elapsed: float
    processor: float


def timed(per: int, work: Callable[[], object]) -> Cost:
    began, used = time.perf_counter(), _processor_seconds()
    work()
    return Cost((time.perf_counter() - began) / per * 1e6, (_processor_seconds() - used) / per * 1e6)


def _processor_seconds() -> float:
    backend = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return time.process_time() + int(backend.read_text().split()[0]) / 1e9


def one_by_one(name: str, kept: list[Visit], together: int, **how: Any) -> None:
    for first in range(0, len(kept), together):
        with act(name):
            for row in kept[first : first + together]:
                row.status, row.version = "done", row.version + 1
                row.save(**how)


def bulk_insert(name: str, model: type[Visit], made: list[Visit]) -> None:
    with act(name):
        if name == "history":
            bulk_create_with_history(made, model, batch_size=MANY)
        else:
            model._base_manager.bulk_create(made)


def bulk_update(name: str, model: type[Visit]) -> None:
    """A statement for all rows; what a history of the application misses, so there it reads and writes the rows."""
    with act(name):
        if name == "history":
            kept = list(model._base_manager.all())
            for row in kept:
                row.status = "missed"
            bulk_update_with_history(kept, model, ["status"], batch_size=MANY)
        else:
            model._base_manager.update(status="missed", version=models.F("version") + 1)


def measured(name: str, model: type[Visit]) -> dict[str, Cost]:
    """Return microseconds per row of each kind of write, in one round that leaves the table empty."""
    made = rows(model, SINGLE)
    figures = {
        "insert 1": timed(SINGLE, lambda: one_by_one(name, made, 1, force_insert=True)),
        "update 1": timed(SINGLE, lambda: one_by_one(name, made, 1, force_update=True)),
        "update 5 in one transaction": timed(SINGLE, lambda: one_by_one(name, made, 5, force_update=True)),
    }
    clear()
    for count in (FEW, MANY):
        many = rows(model, count)
        figures[f"bulk insert {count}"] = timed(count, lambda many=many: bulk_insert(name, model, many))
        figures[f"bulk update {count}"] = timed(count, lambda: bulk_update(name, model))
        clear()
    return figures


def clear() -> None:
    """Empty the tables as their owner: what is measured is writing."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = origin")
        tables = [model._meta.db_table for model in KINDS.values()]
        tables += [model.history.model._meta.db_table for name, model in KINDS.items() if name == "history"]
        cursor.execute("ALTER TABLE bench_trail DISABLE TRIGGER trail_no_truncate")
        cursor.execute(f"TRUNCATE {', '.join(tables)}")
        cursor.execute("ALTER TABLE bench_trail ENABLE ALWAYS TRIGGER trail_no_truncate")


@contextmanager
def a_core_each() -> Iterator[None]:
    """Keep this process and its backend on a core each, so that the scheduler is no part of the ratios."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    with suppress(PermissionError):  # the server may run under another account
        os.sched_setaffinity(backend, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def writes(rounds: int) -> dict[str, Any]:
    with connection.schema_editor() as editor:
        for name, model in KINDS.items():
            editor.create_model(model)
            if name == "history":
                editor.create_model(model.history.model)
        editor.execute(install_trail_sql("bench_trail"), params=None)
    found: dict[str, list[dict[str, Cost]]] = {name: [] for name in KINDS}
    names = list(KINDS)
    with a_core_each():
        for turn in range(rounds):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                found[name].append(measured(name, KINDS[name]))
    return {which: report(found, which) for which in Cost._fields}


def report(found: dict[str, list[dict[str, Cost]]], which: str) -> dict[str, Any]:
    """Return medians per row, and the median ratio of each round's pair."""

    def median(name: str, measure: str) -> float:
        return statistics.median(getattr(one[measure], which) for one in found[name])

    def ratio(name: str, other: str, measure: str) -> float:
        pairs = zip(found[name], found[other], strict=True)
        each = [getattr(one[measure], which) / getattr(two[measure], which) for one, two in pairs]
        return round(statistics.median(each), 2)

    measures = list(found["trail"][0])
    result: dict[str, Any] = {
        "us_per_row": {name: {one: round(median(name, one), 1) for one in measures} for name in found},
        "trail_to_none": {one: ratio("trail", "none", one) for one in measures},
        "per_row_2000_to_200": {
            one: round(median("trail", f"{one} {MANY}") / median("trail", f"{one} {FEW}"), 2)
            for one in ("bulk insert", "bulk update")
        },
    }
    if HAS_HISTORY:
        result["history_to_trail"] = {one: ratio("history", "trail", one) for one in measures}
    return result


FILL = """INSERT INTO audit_entry (recorded_at, acted_at, actor_id, actor_label, role, action, reason, request_id,
        table_name, row_id, participant_id, site_id, op, old, new, txid)
    SELECT clock_timestamp(), now(), md5((i %% 40)::text), 'Li Na (li.na)', 'nurse', 'followup.visit_recorded', '', gen_random_uuid()::text,
        'participants_obligation', gen_random_uuid()::text, md5((i / 90)::text)::uuid::text, '', 'UPDATE',
        '{"status": "planned", "version": 1, "fulfilled_on": null}', '{"status": "done", "version": 2, "fulfilled_on": "2026-01-01"}',
        txid_current()
    FROM generate_series(1, %s) AS i"""


def checks(entries: int) -> dict[str, Any]:
    """Seal and check so many entries; two processes, everything recomputed outside the database."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER trail_unforgeable")
        for _ in range(10):
            cursor.execute(FILL, [entries // 10])
        cursor.execute("ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER trail_unforgeable")
        cursor.execute("SELECT count(*) FROM audit_entry")
        count = cursor.fetchone()[0]
        cursor.execute("VACUUM ANALYZE audit_entry")
    with tempfile.TemporaryDirectory() as folder:
        make_key(Path(folder) / "key")
        sealer = Sealer(sealer_conninfo(), read_key(Path(folder) / "key"), Path(folder) / "anchors")
        began = time.perf_counter()
        sealed = sealer.seal_once(datetime.now(UTC))
        sealing = time.perf_counter() - began
        anchors, _ = read_anchors((Path(folder) / "anchors").read_text().splitlines())
        seconds = []
        for _ in range(3):
            report = check(
                Database(sealer_conninfo()),
                public_key=sealer.public_key,
                anchors=anchors,
                now=time.time(),
                workers=2,
            )
            if report.findings or report.entries != count:
                raise SystemExit(f"The check failed: {[str(one) for one in report.findings][:5]}")
            seconds.append(report.seconds)
    middle = statistics.median(seconds)
    return {
        "entries": sealed.entries,
        "sealed_per_second": round(sealed.entries / sealing),
        "verified_seconds": round(middle, 2),
        "verified_per_second": round(count / middle),
        "ten_million_would_take_seconds": round(middle * 10_000_000 / count, 1),
    }


def main(rounds: int, entries: int) -> None:
    setup_test_environment()
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        if rounds:
            print(json.dumps({"writes": writes(rounds)}, indent=2), flush=True)
        if entries:
            print(json.dumps({"checks": checks(entries)}, indent=2), flush=True)
    finally:
        connection.creation.destroy_test_db("bench_audit", verbosity=0)
        _until_the_end.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--entries", type=int, default=1_000_000)
    given = parser.parse_args()
    main(given.rounds, given.entries)
