"""What the trail costs, and which way of storing a change is the better one.

Prints medians of interleaved rounds and the ratio of each variant to the same write on a table without a
trail. Absolute times depend on the machine; the ratios of one run are what to compare.

    python bench/audit.py [rounds]          needs DATABASE_URL with the migrations applied

Everything happens in schemas of its own, dropped at the end.
"""

import os
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django
import psycopg

PROJECT = Path(__file__).resolve().parent.parent
SOURCE = PROJECT / "trialsite/audit/migrations/0001_trail.sql"
DIFF = re.compile(r"        SELECT jsonb_object_agg.*?after := coalesce\(after, '\{\}'\);\n", re.DOTALL)
WHOLE = "        before := to_jsonb(OLD);\n        after := whole;\n"
LOOP = """        before := '{}';
        after := '{}';
        declare was jsonb := to_jsonb(OLD); name text;
        begin
            FOR name IN SELECT jsonb_object_keys(whole) LOOP
                IF was -> name IS DISTINCT FROM whole -> name THEN
                    before := before || jsonb_build_object(name, was -> name);
                    after := after || jsonb_build_object(name, whole -> name);
                END IF;
            END LOOP;
        end;
"""
COLUMNS = (
    "id, participant_id, site_id, code, status, planned_on, opens_at, closes_at, weight, note, version, flags"
)
SETTINGS = ("actor_id", "actor_label", "role", "action", "reason", "request_id", "acted_at")
SET_ALL = "SELECT " + ", ".join(f"set_config('trialsite.{name}', %s, true)" for name in SETTINGS)
WHO = ("1b4e28ba", "A. Nurse", "nurse", "bench.wrote", "", "", "2026-01-01T00:00:00+00:00")


def variants() -> dict[str, str | None]:
    """Return the body of the trigger function for each variant; None is the table without a trail."""
    text = SOURCE.read_text(encoding="utf-8")
    start = text.index("CREATE FUNCTION public.trail_write")
    body = text[start : text.index("$function$;", start) + len("$function$;")]
    if not DIFF.search(body):
        raise SystemExit("The difference was not found in 0001_trail.sql; bench/audit.py must follow it.")
    return {
        "none": None,
        "product": body,
        "whole rows": DIFF.sub(WHOLE, body),
        "loop diff": DIFF.sub(LOOP, body),
        "no SET": re.sub(r"\n    SET \w+ = .*", "", body),
    }


def schema_of(name: str) -> str:
    return f"bench_{name.replace(' ', '_').lower()}"


def build(cursor: psycopg.Cursor, name: str, body: str | None) -> None:
    """Make one table, and for a variant its function and a copy of the trail."""
    schema = schema_of(name)
    cursor.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    cursor.execute(f"CREATE SCHEMA {schema}")
    cursor.execute(
        f"""CREATE TABLE {schema}.visit (id uuid PRIMARY KEY, participant_id uuid NOT NULL, site_id uuid NOT NULL,
        code text NOT NULL, status text NOT NULL, planned_on date, opens_at timestamptz, closes_at timestamptz,
        weight numeric(6,2), note text NOT NULL, version int NOT NULL, flags jsonb);
        CREATE INDEX ON {schema}.visit (participant_id);
        CREATE INDEX ON {schema}.visit (site_id, closes_at)"""
    )
    if body is None:
        return
    cursor.execute(f"CREATE TABLE {schema}.audit_entry (LIKE public.audit_entry INCLUDING ALL)")
    cursor.execute(
        body.replace("public.trail_write", f"{schema}.trail_write").replace(
            "public.audit_entry", f"{schema}.audit_entry"
        )
    )
    cursor.execute(
        f"""CREATE TRIGGER t AFTER INSERT OR UPDATE OR DELETE ON {schema}.visit FOR EACH ROW
        EXECUTE FUNCTION {schema}.trail_write('id');
        ALTER TABLE {schema}.visit ENABLE ALWAYS TRIGGER t;
        CREATE TRIGGER u BEFORE INSERT ON {schema}.audit_entry FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)
        EXECUTE FUNCTION public.trail_refuse()"""
    )


