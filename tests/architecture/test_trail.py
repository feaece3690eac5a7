"""Every domain table is under the audit trail; a new one without its triggers fails here."""

from collections.abc import Iterable

import pytest
from django.apps import apps
from django.db import connection, models

from trialsite.audit.models import Entry
from trialsite.audit.trail import (
    TRUNCATE_TRIGGER,
    WRITE_TRIGGERS,
    install_trail_sql,
    renew_stale,
    stale_tables,
)

DOMAIN = ("audit", "accounts", "inspection", "signing", "participants", "screening", "infusion", "followup")
# Read from the catalogue, not from the migrations: what counts is what the database does.
INSTALLED = """
    SELECT relname, tgname,
        tgenabled = 'A'
            AND tgfoid = to_regproc('public.' || quote_ident(
                CASE tgname WHEN 'trail_no_truncate' THEN 'trail_refuse' ELSE trail_function(relname::text) END))
            -- after insert, after update of each row, after delete; before truncate
            AND tgtype = CASE tgname
                WHEN 'trail_created' THEN 4 WHEN 'trail_changed' THEN 1 + 16 WHEN 'trail_removed' THEN 8 ELSE 2 + 32 END
            AND tgqual IS NULL AND tgattr = '',
        array_remove(string_to_array(encode(tgargs, 'escape'), '\\000'), '')
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace AND tgname = ANY (%(names)s)
"""
NAMES = [*WRITE_TRIGGERS, TRUNCATE_TRIGGER]


def domain_tables() -> dict[str, type[models.Model]]:
    """Return every table of the domain, those of many-to-many fields included."""
    return {
        model._meta.db_table: model
        for label in DOMAIN
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model is not Entry
    }


def untrailed(tables: Iterable[str]) -> set[str]:
    """Return the tables on which a trigger is missing, narrowed, or off in any mode of a session."""
    with connection.cursor() as cursor:
        cursor.execute(INSTALLED, {"names": NAMES})
        sound = {(table, name) for table, name, is_sound, _ in cursor.fetchall() if is_sound}
    return {table for table in tables if not {(table, name) for name in NAMES} <= sound}


@pytest.mark.django_db
def test_every_domain_table_is_under_the_trail() -> None:
    assert untrailed(domain_tables()) == set()


@pytest.mark.django_db
def test_the_triggers_name_the_key_and_columns_that_exist() -> None:
    """A renamed column would otherwise leave a secret readable in the trail."""
    with connection.cursor() as cursor:
        cursor.execute(INSTALLED, {"names": NAMES})
        arguments = {(table, name): columns for table, name, _, columns in cursor.fetchall()}
    for table, model in domain_tables().items():
        for name in WRITE_TRIGGERS:
            key, *redacted = arguments[table, name]
            assert key == model._meta.pk.column, table
            assert set(redacted) <= {field.column for field in model._meta.concrete_fields}, table


@pytest.mark.django_db
def test_the_functions_name_the_columns_that_the_tables_have_now() -> None:
    assert stale_tables() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE changed ADD COLUMN later text",
        "ALTER TABLE changed DROP COLUMN name",
        "ALTER TABLE changed RENAME COLUMN name TO title",
        "ALTER TABLE changed ALTER COLUMN flags TYPE json",
        "CREATE OR REPLACE FUNCTION trail_of_changed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    ],
)
def test_a_function_that_its_table_left_behind_is_found_and_renewed(change: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE changed (id text, name text, flags jsonb)")
        cursor.execute(install_trail_sql("changed"))
        assert stale_tables() == []
        cursor.execute(change)
    assert stale_tables() == ["changed"]
    assert renew_stale() == ["changed"]
    assert stale_tables() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "weakening",
    [
        "DROP TRIGGER trail_changed ON unguarded",
        "DROP TRIGGER trail_no_truncate ON unguarded",
        "ALTER TABLE unguarded DISABLE TRIGGER trail_removed",
        "ALTER TABLE unguarded ENABLE TRIGGER trail_created",
        "ALTER TABLE unguarded ENABLE TRIGGER trail_no_truncate",
        "CREATE OR REPLACE TRIGGER trail_changed AFTER INSERT ON unguarded FOR EACH ROW"
        " EXECUTE FUNCTION trail_of_unguarded('id'); ALTER TABLE unguarded ENABLE ALWAYS TRIGGER trail_changed",
        "CREATE OR REPLACE TRIGGER trail_removed AFTER DELETE ON unguarded FOR EACH STATEMENT WHEN (false)"
        " EXECUTE FUNCTION trail_of_unguarded('id'); ALTER TABLE unguarded ENABLE ALWAYS TRIGGER trail_removed",
        "CREATE OR REPLACE TRIGGER trail_created AFTER INSERT ON unguarded FOR EACH STATEMENT"
        " EXECUTE FUNCTION trail_refuse(); ALTER TABLE unguarded ENABLE ALWAYS TRIGGER trail_created",
    ],
)
def test_a_table_without_a_full_trail_is_found(weakening: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE unguarded (id text)")
        assert untrailed(["unguarded"]) == {"unguarded"}
        cursor.execute(install_trail_sql("unguarded"))
        assert untrailed(["unguarded"]) == set()

        cursor.execute(weakening)

    assert untrailed(["unguarded"]) == {"unguarded"}


@pytest.mark.django_db
def test_the_trail_itself_is_closed_in_every_mode_of_a_session() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT tgname, tgenabled::text, tgtype FROM pg_trigger
            WHERE tgrelid = 'public.audit_entry'::regclass ORDER BY tgname"""
        )
        # statement-level, before: update, delete, truncate / insert
        assert cursor.fetchall() == [
            ("trail_unchangeable", "A", 2 + 8 + 16 + 32),
            ("trail_unforgeable", "A", 2 + 4),
        ]
