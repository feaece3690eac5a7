"""The overall response of each time point, in the light of those before it and of what new lesions turn out to be.

Source: clinical rules 4, overall response for measurable disease, new lesions, reappearance after a complete response.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from followup.rules.response.lesions import Baseline
from followup.rules.response.non_targets import NonTargetAssessment, assess_non_targets
from followup.rules.response.readings import TimePoint, sum_at
from followup.rules.response.scale import NonTargetResponse, Response
from followup.rules.response.targets import Before, Nadir, TargetAssessment, assess_targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Overall:
    response: Response
    rule: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PointAssessment:
    """One time point with everything that led to its overall response.

    new_lesions: ids of those that count as new disease from here or from before; an equivocal one counts once it was
    confirmed, from the day it was first seen.
    """

    point: TimePoint
    target: TargetAssessment
    non_target: NonTargetAssessment
    new_lesions: tuple[str, ...]
    overall: Overall


def assess_points(baseline: Baseline, points: Iterable[TimePoint]) -> tuple[PointAssessment, ...]:
    """Return the assessment of every time point, the oldest first, whatever the order they came in."""
    ordered = sorted(points, key=lambda one: one.on)
    new_from = confirmed_from(ordered)
    before = Before(baseline_mm=baseline.sum_mm, nadir=Nadir(sum_mm=baseline.sum_mm, on=baseline.on))
    found: list[PointAssessment] = []
    for point in ordered:
        new = tuple(lesion for lesion, on in new_from.items() if on <= point.on)
        found.append(_assess_point(baseline, point, before, new))
        before = _after(before, found[-1])
    return tuple(found)


def confirmed_from(points: Sequence[TimePoint]) -> Mapping[str, date]:
    """Return the new lesions that were unequivocal at some time, each with the day it was first seen.

    Progression is dated back to that day, when it was still equivocal.
    """
    first_seen: dict[str, date] = {}
    confirmed: set[str] = set()
    for point in sorted(points, key=lambda one: one.on):
        for one in point.new_lesions:
            first_seen.setdefault(one.id, point.on)
            confirmed |= {one.id} if one.is_unequivocal else set()
    return {lesion: on for lesion, on in first_seen.items() if lesion in confirmed}


def _assess_point(
    baseline: Baseline, point: TimePoint, before: Before, new: tuple[str, ...]
) -> PointAssessment:
    target = assess_targets(baseline.targets, sum_at(baseline.targets, point.readings), before)
    non_target = assess_non_targets(baseline, point)
    return PointAssessment(
        point=point,
        target=target,
        non_target=non_target,
        new_lesions=new,
        overall=assess_overall(target, non_target, new, was_complete=before.was_complete),
    )


def _after(before: Before, found: PointAssessment) -> Before:
    """A partial sum never becomes the nadir."""
    sum_mm = found.target.sum_mm
    is_smaller = sum_mm is not None and sum_mm < before.nadir.sum_mm
    nadir = Nadir(sum_mm=sum_mm, on=found.point.on) if sum_mm is not None and is_smaller else before.nadir
    was_complete = before.was_complete or found.overall.response is Response.CR
    return replace(before, nadir=nadir, was_complete=was_complete)


def assess_overall(
    target: TargetAssessment,
    non_target: NonTargetAssessment,
    new_lesions: Sequence[str] = (),
    *,
    was_complete: bool = False,
) -> Overall:
    """Return the overall response by the table. was_complete: a complete response was reached before.

    What is not documented is never progression: after a complete response it leaves the time point not evaluable.
    """
    if new_lesions:
        return _overall(Response.PD, "NEW-LESION", f"New disease: {', '.join(new_lesions)}.")
    if target.response is Response.PD:
        return _overall(Response.PD, "TARGET-PD", target.because)
    if non_target.response is NonTargetResponse.PD:
        return _overall(Response.PD, "NON-TARGET-PD", non_target.because)
    if was_complete and target.response is not Response.NE:
        return _after_complete(target, non_target)
    if target.response is not Response.CR:
        return _overall(target.response, f"TARGET-{target.response.value}", target.because)
    if non_target.response in {NonTargetResponse.CR, NonTargetResponse.NONE}:
        return _overall(Response.CR, "CR", target.because)
    return _overall(Response.PR, "CR-INCOMPLETE", f"The targets are gone, the rest not. {non_target.because}")


def _after_complete(target: TargetAssessment, non_target: NonTargetAssessment) -> Overall:
    """PR and SD do not follow a true complete response: the disease has come back."""
    if target.response is not Response.CR:
        return _overall(Response.PD, "AFTER-CR", "The targets have come back after a complete response.")
    if non_target.response in {NonTargetResponse.CR, NonTargetResponse.NONE}:
        return _overall(Response.CR, "CR", target.because)
    if non_target.response is NonTargetResponse.NE or non_target.is_by_marker:
        return _overall(Response.NE, "AFTER-CR-OPEN", f"No lesion has come back. {non_target.because}")
    return _overall(Response.PD, "AFTER-CR", f"Back after a complete response. {non_target.because}")


def _overall(response: Response, rule: str, because: str) -> Overall:
    return Overall(response=response, rule=f"RECIST-OVERALL-{rule}", because=because)
