"""With which baseline a laboratory value is graded. Pure. Source: clinical rules 3; docs/algorithms/grading.md."""

from collections.abc import Iterable
from datetime import datetime

from infusion.rules.grading.ctcae_tables import LABORATORY_TESTS
from trialsite.protocol.types import Event, EventKind

# What is done to a participant by the study, the first of which ends the time of the baseline (assumed).
INTERVENTIONS = frozenset(
    {EventKind.LEUKAPHERESIS_PERFORMED, EventKind.LYMPHODEPLETION_DOSE_GIVEN, EventKind.INFUSED}
)
COMPARED = frozenset(code for code, test in LABORATORY_TESTS.items() if test.needs_baseline)


def first_intervention_at(events: Iterable[Event]) -> datetime | None:
    """Return when the first study intervention took place, None before any."""
    return min((one.at for one in events if one.kind in INTERVENTIONS), default=None)


def is_compared(test_code: str, taken_at: datetime, first_at: datetime | None) -> bool:
    """Whether a value is graded with the baseline: one of a test that asks for it, from the first intervention on.

    An earlier one may itself be the baseline; it is graded as where there is none.
    """
    return test_code in COMPARED and first_at is not None and taken_at >= first_at


def may_be_baseline(test_code: str, taken_at: datetime, first_at: datetime | None) -> bool:
    """Whether a value may be the one that later ones are compared with."""
    return test_code in COMPARED and first_at is not None and taken_at < first_at
