"""Records of lesions and scans as JSON: read, checked, assessed. One form for the API and for files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from followup.rules.response.assess import ResponseAnswer, ResponseCourse, assess_response
from followup.rules.response.endpoints import Fate
from followup.rules.response.lesions import Baseline
from followup.rules.response.scale import limits_of
from followup.rules.response.soundness import Unsound, baseline_faults, days_repeated, point_faults
from followup.rules.response.wire.forms import RECORD_FORM
from infusion.rules.grading.wire.members import read_form
from screening.rules.wire.faults import EvidenceInvalid, Fault
from screening.rules.wire.members import read_sequence
from trialsite.protocol.registry import latest, resolve

_FATE = ("new_therapy_on", "progressed_on", "died_on", "lost_on", "withdrawn_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """id: the sender's own, any text. version: whose limits were used."""

    id: str
    version: str
    course: ResponseCourse
    answer: ResponseAnswer


def assess_record(given: object) -> Assessed:
    """Return the response of one record. Raises EvidenceInvalid with every fault."""
    found = read_form(RECORD_FORM, given)
    baseline = Baseline(**found["baseline"]) if "baseline" in found else None
    points = found.get("time_points", ())
    faults = [*_order_faults(found), *_lesion_faults(baseline, points)]
    if faults:
        raise EvidenceInvalid(faults)
    course = ResponseCourse(
        infused_on=found["infused_on"], fate=_fate(found), baseline=baseline, points=points
    )
    version = found.get("protocol_version") or latest().number
    answer = assess_response(course, limits_of(resolve(version)))
    return Assessed(id=found.get("id", ""), version=version, course=course, answer=answer)


def assess_records(given: object, limit: int) -> tuple[Assessed, ...]:
    """Return the responses of a list. Raises EvidenceInvalid with the faults of all of them."""
    found: tuple[Assessed, ...] = read_sequence(given, assess_record, limit)
    return found


def _fate(found: Mapping[str, Any]) -> Fate:
    return Fate(
        as_of=found["as_of"],
        last_alive_on=found.get("last_alive_on"),
        planned=found.get("planned_scans", ()),
        **{name: found.get(name) for name in _FATE},
    )


def _order_faults(found: Mapping[str, Any]) -> Iterator[Fault]:
    """Nothing that follows the infusion lies before it, and a window does not end before it begins."""
    infused_on = found["infused_on"]
    for name in ("as_of", *_FATE):
        if name in found and found[name] < infused_on:
            words = f"{name} lies before infused_on; correct one of the two."
            yield Fault(name, words, "dates-out-of-order")
    for index, one in enumerate(found.get("planned_scans", ())):
        if one.last_on < one.first_on:
            words = "last_on lies before first_on; correct one of the two."
            yield Fault(f"planned_scans.{index}.last_on", words, "dates-out-of-order")


def _lesion_faults(baseline: Baseline | None, points: Any) -> Iterator[Fault]:
    for index in days_repeated(points):
        words = "Another time point has this day; give one for each day."
        yield Fault(f"time_points.{index}.on", words, "repeated")
    if baseline is None:
        return
    yield from _placed("baseline", baseline_faults(baseline))
    for index, point in enumerate(points):
        yield from _placed(f"time_points.{index}", point_faults(baseline, point))


def _placed(where: str, faults: Iterable[Unsound]) -> Iterator[Fault]:
    for one in faults:
        yield Fault(".".join((where, *map(str, one.path))), one.message, one.code)
