"""Who loses a race at the database is told so in words; other database faults stay faults."""

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError

from trialsite.web.collisions import collision


def failed(kind: type[DatabaseError], sqlstate: str) -> DatabaseError:
    error = kind("the database's own words")
    error.__cause__ = type("Cause", (Exception,), {"sqlstate": sqlstate})()
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (failed(OperationalError, "40P01"), "try-again"),
        (failed(OperationalError, "40001"), "try-again"),
        (failed(IntegrityError, "23505"), "taken"),
    ],
    ids=["deadlock", "serialization", "unique"],
)
def test_a_collision_becomes_a_conflict_without_the_databases_words(error: DatabaseError, code: str) -> None:
    told = collision(error)

    assert told is not None
    assert told.code == code
    assert "database" not in told.message


@pytest.mark.parametrize(
    "error", [failed(IntegrityError, "23514"), failed(DatabaseError, "TS001")], ids=["check", "no actor"]
)
def test_any_other_fault_is_no_collision(error: DatabaseError) -> None:
    assert collision(error) is None
