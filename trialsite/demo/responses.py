"""Scans of everybody infused: responses that hold, some that end, stable disease and progression."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from random import Random

from followup.queries.response import response_of
from followup.rules.response import (
    Baseline,
    Found,
    Lesion,
    LesionKind,
    Method,
    Nature,
    NonTargetReading,
    Organ,
    Reading,
    Seen,
    TimePoint,
)
from followup.services.response import Reader, record_baseline, record_time_point
from followup.services.survival import record_progression
from followup.states import ProgressionBasis
from trialsite.demo.story import Story, there
from trialsite.demo.texture_assumed import TUMOUR_COURSES, TUMOUR_READING_SD, interpolate
from trialsite.demo.troubles import Trouble
from trialsite.protocol.registry import resolve
from trialsite.protocol.windows import civil_date

_READER = Reader(name="Radiology, Dr. Shen")
_THIN = Decimal(5)
_TARGETS = ("T1", "T2")
_SCAN = "PR-CT"
_LEAST_MEASURED_MM = 5  # below, a reader calls a lesion too small to measure
# visit → diameters of the two targets, in mm
_COURSES = {
    Trouble.DIED_IN_FOLLOW_UP: {"V-D28#1": ("41", "14"), "V-M2#1": ("32", "11"), "V-M3#1": ("33", "11")},
    Trouble.PROGRESSED_WITH_SECOND_INFUSION: {
        "V-D28#1": ("52", "18"),
        "V-M2#1": ("38.5", "12"),
        "V-M3#1": ("51", "16"),
    },
}
_PROGRESSED_AT = (Trouble.PROGRESSED_WITH_SECOND_INFUSION, "V-M3#1")


def is_scanned(story: Story, trouble: Trouble, key: str) -> None:
    """Record the scan of a visit, with the baseline before the first, and the progression where one shows it."""
    if key not in _scanned_visits():
        return
    zone = story.ward.site.time_zone
    on, infused_on = civil_date(story.now, zone), civil_date(there(story.infusion).started_at, zone)
    told = response_of(story.participant, story.now)
    if told.fate.progressed_on is not None:
        return
    start = _start_of(story, trouble)
    sizes = _sizes(story, trouble, key, start, (on - infused_on).days)
    if sizes is None:
        return
    by, at = story.ward.coordinator, story.now
    if told.site_review.baseline is None:
        baseline = Baseline(on=infused_on - timedelta(days=12), lesions=_lesions(start))
        record_baseline(participant=story.participant, baseline=baseline, reader=_READER, by=by, at=at)
    record_time_point(participant=story.participant, point=_point(on, sizes), reader=_READER, by=by, at=at)
    if (trouble, key) == _PROGRESSED_AT or response_of(story.participant, at).is_progression_proposed:
        record_progression(
            participant=story.participant,
            progressed_on=on,
            basis=ProgressionBasis.IMAGING,
            by=story.ward.investigator,
            at=at,
        )


@cache
def _scanned_visits() -> frozenset[str]:
    return frozenset(f"{item.id}#1" for item in resolve("1.0").schedule if _SCAN in item.procedures)


def _rng(story: Story, what: str) -> Random:
    """Return a source of chance of the participant's own, the same whenever it is asked for the same thing."""
    return Random(f"{story.participant.code} {what}")


def _start_of(story: Story, trouble: Trouble) -> Mapping[str, Decimal]:
    """Return the diameters of the two targets before the infusion, in mm."""
    if trouble in _COURSES:
        return {"T1": Decimal(58), "T2": Decimal(22)}
    rng = _rng(story, "lesions")
    return {"T1": Decimal(rng.randint(24, 72)), "T2": Decimal(rng.randint(17, 31))}


def _sizes(
    story: Story, trouble: Trouble, key: str, start: Mapping[str, Decimal], day: int
) -> Mapping[str, Decimal] | None:
    """Return the diameters on a day after the infusion, None where no scan was made."""
    if trouble in _COURSES:
        told = _COURSES[trouble].get(key)
        return dict(zip(_TARGETS, map(Decimal, told), strict=True)) if told else None
    weights = [weight for weight, _ in TUMOUR_COURSES]
    ((_, course),) = _rng(story, "course").choices(TUMOUR_COURSES, weights)
    read = _rng(story, key)
    return {
        name: _to_half_mm(float(size) * interpolate(course, day) * read.gauss(1, TUMOUR_READING_SD))
        for name, size in start.items()
    }


def _to_half_mm(size: float) -> Decimal:
    return Decimal(round(size * 2)) / 2


def _lesions(start: Mapping[str, Decimal]) -> tuple[Lesion, ...]:
    return (
        Lesion(
            id="T1",
            organ=Organ.LUNG,
            place="right upper lobe",
            kind=LesionKind.NON_NODAL,
            is_target=True,
            method=Method.CT,
            slice_mm=_THIN,
            size_mm=start["T1"],
        ),
        Lesion(
            id="T2",
            organ=Organ.LYMPH_NODES,
            place="subcarinal",
            kind=LesionKind.NODAL,
            is_target=True,
            method=Method.CT,
            slice_mm=_THIN,
            size_mm=start["T2"],
        ),
        Lesion(
            id="N1",
            organ=Organ.PLEURA,
            kind=LesionKind.NON_NODAL,
            is_target=False,
            method=Method.CT,
            slice_mm=_THIN,
            nature=Nature.EFFUSION,
        ),
    )


def _point(on: date, sizes: Mapping[str, Decimal]) -> TimePoint:
    effusion = NonTargetReading(lesion="N1", found=Found.PRESENT)
    return TimePoint(on=on, readings=tuple(_reading(*one) for one in sizes.items()), non_targets=(effusion,))


def _reading(lesion: str, size: Decimal) -> Reading:
    if size < _LEAST_MEASURED_MM:
        return Reading(lesion=lesion, seen=Seen.TOO_SMALL)
    return Reading(lesion=lesion, seen=Seen.MEASURED, parts_mm=(size,))
