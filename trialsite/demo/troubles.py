"""What goes wrong in the demonstration cohort, and to whom."""

from calendar import isleap
from datetime import UTC, datetime
from enum import Enum


class Trouble(Enum):
    """value: about how many days ago the participant was referred, so that the trouble lies in the past."""

    NONE = None
    NOT_SCREENED = 45
    SCREEN_FAILED = 38
    RESCREENED = 80
    FAILED_LOT = 75
    DIED_IN_MANUFACTURING = 66
    WITHDREW_BEFORE_INFUSION = 95
    CRS_AND_DLT = 90
    SAE_REPORTED_LATE = 150
    SAE_OPEN = 52
    FORGOT_TO_SIGN = 200
    WITHDREW_FROM_VISITS = 260
    DIED_IN_FOLLOW_UP = 305
    LOST = 335
    PROGRESSED_WITH_SECOND_INFUSION = 290
    WRONG_ROUTE = 230
    LEAP_DAY = 530
    METHOD_ENDED = 180  # an injection of three months that nobody renewed

    @classmethod
    def placed(cls) -> list[tuple["Trouble", int]]:
        return [(trouble, trouble.value) for trouble in cls if trouble.value is not None]

    @staticmethod
    def leap_day_infusion(now: datetime) -> datetime:
        """Return 10:00 in Wuhan on the last 29 February whose contraception year is over at `now`."""
        year = next(year for year in range(now.year - 2, 0, -1) if isleap(year))
        return datetime(year, 2, 29, 2, tzinfo=UTC)
