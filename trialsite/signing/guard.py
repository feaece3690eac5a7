"""The guard on every domain table: the database refuses a write to what is locked.

`AddTrail` puts it on a new table together with the trail, so that a table cannot have one without the other; the
migration that created the guard put it on the tables that were there before. The tests compare it with the models.
"""

from collections import deque
from typing import Any

from django.db.migrations.operations.base import Operation

GUARD = "lock_guard"
GUARDED = ("participants", "screening", "infusion", "followup")
# What goes on after a lock: messages to people and their answers, the log of openings, a person's own calendar.
# None of it is data of the trial.
NOT_GUARDED = frozenset(
    {"participants.reminder", "participants.identityopening", "participants.calendarfeed"}
)
_TOPS = ("participants.participant", "accounts.site")


def is_guarded(model: Any) -> bool:
    options = model._meta
    return options.app_label in GUARDED and options.label_lower not in NOT_GUARDED and options.managed


def way_up(model: Any) -> tuple[str, ...]:
    """Return the shortest way to the participant, else to the site: column, table it points to, column, table, …

    Empty for the participant itself and for a table that hangs on neither, which only a lock of the whole trial holds.
    """
    if model._meta.label_lower in _TOPS:
        return ()
    return next((found for top in _TOPS if (found := _way(model, top))), ())


def _way(model: Any, top: str) -> tuple[str, ...]:
    ahead: deque[tuple[Any, tuple[str, ...]]] = deque([(model, ())])
    seen = {model._meta.label_lower}
    while ahead:
        here, way = ahead.popleft()
        for field in here._meta.concrete_fields:
            if not field.remote_field:
                continue
            target = field.remote_field.model
            further = (*way, field.column, target._meta.db_table)
            if target._meta.label_lower == top:
                return further
            if target._meta.label_lower not in seen:
                seen.add(target._meta.label_lower)
                ahead.append((target, further))
    return ()


def guard_sql(model: Any) -> str:
    """Return the statements that guard the table of `model`; nothing where it is not guarded.

    They do nothing in a database that has no guard yet: the migration that brings it takes every table along.
    """
    if not is_guarded(model):
        return ""
    table = model._meta.db_table
    arguments = ", ".join(f"'{name}'" for name in way_up(model))
    return f"""
        DO $$ BEGIN
            IF to_regprocedure('public.lock_guard()') IS NOT NULL THEN
                CREATE OR REPLACE TRIGGER {GUARD} BEFORE INSERT OR UPDATE OR DELETE ON "{table}"
                    FOR EACH ROW EXECUTE FUNCTION public.lock_guard({arguments});
                ALTER TABLE "{table}" ENABLE ALWAYS TRIGGER {GUARD};
            END IF;
        END $$;
    """


class GuardEveryTable(Operation):
    """Guard the tables that were there before the guard was."""

    reversible = True

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Leave the model state as it is: triggers are not part of it."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for model in to_state.apps.get_models(include_auto_created=True):
            if sql := guard_sql(model):
                schema_editor.execute(sql, params=None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for model in from_state.apps.get_models(include_auto_created=True):
            if is_guarded(model):
                schema_editor.execute(
                    f'DROP TRIGGER IF EXISTS {GUARD} ON "{model._meta.db_table}"', params=None
                )

    def describe(self) -> str:
        return "Guard every domain table against writes to what is locked"
