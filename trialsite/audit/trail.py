"""AddTrail: the migration operation that puts a domain table under the audit trail, from its first migration."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import CompositePrimaryKey

WRITE_TRIGGERS = {"trail_created": "INSERT", "trail_changed": "UPDATE", "trail_removed": "DELETE"}
TRUNCATE_TRIGGER = "trail_no_truncate"

# Key and hidden columns of each table under the trail; they are the arguments of its triggers.
ARGUMENTS_SQL = """
    SELECT relname::text, array_remove(string_to_array(encode(tgargs, 'escape'), '\\000'), '')
    FROM pg_catalog.pg_trigger JOIN pg_catalog.pg_class ON pg_class.oid = tgrelid
    WHERE tgname = 'trail_changed' AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
_STALE_SQL = f"""
    SELECT name FROM ({ARGUMENTS_SQL}) AS told (name, given)
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname = public.trail_function(name)
            AND prosrc = public.trail_source(name, given[1], given[2:])
    )
"""  # noqa: S608  (texts of this file)

# What else a table gets with its trail: SQL for a model, "" for none. Later rooms add theirs at start-up.
_companions: list[Callable[[Any], str]] = []


def with_every_trail(statements: Callable[[Any], str]) -> None:
    """Run what `statements` returns for a model wherever `AddTrail` puts its table under the trail."""
    if statements not in _companions:
        _companions.append(statements)


def install_trail_sql(table: str, redact: Sequence[str] = (), key: str = "id") -> str:
    """Return the statement that puts `table` under the trail. Running it again makes function and triggers anew.

    redact: columns whose values the trail must not hold; it still shows whether they changed.
    key: the column that identifies a row. Both are arguments of the triggers.
    """
    hidden = f"ARRAY[{', '.join(_literal(column) for column in redact)}]::text[]"
    return f"SELECT public.trail_install({_literal(table)}, {_literal(key)}, {hidden});\n"


def remove_trail_sql(table: str) -> str:
    """Return the statement that undoes `install_trail_sql`. The entries already written stay."""
    return f"SELECT public.trail_remove({_literal(table)});\n"


def first_trail_sql(table: str, redact: Sequence[str], key: str) -> str:
    """Return what migrations run: before audit 0004 the triggers that it converts, and since then the present ones."""
    arguments = ", ".join(_literal(column) for column in (key, *redact))
    name = _identifier(table)
    return f"""DO $trail$ BEGIN
        IF to_regprocedure('public.trail_install(text, text, text[])') IS NOT NULL THEN
            PERFORM {install_trail_sql(table, redact, key).strip().removeprefix("SELECT ")}
        ELSE
            CREATE TRIGGER trail_write AFTER INSERT OR UPDATE OR DELETE ON {name}
                FOR EACH ROW EXECUTE FUNCTION public.trail_write({arguments});
            CREATE TRIGGER {TRUNCATE_TRIGGER} BEFORE TRUNCATE ON {name}
                FOR EACH STATEMENT EXECUTE FUNCTION public.trail_refuse();
            ALTER TABLE {name} ENABLE ALWAYS TRIGGER trail_write;
            ALTER TABLE {name} ENABLE ALWAYS TRIGGER {TRUNCATE_TRIGGER};
        END IF;
    END $trail$"""


def stale_tables(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Return the tables under the trail whose function does not name the columns that they have now."""
    with connections[using].cursor() as cursor:
        cursor.execute(_STALE_SQL)
        return [name for (name,) in cursor.fetchall()]


def renew_stale(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Make the functions of stale tables anew and return those tables. Needs the owner of the tables.

    Where only some migrations ran and audit 0004 is not among them, there is none to renew.
    """
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regprocedure('public.trail_source(text, text, text[])')")
        if cursor.fetchone() == (None,):
            return []
    stale = stale_tables(using)
    with connections[using].cursor() as cursor:
        cursor.execute(ARGUMENTS_SQL)
        arguments = dict(cursor.fetchall())
        for table in stale:
            key, *hidden = arguments[table]
            cursor.execute(install_trail_sql(table, hidden, key))
    return stale


class AddTrail(Operation):
    """Put the table of one model under the trail. Auto-created m2m tables are models too: `user_sites`.

    The migration must depend on ("audit", "0001_initial"). Repeat the operation after the key or a redacted
    column is renamed: the triggers name them. Any other change of columns is followed when `migrate` ends.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, model_name: str, redact: Sequence[str] = ()) -> None:
        self.model_name = model_name
        self.redact = tuple(redact)

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return self.__class__.__qualname__, [self.model_name], {"redact": self.redact} if self.redact else {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Leave the model state as it is: triggers are not part of it."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        options = model._meta
        if isinstance(options.pk, CompositePrimaryKey):
            raise ValueError(f"{options.label}: the trail needs a key of one column.")
        redact = [options.get_field(name).column for name in self.redact]
        schema_editor.execute(first_trail_sql(options.db_table, redact, options.pk.column), params=None)
        for statements in filter(None, (companion(model) for companion in _companions)):
            schema_editor.execute(statements, params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.execute(remove_trail_sql(model._meta.db_table), params=None)

    def references_model(self, name: str, app_label: str) -> bool:
        return name.lower() == self.model_name.lower()

    def describe(self) -> str:
        return f"Put {self.model_name} under the audit trail"

    @property
    def migration_name_fragment(self) -> str:
        return f"trail_{self.model_name.lower()}"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
