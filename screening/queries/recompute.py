"""Stored evaluations computed again from their own inputs: what was kept must come out once more."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from textwrap import shorten
from typing import Any

from django.db.models import QuerySet

from screening.models import EligibilityEvaluation
from screening.rules.assessments import Evaluation
from screening.rules.evaluate import evaluate
from screening.rules.wire import Case, EvidenceInvalid, read_case, write_evaluation
from trialsite.protocol.registry import resolve
from trialsite.protocol.validate import ProtocolInvalid

_CHUNK = 50  # a row takes some 100 kB
_SHOWN = 5
_WIDTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An evaluation that does not come out as it was stored. found: where, in words, the first few of them."""

    evaluation_id: str
    code: str
    episode: int
    as_of: date
    found: tuple[str, ...]


def evaluations_since(on: date | None) -> QuerySet[EligibilityEvaluation]:
    """Return the stored evaluations that look at `on` or a later day, the oldest first; None = all."""
    rows = EligibilityEvaluation.objects.select_related("episode__participant").order_by("recorded_at", "id")
    return rows if on is None else rows.filter(judged_on__gte=on)


def recomputed(rows: QuerySet[EligibilityEvaluation]) -> Iterator[Difference | None]:
    """Yield for each row what differs, or None. Memory does not grow with the rows."""
    for row in rows.iterator(chunk_size=_CHUNK):
        found = tuple(_differences(row))
        yield _difference(row, found) if found else None


def _difference(row: EligibilityEvaluation, found: tuple[str, ...]) -> Difference:
    more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return Difference(
        evaluation_id=str(row.pk),
        code=row.episode.participant.code,
        episode=row.episode.number,
        as_of=row.judged_on,
        found=(*found[:_SHOWN], *more),
    )


def _differences(row: EligibilityEvaluation) -> list[str]:
    try:
        case = read_case(row.inputs)
        evaluation = _evaluation(row, case)
    except (EvidenceInvalid, ProtocolInvalid) as exc:
        return [f"cannot be computed again: {exc}"]
    return _compared(row, evaluation)


def _evaluation(row: EligibilityEvaluation, case: Case) -> Evaluation:
    version = resolve(row.protocol_version)
    criteria = next((one.criteria for one in version.rechecks if one.act == row.act), None)
    return evaluate(version, case.record, case.anchors, case.arm, criteria)


def _compared(row: EligibilityEvaluation, evaluation: Evaluation) -> list[str]:
    now = _without_refs(json.loads(json.dumps(write_evaluation(evaluation))))
    then = _without_refs(row.outcome)
    columns = {
        "verdict": (row.verdict, evaluation.verdict.status.value),
        "failed": (list(row.failed), list(evaluation.verdict.failed)),
        "missing": (list(row.missing), list(evaluation.verdict.missing)),
        "judged_on": (row.judged_on, evaluation.anchors.as_of),
        "lapses_on": (row.lapses_on, evaluation.lapses_on),
    }
    found = [_words(name, *pair) for name, pair in columns.items() if pair[0] != pair[1]]
    names = [name for name in {**then, **now} if name != "criteria" and then.get(name) != now.get(name)]
    found += [_words(f"outcome.{name}", then.get(name), now.get(name)) for name in names]
    return found + _criteria(then.get("criteria", []), now["criteria"])


def _criteria(then: list[dict[str, Any]], now: list[dict[str, Any]]) -> list[str]:
    stored, computed = {one["id"]: one for one in then}, {one["id"]: one for one in now}
    found = []
    for key in {**stored, **computed}:
        before, after = stored.get(key, {}), computed.get(key, {})
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        found += [_words(f"{key}.{name}", before.get(name), after.get(name)) for name in names]
    return found


def _without_refs(outcome: dict[str, Any]) -> dict[str, Any]:
    """Leave out which stored record an entry came from: inputs keep the entries, not their places."""
    criteria = [
        {**one, "used": [{**used, "ref": ""} for used in one.get("used", [])]}
        for one in outcome.get("criteria", [])
    ]
    return {**outcome, "criteria": criteria}


def _words(name: str, then: object, now: object) -> str:
    """Of two lists only what stands in one of them, so that the difference is what is read."""
    if isinstance(then, list) and isinstance(now, list):
        then, now = [one for one in then if one not in now], [one for one in now if one not in then]
    return f"{name} was stored as {_short(then)}, comes out as {_short(now)}"


def _short(value: object) -> str:
    return shorten(str(value), _WIDTH, placeholder=" …")
