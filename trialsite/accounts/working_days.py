"""The working days of a site's country, with what public holidays take away and make-up days give."""

from collections.abc import Callable
from datetime import date
from functools import cache

import holidays

SATURDAY = 5


@cache
def working_days(country: str) -> Callable[[date], bool]:
    """Return the calendar of a country (ISO 3166, two letters): True on days on which an office is staffed.

    China's make-up Sundays are working days. Where the holidays of a country or a year are not known, Monday to
    Friday are. A year that becomes known with a later release moves rungs with the nightly reconciliation.
    """
    if country not in holidays.list_supported_countries(include_aliases=False):
        return _is_weekday
    known = holidays.country_holidays(country)

    @cache
    def is_working_day(on: date) -> bool:
        return bool(known.is_working_day(on))

    return is_working_day


def _is_weekday(on: date) -> bool:
    return on.weekday() < SATURDAY
