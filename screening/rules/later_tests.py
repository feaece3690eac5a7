"""A pregnancy test that a later stage keeps, beside the evidence of screening. Pure. Source: clinical rules 6.4.

Its result is read by the staff of the trial alone, an evaluation by everybody who reads the participant. A negative
one is evidence like any other; one that is not negative leaves the question open and is not told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from screening.rules.evidence import Entry
from trialsite.protocol.partial_dates import whole

TEST, POTENTIAL = "pregnancy_test", "childbearing_potential"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterTest:
    """on: civil date of the specimen at the site. is_negative: False for a positive and for an unclear one."""

    on: date
    is_negative: bool


def newest_test(tests: Iterable[LaterTest], day: date) -> LaterTest | None:
    """Return the newest on or before `day`. tests: as they were recorded; of one date the last one."""
    return max(reversed([one for one in tests if one.on <= day]), key=lambda one: one.on, default=None)


def counts_beside(entry: Entry, test: LaterTest) -> bool:
    """Return whether an answer of screening is later than the test; an undated one is not known to be."""
    return entry.on is not None and entry.on.last > test.on


def answer_of(test: LaterTest) -> Entry | None:
    """Return the test as an answer; None where it is not negative."""
    return Entry(TEST, "negative", whole(test.on)) if test.is_negative else None
