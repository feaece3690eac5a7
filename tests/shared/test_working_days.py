"""The working days of a site."""

from datetime import date

import pytest

from trialsite.accounts.working_days import working_days


@pytest.mark.parametrize(
    ("country", "day", "works"),
    [
        ("CN", "2026-10-01", False),  # National Day
        ("CN", "2026-10-07", False),
        ("CN", "2026-10-08", True),
        ("CN", "2026-10-10", True),  # a make-up Saturday
        ("CN", "2026-10-11", False),  # an ordinary Sunday
        ("CN", "2026-01-04", True),  # a make-up Sunday
        ("US", "2026-07-03", False),  # Independence Day, observed
        ("US", "2026-10-10", False),
        ("ZZ", "2026-10-02", True),  # no calendar known: Monday to Friday
        ("ZZ", "2026-10-03", False),
    ],
)
def test_holidays_and_make_up_days_count(country: str, day: str, works: bool) -> None:
    assert working_days(country)(date.fromisoformat(day)) is works
