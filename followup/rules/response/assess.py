"""Everything about the response of one participant: time points, best response, times to events.

Pure and stateless: a frozen course in, an answer out. Source: clinical rules 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from followup.rules.response.best import (
    BestResponse,
    Dated,
    best_confirmed,
    best_unconfirmed,
    first_confirmed,
)
from followup.rules.response.endpoints import (
    Endpoint,
    Fate,
    TimeToEvent,
    overall_survival,
    progression_free,
)
from followup.rules.response.lesions import Baseline, Remark, selection_remarks, timing_remarks
from followup.rules.response.overall import PointAssessment, assess_points
from followup.rules.response.readings import TimePoint
from followup.rules.response.scale import Response, ResponseLimits


class Unused(StrEnum):
    """Why a time point says nothing about the best response."""

    BEFORE_TREATMENT = "before_treatment"
    NEW_THERAPY = "new_therapy"
    AFTER_PROGRESSION = "after_progression"
    AFTER_CUT_OFF = "after_cut_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCourse:
    """infused_on: civil date of the first infusion, from which everything is counted. points: in any order."""

    infused_on: date
    fate: Fate
    baseline: Baseline | None
    points: tuple[TimePoint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CoursePoint:
    """assessment None: not assessed, because it lies outside of what is looked at. unused None: it counts."""

    point: TimePoint
    assessment: PointAssessment | None
    unused: Unused | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseAnswer:
    """points: the oldest first. progressed_on: the first progression that counts. dor None: no confirmed response."""

    remarks: tuple[Remark, ...]
    points: tuple[CoursePoint, ...]
    progressed_on: date | None
    best: BestResponse
    best_confirmed: BestResponse
    pfs: TimeToEvent
    os: TimeToEvent
    dor: TimeToEvent | None


def assess_response(course: ResponseCourse, limits: ResponseLimits) -> ResponseAnswer:
    """Return the response at every time point, the best of them, and the times to events.

    Time points up to the day of the infusion, after the data cut-off, from the start of a new anticancer therapy on
    and after the first progression are shown and do not count.
    """
    ordered = sorted(course.points, key=lambda one: one.on)
    seen = [one for one in ordered if course.infused_on < one.on <= course.fate.as_of]
    counted = _assessed(course, [one for one in seen if _is_before_therapy(one.on, course.fate)])
    beyond = _assessed(course, seen)[len(counted) :]
    progressed_on = _first_progression(course, counted)
    responses = _responses(counted, progressed_on)
    assessed = {one.point.on: one for one in (*counted, *beyond)}
    return ResponseAnswer(
        remarks=_remarks(course, limits),
        points=tuple(_point(course, one, assessed.get(one.on), progressed_on) for one in ordered),
        progressed_on=progressed_on,
        best=best_unconfirmed(responses, course.infused_on, limits),
        best_confirmed=best_confirmed(responses, course.infused_on, limits),
        pfs=_pfs(Endpoint.PFS, course.infused_on, course, counted, progressed_on, limits),
        os=overall_survival(course.infused_on, course.fate),
        dor=_duration(course, counted, responses, progressed_on, limits),
    )


def _assessed(course: ResponseCourse, points: Sequence[TimePoint]) -> tuple[PointAssessment, ...]:
    return assess_points(course.baseline, points) if course.baseline else ()


def _is_before_therapy(on: date, fate: Fate) -> bool:
    return fate.new_therapy_on is None or on < fate.new_therapy_on


def _first_progression(course: ResponseCourse, counted: Sequence[PointAssessment]) -> date | None:
    """The first of the scans that show it and of what the investigator recorded, before a new therapy."""
    found = [one.point.on for one in counted if one.overall.response is Response.PD]
    recorded = course.fate.by_cut_off(course.fate.progressed_on)
    if recorded and recorded >= course.infused_on and _is_before_therapy(recorded, course.fate):
        found.append(recorded)
    return min(found, default=None)


def _responses(counted: Sequence[PointAssessment], progressed_on: date | None) -> list[Dated]:
    """Up to and including the first progression, which need not have been seen on a scan."""
    kept = [
        Dated(one.point.on, one.overall.response)
        for one in counted
        if progressed_on is None or one.point.on <= progressed_on
    ]
    if progressed_on and Dated(progressed_on, Response.PD) not in kept:
        kept.append(Dated(progressed_on, Response.PD))
    return kept


def _point(
    course: ResponseCourse, point: TimePoint, assessment: PointAssessment | None, progressed_on: date | None
) -> CoursePoint:
    return CoursePoint(point=point, assessment=assessment, unused=_unused(course, point.on, progressed_on))


def _unused(course: ResponseCourse, on: date, progressed_on: date | None) -> Unused | None:
    if on <= course.infused_on:
        return Unused.BEFORE_TREATMENT
    if on > course.fate.as_of:
        return Unused.AFTER_CUT_OFF
    if not _is_before_therapy(on, course.fate):
        return Unused.NEW_THERAPY
    return Unused.AFTER_PROGRESSION if progressed_on and on > progressed_on else None


def _remarks(course: ResponseCourse, limits: ResponseLimits) -> tuple[Remark, ...]:
    if course.baseline is None:
        return (Remark(code="no-baseline", message="There is no baseline scan: nothing can be assessed."),)
    return (
        *timing_remarks(course.baseline.on, course.infused_on, limits),
        *selection_remarks(course.baseline.lesions, limits),
    )


def _pfs(
    endpoint: Endpoint,
    from_on: date,
    course: ResponseCourse,
    counted: Sequence[PointAssessment],
    progressed_on: date | None,
    limits: ResponseLimits,
) -> TimeToEvent:
    return progression_free(
        endpoint,
        from_on,
        [one.point.on for one in counted if one.overall.response is not Response.NE],
        progressed_on,
        course.fate,
        limits.missed_assessments,
        has_baseline=course.baseline is not None,
    )


def _duration(
    course: ResponseCourse,
    counted: Sequence[PointAssessment],
    responses: Sequence[Dated],
    progressed_on: date | None,
    limits: ResponseLimits,
) -> TimeToEvent | None:
    """From the first sight of a response that was confirmed."""
    confirmed = first_confirmed(responses, limits)
    if confirmed is None:
        return None
    return _pfs(Endpoint.DOR, confirmed.first.on, course, counted, progressed_on, limits)
