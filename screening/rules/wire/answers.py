"""An evaluation as JSON, its keys in a fixed order."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from screening.rules.assessments import Assessment, Compared, Evaluation
from screening.rules.evidence import Entry
from screening.rules.wire.entries import write_value
from trialsite.protocol.criteria import Verdict
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Criterion


def write_evaluation(evaluation: Evaluation, *, case_id: str = "", with_text: bool = False) -> dict[str, Any]:
    """Return the evaluation in JSON's own types, its criteria in the order of the protocol.

    with_text: each criterion with the protocol's sentence (text) and plain words (plain).
    """
    found = evaluation.assessments
    return {
        "id": case_id,
        "protocol_version": evaluation.version,
        "as_of": evaluation.anchors.as_of.isoformat(),
        "arm": None if evaluation.arm is None else evaluation.arm.value,
        "verdict": _write_verdict(evaluation.verdict),
        "lapses_on": _day(evaluation.lapses_on),
        "lapsing": list(evaluation.lapsing),
        "waiting_helps_on": _day(evaluation.waiting_helps_on),
        "criteria": [
            _write_assessment(found[criterion_id]) | (_words(criterion) if with_text else {})
            for criterion_id, criterion in _criteria(evaluation.version).items()
            if criterion_id in found
        ],
    }


@cache
def _criteria(version: str) -> Mapping[str, Criterion]:
    return {one.id: one for one in resolve(version).criteria}


def _words(criterion: Criterion) -> dict[str, str]:
    return {"text": criterion.text, "plain": criterion.plain}


def _write_verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "status": verdict.status.value,
        "failed": list(verdict.failed),
        "missing": list(verdict.missing),
    }


def _write_assessment(one: Assessment) -> dict[str, Any]:
    return {
        "id": one.criterion_id,
        "status": one.status.value,
        "applies": one.applies,
        "used": [_write_used(entry) for entry in one.used],
        "compared": [_write_compared(made) for made in one.compared],
        "missing": list(one.missing),
        "readings": list(one.readings),
        "queries": list(one.queries),
        "valid_until": _day(one.valid_until),
        "clears_on": _day(one.clears_on),
        "is_provisional": one.is_provisional,
    }


def _write_used(entry: Entry) -> dict[str, Any]:
    return {
        "item": entry.item,
        "value": write_value(entry.value),
        "on": None if entry.on is None else str(entry.on),
        "ref": entry.ref,
    }


def _write_compared(made: Compared) -> dict[str, str]:
    return {
        "item": made.item,
        "said": made.said,
        "sign": str(made.sign),
        "limit": made.limit,
        "outcome": made.outcome.value,
    }


def _day(on: date | None) -> str | None:
    return None if on is None else on.isoformat()
