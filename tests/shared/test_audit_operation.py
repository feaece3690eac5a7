"""AddTrail in a migration: forwards, backwards, for m2m tables, and written down faithfully."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import OperationWriter
from django.test import override_settings

from trialsite.accounts.permissions import SystemActor
from trialsite.audit.acting import acting
from trialsite.audit.models import Entry
from trialsite.audit.trail import AddTrail, install_trail_sql

pytestmark = pytest.mark.django_db
PLANK = migrations.CreateModel(
    "Plank",
    fields=[
        ("code", models.TextField(primary_key=True, db_column="plank code")),
        ("secret", models.TextField(db_column="hidden")),
        ("beside", models.ManyToManyField("self")),
    ],
    options={"db_table": "Plank odd"},
)


def triggers() -> dict[str, list[tuple[str, str, list[str]]]]:
    """Return name, state and arguments of the trail triggers of the tables of this test."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT relname, tgname, tgenabled::text, array_remove(string_to_array(encode(tgargs, 'escape'), '\\000'), '')
            FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
            WHERE NOT tgisinternal AND relname ILIKE '%plank%' ORDER BY tgname = 'trail_no_truncate', tgname DESC"""
        )
        found: dict[str, list[tuple[str, str, list[str]]]] = {}
        for table, *trigger in cursor.fetchall():
            found.setdefault(table, []).append(tuple(trigger))
        return found


def forwards(state: ProjectState, *operations: Operation) -> ProjectState:
    for operation in operations:
        after = state.clone()
        operation.state_forwards("carpentry", after)
        with connection.schema_editor() as editor:
            operation.database_forwards("carpentry", editor, state, after)
        state = after
    return state


def test_the_operation_installs_every_trigger_for_every_mode_of_the_session() -> None:
    forwards(ProjectState(), PLANK, AddTrail("Plank", redact=("secret",)), AddTrail("plank_beside"))

    through = next(name for name in triggers() if name != "Plank odd")
    assert triggers() == {
        table: [(name, "A", arguments) for name in ("trail_removed", "trail_created", "trail_changed")]
        + [("trail_no_truncate", "A", [])]
        for table, arguments in (("Plank odd", ["plank code", "hidden"]), (through, ["id"]))
    }


def test_the_operation_is_reversible_and_repeatable() -> None:
    operation = AddTrail("Plank")
    state = forwards(ProjectState(), PLANK, operation, operation)
    assert len(triggers()["Plank odd"]) == 4

    with connection.schema_editor() as editor:
        operation.database_backwards("carpentry", editor, state, state)
    assert triggers() == {}


def test_a_redacted_column_that_does_not_exist_stops_the_migration() -> None:
    state = forwards(ProjectState(), PLANK)
    with pytest.raises(FieldDoesNotExist, match="sekret"):
        forwards(state, AddTrail("Plank", redact=("sekret",)))


def test_a_key_of_several_columns_stops_the_migration() -> None:
    beam = migrations.CreateModel(
        "Beam",
        fields=[
            ("pk", models.CompositePrimaryKey("row", "place")),
            ("row", models.IntegerField()),
            ("place", models.IntegerField()),
        ],
    )
    with pytest.raises(ValueError, match="key of one column"):
        forwards(ProjectState(), beam, AddTrail("beam"))


@pytest.mark.parametrize(
    "operation", [AddTrail("plank"), AddTrail("plank", redact=["secret"])], ids=["plain", "redacted"]
)
def test_the_operation_is_written_into_a_migration_as_it_was_given(operation: AddTrail) -> None:
    source, imports = OperationWriter(operation, indentation=0).serialize()
    scope: dict[str, object] = {}
    exec("\n".join(sorted(imports)), scope)  # noqa: S102  (text this test has just made)
    again = eval(source.rstrip(","), scope)  # noqa: S307  (likewise)

    assert again.deconstruct() == operation.deconstruct()


def test_the_operation_is_never_optimised_away() -> None:
    operation = AddTrail("plank")
    assert (
        operation.reduce(migrations.AddField("plank", "width", models.IntegerField()), "carpentry") is False
    )
    assert operation.references_model("Plank", "carpentry")
    assert not operation.references_model("Beam", "carpentry")
    assert (operation.describe(), operation.migration_name_fragment) == (
        "Put plank under the audit trail",
        "trail_plank",
    )


class Nowhere:
    def allow_migrate(self, *where: object, **which: object) -> bool:
        return False


def test_a_database_the_router_keeps_away_is_left_alone() -> None:
    state = forwards(ProjectState(), PLANK)
    with override_settings(DATABASE_ROUTERS=[Nowhere()]), connection.schema_editor() as editor:
        AddTrail("Plank").database_forwards("carpentry", editor, state, state)
        assert triggers() == {}
        AddTrail("Plank").database_backwards("carpentry", editor, state, state)

    assert triggers() == {}


def test_names_are_quoted() -> None:
    with connection.cursor() as cursor:
        cursor.execute('CREATE TABLE "a""b\'s" (id text, "it\'s" text, "so ""odd" text)')
        cursor.execute(install_trail_sql("a\"b's", redact=["it's"]))
        with acting(by=SystemActor("tests"), at=datetime(2026, 1, 1, tzinfo=UTC), action="tests.quoted"):
            cursor.execute("INSERT INTO \"a\"\"b's\" VALUES ('1', 'secret', 'no')")
            cursor.execute('UPDATE "a""b\'s" SET "it\'s" = \'other\', "so ""odd" = \'yes\'')
    assert list(Entry.objects.order_by("id").values_list("table_name", "new")) == [
        ("a\"b's", {"id": "1", "it's": "***", 'so "odd': "no"}),
        ("a\"b's", {"it's": "***", 'so "odd': "yes"}),
    ]
