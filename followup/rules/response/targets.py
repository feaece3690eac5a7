"""The response of the targets at one time point. Source: clinical rules 4, target response and its traps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from followup.rules.response.lesions import Lesion
from followup.rules.response.readings import TargetSum
from followup.rules.response.scale import (
    NORMAL_NODE_MM,
    PARTIAL_FACTOR,
    PROGRESSION_FACTOR,
    PROGRESSION_MM,
    Response,
    mm,
)

_TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nadir:
    """The smallest complete sum so far, the baseline included, and the day it was first reached."""

    sum_mm: Decimal
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What earlier time points leave behind. was_complete: an overall complete response was reached."""

    baseline_mm: Decimal
    nadir: Nadir
    was_complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetAssessment:
    """sum_mm: None where a target is missing. before: what it was compared with. Rounding is for show only."""

    response: Response
    rule: str
    because: str
    sum: TargetSum
    before: Before

    @property
    def sum_mm(self) -> Decimal | None:
        return self.sum.assessed_mm if self.sum.is_complete else None

    @property
    def change_from_baseline_percent(self) -> Decimal | None:
        """To a tenth; None without a complete sum."""
        return _percent(self.sum_mm, self.before.baseline_mm)

    @property
    def change_from_nadir_percent(self) -> Decimal | None:
        """To a tenth; None without a complete sum, or from a nadir of 0."""
        return _percent(self.sum_mm, self.before.nadir.sum_mm)


def assess_targets(targets: Sequence[Lesion], found: TargetSum, before: Before) -> TargetAssessment:
    """Return the response of the targets: progression is asked for first, then whether all could be assessed."""
    response, rule, because = _decide(targets, found, before)
    return TargetAssessment(
        response=response, rule=f"RECIST-TARGET-{rule}", because=because, sum=found, before=before
    )


def _decide(targets: Sequence[Lesion], found: TargetSum, before: Before) -> tuple[Response, str, str]:
    if not targets:
        return Response.NE, "NONE", "No target was chosen at baseline."
    back = [one.id for one in targets if not one.is_nodal and found.seen_mm.get(one.id)]
    if before.was_complete and back:
        return Response.PD, "REAPPEARED", f"Seen again after a complete response: {', '.join(back)}."
    if _has_grown(found.assessed_mm, before.nadir):
        return Response.PD, "PD" if found.is_complete else "PARTIAL-PD", _growth(found, before.nadir)
    if not found.is_complete:
        return Response.NE, "MISSING", f"Not assessed: {', '.join(found.missing)}."
    if all(_is_gone(one, found.seen_mm[one.id]) for one in targets):
        return Response.CR, "CR", "No target is left, and every node is below 10 mm."
    if found.assessed_mm <= PARTIAL_FACTOR * before.baseline_mm:
        words = f"The sum of {mm(found.assessed_mm)} is at most 70 % of {mm(before.baseline_mm)} at baseline."
        return Response.PR, "PR", words
    return Response.SD, "SD", "Neither shrunk to 70 % of the baseline nor grown by 20 % and 5 mm."


def _has_grown(sum_mm: Decimal, nadir: Nadir) -> bool:
    return sum_mm >= PROGRESSION_FACTOR * nadir.sum_mm and sum_mm - nadir.sum_mm >= PROGRESSION_MM


def _growth(found: TargetSum, nadir: Nadir) -> str:
    which = "sum" if found.is_complete else "sum of the assessed targets alone"
    grown = found.assessed_mm - nadir.sum_mm
    return f"The {which} is {mm(found.assessed_mm)}, {mm(grown)} above the nadir of {mm(nadir.sum_mm)}."


def _is_gone(lesion: Lesion, size: Decimal) -> bool:
    return size < NORMAL_NODE_MM if lesion.is_nodal else not size


def _percent(sum_mm: Decimal | None, of: Decimal) -> Decimal | None:
    if sum_mm is None or not of:
        return None
    return (100 * (sum_mm - of) / of).quantize(_TENTH, ROUND_HALF_UP)
