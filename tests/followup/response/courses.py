"""Lesions and scans in few words. Days count from the infusion; sizes are texts, in mm."""

from datetime import date, timedelta
from decimal import Decimal

from followup.rules.response import (
    Baseline,
    Fate,
    Found,
    Lesion,
    LesionKind,
    Method,
    NewLesion,
    NonTargetReading,
    Organ,
    Reading,
    ResponseCourse,
    Seen,
    TimePoint,
    assess_response,
    limits_of,
)
from trialsite.protocol.registry import latest

INFUSED_ON = date(2026, 3, 10)
LIMITS = limits_of(latest())
SEEN = {"absent": Seen.ABSENT, "small": Seen.TOO_SMALL, "ne": Seen.NOT_ASSESSED}


def day(number):
    return INFUSED_ON + timedelta(days=number)


def target(lesion_id="T1", size="50", *, is_target=True, **more):
    given = {
        "organ": Organ.LUNG,
        "kind": LesionKind.NON_NODAL,
        "method": Method.CT,
        "slice_mm": Decimal(5),
    } | more
    return Lesion(id=lesion_id, size_mm=None if size is None else Decimal(size), is_target=is_target, **given)


def node(lesion_id="L1", size="20", **more):
    return target(lesion_id, size, organ=Organ.LYMPH_NODES, kind=LesionKind.NODAL, **more)


def other(lesion_id="N1", **more):
    return target(lesion_id, None, is_target=False, **more)


def baseline(*lesions, on=-14, **more):
    return Baseline(on=day(on), lesions=lesions or (target(),), **more)


def reading(lesion_id, said):
    """said: a size, several of them for the parts of a split lesion, absent, small, ne, or `=T1` for merged."""
    if not isinstance(said, str):
        return Reading(lesion=lesion_id, seen=Seen.MEASURED, parts_mm=tuple(Decimal(one) for one in said))
    if said.startswith("="):
        return Reading(lesion=lesion_id, seen=Seen.MERGED, merged_into=said[1:])
    if said in SEEN:
        return Reading(lesion=lesion_id, seen=SEEN[said])
    return Reading(lesion=lesion_id, seen=Seen.MEASURED, parts_mm=(Decimal(said),))


def scan(number, sizes=None, *, others=None, new=None, marker=None):
    """sizes: target to what was found, or the size of T1. others: non-target to what was found. new: to certainty."""
    said = sizes if isinstance(sizes, dict) else {} if sizes is None else {"T1": sizes}
    return TimePoint(
        on=day(number),
        id=f"day {number}",
        readings=tuple(reading(name, one) for name, one in said.items()),
        non_targets=tuple(
            NonTargetReading(lesion=name, found=Found(one)) for name, one in (others or {}).items()
        ),
        new_lesions=tuple(
            NewLesion(id=name, is_unequivocal=is_sure) for name, is_sure in (new or {}).items()
        ),
        is_marker_normal=marker,
    )


def course(*points, at_baseline=None, as_of=1000, **fate):
    return ResponseCourse(
        infused_on=INFUSED_ON,
        fate=Fate(as_of=day(as_of), **fate),
        baseline=at_baseline or baseline(),
        points=points,
    )


def answer(*points, **more):
    return assess_response(course(*points, **more), LIMITS)


def overall(*points, **more):
    """Return the overall responses, the oldest first."""
    return [str(one.assessment.overall.response) for one in answer(*points, **more).points]


def last(*points, **more):
    """Return the assessment of the last scan."""
    return answer(*points, **more).points[-1].assessment
