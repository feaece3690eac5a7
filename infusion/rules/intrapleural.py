"""What an intrapleural infusion asks for after instillation: dwell time and changes of position. Pure."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise


class CatheterProof(StrEnum):
    CT = "ct"
    ULTRASOUND = "ultrasound"
    X_RAY = "x_ray"


class SamplePurpose(StrEnum):
    CYTOLOGY = "cytology"
    CAR_COPIES = "car_copies"
    CYTOKINES = "cytokines"
    CULTURE = "culture"
    OTHER = "other"


class BodyPosition(StrEnum):
    SUPINE = "supine"
    PRONE = "prone"
    LEFT_SIDE = "left_side"
    RIGHT_SIDE = "right_side"
    SITTING = "sitting"


class ImageModality(StrEnum):
    X_RAY = "x_ray"
    CT = "ct"
    ULTRASOUND = "ultrasound"


class ImageFinding(StrEnum):
    NONE = "none"
    PNEUMOTHORAX = "pneumothorax"
    EFFUSION = "effusion"
    LOCULATION = "loculation"
    OTHER = "other"


def dwell(clamped_at: datetime | None, unclamped_at: datetime | None) -> timedelta | None:
    """Return how long the product stayed: clamped until unclamped; None while one of the two is unknown."""
    if clamped_at is None or unclamped_at is None:
        return None
    return unclamped_at - clamped_at


def unclear_order(
    clamped_at: datetime | None, unclamped_at: datetime | None, removed_at: datetime | None
) -> str:
    """Return the field that lies before what it must follow, "" if none does. The same instant is in order."""
    known = [
        (name, value)
        for name, value in (
            ("clamped_at", clamped_at),
            ("unclamped_at", unclamped_at),
            ("catheter_removed_at", removed_at),
        )
        if value is not None
    ]
    return next((later for (_, first), (later, then) in pairwise(known) if then < first), "")


def drained_per_day(readings: Iterable[tuple[date, Decimal]]) -> dict[date, Decimal]:
    """Return what was drained on each civil date, mL, by date."""
    totals: dict[date, Decimal] = {}
    for on, volume_ml in readings:
        totals[on] = totals.get(on, Decimal(0)) + volume_ml
    return dict(sorted(totals.items()))


def next_position_at(
    clamped_at: datetime | None,
    changed_at: Iterable[datetime],
    *,
    every_min: int,
    for_min: int,
    now: datetime,
) -> datetime | None:
    """Return when the next change of position is due; None before the clamp and once the series is over.

    Counted from the last change, else from the clamp. The last one is due at the end of `for_min`, included; what
    was left out by then is not made up for.
    """
    if clamped_at is None:
        return None
    ends_at = clamped_at + timedelta(minutes=for_min)
    due = max([clamped_at, *changed_at]) + timedelta(minutes=every_min)
    return due if due <= ends_at and now <= ends_at else None
