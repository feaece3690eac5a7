"""An evaluation as one line of JSON, written without building it first; for long batches.

The same text as `write_evaluation` gives through an encoder, in a fraction of the time: what a parent shows of its
parts is written once, and the text of results, forms and comparisons is remembered, as they recur.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from json.encoder import JSONEncoder
from json.encoder import encode_basestring as quoted
from typing import Any

from screening.rules.assessments import Assessment, Compared, Evaluation
from screening.rules.evidence import Entry, Value
from trialsite.protocol.criteria import Verdict
from trialsite.protocol.partial_dates import PartialDate
from trialsite.protocol.registry import resolve
from trialsite.protocol.results import Result
from trialsite.protocol.types import Threshold

# What was written for this record: id of the frozen value, alive as long as its evaluation → its text.
Made = dict[int, str]
# What was written for any record: by identity, which costs less than hashing; the value is kept, so that its id
# stays its own.
Texts = dict[int, tuple[object, str]]
_REMEMBERED = 4096

_FLAGS = {True: "true", False: "false"}
_EMPTY = '""'


def _result(result: Result) -> str:
    lower = "null" if result.lower is None else f'"{result.lower:f}"'
    upper = "null" if result.upper is None else f'"{result.upper:f}"'
    return (
        f'{{"value":"{result.value:f}","operator":"{result.operator._value_}","unit":{quoted(result.unit)},'
        f'"lower":{lower},"upper":{upper},"limit_unit":{quoted(result.limit_unit)}}}'
    )


# By the exact type: true is an int as well.
_PLAIN: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: _FLAGS.__getitem__,
    int: str,
    str: quoted,
    Decimal: lambda number: f'"{number:f}"',
    PartialDate: lambda on: f'"{on}"',
    Result: _result,
}
encoded: Callable[[Any], str] = JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode


class LineWriter:
    """Writes evaluations one after the other. with_text: the protocol's sentence and plain words as well."""

    def __init__(self, *, with_text: bool = False) -> None:
        self._with_text = with_text
        self._limits: Texts = {}
        self._results: Texts = {}
        self._forms: Texts = {}
        self._comparisons: Texts = {}

    def line(self, evaluation: Evaluation, case_id: str) -> str:
        made: Made = {}
        found = evaluation.assessments
        criteria = ",".join(
            [
                self._assessment(found[criterion_id], made, words if self._with_text else "")
                for criterion_id, words in _words(evaluation.version).items()
                if criterion_id in found
            ]
        )
        return (
            f'{{"id":{quoted(case_id)},"protocol_version":{quoted(evaluation.version)},'
            f'"as_of":"{evaluation.anchors.as_of}","arm":{_code(evaluation.arm)},'
            f'"verdict":{_verdict(evaluation.verdict)},"lapses_on":{_day(evaluation.lapses_on)},'
            f'"lapsing":{_list(evaluation.lapsing)},"waiting_helps_on":{_day(evaluation.waiting_helps_on)},'
            f'"criteria":[{criteria}]}}'
        )

    def _assessment(self, one: Assessment, made: Made, words: str) -> str:
        name, status, entries, comparisons, missing, readings, queries, valid_until, clears_on, *flags = one
        used = ",".join([made.get(id(entry)) or self._used(entry, made) for entry in entries])
        compared = ",".join([made.get(id(each)) or self._compared(each, made) for each in comparisons])
        is_provisional, applies = flags
        return (
            f'{{"id":"{name}","status":"{status._value_}","applies":{_FLAGS[applies]},'
            f'"used":[{used}],"compared":[{compared}],"missing":{_list(missing) if missing else "[]"},'
            f'"readings":[{",".join(map(str, readings)) if readings else ""}],'
            f'"queries":{_list(queries) if queries else "[]"},'
            f'"valid_until":{_day(valid_until) if valid_until else "null"},'
            f'"clears_on":{_day(clears_on) if clears_on else "null"},'
            f'"is_provisional":{_FLAGS[is_provisional]}{words}}}'
        )

    def _compared(self, one: Compared, made: Made) -> str:
        shown = one[1]
        if type(shown) is tuple and type(shown[0]) is Result:
            kept = self._comparisons.get(id(one))
            text = kept[1] if kept else _remember(self._comparisons, one, self._comparison(one))
        else:
            text = self._comparison(one)
        made[id(one)] = text
        return text

    def _comparison(self, one: Compared) -> str:
        item, _, sign, bound, outcome = one
        limit = self._limit(one, bound) if isinstance(bound, Threshold) else quoted(one.limit)
        return (
            f'{{"item":"{item}","said":{quoted(one.said)},"sign":{quoted(sign)},'
            f'"limit":{limit},"outcome":"{outcome._value_}"}}'
        )

    def _limit(self, one: Compared, bound: Threshold) -> str:
        kept = self._limits.get(id(bound))
        return kept[1] if kept else _remember(self._limits, bound, quoted(one.limit))

    def _used(self, entry: Entry, made: Made) -> str:
        item, value, on, _, _, _, ref = entry
        text = made[id(entry)] = (
            f'{{"item":"{item}","value":{self._written(value)},'
            f'"on":{"null" if on is None else made.get(id(on)) or _date(on, made)},'
            f'"ref":{quoted(ref) if ref else _EMPTY}}}'
        )
        return text

    def _written(self, value: Value) -> str:
        kind = type(value)
        if kind is Result or kind is dict:
            texts = self._results if kind is Result else self._forms
            kept = texts.get(id(value))
            return kept[1] if kept else _remember(texts, value, _value(value))
        return _value(value)


def _remember(texts: Texts, one: object, text: str) -> str:
    if len(texts) >= _REMEMBERED:
        texts.clear()
    texts[id(one)] = (one, text)
    return text


def _date(on: PartialDate, made: Made) -> str:
    text = made[id(on)] = f'"{on}"'
    return text


def _value(value: Any) -> str:
    write = _PLAIN.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, tuple):
        return f"[{','.join(map(_value, value))}]"
    return f"{{{','.join([f'{quoted(name)}:{_value(one)}' for name, one in value.items()])}}}"


@cache
def _words(version: str) -> dict[str, str]:
    """Return the end of each criterion where the text is asked for, in the order of the protocol."""
    return {
        one.id: f',"text":{quoted(one.text)},"plain":{quoted(one.plain)}' for one in resolve(version).criteria
    }


def _verdict(verdict: Verdict) -> str:
    return (
        f'{{"status":"{verdict.status._value_}","failed":{_list(verdict.failed)},'
        f'"missing":{_list(verdict.missing)}}}'
    )


def _list(texts: Sequence[str]) -> str:
    return f"[{','.join(map(quoted, texts))}]" if texts else "[]"


def _day(on: date | None) -> str:
    return "null" if on is None else f'"{on}"'


def _code(code: str | None) -> str:
    return "null" if code is None else f'"{code}"'
