"""What an intrapleural infusion asks for after instillation: dwell time and changes of position. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum


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


def next_position_at(
    clamped_at: datetime | None, changed_at: Iterable[datetime], *, every_min: int, for_min: int
) -> datetime | None:
    """Return when the next change of position is due; None before the clamp and once the series is over.

    Counted from the last change, else from the clamp. The last one is due at the end of `for_min`, included.
    """
    if clamped_at is None:
        return None
    last = max([clamped_at, *changed_at])
    due = last + timedelta(minutes=every_min)
    return due if due <= clamped_at + timedelta(minutes=for_min) else None
