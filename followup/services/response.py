"""Recording lesions and scans, and correcting them. What they mean is computed when it is asked for.

The first value stays: a corrected scan is voided with its readings and names its successor; a corrected lesion keeps
its former sizes in the trail.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from followup.models import LesionReading, TumourAssessment, TumourLesion
from followup.rules.response import (
    Baseline,
    Lesion,
    LesionKind,
    Method,
    Nature,
    Organ,
    TimePoint,
    Unsound,
    baseline_faults,
    limits_of,
    point_faults,
    selection_remarks,
)
from followup.states import LesionRole, Marker, Review
from participants.models import Participant
from participants.queries.course import Course
from participants.rules import require_reason
from participants.services.journey import command
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.types import EventKind
from trialsite.protocol.windows import civil_date

_CHOSEN = ("organ", "place", "kind", "nature", "method", "slice_mm", "size_mm")
_MARKERS = {None: Marker.NOT_DONE, True: Marker.NORMAL, False: Marker.RAISED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who read the scan, and for whom."""

    name: str
    review: Review = Review.SITE


def record_baseline(
    *,
    participant: Participant,
    baseline: Baseline,
    reader: Reader,
    by: Actor,
    at: datetime,
    note: str = "",
    reason: str = "",
) -> TumourAssessment:
    """Record the scan before treatment with all lesions and the choice of targets. Needs RECORD_RESPONSE.

    Refused where the choice breaks the limits of the protocol in force; without any target it needs a reason.
    Raises RuleViolated("in-the-future", "after-death", "reader-required", "repeated", "required", "reason-required",
    "too-many-targets", "too-many-in-organ", "target-not-measurable"), Conflict("recorded-already").
    """
    with command(
        participant=participant,
        permission=Permission.RECORD_RESPONSE,
        action="followup.baseline_scan_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        _require_day(course, baseline.on, at)
        _require_choice(course, baseline, at, reason)
        if _baseline_of(course, reader.review) is not None:
            raise Conflict("recorded-already", "There is a baseline scan already. Correct it instead.")
        found = _assessment(course, baseline.on, reader, note, by, at, is_baseline=True)
        found.marker = (Marker.RAISED if baseline.is_marker_raised else Marker.NORMAL).value
        found.save_new()
        TumourLesion.objects.bulk_create(
            _lesion(course.participant, reader.review, one, at) for one in baseline.lesions
        )
    return found


def correct_baseline(
    *,
    assessment: TumourAssessment,
    baseline: Baseline,
    reader: Reader,
    by: Actor,
    at: datetime,
    reason: str,
    note: str = "",
    version: int | None = None,
) -> TumourAssessment:
    """Correct the baseline scan and its lesions; every scan is assessed anew. Needs CORRECT_RECORD.

    baseline: all lesions as they really were, by their labels. One that is left out is voided, unless a scan has a
    reading of it. Raises as `record_baseline`, and Conflict("stale-version"), RuleViolated("lesion-in-use").
    """
    with command(
        participant=assessment.participant,
        permission=Permission.CORRECT_RECORD,
        action="followup.baseline_scan_corrected",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        require_reason(reason, "an entered fact is changed")
        reader = Reader(name=reader.name, review=Review(assessment.review))
        _require_day(course, baseline.on, at)
        _require_choice(course, baseline, at, reason)
        former = _current(assessment, version)
        _require_before_scans(former, baseline.on)
        found = _assessment(course, baseline.on, reader, note, by, at, is_baseline=True)
        found.marker = (Marker.RAISED if baseline.is_marker_raised else Marker.NORMAL).value
        _replace(former, found, at, reason)
        _settle_lesions(found, baseline, at, reason)
    return found


def record_time_point(
    *,
    participant: Participant,
    point: TimePoint,
    reader: Reader,
    by: Actor,
    at: datetime,
    note: str = "",
    reason: str = "",
) -> TumourAssessment:
    """Record how the lesions were found on a scan after baseline. Needs RECORD_RESPONSE.

    Lesions are named by their labels; one without a reading was not assessed. A new lesion gets a row of its own.
    Raises RuleViolated("no-baseline", "in-the-future", "after-death", "reader-required", "not-after-baseline",
    "unknown-lesion", "repeated", "required", "not-measured", "not-merged", "no-whole", "not-a-node",
    "label-taken"), Conflict("recorded-already").
    """
    with command(
        participant=participant,
        permission=Permission.RECORD_RESPONSE,
        action="followup.scan_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        lesions = _require_sound(course, point, reader, at)
        _require_free(course, reader.review, point.on)
        found = _assessment(course, point.on, reader, note, by, at)
        found.marker = _MARKERS[point.is_marker_normal].value
        found.save_new()
        _save_readings(found, point, lesions, at)
    return found


def correct_time_point(
    *,
    assessment: TumourAssessment,
    point: TimePoint,
    reader: Reader,
    by: Actor,
    at: datetime,
    reason: str,
    note: str = "",
    version: int | None = None,
) -> TumourAssessment:
    """Correct a scan after baseline as a whole; the former one stays, voided, with its readings. Needs CORRECT_RECORD.

    Raises as `record_time_point`, and Conflict("stale-version"), RuleViolated("reason-required").
    """
    with command(
        participant=assessment.participant,
        permission=Permission.CORRECT_RECORD,
        action="followup.scan_corrected",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        require_reason(reason, "an entered fact is changed")
        reader = Reader(name=reader.name, review=Review(assessment.review))
        former = _current(assessment, version)
        lesions = _require_sound(course, point, reader, at)
        if point.on != former.assessed_on:
            _require_free(course, reader.review, point.on)
        found = _assessment(course, point.on, reader, note, by, at)
        found.marker = _MARKERS[point.is_marker_normal].value
        _replace(former, found, at, reason)
        _save_readings(found, point, lesions, at)
    return found


# ---- What is refused


def _require_day(course: Course, on: date, at: datetime) -> None:
    if on > civil_date(at, course.participant.site.time_zone):
        words = "This day lies in the future. Record the scan once it was done, or correct the day."
        raise RuleViolated("in-the-future", words, field="assessed_on")
    died = course.last(EventKind.DIED)
    if died is not None and on > died.on:
        words = f"The participant died on {died.on.isoformat()}. Correct the day."
        raise RuleViolated("after-death", words, field="assessed_on")


def _require_choice(course: Course, baseline: Baseline, at: datetime, reason: str) -> None:
    """The choice of targets is an act, not a fact: it keeps to the limits."""
    _refuse(baseline_faults(baseline))
    limits = limits_of(course.version_at(at))
    for one in selection_remarks(baseline.lesions, limits):
        if one.code == "no-target":
            require_reason(reason, "no target was chosen, so that there is no sum to follow")
        elif one.code != "normal-node":
            named = f"{one.lesion}: {one.message}" if one.lesion else one.message
            raise RuleViolated(one.code, named, field="lesions")


def _require_sound(course: Course, point: TimePoint, reader: Reader, at: datetime) -> dict[str, TumourLesion]:
    """Return the lesions of the review by label."""
    _require_day(course, point.on, at)
    stored = _baseline_of(course, reader.review)
    if stored is None:
        words = "Record the baseline scan with its lesions first."
        raise RuleViolated("no-baseline", words, field="assessed_on")
    lesions = _lesions_of(course.participant, reader.review)
    old = tuple(one.to_value() for one in lesions.values() if one.role != LesionRole.NEW.value)
    _refuse(point_faults(Baseline(on=stored.assessed_on, lesions=old), point))
    taken = {one.id for one in old} & {one.id for one in point.new_lesions}
    if taken:
        words = f"{', '.join(sorted(taken))} is a lesion of the baseline. Give the new one another label."
        raise RuleViolated("label-taken", words, field="new_lesions")
    return lesions


def _refuse(faults: Iterable[Unsound]) -> None:
    for one in faults:
        raise RuleViolated(one.code, one.message, field=_field(one))


def _field(one: Unsound) -> str:
    return "assessed_on" if one.path == ("on",) else str(one.path[0])


def _require_free(course: Course, review: Review, on: date) -> None:
    taken = _in_force(course.participant).filter(review=review.value, assessed_on=on)
    if taken.exists():
        raise Conflict("recorded-already", "There is a scan of this day already. Correct it instead.")


def _require_before_scans(former: TumourAssessment, on: date) -> None:
    scans = _in_force(former.participant).filter(review=former.review, is_baseline=False)
    first_on = scans.order_by("assessed_on").values_list("assessed_on", flat=True).first()
    if first_on is not None and on >= first_on:
        words = f"There is a scan of {first_on.isoformat()}; the baseline lies before it."
        raise RuleViolated("not-before-scans", words, field="assessed_on")


# ---- Rows


def _in_force(participant: Participant) -> QuerySet[TumourAssessment]:
    return TumourAssessment.objects.filter(participant=participant, voided_at__isnull=True)


def _baseline_of(course: Course, review: Review) -> TumourAssessment | None:
    return _in_force(course.participant).filter(review=review.value, is_baseline=True).first()


def _lesions_of(participant: Participant, review: Review) -> dict[str, TumourLesion]:
    rows = TumourLesion.objects.filter(participant=participant, review=review.value, voided_at__isnull=True)
    return {row.label: row for row in rows}


def _current(assessment: TumourAssessment, version: int | None) -> TumourAssessment:
    """The row as it is stored, under the version that was read. Raises Conflict("stale-version")."""
    current = TumourAssessment.objects.select_related("participant").get(pk=assessment.pk)
    if current.voided_at is not None:
        raise Conflict("stale-version", "This scan was corrected meanwhile. Load the page again.")
    current.version = version or current.version
    return current


def _assessment(
    course: Course,
    on: date,
    reader: Reader,
    note: str,
    by: Actor,
    at: datetime,
    *,
    is_baseline: bool = False,
) -> TumourAssessment:
    if not reader.name.strip():
        raise RuleViolated("reader-required", "Name who read the scan.", field="reader")
    return TumourAssessment(
        participant=course.participant,
        review=reader.review.value,
        is_baseline=is_baseline,
        assessed_on=on,
        reader=reader.name,
        note=note,
        entered_by=by.actor_label,
        recorded_at=at,
    )


def _replace(former: TumourAssessment, found: TumourAssessment, at: datetime, reason: str) -> None:
    former.voided_at, former.void_reason = at, reason
    former.save_changes(["voided_at", "void_reason"])
    found.corrects = former
    found.save_new()


def _lesion(participant: Participant, review: Review, one: Lesion, at: datetime) -> TumourLesion:
    row = TumourLesion(participant=participant, review=review.value, label=one.id, recorded_at=at)
    return _described(row, one)


def _described(row: TumourLesion, one: Lesion) -> TumourLesion:
    row.role = (LesionRole.TARGET if one.is_target else LesionRole.NON_TARGET).value
    for name in _CHOSEN:
        value = getattr(one, name)
        setattr(row, name, str(value) if name in {"organ", "kind", "nature", "method"} else value)
    return row


def _settle_lesions(found: TumourAssessment, baseline: Baseline, at: datetime, reason: str) -> None:
    """Bring the stored lesions in line with the corrected baseline."""
    review, participant = Review(found.review), found.participant
    stored = {
        label: row
        for label, row in _lesions_of(participant, review).items()
        if row.role != LesionRole.NEW.value
    }
    for one in baseline.lesions:
        row = stored.pop(one.id, None)
        if row is None:
            _lesion(participant, review, one, at).save_new()
        elif row.to_value() != one:
            _described(row, one).save_changes(["role", *_CHOSEN])
    for row in stored.values():
        _void_lesion(row, at, reason)


def _void_lesion(row: TumourLesion, at: datetime, reason: str) -> None:
    if LesionReading.objects.filter(lesion=row, assessment__voided_at__isnull=True).exists():
        words = f"{row.label} was read on a later scan. Correct those scans first, or keep the lesion."
        raise RuleViolated("lesion-in-use", words, field="lesions")
    row.voided_at, row.void_reason = at, reason
    row.save_changes(["voided_at", "void_reason"])


def _save_readings(
    found: TumourAssessment, point: TimePoint, lesions: dict[str, TumourLesion], at: datetime
) -> None:
    lesions = lesions | _new_lesions(found, point, lesions, at)
    rows = [
        *(
            _reading(
                found, lesions[one.lesion], one.seen.value, at, one.parts_mm, lesions.get(one.merged_into)
            )
            for one in point.readings
        ),
        *(
            _reading(found, lesions[one.lesion], one.found.value, at, _one(one.short_axis_mm))
            for one in point.non_targets
        ),
        *(
            _reading(found, lesions[one.id], "unequivocal" if one.is_unequivocal else "equivocal", at)
            for one in point.new_lesions
        ),
    ]
    LesionReading.objects.bulk_create(rows)


def _new_lesions(
    found: TumourAssessment, point: TimePoint, lesions: dict[str, TumourLesion], at: datetime
) -> dict[str, TumourLesion]:
    """Rows for new lesions that have none yet."""
    rows = [
        TumourLesion(
            participant=found.participant,
            review=found.review,
            label=one.id,
            role=LesionRole.NEW.value,
            organ=Organ.OTHER.value,
            place=one.place,
            kind=LesionKind.NON_NODAL.value,
            nature=Nature.SOLID.value,
            method=Method.CT.value,
            recorded_at=at,
        )
        for one in point.new_lesions
        if one.id not in lesions
    ]
    TumourLesion.objects.bulk_create(rows)
    return {row.label: row for row in rows}


def _one(size: object) -> Sequence[object]:
    return () if size is None else (size,)


def _reading(
    found: TumourAssessment,
    lesion: TumourLesion,
    said: str,
    at: datetime,
    sizes_mm: Sequence[object] = (),
    merged_into: TumourLesion | None = None,
) -> LesionReading:
    return LesionReading(
        assessment=found,
        lesion=lesion,
        found=said,
        sizes_mm=list(sizes_mm),
        merged_into=merged_into,
        recorded_at=at,
    )
