"""Two people at the same record in the same moment: the database lets one through, the other is told."""

from django.db import DatabaseError, IntegrityError

from trialsite.errors import MET_SQLSTATES, TAKEN_SQLSTATES, Conflict, DomainError


def collision(error: DatabaseError) -> DomainError | None:
    """Return what to tell the one who lost, or None where the error is no collision. Nothing was saved."""
    code = getattr(error.__cause__, "sqlstate", None)
    if isinstance(error, IntegrityError) and code in TAKEN_SQLSTATES:
        return Conflict(
            "taken", "Somebody else recorded this first. Nothing of yours was saved: load the page again."
        )
    if code in MET_SQLSTATES:
        return Conflict(
            "try-again", "Somebody else was saving at the same moment. Nothing was saved: try again."
        )
    return None
