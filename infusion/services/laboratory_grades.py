"""Grading laboratory values as they are recorded. Called inside `acting`; the stored grades equal what the rules give.

The number of statements depends neither on how many values come in at once nor on whose they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import F, QuerySet

from infusion.models import LaboratoryGrade
from infusion.queries.laboratory import (
    Series,
    baselines_of,
    first_interventions,
    grades_in_force,
    result_of,
    values_of,
)
from infusion.rules.grading import LABORATORY_TESTS, grade_laboratory
from infusion.rules.laboratory import COMPARED, first_intervention_at, is_compared, may_be_baseline
from participants.models import Observation, ObservationDomain
from participants.queries.course import Course
from trialsite.audit.acting import Actor
from trialsite.protocol.types import Event

VALUE_CORRECTED = "The value was corrected or taken back."
BASELINE_CHANGED = "The baseline is another one now."
_LONGEST_WORDS = 300


def follow_values(values: Sequence[Observation], by: Actor, at: datetime) -> None:
    """Grade values that were recorded, void the grades of those that stand no longer.

    A value that is or was a baseline also changes the grades of the later ones. One statement for counts, three
    with tests that ask for a baseline; two more where a value was corrected, five more where that was a baseline.
    """
    own = [row for row in values if _is_graded(row)]
    if not own:
        return
    gone = [row.pk for row in own if row.voided_at] + [row.corrects_id for row in own if row.corrects_id]
    former = _voided(grades_in_force(gone), VALUE_CORRECTED, at) if gone else {}
    firsts = first_interventions({row.participant_id for row in own if row.test_code in COMPARED})
    new = [row for row in own if not row.voided_at]
    compared = [row for row in new if _is_compared(row, firsts)]
    changed = {_series(row) for row in own if _may_be_baseline(row, firsts)}
    recorded = set(new)
    later = [row for row in _later(changed, firsts) if row not in recorded]
    needed = {row.participant_id for row in (*compared, *later)}
    baselines = baselines_of(needed) if needed else {}
    graded = [_grade(row, _baseline(row, baselines, firsts), at) for row in new]
    for one, row in zip(graded, new, strict=True):
        one.corrects = former.get(row.corrects_id)
    LaboratoryGrade.objects.bulk_create([*graded, *_anew(later, baselines, firsts, at)])


def follow_interventions(course: Course, before: Iterable[Event], *, at: datetime) -> None:
    """Grade anew what counts from another baseline after the first study intervention was recorded or moved.

    before: the events as they were. Without a change of its time no statement is made.
    """
    was, is_now = first_intervention_at(before), first_intervention_at(course.events)
    if was == is_now:
        return
    pk = course.participant.pk
    firsts = {} if is_now is None else {pk: is_now}
    rows = list(values_of({pk}, COMPARED).filter(taken_at__gte=min(filter(None, (was, is_now)))))
    if rows:
        LaboratoryGrade.objects.bulk_create(_anew(rows, baselines_of({pk}), firsts, at))


def _is_graded(row: Observation) -> bool:
    return row.domain == ObservationDomain.LABORATORY and row.test_code in LABORATORY_TESTS


def _series(row: Observation) -> Series:
    return row.participant_id, row.test_code


def _is_compared(row: Observation, firsts: Mapping[UUID, datetime]) -> bool:
    return is_compared(row.test_code, row.taken_at, firsts.get(row.participant_id))


def _may_be_baseline(row: Observation, firsts: Mapping[UUID, datetime]) -> bool:
    return may_be_baseline(row.test_code, row.taken_at, firsts.get(row.participant_id))


def _baseline(
    row: Observation, baselines: Mapping[Series, Observation], firsts: Mapping[UUID, datetime]
) -> Observation | None:
    return baselines.get(_series(row)) if _is_compared(row, firsts) else None


def _later(changed: set[Series], firsts: Mapping[UUID, datetime]) -> list[Observation]:
    """The values that are compared with a baseline of these series. One query."""
    if not changed:
        return []
    rows = values_of({one for one, _ in changed}, {code for _, code in changed})
    return [row for row in rows if _series(row) in changed and _is_compared(row, firsts)]


def _anew(
    rows: Sequence[Observation],
    baselines: Mapping[Series, Observation],
    firsts: Mapping[UUID, datetime],
    at: datetime,
) -> list[LaboratoryGrade]:
    """Void the grades that another baseline makes different, and return those in their place. Up to two statements."""
    if not rows:
        return []
    stored = {one.observation_id: one for one in grades_in_force([row.pk for row in rows])}
    fresh = [_grade(row, _baseline(row, baselines, firsts), at) for row in rows]
    differing = []
    for one in fresh:
        one.corrects = stored.get(one.observation_id)
        if one.corrects is None or _said(one.corrects) != _said(one):
            differing.append(one)
    replaced = [one.corrects_id for one in differing if one.corrects_id]
    if replaced:
        _void(LaboratoryGrade.objects.filter(pk__in=replaced), BASELINE_CHANGED, at)
    return differing


def _voided(
    rows: QuerySet[LaboratoryGrade], reason: str, at: datetime
) -> Mapping[UUID | None, LaboratoryGrade]:
    """Void grades and return them by their value. Two statements."""
    found: dict[UUID | None, LaboratoryGrade] = {one.observation_id: one for one in rows}
    _void(LaboratoryGrade.objects.filter(pk__in=[one.pk for one in found.values()]), reason, at)
    return found


def _void(rows: QuerySet[LaboratoryGrade], reason: str, at: datetime) -> None:
    rows.update(voided_at=at, void_reason=reason, version=F("version") + 1)


def _grade(row: Observation, baseline: Observation | None, at: datetime) -> LaboratoryGrade:
    found = grade_laboratory(row.test_code, result_of(row), result_of(baseline) if baseline else None)
    return LaboratoryGrade(
        participant_id=row.participant_id,
        observation=row,
        term=LABORATORY_TESTS[row.test_code].term,
        scale=found.scale.value,
        scale_version=found.scale_version,
        grade=found.grade,
        at_least=found.at_least,
        at_most=found.at_most,
        rule=found.rule,
        because=found.because[:_LONGEST_WORDS],
        missing=list(found.missing),
        flags=[flag.value for flag in found.flags],
        baseline=baseline,
        recorded_at=at,
    )


def _said(one: LaboratoryGrade) -> tuple[object, ...]:
    """What a grade says; two that say the same are one."""
    return (
        one.grade,
        one.at_least,
        one.at_most,
        one.rule,
        one.because,
        one.missing,
        one.flags,
        one.baseline_id,
    )
