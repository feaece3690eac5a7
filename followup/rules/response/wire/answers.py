"""Responses in JSON's own types, their keys in a fixed order. Lengths and percentages are texts, exact as they are."""

from datetime import date
from decimal import Decimal
from typing import Any

from followup.rules.response.assess import CoursePoint
from followup.rules.response.best import BestResponse
from followup.rules.response.endpoints import TimeToEvent
from followup.rules.response.lesions import Baseline, assess_measurability
from followup.rules.response.scale import RECIST_VERSION
from followup.rules.response.targets import TargetAssessment
from followup.rules.response.wire.records import Assessed


def write_response(assessed: Assessed) -> dict[str, Any]:
    """Return everything that was found, each answer with its rule and why."""
    found, baseline = assessed.answer, assessed.course.baseline
    return {
        "id": assessed.id,
        "recist_version": RECIST_VERSION,
        "protocol_version": assessed.version,
        "remarks": [
            {"code": one.code, "lesion": one.lesion, "message": one.message} for one in found.remarks
        ],
        "lesions": _lesions(baseline) if baseline else [],
        "baseline_sum_mm": _number(baseline.sum_mm) if baseline else None,
        "time_points": [_point(one) for one in found.points],
        "progressed_on": _day(found.progressed_on),
        "best": _best(found.best),
        "best_confirmed": _best(found.best_confirmed),
        "pfs": _time(found.pfs),
        "os": _time(found.os),
        "dor": _time(found.dor) if found.dor else None,
    }


def _lesions(baseline: Baseline) -> list[dict[str, Any]]:
    found = [(one.id, assess_measurability(one)) for one in baseline.lesions]
    return [
        {"id": lesion, "measurability": one.measurability.value, "rule": one.rule, "because": one.because}
        for lesion, one in found
    ]


def _point(one: CoursePoint) -> dict[str, Any]:
    assessment = one.assessment
    return {
        "id": one.point.id,
        "on": one.point.on.isoformat(),
        "unused": one.unused.value if one.unused else "",
        "overall": _response(assessment.overall) if assessment else None,
        "target": _target(assessment.target) if assessment else None,
        "non_target": _response(assessment.non_target) if assessment else None,
        "new_lesions": list(assessment.new_lesions) if assessment else [],
    }


def _target(found: TargetAssessment) -> dict[str, Any]:
    return {
        **_response(found),
        "sum_mm": _number(found.sum_mm),
        "assessed_mm": _number(found.sum.assessed_mm),
        "missing": list(found.sum.missing),
        "nadir_mm": _number(found.before.nadir.sum_mm),
        "nadir_on": found.before.nadir.on.isoformat(),
        "change_from_baseline_percent": _number(found.change_from_baseline_percent),
        "change_from_nadir_percent": _number(found.change_from_nadir_percent),
    }


def _response(found: Any) -> dict[str, Any]:
    return {"response": found.response.value, "rule": found.rule, "because": found.because}


def _best(found: BestResponse) -> dict[str, Any]:
    return {**_response(found), "on": _day(found.on), "confirmed_on": _day(found.confirmed_on)}


def _time(found: TimeToEvent) -> dict[str, Any]:
    return {
        "from_on": found.from_on.isoformat(),
        "until_on": found.until_on.isoformat(),
        "event": found.event.value if found.event else None,
        "censoring": found.censoring.value if found.censoring else None,
        "days": found.days,
        "months": _number(found.months),
        "because": found.because,
    }


def _day(on: date | None) -> str | None:
    return on.isoformat() if on else None


def _number(number: Decimal | None) -> str | None:
    return None if number is None else format(number, "f")
