"""The tests of the ledger as a re-check of eligibility asks for them."""

from infusion.models import ConfidentialTest
from infusion.models.confidential import TestOutcome
from participants.queries.course import Course
from screening.rules.later_tests import LaterTest


def later_tests(course: Course) -> tuple[LaterTest, ...]:
    """Return the tests in force in the order they were recorded. One query."""
    rows = ConfidentialTest.objects.filter(participant=course.participant, voided_at=None)
    return tuple(
        LaterTest(on=taken_on, is_negative=outcome == TestOutcome.NEGATIVE)
        for taken_on, outcome in rows.order_by("recorded_at").values_list("taken_on", "outcome")
    )
