"""What the system asks about entered data: findings of the data rules over frozen records. Pure.

A finding says which rule, record and field, what to ask, and about which value: a question that was settled for one
value is asked anew for another.
Source: clinical rules 5 (R18, R23) and conventions of clinical data management.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from trialsite.protocol.types import DataCheck, DataRule, PlausibleRange

Value = Decimal | int | str | date | datetime | bool | None

GRADE_OF_DEATH = 5
FATAL = "fatal"
# What people write where a reason is asked for and they give none; letters alone.
_SAYS_NOTHING = frozenset(
    {
        *("no", "none", "na", "nd", "nil", "null", "tbd", "notdone", "missing", "unknownreason"),
        *("不详", "未做", "没有"),
    }
)
_SHORTEST_REASON = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFacts:
    """One record as the rules see it. ref: its id. label: what people call it.

    dated_by: the field that says when it happened; on: that day at the site, at: the instant, for the order of several.
    values: by field, None or "" = blank. owed: field → title of what was to be answered and was not.
    test_code: of a measured value, which `value` and `unit` hold in the standard unit of the test.
    """

    kind: str
    ref: str
    label: str
    dated_by: str
    at: datetime
    on: date
    values: Mapping[str, Value] = field(default_factory=dict)
    owed: Mapping[str, str] = field(default_factory=dict)
    test_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFinding:
    """rule_id + ref + field make one question. about: the values it is about, in words; another is asked anew."""

    rule_id: str
    kind: str
    ref: str
    field: str
    question: str
    about: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.rule_id, self.ref, self.field


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What a check may see beside the record. before: the record before it with the same field."""

    today: date
    died_on: date | None
    before: RecordFacts | None


def data_findings(
    rules: Sequence[DataRule], records: Sequence[RecordFacts], *, today: date, died_on: date | None = None
) -> tuple[DataFinding, ...]:
    """Return every question the rules ask of the records of one participant, in the order of rules and records.

    today: civil date at the site. A change is judged among `records`; give all that have the field.
    """
    ordered = sorted(records, key=lambda one: (one.at, one.ref))
    return tuple(
        finding
        for rule in rules
        for record, before in _in_turn(rule, ordered)
        for finding in _CHECKS[rule.check](rule, record, _Look(today=today, died_on=died_on, before=before))
    )


def _in_turn(
    rule: DataRule, ordered: Sequence[RecordFacts]
) -> Iterator[tuple[RecordFacts, RecordFacts | None]]:
    """The records of the rule, each with the one before it that has a value in the rule's field."""
    before: RecordFacts | None = None
    for record in ordered:
        if record.kind in rule.kinds:
            yield record, before
            before = record if record.values.get(rule.field) is not None else before


def _asked(
    rule: DataRule,
    record: RecordFacts,
    name: str,
    *,
    value: Value = None,
    other: Value = None,
    label: str = "",
) -> DataFinding:
    bounds = _range_of(rule, record)
    question = rule.question.format(
        label=label or record.label,
        value=in_words(value),
        other=in_words(other),
        days=rule.days,
        percent=rule.percent,
        least=in_words(bounds.least) if bounds else "",
        most=in_words(bounds.most) if bounds else "",
        unit=bounds.unit if bounds else "",
    )
    about = [in_words(one) for one in (value, other) if one is not None]
    return DataFinding(
        rule_id=rule.id,
        kind=record.kind,
        ref=record.ref,
        field=name,
        question=question,
        about=" / ".join(about),
    )


