"""Fourteen ways in which a superuser of the database could change what happened, each at random places.

    python -m tests.seal.tampering --trials 500 --clean 200

prints as JSON how many of each kind were found and located, and how many clean runs raised a false alarm.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.seal.rig import Copy, Rig, act
from trialsite.seal.sealer import Database
from trialsite.seal.standalone import (
    GENESIS,
    RUN_LEAVES_SQL,
    RUN_SQL,
    Batch,
    Report,
    merkle_root,
    read_anchors,
    statement,
)

Expected = Callable[[Report], bool]


def finds(kind: str, where: str) -> Expected:
    """Expect a finding of the kind at the very place."""
    return lambda report: any(one.kind == kind and one.where == where for one in report.findings)


def sealed_entry(copy: Copy, rng: random.Random) -> int:
    with copy.superuser() as connection:
        ids = [
            row[0] for row in connection.execute("SELECT entry_id FROM audit_seal_leaf ORDER BY 1").fetchall()
        ]
    return int(rng.choice(ids))


FIELDS = {
    "old and new": "old = coalesce(old, '{}') || '{\"x\": 1}', new = coalesce(new, '{}') || '{\"x\": 2}'",
    "actor": "actor_id = 'somebody else', actor_label = 'Somebody Else'",
    "time": "acted_at = acted_at - interval '1 second'",
    "database time": "recorded_at = recorded_at + interval '1 microsecond'",
    "reason": "reason = 'another reason'",
}


def change(copy: Copy, rng: random.Random) -> Expected:
    entry, what = sealed_entry(copy, rng), FIELDS[rng.choice(sorted(FIELDS))]
    with copy.unguarded() as connection:
        connection.execute(f"UPDATE audit_entry SET {what} WHERE id = {entry}")  # type: ignore[arg-type]
    return finds("altered", f"entry {entry}")


def delete(copy: Copy, rng: random.Random) -> Expected:
    entry = sealed_entry(copy, rng)
    with copy.unguarded() as connection:
        connection.execute("DELETE FROM audit_entry WHERE id = %s", [entry])
    return finds("removed", f"entry {entry}")


_SAME = """recorded_at, acted_at, actor_id, actor_label, role, action, reason, request_id, table_name, row_id,
    participant_id, site_id, op, old, new, txid"""


def insert(copy: Copy, rng: random.Random) -> Expected:
    """An entry as if it had been there long ago; half of the time in a gap of the numbers."""
    entry = sealed_entry(copy, rng)
    with copy.unguarded() as connection:
        number = connection.execute("SELECT nextval('audit_entry_id_seq')").fetchone()[0]  # type: ignore[index]
        connection.execute(
            f"INSERT INTO audit_entry (id, {_SAME}) SELECT {number}, {_SAME} FROM audit_entry WHERE id = {entry}"  # type: ignore[arg-type]
        )
    return finds("inserted", f"entry {number}")


def swap(copy: Copy, rng: random.Random) -> Expected:
    first, second = sealed_entry(copy, rng), sealed_entry(copy, rng)
    while first == second:
        second = sealed_entry(copy, rng)
    with copy.unguarded() as connection, connection.transaction():
        for now, then in ((first, -1), (second, first), (-1, second)):
            connection.execute("UPDATE audit_entry SET id = %s WHERE id = %s", [then, now])
    return lambda report: all(finds("altered", f"entry {one}")(report) for one in (first, second))


def renumber(copy: Copy, rng: random.Random) -> Expected:
    entry = sealed_entry(copy, rng)
    with copy.unguarded() as connection:
        connection.execute("UPDATE audit_entry SET id = 100000 + id WHERE id = %s", [entry])
    return lambda report: (
        finds("removed", f"entry {entry}")(report) and finds("inserted", f"entry {100000 + entry}")(report)
    )


def cut_tail(copy: Copy, rng: random.Random) -> Expected:
    """The last batches with their leaves and entries, as if they had never been."""
    with copy.unguarded() as connection:
        last = connection.execute("SELECT max(number) FROM audit_seal_batch").fetchone()[0]  # type: ignore[index]
        first = rng.randint(2, last)
        connection.execute(
            "DELETE FROM audit_entry WHERE id >= (SELECT min(entry_id) FROM audit_seal_leaf WHERE batch_id >= %s)",
            [first],
        )
        connection.execute("DELETE FROM audit_seal_leaf WHERE batch_id >= %s", [first])
        connection.execute("DELETE FROM audit_seal_batch WHERE number >= %s", [first])
    return finds("rollback", f"batch {first}")


def replace_leaf_and_root(copy: Copy, rng: random.Random) -> Expected:
    """The entry, its leaf, and the root in the statement, so that inside the database everything fits."""
    entry = sealed_entry(copy, rng)
    batch = _rewrite(copy, entry, key=None)
    return finds("signature", f"batch {batch}")


def forge_with_wrong_key(copy: Copy, rng: random.Random) -> Expected:
    """The same for every batch from there on, signed with a key of the forger's own, in the anchor file too."""
    batch = _rewrite(copy, sealed_entry(copy, rng), key=Ed25519PrivateKey.generate())
    return finds("signature", f"batch {batch}")


