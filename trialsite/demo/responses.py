"""Scans of two participants of the demonstration: a partial response that holds, and one that ends with progression."""

from datetime import date, timedelta
from decimal import Decimal

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
from trialsite.demo.troubles import Trouble
from trialsite.protocol.windows import civil_date

_READER = Reader(name="Radiology, Dr. Shen")
_THIN = Decimal(5)
_LESIONS = (
    Lesion(
        id="T1",
        organ=Organ.LUNG,
        place="right upper lobe",
        kind=LesionKind.NON_NODAL,
        is_target=True,
        method=Method.CT,
        slice_mm=_THIN,
        size_mm=Decimal(58),
    ),
    Lesion(
        id="T2",
        organ=Organ.LYMPH_NODES,
        place="subcarinal",
        kind=LesionKind.NODAL,
        is_target=True,
        method=Method.CT,
        slice_mm=_THIN,
        size_mm=Decimal(22),
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
    sizes = _COURSES.get(trouble, {}).get(key)
    if sizes is None:
        return
    zone = story.ward.site.time_zone
    on = civil_date(story.now, zone)
    by, at = story.ward.coordinator, story.now
    if key == "V-D28#1":
        infused_on = civil_date(there(story.infusion).started_at, zone)
        baseline = Baseline(on=infused_on - timedelta(days=12), lesions=_LESIONS)
        record_baseline(participant=story.participant, baseline=baseline, reader=_READER, by=by, at=at)
    record_time_point(participant=story.participant, point=_point(on, sizes), reader=_READER, by=by, at=at)
    if (trouble, key) == _PROGRESSED_AT:
        record_progression(
            participant=story.participant,
            progressed_on=on,
            basis=ProgressionBasis.IMAGING,
            by=story.ward.investigator,
            at=at,
        )


def _point(on: date, sizes: tuple[str, str]) -> TimePoint:
    readings = (
        Reading(lesion=label, seen=Seen.MEASURED, parts_mm=(Decimal(size),))
        for label, size in zip(("T1", "T2"), sizes, strict=True)
    )
    effusion = NonTargetReading(lesion="N1", found=Found.PRESENT)
    return TimePoint(on=on, readings=tuple(readings), non_targets=(effusion,))
