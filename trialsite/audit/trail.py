"""AddTrail: the migration operation that puts a domain table under the audit trail, from its first migration."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import CompositePrimaryKey

WRITE_TRIGGER = "trail_write"
TRUNCATE_TRIGGER = "trail_no_truncate"

# What else a table gets with its trail: SQL for a model, "" for none. Later rooms add theirs at start-up.
_companions: list[Callable[[Any], str]] = []


def with_every_trail(statements: Callable[[Any], str]) -> None:
    """Run what `statements` returns for a model wherever `AddTrail` puts its table under the trail."""
    if statements not in _companions:
        _companions.append(statements)


def install_trail_sql(table: str, redact: Sequence[str] = (), key: str = "id") -> str:
    """Return the statements that put `table` under the trail. Running them again replaces the triggers.

    redact: columns whose values the trail must not hold; it still shows whether they changed.
    key: the column that identifies a row. Both are read by the trigger function as its arguments.
    """
    arguments = ", ".join(_literal(column) for column in (key, *redact))
    name = _identifier(table)
    return f"""
        CREATE OR REPLACE TRIGGER {WRITE_TRIGGER} AFTER INSERT OR UPDATE OR DELETE ON {name}
            FOR EACH ROW EXECUTE FUNCTION public.trail_write({arguments});
        CREATE OR REPLACE TRIGGER {TRUNCATE_TRIGGER} BEFORE TRUNCATE ON {name}
            FOR EACH STATEMENT EXECUTE FUNCTION public.trail_refuse();
        ALTER TABLE {name} ENABLE ALWAYS TRIGGER {WRITE_TRIGGER};
        ALTER TABLE {name} ENABLE ALWAYS TRIGGER {TRUNCATE_TRIGGER};
    """


def remove_trail_sql(table: str) -> str:
    """Return the statements that undo `install_trail_sql`. The entries already written stay."""
    name = _identifier(table)
    return f"""
        DROP TRIGGER {TRUNCATE_TRIGGER} ON {name};
        DROP TRIGGER {WRITE_TRIGGER} ON {name};
    """


class AddTrail(Operation):
    """Put the table of one model under the trail. Auto-created m2m tables are models too: `user_sites`.

    The migration must depend on ("audit", "0001_initial"). Repeat the operation after the key or a redacted
    column is renamed: the triggers name columns.
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
        schema_editor.execute(install_trail_sql(options.db_table, redact, options.pk.column), params=None)
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
