"""Reads of response and survival: what was recorded, and everything that RECIST makes of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TypeVar
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from followup.models import (
    LesionReading,
    NewTherapy,
    Progression,
    SurvivalContact,
    TumourAssessment,
    TumourLesion,
)
from followup.rules.response import (
    Baseline,
    CoursePoint,
    Fate,
    Found,
    NewLesion,
    NonTargetReading,
    PlannedScan,
    Reading,
    Response,
    ResponseAnswer,
    ResponseCourse,
    Seen,
    TimePoint,
    assess_response,
    limits_of,
)
from followup.states import LesionRole, Marker, Review
from participants.models import Participant
from participants.queries.course import Course, load_course, load_courses
from trialsite.protocol.types import EventKind, ObligationKind, ProtocolVersion
from trialsite.protocol.windows import civil_date

R = TypeVar("R", Progression, NewTherapy, SurvivalContact)
Own = TypeVar("Own", TumourAssessment, TumourLesion, Progression, NewTherapy, SurvivalContact)

# Days on which the participant was seen alive by somebody of the trial.
_SEEN_ALIVE = frozenset({EventKind.INFUSED, EventKind.VISIT_PERFORMED, EventKind.ROUND_RECORDED})
_LEFT = frozenset({EventKind.WITHDRAWN_FROM_VISITS, EventKind.WITHDRAWN_FROM_DATA_USE})
_NORMAL = {Marker.NORMAL.value: True, Marker.RAISED.value: False, Marker.NOT_DONE.value: None}
_SCAN = "PR-CT"  # the procedure of the schedule that is read for response


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRow:
    """A scan on record and what it was assessed to be; assessed None: before an infusion, or without baseline."""

    scan: TumourAssessment
    assessed: CoursePoint | None


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """What one review recorded: its lesions, its scans with the oldest first, and the answer.

    answer None: nothing was infused yet, so there is no response.
    """

    review: Review
    lesions: tuple[TumourLesion, ...]
    baseline_scan: TumourAssessment | None
    scans: tuple[TumourAssessment, ...]
    course: ResponseCourse | None
    answer: ResponseAnswer | None

    @property
    def baseline(self) -> Baseline | None:
        return _baseline(self.baseline_scan, self.lesions)

    @cached_property
    def rows(self) -> tuple[ScanRow, ...]:
        by_day = {one.point.on: one for one in self.answer.points} if self.answer else {}
        return tuple(ScanRow(scan=one, assessed=by_day.get(one.assessed_on)) for one in self.scans)

    @property
    def proposed_on(self) -> date | None:
        """The day of the first scan that shows progression, None where none does."""
        if self.answer is None:
            return None
        found = [
            one.point.on
            for one in self.answer.points
            if one.assessment and one.unused is None and one.assessment.overall.response is Response.PD
        ]
        return min(found, default=None)

    def point_of(self, scan: TumourAssessment) -> TimePoint:
        return _point(scan)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRecord:
    """Everything about response and survival of one participant at the instant `at`."""

    participant: Participant
    course: Course
    version: ProtocolVersion
    fate: Fate
    first_infused_on: date | None
    reviews: tuple[Reviewed, ...]
    corrected: Mapping[object, TumourAssessment]
    progressions: tuple[Progression, ...]
    therapies: tuple[NewTherapy, ...]
    contacts: tuple[SurvivalContact, ...]
    at: datetime

    @property
    def site_review(self) -> Reviewed:
        return self.reviews[0]

    def of(self, review: Review) -> Reviewed:
        return next(one for one in self.reviews if one.review is review)

    @property
    def is_progression_proposed(self) -> bool:
        """A scan of the site shows progression, and none is on record since."""
        return self.site_review.proposed_on is not None and self.fate.progressed_on is None

    @property
    def died_on(self) -> date | None:
        return self.fate.died_on


def response_of(participant: Participant, at: datetime) -> ResponseRecord:
    """Load it: eight statements, whatever the number of lesions and scans."""
    return _record(load_course(participant), _rows_of([participant]), at)


def responses_of(participants: Sequence[Participant], at: datetime) -> tuple[ResponseRecord, ...]:
    """Load those of many, in their order, with the same statements as for one. The sites should be loaded."""
    rows = _rows_of(participants)
    return tuple(_record(course, rows, at) for course in load_courses(participants))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """What is on record about several participants, by participant."""

    scans: Mapping[UUID, Sequence[TumourAssessment]]
    lesions: Mapping[UUID, Sequence[TumourLesion]]
    progressions: Mapping[UUID, Sequence[Progression]]
    therapies: Mapping[UUID, Sequence[NewTherapy]]
    contacts: Mapping[UUID, Sequence[SurvivalContact]]


def _rows_of(participants: Sequence[Participant]) -> _Rows:
    ids = [one.pk for one in participants]
    return _Rows(
        scans=_grouped(_scans(ids)),
        lesions=_grouped(TumourLesion.objects.filter(participant__in=ids, voided_at__isnull=True)),
        progressions=_grouped(_in_force(Progression.objects.filter(participant__in=ids), "progressed_on")),
        therapies=_grouped(_in_force(NewTherapy.objects.filter(participant__in=ids), "started_on")),
        contacts=_grouped(_in_force(SurvivalContact.objects.filter(participant__in=ids), "alive_on")),
    )


def _grouped(rows: Iterable[Own]) -> Mapping[UUID, Sequence[Own]]:
    found: dict[UUID, list[Own]] = defaultdict(list)
    for row in rows:
        found[row.participant_id].append(row)
    return found


def _record(course: Course, rows: _Rows, at: datetime) -> ResponseRecord:
    participant = course.participant
    version = course.version_at(at)
    scans = tuple(rows.scans.get(participant.pk, ()))
    lesions = tuple(rows.lesions.get(participant.pk, ()))
    contacts = tuple(rows.contacts.get(participant.pk, ()))
    in_force = [one for one in scans if one.voided_at is None]
    infused_on = min((one.on for one in course.events if one.kind is EventKind.INFUSED), default=None)
    fate = _fate(course, version, infused_on, in_force, contacts, at)
    reviews = tuple(
        _reviewed(review, in_force, lesions, version, infused_on, fate)
        for review in Review
        if review is Review.SITE or any(one.review == review.value for one in in_force)
    )
    return ResponseRecord(
        participant=participant,
        course=course,
        version=version,
        fate=fate,
        first_infused_on=infused_on,
        reviews=reviews,
        corrected={one.pk: one for one in scans if one.voided_at is not None},
        progressions=tuple(rows.progressions.get(participant.pk, ())),
        therapies=tuple(rows.therapies.get(participant.pk, ())),
        contacts=contacts,
        at=at,
    )


def _scans(participant_ids: Sequence[UUID]) -> Sequence[TumourAssessment]:
    readings = LesionReading.objects.select_related("lesion", "merged_into")
    rows = TumourAssessment.objects.filter(participant__in=participant_ids)
    rows = rows.order_by("assessed_on", "recorded_at")
    return list(rows.prefetch_related(Prefetch("readings", readings)))


def _in_force(rows: QuerySet[R], order: str) -> QuerySet[R]:
    return rows.filter(voided_at__isnull=True).order_by(order, "recorded_at")


def _reviewed(
    review: Review,
    scans: Sequence[TumourAssessment],
    lesions: Sequence[TumourLesion],
    version: ProtocolVersion,
    infused_on: date | None,
    fate: Fate,
) -> Reviewed:
    own = [one for one in scans if one.review == review.value]
    own_lesions = tuple(
        sorted((one for one in lesions if one.review == review.value), key=_by_role_and_label)
    )
    baseline = next((one for one in own if one.is_baseline), None)
    later = tuple(one for one in own if not one.is_baseline)
    course, answer = None, None
    if infused_on is not None:
        course = ResponseCourse(
            infused_on=infused_on,
            fate=fate,
            baseline=_baseline(baseline, own_lesions),
            points=tuple(_point(one) for one in later),
        )
        answer = assess_response(course, limits_of(version))
    return Reviewed(
        review=review, lesions=own_lesions, baseline_scan=baseline, scans=later, course=course, answer=answer
    )


_ROLES = [one.value for one in LesionRole]


def _by_role_and_label(one: TumourLesion) -> tuple[int, int, str]:
    return _ROLES.index(one.role), len(one.label), one.label


def _baseline(scan: TumourAssessment | None, lesions: Sequence[TumourLesion]) -> Baseline | None:
    if scan is None:
        return None
    return Baseline(
        on=scan.assessed_on,
        lesions=tuple(one.to_value() for one in lesions if one.role != LesionRole.NEW.value),
        is_marker_raised=scan.marker == Marker.RAISED.value,
    )


def _point(scan: TumourAssessment) -> TimePoint:
    readings = scan.read
    by_role = {role: [one for one in readings if one.lesion.role == role.value] for role in LesionRole}
    return TimePoint(
        on=scan.assessed_on,
        id=str(scan.pk),
        readings=tuple(
            Reading(
                lesion=one.lesion.label,
                seen=Seen(one.found),
                parts_mm=tuple(one.sizes_mm),
                merged_into=one.merged_into.label if one.merged_into else "",
            )
            for one in by_role[LesionRole.TARGET]
        ),
        non_targets=tuple(
            NonTargetReading(
                lesion=one.lesion.label,
                found=Found(one.found),
                short_axis_mm=one.sizes_mm[0] if one.sizes_mm else None,
            )
            for one in by_role[LesionRole.NON_TARGET]
        ),
        new_lesions=tuple(
            NewLesion(id=one.lesion.label, is_unequivocal=one.found == "unequivocal", place=one.lesion.place)
            for one in by_role[LesionRole.NEW]
        ),
        is_marker_normal=_NORMAL[scan.marker],
    )


def _fate(
    course: Course,
    version: ProtocolVersion,
    infused_on: date | None,
    scans: Sequence[TumourAssessment],
    contacts: Sequence[SurvivalContact],
    at: datetime,
) -> Fate:
    """What became of the participant: the first of each event after the first infusion."""

    def first(*kinds: EventKind) -> date | None:
        since = infused_on or date.min
        return min((one.on for one in course.events if one.kind in kinds and one.on >= since), default=None)

    seen = [one.on for one in course.events if one.kind in _SEEN_ALIVE]
    alive = [*seen, *(one.assessed_on for one in scans), *(one.alive_on for one in contacts)]
    return Fate(
        as_of=civil_date(at, course.participant.site.time_zone),
        new_therapy_on=first(EventKind.NEW_THERAPY_STARTED),
        progressed_on=first(EventKind.PROGRESSED),
        died_on=first(EventKind.DIED),
        lost_on=_still_lost(course),
        withdrawn_on=first(*_LEFT),
        last_alive_on=max(alive, default=None),
        planned=_planned(course, version),
    )


def _still_lost(course: Course) -> date | None:
    """Whoever came back to a visit is lost no more."""
    lost = course.last(EventKind.LOST_TO_FOLLOW_UP)
    back = course.last(EventKind.VISIT_PERFORMED)
    return None if lost is None or (back is not None and back.at > lost.at) else lost.on


def _planned(course: Course, version: ProtocolVersion) -> tuple[PlannedScan, ...]:
    """Windows of the visits at which the schedule has a scan read for response, as far as they were owed."""
    scanned = {item.id for item in version.schedule if _SCAN in item.procedures}
    return tuple(
        PlannedScan(first_on=one.opens_on, last_on=one.closes_on)
        for one in course.obligations
        if one.kind is ObligationKind.VISIT and one.item_id in scanned and one.closes_on and not one.ended_at
    )