def _rewrite(copy: Copy, entry: int, key: Ed25519PrivateKey | None) -> int:
    from trialsite.seal.standalone import ENTRIES_SQL, leaf_hash
    from trialsite.seal.standalone import FIELDS as SENT

    with copy.unguarded() as connection:
        connection.execute("UPDATE audit_entry SET reason = 'forged' WHERE id = %s", [entry])
        row = next(Database(copy.conninfo).rows(ENTRIES_SQL.format(first=entry, until=entry + 1), SENT))
        connection.execute(
            "UPDATE audit_seal_leaf SET hash = %s WHERE entry_id = %s", [leaf_hash(row), entry]
        )
        batch = connection.execute(
            "SELECT batch_id FROM audit_seal_leaf WHERE entry_id = %s", [entry]
        ).fetchone()[0]  # type: ignore[index]
        _sign_again(connection, copy, batch, key)
    return int(batch)


def _sign_again(connection: Any, copy: Copy, first: int, key: Ed25519PrivateKey | None) -> None:
    previous, lines = GENESIS, []
    for number, told, mark in connection.execute("SELECT * FROM audit_seal_batch ORDER BY number").fetchall():
        kept = Batch(bytes(told), bytes(mark))
        if number >= first and (key or number == first):
            leaves = [
                bytes(row[0])
                for row in connection.execute(
                    "SELECT hash FROM audit_seal_leaf WHERE batch_id = %s ORDER BY sequence", [number]
                ).fetchall()
            ]
            digests = _digests(copy, kept.told) if number == first else {}
            words = statement({**kept.told, **digests, "root": merkle_root(leaves), "previous": previous})
            kept = Batch(words, key.sign(words) if key else kept.signature)
            connection.execute(
                "UPDATE audit_seal_batch SET statement = %s, signature = %s WHERE number = %s",
                [kept.statement, kept.signature, number],
            )
        previous = kept.hash
        lines.append(kept.anchor())
    if key:
        copy.anchors.write_text("\n".join(lines) + "\n")


def _digests(copy: Copy, told: Mapping[str, str]) -> dict[str, str]:
    """Return what a forger would write so that the rows of the batch fit again."""
    until = int(told["first"]) + int(told["count"])
    asked = {
        "entries": RUN_SQL.format(**told),
        "leaves": RUN_LEAVES_SQL.format(first=told["first"], until=until),
    }
    source = Database(copy.conninfo)
    return {name: sha256(b"".join(source.stream(sql))).hexdigest() for name, sql in asked.items()}


def silence_a_trigger(copy: Copy, rng: random.Random) -> Expected:
    """Switch the trail of a table off, edit, switch it on: as before to look at, but not to its catalogue row."""
    row = rng.randrange(20)
    with copy.superuser() as connection:
        connection.execute("ALTER TABLE ward DISABLE TRIGGER trail_changed")
        connection.execute("UPDATE ward SET name = 'quiet' WHERE id = %s", [row])
        connection.execute("ALTER TABLE ward ENABLE ALWAYS TRIGGER trail_changed")
        number = connection.execute("SELECT max(number) + 1 FROM audit_seal_batch").fetchone()[0]  # type: ignore[index]
    copy.seal(60)
    return lambda report: (
        finds("unaudited", f"ward {row}")(report) and finds("definitions", f"batch {number}")(report)
    )


