"""Telling the journey what an adverse event makes due, and taking it back where it no longer does.

Called inside `command` by the services that change an adverse event.
"""

from collections.abc import Iterable
from datetime import datetime

from infusion.models import AdverseEvent, GradeEntry
from infusion.queries.data_kinds import facts_of_event
from infusion.rules.adverse_events import (
    ENDED,
    RELATED,
    Concerned,
    Grading,
    Outcome,
    Syndrome,
    collected_under,
    dlt_is_asked,
    grade_course,
    is_exempt,
    may_relate,
    reached_at,
    special_interest,
)
from infusion.rules.safety_case import Case, told_by, told_of
from participants.queries.course import Course
from participants.services.data_checks import check_records
from participants.services.journey import Happening, correct_event, happened, void_event
from trialsite.audit.acting import Actor
from trialsite.protocol.types import EventKind, ProtocolVersion
from trialsite.protocol.windows import civil_date

FOLLOWS = "It follows from what was entered about the adverse event."
GRADED = ("toxicity_grade", "onset_at", "resolved_on", "resolved_at", "outcome")
FLAGGED = ("is_special_interest", "special_interest_rule", "collection_period")


def gradings_of(entries: Iterable[GradeEntry], zone: str) -> list[Grading]:
    """Return the course in force, in the zone of the site."""
    return [one.to_grading(zone) for one in entries if one.voided_at is None]


def take_grades(event: AdverseEvent, gradings: list[Grading], zone: str, at: datetime) -> None:
    """Set on the event what its course says: worst grade, onset, and whether it is over; not saved here."""
    course = grade_course(gradings, until=at)
    event.toxicity_grade = course.worst
    event.onset_at = course.onset_at
    event.aware_at = min(event.aware_at, course.onset_at) if event.is_from_bedside else event.aware_at
    if course.resolved_at is not None:
        event.resolved_at, event.resolved_on = course.resolved_at, civil_date(course.resolved_at, zone)
        event.outcome = event.outcome if event.outcome in ENDED else Outcome.RECOVERED.value
    elif event.outcome == Outcome.RECOVERED.value:
        event.resolved_at, event.resolved_on, event.outcome = None, None, ""


def label(course: Course, event: AdverseEvent, at: datetime) -> None:
    """Set in which collection period it lies, and whether it is of special interest; not saved here.

    Who decided otherwise about the special interest, with a reason, is not overruled.
    """
    version = course.version_at(at)
    found = collected_under(version.collection_periods, course.events, _concerned(course, event))
    event.collection_period = found.id if found else ""
    if event.special_interest_reason:
        return
    rule = special_interest(version, event.term, event.toxicity_grade)
    by_hand = event.is_special_interest and not event.special_interest_rule
    event.is_special_interest = rule is not None or by_hand
    event.special_interest_rule = rule.id if rule else ""


def _concerned(course: Course, event: AdverseEvent) -> Concerned:
    return Concerned(
        began_on=civil_date(event.onset_at, course.participant.site.time_zone),
        is_serious=event.is_serious,
        is_related=event.is_related,
        is_procedural=event.relation_procedure in RELATED,
        syndrome=Syndrome(event.syndrome) if event.syndrome else None,
    )


def settle_case(
    course: Course,
    event: AdverseEvent,
    gradings: list[Grading],
    *,
    by: Actor,
    at: datetime,
    reason: str,
    is_new: bool = False,
) -> Course:
    """Bring the journey in line with the event: what it makes due begins, moves or is taken back with the reason.

    What the data rules ask about the event follows too. is_new: it was recorded just now.
    """
    ref = str(event.pk)
    told = told_of(course.events, ref)
    wanted = told_by(case_of(course, event, gradings, at), told)
    new = [key for key in wanted if key not in told]
    if new:
        course = happened(
            course, [_happening(key, wanted[key], ref) for key in new], by=by, at=at, reason=reason
        )
    words = reason or FOLLOWS
    for kind, item in told:
        if (kind, item) not in wanted:
            course = void_event(course=course, ref=ref, kind=kind, item=item, at=at, reason=words)
        elif wanted[kind, item] != told[kind, item]:
            course = correct_event(
                course=course,
                ref=ref,
                kind=kind,
                item=item,
                occurred_at=wanted[kind, item],
                by=by,
                at=at,
                reason=words,
            )
    zone = course.participant.site.time_zone
    seen = [] if event.voided_at else [facts_of_event(event, zone)]
    check_records(course, seen, at=at, are_new=is_new, gone=[str(event.pk)] if event.voided_at else ())
    return course


def case_of(course: Course, event: AdverseEvent, gradings: list[Grading], at: datetime) -> Case:
    """Return what decides what the event makes due."""
    version = course.version_at(at)
    return Case(
        aware_at=event.aware_at,
        serious_since=(event.serious_aware_at or event.aware_at) if event.is_serious else None,
        seriousness=tuple(event.seriousness),
        interest_since=_interest_since(event, version, gradings),
        sponsor_aware_at=event.sponsor_aware_at,
        is_related=event.is_related,
        is_expected=event.is_expected,
        asks_seriousness=event.is_from_bedside and event.is_special_interest,
        seriousness_judged_at=event.seriousness_judged_at,
        asks_dlt=asks_dlt(course, event, version),
        dlt_judged_at=event.dlt_judged_at,
        is_dlt=event.is_dlt,
        resolved_at=event.resolved_at,
        is_voided=event.voided_at is not None,
    )


def asks_dlt(course: Course, event: AdverseEvent, version: ProtocolVersion) -> bool:
    """Whether the investigator is asked."""
    return dlt_is_asked(
        version.cohort_rule,
        began_on=civil_date(event.onset_at, course.participant.site.time_zone),
        infused_on=[one.on for one in course.events if one.kind is EventKind.INFUSED],
        worst_grade=event.toxicity_grade,
        is_related=may_relate(event.syndrome, event.relation_product),
        is_exempt=is_exempt(event.term, version.dlt_exemptions),
    )


def _interest_since(
    event: AdverseEvent, version: ProtocolVersion, gradings: list[Grading]
) -> datetime | None:
    if not event.is_special_interest:
        return None
    rule = next((one for one in version.special_interests if one.id == event.special_interest_rule), None)
    reached = reached_at(gradings, rule.lowest_grade) if rule else None
    return max(event.aware_at, reached) if reached else event.aware_at


def _happening(key: tuple[EventKind, str], at: datetime, ref: str) -> Happening:
    kind, item = key
    facts = {"case": ref} if kind is EventKind.SAFETY_TASK_DONE else {}
    return Happening(kind=kind, occurred_at=at, item=item, ref=ref, facts=facts)