def in_words(value: Value) -> str:
    """Return a value as it stands in a question and as it is compared: no trailing zeros, dates by ISO 8601."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, datetime):
        return value.date().isoformat()
    return "" if value is None else str(value)


def _unanswered(rule: DataRule, record: RecordFacts, look: _Look) -> Iterator[DataFinding]:
    if _is_old(rule, record, look):
        for name, title in record.owed.items():
            yield _asked(rule, record, name, label=f"{record.label}, {title}")


def _vague_reason(rule: DataRule, record: RecordFacts, look: _Look) -> Iterator[DataFinding]:
    reason = record.values.get(rule.field)
    if isinstance(reason, str) and reason and says_nothing(reason):
        yield _asked(rule, record, rule.field, value=reason)


def says_nothing(reason: str) -> bool:
    """Return whether a reason is a sign or a phrase that explains nothing."""
    letters = "".join(sign for sign in reason.lower() if sign.isalpha())
    # One Chinese character says as much as a syllable does: two of them can be a reason.
    shortest = 2 if any(ord(sign) > 0x2E7F for sign in letters) else _SHORTEST_REASON
    return letters in _SAYS_NOTHING or len(letters) < shortest


def _implausible(rule: DataRule, record: RecordFacts, look: _Look) -> Iterator[DataFinding]:
    bounds, value = _range_of(rule, record), record.values.get("value")
    if bounds is None or not isinstance(value, Decimal) or record.values.get("unit") != bounds.unit:
        return
    if not bounds.least <= value <= bounds.most:
        yield _asked(rule, record, "value", value=value)


def _unit_missing(rule: DataRule, record: RecordFacts, look: _Look) -> Iterator[DataFinding]:
    value = record.values.get("value")
    if _range_of(rule, record) and value is not None and not record.values.get("unit"):
        yield _asked(rule, record, "unit", value=value)


def _range_of(rule: DataRule, record: RecordFacts) -> PlausibleRange | None:
    return next((one for one in rule.ranges if one.test_code == record.test_code), None)


def _change(rule: DataRule, record: RecordFacts, look: _Look) -> Iterator[DataFinding]:
    value = record.values.get(rule.field)
    former = look.before.values.get(rule.field) if look.before else None
    if not isinstance(value, Decimal) or not isinstance(former, Decimal):
        return
    if abs(value - former) * 100 > rule.percent * former:
        yield _asked(rule, record, rule.field, value=value, other=former)


def _blank(rule: DataRule, record: RecordFacts, look: _Look) -> Iterator[DataFinding]:
    if _is_old(rule, record, look) and record.values.get(rule.field) in {None, ""}:
        yield _asked(rule, record, rule.field)


def _fatal(rule: DataRule, record: RecordFacts, look: _Look) -> Iterator[DataFinding]:
    grade, outcome = record.values.get("toxicity_grade"), record.values.get("outcome")
    if outcome and (grade == GRADE_OF_DEATH) != (outcome == FATAL):
        yield _asked(rule, record, "outcome", value=grade, other=outcome)


def _after_death(rule: DataRule, record: RecordFacts, look: _Look) -> Iterator[DataFinding]:
    if look.died_on is not None and record.on > look.died_on:
        yield _asked(rule, record, record.dated_by, value=record.on, other=look.died_on)


def _before(rule: DataRule, record: RecordFacts, look: _Look) -> Iterator[DataFinding]:
    value, other = record.values.get(rule.field), record.values.get(rule.other)
    if isinstance(value, date) and isinstance(other, date) and value < other:
        yield _asked(rule, record, rule.field, value=value, other=other)


def _is_old(rule: DataRule, record: RecordFacts, look: _Look) -> bool:
    """More than `days` days have passed since the record's own day."""
    return look.today > record.on + timedelta(days=rule.days)


_CHECKS: Mapping[DataCheck, Callable[[DataRule, RecordFacts, _Look], Iterator[DataFinding]]] = {
    DataCheck.UNANSWERED: _unanswered,
    DataCheck.VAGUE_REASON: _vague_reason,
    DataCheck.IMPLAUSIBLE: _implausible,
    DataCheck.UNIT_MISSING: _unit_missing,
    DataCheck.CHANGE: _change,
    DataCheck.BLANK: _blank,
    DataCheck.FATAL: _fatal,
    DataCheck.AFTER_DEATH: _after_death,
    DataCheck.BEFORE: _before,
}
