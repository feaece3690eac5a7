"""The domain errors: what went wrong as a code, in words for a person, and at which field."""

from collections.abc import Mapping

# What PostgreSQL says when two people meet: serialization, deadlock, lock, cancelled; and when one was first.
MET_SQLSTATES = frozenset({"40001", "40P01", "55P03", "57014"})
TAKEN_SQLSTATES = frozenset({"23505", "23P01"})  # unique and exclusion constraints


class DomainError(Exception):
    """A command was refused. Nothing was saved.

    code: stable, kebab-case, for machines. message: a sentence that names the remedy.
    field: the input at fault, where one is. params: plain values a client may need.
    """

    status = 422

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str | None = None,
        params: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.params = dict(params or {})


class NotPermitted(DomainError):
    """The actor's role at this site does not allow the act."""

    status = 403


class InvalidTransition(DomainError):
    """The act is out of order for the participant's present state."""

    status = 409


class Conflict(DomainError):
    """The record changed since it was read, or somebody else was first."""

    status = 409


class RuleViolated(DomainError):
    """A protocol or data rule refuses the act."""

    status = 422


class Unavailable(DomainError):
    """A part that the act needs does not work now. Trying again later may succeed."""

    status = 503
