"""Two people at the same record in the same moment: the database lets one through, the other is told."""

from django.db import DatabaseError, IntegrityError

from trialsite.errors import (
    LOCKED_SQLSTATE,
    MET_SQLSTATES,
    TAKEN_SQLSTATES,
    Conflict,
    DomainError,
    data_locked,
)


def sqlstate_of(error: DatabaseError) -> str:
    """Return what PostgreSQL called the error, "" where it was not PostgreSQL's."""
    return str(getattr(error.__cause__, "sqlstate", None) or "")


def collision(error: DatabaseError) -> DomainError | None:
    """Return what to tell the one who lost, or whose record is locked; None for any other error. Nothing was saved."""
    code = sqlstate_of(error)
    if isinstance(error, IntegrityError) and code in TAKEN_SQLSTATES:
        return Conflict(
            "taken", "Somebody else recorded this first. Nothing of yours was saved: load the page again."
        )
    if code == LOCKED_SQLSTATE:
        return data_locked()
    if code in MET_SQLSTATES:
        return Conflict(
            "try-again", "Somebody else was saving at the same moment. Nothing was saved: try again."
        )
    return None
