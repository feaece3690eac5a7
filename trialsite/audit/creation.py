"""CreateTogether: the migration operation that makes many tables at once."""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import CreateModel, RunSQL
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from trialsite.audit.trail import AddTrail

# What needs no state between: each finds the tables as the last one leaves them.
CREATING = (CreateModel, RunSQL, AddTrail)


class CreateTogether(Operation):
    """Do what the operations do one after the other, and build the models once instead of once per operation.

    Django builds every related model anew after each operation, which for the tables of a whole app takes far
    longer than making them. Here every operation sees the state after the last.

    Raises TypeError for an operation that changes a table: it needs the state before it.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, operations: Sequence[CreateModel | RunSQL | AddTrail]) -> None:
        for operation in operations:
            if not isinstance(operation, CREATING):
                raise TypeError(f"{operation.describe()}: a change needs an operation of its own.")
        self.operations = tuple(operations)

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return self.__class__.__qualname__, [list(self.operations)], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Add the models, and leave it to the first who asks to build them."""
        state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for operation in reversed(self.operations):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def references_model(self, name: str, app_label: str) -> bool:
        return any(operation.references_model(name, app_label) for operation in self.operations)

    def describe(self) -> str:
        return "; ".join(operation.describe() for operation in self.operations)
