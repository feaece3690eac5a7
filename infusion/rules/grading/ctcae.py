"""Laboratory results graded by CTCAE 5.0, with baselines, units and censored values. Source: clinical rules 3.

The grade is what number and limits give; where something is missing, it is given only if nothing could change it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from infusion.rules.grading.ctcae_tables import CTCAE_VERSION, LABORATORY_TESTS, LaboratoryTest, Of, Row, Rows
from infusion.rules.grading.grading import Domain, Flag, Grading, Scale, graded, undocumented
from infusion.rules.grading.measured import Measured, measured
from trialsite.protocol.criteria import Truth, all_of
from trialsite.protocol.results import Operator, Result
from trialsite.protocol.types import Sign
from trialsite.protocol.units import UnitUnusable


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryFindings:
    """result: the value to be graded, with its own limits. baseline: the last one before the first intervention."""

    test_code: str
    result: Result | None
    baseline: Result | None = None


@dataclass(frozen=True, slots=True)
class _Baseline:
    """value: to be multiplied, None where there is none. is_abnormal: above the upper limit of its own time."""

    value: Measured | None = None
    is_abnormal: bool = False
    flags: tuple[Flag, ...] = ()


def grade_laboratory(test_code: str, result: Result | None, baseline: Result | None = None) -> Grading:
    """Return the grade of one result of a test in LABORATORY_TESTS.

    baseline: last value before the first study intervention, with the limits of its own time. Without one the grade
    is given as for a normal baseline and flagged. Raises KeyError for a test that is not in the tables.
    """
    test = LABORATORY_TESTS[test_code]
    found = _baseline(test, baseline)
    decided, is_in_range = _decided(test, result, found)
    flags = list(found.flags)
    if is_in_range and decided.grade:
        flags.append(Flag.WITHIN_REFERENCE_RANGE)
    if test.is_grade_4_clinical and decided.grade == 3:
        flags.append(Flag.GRADE_4_IS_CLINICAL)
    return Grading(
        term=test.code,
        scale=Scale.CTCAE,
        scale_version=CTCAE_VERSION,
        grade=decided.grade,
        rule=decided.rule,
        because=decided.because,
        inputs=LaboratoryFindings(test_code=test_code, result=result, baseline=baseline),
        missing=decided.missing,
        flags=tuple(flags),
        at_least=decided.at_least,
        at_most=decided.at_most,
        domains=((test.code.lower(), decided.grade),),
    )


def _baseline(test: LaboratoryTest, baseline: Result | None) -> _Baseline:
    if not test.needs_baseline:
        return _Baseline()
    if baseline is None:
        return _Baseline(flags=(Flag.BASELINE_MISSING,))
    try:
        value = measured(baseline, test.quantity)
    except UnitUnusable:
        return _UNUSABLE
    if test.rows_of_baseline:
        return _Baseline(value) if value.is_exact and value.value > 0 else _UNUSABLE
    match value.holds(Sign.ABOVE, Decimal(1), value.upper):
        case Truth.TRUE:
            return _Baseline(value if value.is_exact else None, is_abnormal=True)
        case Truth.FALSE:
            return _Baseline()
    return _UNUSABLE


_UNUSABLE = _Baseline(flags=(Flag.BASELINE_UNUSABLE,))


def _decided(test: LaboratoryTest, result: Result | None, baseline: _Baseline) -> tuple[Domain, bool]:
    """Return the grade, and whether the value surely lies inside the reference range."""
    rule = f"CTCAE-{test.code}"
    if result is None:
        return undocumented(rule, "result", because=f"{test.title}: there is no result."), False
    try:
        value = measured(result, test.quantity)
    except UnitUnusable as problem:
        return undocumented(rule, "result.unit", because=f"{test.title}: {problem}"), False
    words = _Words(test, result, baseline.value)
    if baseline.is_abnormal:
        return _on(test.rows_if_abnormal, f"{rule}-ABNORMAL-BASELINE", words, value, baseline.value), False
    scales = [_on(test.rows, rule, words, value, None)]
    if test.rows_of_baseline and baseline.value is not None:
        scales.append(_on(test.rows_of_baseline, f"{rule}-BASELINE", words, value, baseline.value))
    return _worse(scales), _holds(test.rows[0], value, None) is Truth.TRUE


def _worse(scales: Iterable[Domain]) -> Domain:
    """Return the worse of two scales; open where one that is open could be the worse one."""
    deciding = max(scales, key=lambda one: (one.at_most, one.at_least))
    return replace(deciding, at_least=max(one.at_least for one in scales))


def _on(rows: Rows, rule: str, words: "_Words", value: Measured, baseline: Measured | None) -> Domain:
    """Return the grades of a table that the value can have. Where two rows hold, the worse one counts."""
    answers = [(row, _holds(row, value, baseline)) for row in rows]
    possible = [row for row, answer in answers if answer is not Truth.FALSE]
    sure = [row.grade for row, answer in answers if answer is Truth.TRUE]
    worst = max(possible, key=lambda row: row.grade)
    at_least = max(sure, default=min(row.grade for row in possible))
    if at_least == worst.grade:
        return graded(rule, at_least, words.because(worst))
    return undocumented(
        rule,
        *_missing(possible, value, baseline),
        because=f"{words.said} leaves open which of the grades {at_least} to {worst.grade} it is.",
        at_least=at_least,
        at_most=worst.grade,
    )


def _holds(row: Row, value: Measured, baseline: Measured | None) -> Truth:
    return all_of(
        *(value.holds(bound.sign, bound.times, _limit(bound.of, value, baseline)) for bound in row.bounds)
    )


def _limit(of: Of, value: Measured, baseline: Measured | None) -> Decimal | None:
    match of:
        case Of.NUMBER:
            return Decimal(1)
        case Of.LOWER_LIMIT:
            return value.lower
        case Of.UPPER_LIMIT:
            return value.upper
    return None if baseline is None else baseline.value


_NAMES: Mapping[Of, str] = {
    Of.LOWER_LIMIT: "result.lower",
    Of.UPPER_LIMIT: "result.upper",
    Of.BASELINE: "baseline.value",
}


def _missing(possible: Iterable[Row], value: Measured, baseline: Measured | None) -> tuple[str, ...]:
    """Return the limits without which the rows stay open; where all are there, the value itself is not exact."""
    bounds = [bound for row in possible for bound in row.bounds]
    limits = dict.fromkeys(_NAMES[bound.of] for bound in bounds if _limit(bound.of, value, baseline) is None)
    return (*limits, *(() if value.is_exact else ("result.value",)))


class _Words:
    """The sentence that says why."""

    def __init__(self, test: LaboratoryTest, result: Result, baseline: Measured | None) -> None:
        sign = "" if result.operator is Operator.EQUAL else f"{result.operator} "
        self.said = f"{test.title} {sign}{result.value:f} {result.unit}"
        self._result, self._baseline, self._unit = result, baseline, test.quantity.base

    def because(self, row: Row) -> str:
        """Return what was compared with what, each limit as it was reported."""
        limits = dict.fromkeys(self._limit(bound.of) for bound in row.bounds)
        return f"{self.said} is {row.text} ({', '.join(limits)})."

    def _limit(self, of: Of) -> str:
        unit = self._result.limit_unit or self._result.unit
        match of:
            case Of.LOWER_LIMIT:
                return f"LLN {self._result.lower:f} {unit}"
            case Of.UPPER_LIMIT:
                return f"ULN {self._result.upper:f} {unit}"
            case Of.BASELINE if self._baseline is not None:
                return f"baseline {self._baseline.value:f} {self._unit}"
        return f"in {self._unit}"