def replace_the_function(copy: Copy, rng: random.Random) -> Expected:
    """A trail function that keeps quiet for a moment, then the former one again."""
    with copy.superuser() as connection:
        source = connection.execute(
            "SELECT pg_get_functiondef('public.trail_of_bed()'::regprocedure)"
        ).fetchone()[0]  # type: ignore[index]
        connection.execute(
            "CREATE OR REPLACE FUNCTION public.trail_of_bed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        )
        if rng.random() < 0.5:
            connection.execute(
                "UPDATE bed SET flags = '{\"quiet\": true}' WHERE id = %s", [rng.randrange(20)]
            )
        connection.execute(source)  # type: ignore[arg-type]
        number = connection.execute("SELECT max(number) + 1 FROM audit_seal_batch").fetchone()[0]  # type: ignore[index]
    copy.seal(60)
    return finds("definitions", f"batch {number}")


def edit_data_unseen(copy: Copy, rng: random.Random) -> Expected:
    """A row changed, made or removed with every trigger of its table dropped, which are then made anew."""
    row = rng.randrange(20)
    sql, where = rng.choice(
        [
            (f"UPDATE ward SET weight_kg = weight_kg + 0.01 WHERE id = {row}", f"ward {row}"),
            (f"DELETE FROM ward WHERE id = {row}", f"ward {row}"),
            (f"INSERT INTO ward VALUES ({row + 1000}, 'new', 1, NULL, now())", f"ward {row + 1000}"),
            (f"UPDATE ward SET secret = NULL WHERE id = {row}", f"ward {row}"),
        ]
    )
    from trialsite.audit.trail import install_trail_sql, remove_trail_sql

    with copy.superuser() as connection:
        connection.execute(remove_trail_sql("ward"))  # type: ignore[arg-type]
        connection.execute(sql)  # type: ignore[arg-type]
        connection.execute(install_trail_sql("ward", ["secret"]))  # type: ignore[arg-type]
    return finds("unaudited", where)


def restore_older_copy(copy: Copy, rng: random.Random) -> Expected:
    """The database as it was two batches ago, in the place of the present one; half of the time with its own anchors."""
    copy.rig._administer(f"DROP DATABASE {copy.name} WITH (FORCE)")
    copy.rig.made.remove(copy.name)
    copy.rig.copy(copy.name, of=copy.rig.older)
    if rng.random() < 0.5:
        copy.anchors.write_text("".join(line + "\n" for line in copy.anchors.read_text().splitlines()[:3]))
        return finds("rollback", "batch 5")  # only who remembers can know
    return finds("rollback", "batch 4")


def delete_an_anchor(copy: Copy, rng: random.Random) -> Expected:
    lines = copy.anchors.read_text().splitlines()
    gone = rng.randrange(len(lines))
    number = read_anchors(lines)[0][gone].number
    copy.anchors.write_text("".join(line + "\n" for at, line in enumerate(lines) if at != gone))
    return finds("anchor", f"anchor {number}")


def edit_the_open_window(copy: Copy, rng: random.Random) -> Expected:
    """What no seal covers yet can be changed; the check says that it does not cover it, and since when."""
    with copy.unguarded() as connection:
        open_ids = connection.execute(
            "SELECT id FROM audit_entry e WHERE NOT EXISTS (SELECT FROM audit_seal_leaf l WHERE l.entry_id = e.id)"
        ).fetchall()
        connection.execute(
            "UPDATE audit_entry SET reason = 'forged' WHERE id = %s", [rng.choice(open_ids)[0]]
        )
    return lambda report: report.uncovered == len(open_ids) and report.uncovered_since is not None


KINDS: dict[str, Callable[[Copy, random.Random], Expected]] = {
    "change an entry": change,
    "delete an entry": delete,
    "insert an entry": insert,
    "swap two entries": swap,
    "renumber an entry": renumber,
    "cut the tail": cut_tail,
    "replace leaf and root": replace_leaf_and_root,
    "silence a trigger": silence_a_trigger,
    "replace the function": replace_the_function,
    "edit data unseen": edit_data_unseen,
    "restore an older copy": restore_older_copy,
    "forge with a wrong key": forge_with_wrong_key,
    "delete an anchor": delete_an_anchor,
    "edit the open window": edit_the_open_window,
}


@dataclass(frozen=True)
class Trial:
    kind: str
    is_found: bool
    report: Report


def tamper(rig: Rig, number: int, rng: random.Random) -> Trial:
    """Tamper in one way with a copy of its own and say whether the check finds and locates it."""
    kind = sorted(KINDS)[number % len(KINDS)]
    with rig.trial(number) as copy:
        expected = KINDS[kind](copy, rng)
        report = copy.verify()
    return Trial(kind, expected(report), report)


def run_clean(rig: Rig, number: int, rng: random.Random) -> Report:
    """Write, seal or not, write again; return what the check says of it."""
    with rig.trial(number) as copy:
        for step in range(rng.randint(0, 3)):
            with copy.superuser() as connection:
                act(
                    connection,
                    "li na",
                    "UPDATE ward SET name = %s WHERE id = %s",
                    f"clean {step}",
                    rng.randrange(20),
                )
                if rng.random() < 0.3:
                    act(connection, "li na", "DELETE FROM bed WHERE id = %s", rng.randrange(20))
                if rng.random() < 0.2:
                    connection.execute("SELECT trail_partitions((current_date + interval '1 year')::date, 2)")
            if rng.random() < 0.6:
                copy.seal(60 + step)
        return copy.verify()


def main(trials: int, clean: int, seed: int) -> int:
    """Run both on a server of its own and print the figures; 1 where anything was missed."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialsite.settings.test")
    from trialsite.devservices.shared_server import shared_server

    began = time.monotonic()
    with shared_server() as address:
        os.environ["DATABASE_URL"] = address
        django.setup()
        from tests.seal.rig import rig_on_a_server_of_its_own

        with rig_on_a_server_of_its_own() as rig:
            rng = random.Random(seed)
            found: Counter[str] = Counter()
            tried: Counter[str] = Counter()
            for number in range(trials):
                trial = tamper(rig, number, rng)
                tried[trial.kind] += 1
                found[trial.kind] += trial.is_found
            alarms = sum(bool(run_clean(rig, number, rng).findings) for number in range(clean))
    figures = {
        "seed": seed,
        "trials": trials,
        "found_and_located": sum(found.values()),
        "by_kind": {kind: f"{found[kind]} of {tried[kind]}" for kind in sorted(tried)},
        "clean_runs": clean,
        "false_alarms": alarms,
        "seconds": round(time.monotonic() - began),
    }
    print(json.dumps(figures, indent=2))
    return 0 if sum(found.values()) == trials and not alarms else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--clean", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(main(given.trials, given.clean, given.seed))
