"""CRS and ICANS as adverse events, opened and followed by the bedside assessments that grade them."""

from datetime import datetime

from infusion.models import AdverseEvent, GradeEntry
from infusion.rules.adverse_events import (
    TERMS,
    VERSIONS,
    Scale,
    Spell,
    Syndrome,
    require_sound_grade,
    spell_for,
    syndrome_of,
)
from infusion.services.safety_cases import (
    FLAGGED,
    GRADED,
    gradings_of,
    label,
    settle_case,
    take_grades,
)
from participants.queries.course import Course
from participants.rules import require_past
from trialsite.audit.acting import Actor
from trialsite.errors import RuleViolated

NOT_THERE = "The assessments that had opened it were corrected: it was never there."


def follow_toxicity(
    course: Course,
    *,
    term: str,
    grade: int,
    assessed_at: datetime,
    ref: str,
    by: Actor,
    at: datetime,
    reason: str = "",
) -> AdverseEvent | None:
    """Bring the adverse event of a syndrome in line with one assessment of it; called inside `command`.

    term: "CRS" or "ICANS", or the full name. grade: 0 to 5, by ASTCT. ref: the id of the assessment; the same ref
    again is its correction. A grade opens an event, or goes into the course of the one it lies in, in whatever
    order the assessments are entered; one earlier than the known onset moves the onset. 0 resolves it once it is the
    last. From the protocol's grade on it is of special interest: its clock runs from that assessment, and the
    investigator is asked whether it is serious.
    Returns the event, or None where there is and was none. Raises RuleViolated("term-unknown", "grade-range",
    "in-the-future").
    """
    syndrome = _syndrome(term)
    require_sound_grade(grade, lowest=0)
    require_past(assessed_at, at, "assessed_at")
    former = _taken_from(course, syndrome, ref)
    if former is not None and (former.grade, former.assessed_at) == (grade, assessed_at):
        return former.adverse_event
    if former is not None:
        former.voided_at = at
        former.save_changes(["voided_at"])
    event = former.adverse_event if former else _event_at(course, syndrome, assessed_at, grade)
    if event is None:
        if grade == 0:
            return None
        event = _opened(course, syndrome, assessed_at, grade, at)
    _add_entry(event, grade, assessed_at, ref, by, at)
    _settle(course, event, by=by, at=at, reason=reason)
    return None if event.voided_at else event


def withdraw_toxicity(
    course: Course, *, ref: str, by: Actor, at: datetime, reason: str, term: str = ""
) -> tuple[AdverseEvent, ...]:
    """Take an assessment that was voided out of the events it graded; called inside `command`.

    term: only out of the event of this syndrome. Where no grade is left the event is voided with the reason, and its clocks stop. Returns the events.
    """
    entries = GradeEntry.objects.filter(
        adverse_event__participant=course.participant,
        adverse_event__voided_at__isnull=True,
        ref=ref,
        voided_at__isnull=True,
    ).select_related("adverse_event")
    if term:
        entries = entries.filter(adverse_event__syndrome=_syndrome(term).value)
    found = list(entries)
    for entry in found:
        entry.voided_at = at
        entry.save_changes(["voided_at"])
        _settle(course, entry.adverse_event, by=by, at=at, reason=reason)
    return tuple(entry.adverse_event for entry in found)


def _syndrome(term: str) -> Syndrome:
    syndrome = syndrome_of(term)
    if syndrome not in {Syndrome.CRS, Syndrome.ICANS}:
        raise RuleViolated("term-unknown", "Only CRS and ICANS are followed from assessments.", field="term")
    return syndrome


def _taken_from(course: Course, syndrome: Syndrome, ref: str) -> GradeEntry | None:
    return (
        GradeEntry.objects.filter(
            adverse_event__participant=course.participant,
            adverse_event__syndrome=syndrome.value,
            adverse_event__voided_at__isnull=True,
            ref=ref,
            voided_at__isnull=True,
        )
        .select_related("adverse_event")
        .first()
        if ref
        else None
    )


def _event_at(course: Course, syndrome: Syndrome, assessed_at: datetime, grade: int) -> AdverseEvent | None:
    events = AdverseEvent.objects.filter(
        participant=course.participant, syndrome=syndrome.value, voided_at__isnull=True
    )
    by_key = {str(one.pk): one for one in events}
    spells = [Spell(key=key, onset_at=one.onset_at, ended_at=one.resolved_at) for key, one in by_key.items()]
    found = spell_for(spells, assessed_at, is_present=grade > 0)
    return by_key[found.key] if found else None


def _opened(
    course: Course, syndrome: Syndrome, assessed_at: datetime, grade: int, at: datetime
) -> AdverseEvent:
    event = AdverseEvent(
        participant=course.participant,
        term=TERMS[syndrome],
        syndrome=syndrome.value,
        is_from_bedside=True,
        onset_at=assessed_at,
        aware_at=assessed_at,
        toxicity_grade=grade,
        scale=Scale.ASTCT.value,
        scale_version=VERSIONS[Scale.ASTCT],
        recorded_at=at,
    )
    event.save_new()
    return event


def _add_entry(
    event: AdverseEvent, grade: int, assessed_at: datetime, ref: str, by: Actor, at: datetime
) -> None:
    GradeEntry(
        adverse_event=event,
        assessed_at=assessed_at,
        grade=grade,
        scale=event.scale,
        scale_version=event.scale_version,
        ref=ref,
        recorded_by=by.actor_label,
        recorded_at=at,
    ).save_new()


def _settle(course: Course, event: AdverseEvent, *, by: Actor, at: datetime, reason: str) -> None:
    zone = course.participant.site.time_zone
    gradings = gradings_of(event.grades.all(), zone)
    if not any(one.grade for one in gradings):
        event.voided_at, event.void_reason = at, reason or NOT_THERE
        event.save_changes(["voided_at", "void_reason"])
    else:
        take_grades(event, gradings, zone, at)
        label(course, event, at)
        event.save_changes([*GRADED, *FLAGGED, "aware_at"])
    settle_case(course, event, gradings, by=by, at=at, reason=reason)