def insert_sql(schema: str, rows: int) -> str:
    return f"""INSERT INTO {schema}.visit ({COLUMNS}) SELECT gen_random_uuid(),
        md5((i / 12)::text)::uuid, md5((i % 4)::text)::uuid, 'V-D' || i % 12, 'planned', date '2026-01-01' + i % 300,
        timestamptz '2026-01-01' + i * interval '1 hour', timestamptz '2026-02-01' + i * interval '1 hour',
        61.25, 'as planned, by telephone', 1, '{{"assumed": true}}' FROM generate_series(1, {rows}) AS i"""  # noqa: S608  (names of this file)


def measured(name: str, connection: psycopg.Connection, rows: int) -> dict[str, float]:
    """Return microseconds per row of each kind of write on one variant, in one round."""
    schema = schema_of(name)
    trail = name != "none"
    cursor = connection.cursor()

    def timed(statements: Callable[[], object], count: int) -> float:
        started = time.perf_counter()
        statements()
        return (time.perf_counter() - started) / count * 1e6

    def transactions(sql: list[str]) -> None:
        for statement in sql:
            with connection.transaction():
                if trail:
                    cursor.execute(SET_ALL, WHO)
                cursor.execute(statement)

    figures = {"insert many": timed(lambda: transactions([insert_sql(schema, rows)]), rows)}
    figures["insert 1"] = timed(lambda: transactions([insert_sql(schema, 1)] * 200), 200)
    keys = [row[0] for row in cursor.execute(f"SELECT id FROM {schema}.visit LIMIT 200").fetchall()]  # noqa: S608  (names of this file)
    update = f"UPDATE {schema}.visit SET status = 'done', version = version + 1"  # noqa: S608  (names of this file)
    figures["update 1"] = timed(lambda: transactions([f"{update} WHERE id = '{key}'" for key in keys]), 200)
    figures["update many"] = timed(lambda: transactions([f"{update} WHERE note <> ''"]), rows + 200)
    if trail:
        size = f"""SELECT avg(pg_column_size(old) + pg_column_size(new)) FROM {schema}.audit_entry
            WHERE op = 'UPDATE'"""  # noqa: S608  (names of this file)
        figures["bytes old+new"] = float(cursor.execute(size).fetchone()[0])
        cursor.execute(f"TRUNCATE {schema}.audit_entry")
    cursor.execute(f"TRUNCATE {schema}.visit")
    connection.commit()
    return figures


def main(rounds: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialsite.settings.dev")
    sys.path.insert(0, str(PROJECT))
    django.setup()
    from django.db import connection as configured

    connection = psycopg.connect(**configured.get_connection_params() | {"cursor_factory": psycopg.Cursor})
    connection.prepare_threshold = None
    with connection.cursor() as cursor:
        for name, body in variants().items():
            build(cursor, name, body)
    connection.commit()
    names = list(variants())
    results: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    try:
        for turn in range(rounds):
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                results[name].append(measured(name, connection, 2000))
    finally:
        connection.rollback()
        for name in names:
            connection.execute(f"DROP SCHEMA {schema_of(name)} CASCADE")
        connection.commit()
    report(results)


def report(results: dict[str, list[dict[str, float]]]) -> None:
    """Print the median per row and, where there is a plain table to compare with, the median ratio."""
    plain = results["none"]
    for measure in results["product"][0]:
        print(measure)
        for name, rounds in results.items():
            if measure not in rounds[0]:
                continue
            median = statistics.median(figures[measure] for figures in rounds)
            line = f"  {name:12} {median:9.1f}"
            if measure in plain[0]:
                pairs = [one[measure] / other[measure] for one, other in zip(rounds, plain, strict=True)]
                line += f" us/row   x{statistics.median(pairs):.2f}"
            print(line)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 11)
