"""Two callers, one free name: the database decides, the loser is told in words."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError
from psycopg.errors import UniqueViolation

from trialsite.errors import Conflict


@contextmanager
def one_of_a_kind(conflict: Conflict) -> Iterator[None]:
    """Raise `conflict` where the block breaks a unique constraint. Other integrity errors pass."""
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.__cause__, UniqueViolation):
            raise conflict from error
        raise
