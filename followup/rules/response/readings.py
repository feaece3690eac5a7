"""What is read at one time point, and the sum of the targets that follows from it. Source: clinical rules 4."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from followup.rules.response.lesions import Lesion
from followup.rules.response.scale import TOO_SMALL_MM


class Seen(StrEnum):
    """How a target was found. NOT_ASSESSED is never 0."""

    MEASURED = "measured"
    ABSENT = "absent"
    TOO_SMALL = "too_small"  # seen, too small to measure: counts 5 mm
    MERGED = "merged"  # grown together with another, which carries the diameter of the whole
    NOT_ASSESSED = "not_assessed"


class Found(StrEnum):
    """How a lesion that is no target was found."""

    ABSENT = "absent"
    PRESENT = "present"
    PROGRESSED = "progressed"  # unequivocally, against all of the disease that is no target
    NOT_ASSESSED = "not_assessed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One target. parts_mm: its diameter, or those of the parts it fell into, which are added.

    merged_into: id of the target that carries the whole.
    """

    lesion: str
    seen: Seen
    parts_mm: tuple[Decimal, ...] = ()
    merged_into: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NonTargetReading:
    """One lesion that is no target. short_axis_mm: of a node that is present; below 10 mm it is normal."""

    lesion: str
    found: Found
    short_axis_mm: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLesion:
    """A lesion not there at baseline, as it was seen at this time point. id: the same at every time point."""

    id: str
    is_unequivocal: bool
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePoint:
    """on: day of the scan. What has no reading was not assessed. is_marker_normal None: not documented."""

    on: date
    id: str = ""
    readings: tuple[Reading, ...] = ()
    non_targets: tuple[NonTargetReading, ...] = ()
    new_lesions: tuple[NewLesion, ...] = ()
    is_marker_normal: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSum:
    """assessed_mm: of the targets that were assessed. missing: ids of the others.

    seen_mm: what stands at the place of each target that was assessed; of a merged one, the whole.
    """

    assessed_mm: Decimal
    missing: tuple[str, ...]
    seen_mm: Mapping[str, Decimal]

    @property
    def is_complete(self) -> bool:
        return not self.missing


def sum_at(targets: Sequence[Lesion], readings: Iterable[Reading]) -> TargetSum:
    """Return the sum of the targets. A node keeps its size even when it is normal; a split lesion adds its parts."""
    by_lesion = {one.lesion: one for one in readings}
    added, seen, missing = Decimal(), dict[str, Decimal](), list[str]()
    for target in targets:
        reading = by_lesion.get(target.id)
        carrier = by_lesion.get(reading.merged_into) if reading and reading.seen is Seen.MERGED else reading
        size = _size(carrier)
        if size is None:
            missing.append(target.id)
            continue
        seen[target.id] = size
        added += size if carrier is reading else 0
    return TargetSum(assessed_mm=added, missing=tuple(missing), seen_mm=seen)


def _size(reading: Reading | None) -> Decimal | None:
    """What the reading counts; None: not assessed. A whole that is itself said to be merged says nothing."""
    if reading is None or reading.seen in {Seen.NOT_ASSESSED, Seen.MERGED}:
        return None
    if reading.seen is Seen.MEASURED:
        return sum(reading.parts_mm, Decimal())
    return TOO_SMALL_MM if reading.seen is Seen.TOO_SMALL else Decimal()
