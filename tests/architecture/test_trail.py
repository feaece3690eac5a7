"""Every domain table is under the audit trail; a new one without its triggers fails here."""

from collections.abc import Iterable

import pytest
from django.apps import apps
from django.db import connection, models

from trialsite.audit.models import Entry
from trialsite.audit.trail import TRUNCATE_TRIGGER, WRITE_TRIGGER, install_trail_sql

DOMAIN = ("audit", "accounts", "inspection", "participants", "screening", "infusion", "followup")
# Read from the catalogue, not from the migrations: what counts is what the database does.
INSTALLED = """
    SELECT relname, tgname,
        tgenabled = 'A'
            AND tgfoid = (CASE tgname WHEN %(write)s THEN 'public.trail_write()' ELSE 'public.trail_refuse()' END)::regprocedure
            -- row, insert, delete, update; after / statement-level, before, truncate
            AND tgtype = CASE tgname WHEN %(write)s THEN 1 + 4 + 8 + 16 ELSE 2 + 32 END
            AND tgqual IS NULL AND tgattr = '',
        array_remove(string_to_array(encode(tgargs, 'escape'), '\\000'), '')
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace AND tgname IN (%(write)s, %(truncate)s)
"""


def domain_tables() -> dict[str, type[models.Model]]:
    """Return every table of the domain, those of many-to-many fields included."""
    return {
        model._meta.db_table: model
        for label in DOMAIN
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model is not Entry
    }


def untrailed(tables: Iterable[str]) -> set[str]:
    """Return the tables on which either trigger is missing, narrowed, or off in any mode of a session."""
    with connection.cursor() as cursor:
        cursor.execute(INSTALLED, {"write": WRITE_TRIGGER, "truncate": TRUNCATE_TRIGGER})
        sound = {(table, name) for table, name, is_sound, _ in cursor.fetchall() if is_sound}
    return {table for table in tables if not {(table, WRITE_TRIGGER), (table, TRUNCATE_TRIGGER)} <= sound}


@pytest.mark.django_db
def test_every_domain_table_is_under_the_trail() -> None:
    assert untrailed(domain_tables()) == set()


@pytest.mark.django_db
def test_the_triggers_name_the_key_and_columns_that_exist() -> None:
    """A renamed column would otherwise leave a secret readable in the trail."""
    with connection.cursor() as cursor:
        cursor.execute(INSTALLED, {"write": WRITE_TRIGGER, "truncate": TRUNCATE_TRIGGER})
        arguments = {table: columns for table, name, _, columns in cursor.fetchall() if name == WRITE_TRIGGER}
    for table, model in domain_tables().items():
        key, *redacted = arguments[table]
        assert key == model._meta.pk.column, table
        assert set(redacted) <= {field.column for field in model._meta.concrete_fields}, table


@pytest.mark.django_db
@pytest.mark.parametrize(
    "weakening",
    [
        "DROP TRIGGER trail_write ON unguarded",
        "DROP TRIGGER trail_no_truncate ON unguarded",
        "ALTER TABLE unguarded DISABLE TRIGGER trail_write",
        "ALTER TABLE unguarded ENABLE TRIGGER trail_write",
        "ALTER TABLE unguarded ENABLE TRIGGER trail_no_truncate",
        "CREATE OR REPLACE TRIGGER trail_write AFTER INSERT ON unguarded FOR EACH ROW EXECUTE FUNCTION trail_write('id');"
        "ALTER TABLE unguarded ENABLE ALWAYS TRIGGER trail_write",
        "CREATE OR REPLACE TRIGGER trail_write AFTER INSERT OR DELETE OR UPDATE OF id ON unguarded FOR EACH ROW"
        " EXECUTE FUNCTION trail_write('id'); ALTER TABLE unguarded ENABLE ALWAYS TRIGGER trail_write",
        "CREATE OR REPLACE TRIGGER trail_write AFTER INSERT OR DELETE OR UPDATE ON unguarded FOR EACH ROW WHEN (false)"
        " EXECUTE FUNCTION trail_write('id'); ALTER TABLE unguarded ENABLE ALWAYS TRIGGER trail_write",
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
