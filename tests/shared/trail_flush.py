"""Lets the test suite, and nothing else, empty the tables between transactional tests.

Django empties them with TRUNCATE, which the trail refuses on every domain table and on itself. The owner of
the tables disables those triggers for the one transaction of the flush. The product holds no such exemption.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import OperationalError, connection

# Only what is fully on is switched off, so that a trigger installed too weakly makes the flush fail.
_EACH_TRUNCATE_TRIGGER = """
    DO $$
    DECLARE found record;
    BEGIN
        FOR found IN
            SELECT tgrelid::regclass AS name, tgname FROM pg_trigger
            WHERE tgfoid = 'public.trail_refuse()'::regprocedure AND tgtype & 32 = 32 AND tgenabled = '{found}'
        LOOP
            EXECUTE format('ALTER TABLE %s {change} TRIGGER %I', found.name, found.tgname);
        END LOOP;
    END $$
"""
DISABLE = _EACH_TRUNCATE_TRIGGER.format(found="A", change="DISABLE")
ENABLE = _EACH_TRUNCATE_TRIGGER.format(found="D", change="ENABLE ALWAYS")
TRIES = 5


@pytest.fixture(scope="session", autouse=True)
def flush_despite_the_trail() -> Iterator[None]:
    """Wrap Django's flush; all of it is one transaction, so a failed flush leaves the triggers enabled."""
    operations = type(connection.ops)
    execute = operations.execute_sql_flush

    def flush(self: Any, sql_list: Iterable[str]) -> None:
        statements = [DISABLE, *sql_list, ENABLE]
        for _ in range(TRIES - 1):
            # A straggler may hold a table that is wanted here; by the next try it is through.
            with suppress(OperationalError):
                return execute(self, statements)
        return execute(self, statements)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "execute_sql_flush", flush)
        yield
