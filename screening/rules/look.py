"""How a criterion looks at the evidence on one day: it answers, and what it looked at is written down.

Nothing else reads entries. Whatever could answer differently on a later day notes that day, so that the day on
which a status changes is found by looking again on these days alone.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from screening.rules.assessments import Bound, Compared, Shown
from screening.rules.deciding import deciding_entry
from screening.rules.evidence import Entry, EvidenceRecord, Form, Value
from screening.rules.look_backs import SIGN_OF_DATE, edge_of, holds, later, turning_days
from screening.rules.tables import HELD, Held, Tables
from trialsite.protocol.criteria import Truth, any_of
from trialsite.protocol.partial_dates import PartialDate
from trialsite.protocol.results import Operator, Result, compare
from trialsite.protocol.types import Arm, Sign, Threshold
from trialsite.protocol.units import Quantity, UnitUnusable, factor_of, product, spelled, to_base

RowRule = Callable[["Look", Form], Truth]
Comparison = Callable[[str, Entry, str], Truth]  # of an item's entry with a threshold
TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


class Look:
    """One day's look at one record. `day`: evidence counts up to it and must be valid on it.

    look_back_on, enrolment_look_back_on: what look-backs count from; is_moving: they are the day itself.
    """

    __slots__ = (
        "arm",
        "changes_on",
        "compared",
        "consent_on",
        "day",
        "enrolment_look_back_on",
        "entries",
        "is_moving",
        "look_back_on",
        "may_lapse",
        "missing",
        "queries",
        "readings",
        "tables",
        "used",
    )

    def __init__(
        self,
        tables: Tables,
        record: EvidenceRecord,
        arm: Arm | None,
        consent_on: date | None,
        *,
        day: date,
        look_back_on: date | None,
        enrolment_look_back_on: date | None,
        is_moving: bool,
    ) -> None:
        self.tables = tables
        self.entries = record.entries
        self.may_lapse = tables.may_lapse
        self.arm = arm
        self.consent_on = consent_on
        self.day = day
        self.look_back_on = look_back_on
        self.enrolment_look_back_on = enrolment_look_back_on
        self.is_moving = is_moving
        self.begin()

    def begin(self) -> None:
        """Forget what the last criterion looked at."""
        self.used: tuple[Entry, ...] = ()
        self.compared: tuple[Compared, ...] = ()
        self.missing: tuple[str, ...] = ()
        self.readings: tuple[int, ...] = ()
        self.queries: tuple[str, ...] = ()
        self.changes_on: date | None = None

    # What is written down

    def note(self, item: str, shown: Shown, sign: str, bound: Bound, outcome: Truth) -> Truth:
        self.compared += (Compared(item, shown, sign, bound, outcome),)
        return outcome

    def reading(self, number: int) -> None:
        self.readings += (number,)

    def ask(self, question: str) -> None:
        self.queries += (question,)

    def ask_about(self, item: str, question: str) -> None:
        self.queries += (f"{self.tables.asked[item].title}: {question}",)

    def owe(self, *items: str) -> None:
        self.missing += items

    def owed_if_unknown(self, outcome: Truth, *items: str) -> Truth:
        if outcome is UNKNOWN:
            self.missing += items
        return outcome

    def changes(self, on: date | None) -> None:
        """Note a day on which an answer may become another; only the next one matters."""
        if on is not None and on > self.day and (self.changes_on is None or on < self.changes_on):
            self.changes_on = on

    # What is looked at

    def threshold(self, threshold_id: str) -> Threshold:
        return self.tables.thresholds[threshold_id]

    def entry(self, item: str, *, is_owed: bool = True, may_be_undated: bool = False) -> Entry | None:
        """Return the entry that decides on the day, if there is one and it is not too old."""
        entries = self.entries.get(item)
        if not entries:
            found = None
        elif len(entries) == 1 and (on := entries[0].on) is not None and on.last <= self.day:
            # By far the commonest, and so short of the general way below, which would find the same.
            found = entries[0] if entries[0].value is not None else None
        else:
            found = self._newest(item, entries)
        if found is not None and (
            item not in self.may_lapse or self._is_current(item, found, may_be_undated)
        ):
            self.used += (found,)
            return found
        if is_owed:
            self.missing += (item,)
        return None

    def flag(self, item: str, *, is_owed: bool = True) -> Truth:
        entry = self.entry(item, is_owed=is_owed)
        return UNKNOWN if entry is None else truth_of(entry.value)

    def choice(self, item: str, *, is_owed: bool = True) -> str | None:
        entry = self.entry(item, is_owed=is_owed)
        return entry.value if entry is not None and isinstance(entry.value, str) else None

    def form(self, item: str) -> Form | None:
        """Return the answered form. Its open fields are owed by whoever needs them."""
        entry = self.entry(item)
        return entry.value if entry is not None and isinstance(entry.value, Mapping) else None

    def any_row(self, item: str, is_one: RowRule) -> Truth:
        """Return whether any row of a list is one; an empty list is an answer, and it is no."""
        entry = self.entry(item)
        if entry is None or not isinstance(entry.value, tuple):
            return UNKNOWN
        outcome = any_of(*[is_one(self, row) for row in entry.value if not isinstance(row, str)])
        return self.owed_if_unknown(outcome, item)

    def number(self, item: str, threshold_id: str) -> Truth:
        entry = self.entry(item)
        return UNKNOWN if entry is None else self.number_of(entry, threshold_id)

    def number_of(self, entry: Entry, threshold_id: str) -> Truth:
        if not isinstance(entry.value, (int, Decimal)):
            return self._unusable(entry.item, "give a number")
        return self.reaches(entry.item, Decimal(entry.value), threshold_id)

    def reaches(self, item: str, value: Decimal, threshold_id: str) -> Truth:
        threshold = self.tables.thresholds[threshold_id]
        outcome = compare(value, Operator.EQUAL, threshold.sign, threshold.value)
        return self.note(item, (value, threshold.unit), threshold.sign, threshold, outcome)

    def measured(self, item: str, threshold_id: str, *, method: str = "") -> Truth:
        """Return whether the result keeps to the threshold, in the base unit of what is measured.

        method: the only one that counts; another leaves it open.
        """
        entry = self.entry(item)
        if entry is None:
            return UNKNOWN
        if method and entry.method != method:
            return self._other_method(item, entry.method)
        return self._held(self._result_reaches, item, entry, threshold_id)

    def times_upper(self, item: str, entry: Entry | None, threshold_id: str) -> Truth:
        """Return whether the result keeps to so many times the upper limit of normal of this very result."""
        return UNKNOWN if entry is None else self._held(self._times_upper, item, entry, threshold_id)

    def _held(self, against: Comparison, item: str, entry: Entry, threshold_id: str) -> Truth:
        """Hold the result against the threshold, and write down what was written down for it before."""
        kept, key = self.tables.held, (id(entry.value), item, threshold_id)
        held = kept.get(key)
        if held is not None:
            self.compared += held.compared
            self.missing += held.missing
            self.queries += held.queries
            return held.outcome
        noted = len(self.compared), len(self.missing), len(self.queries)
        outcome = against(item, entry, threshold_id)
        if len(kept) >= HELD:
            kept.clear()
        kept[key] = Held(
            entry.value,
            outcome,
            self.compared[noted[0] :],
            self.missing[noted[1] :],
            self.queries[noted[2] :],
        )
        return outcome

    def _result_reaches(self, item: str, entry: Entry, threshold_id: str) -> Truth:
        result, quantity = entry.value, self.tables.asked[item].quantity
        if not isinstance(result, Result) or quantity is None:
            return self._unusable(item, "give a result with its unit")
        threshold = self.tables.thresholds[threshold_id]
        try:
            value = to_base(result.value, result.unit, quantity)
        except UnitUnusable as problem:
            return self._unusable(item, str(problem))
        if quantity.base == "%" and not 1 < value <= 100:
            return self._unusable(item, f"{value:f} %: give per cent from 0 to 100; is it a fraction?")
        outcome = compare(value, result.operator, threshold.sign, threshold.value)
        if outcome is UNKNOWN:
            self.owe(item)
        return self.note(item, (result, quantity), threshold.sign, threshold, outcome)

    def _times_upper(self, item: str, entry: Entry, threshold_id: str) -> Truth:
        result, quantity = entry.value, self.tables.asked[item].quantity
        if not isinstance(result, Result) or quantity is None:
            return self._unusable(item, "give a result with its unit")
        if result.upper is None or result.upper <= 0:
            return self._unusable(item, "the upper limit of normal is missing")
        threshold = self.tables.thresholds[threshold_id]
        try:
            value, limit = _against_upper(result, result.upper, quantity, threshold)
        except UnitUnusable as problem:
            return self._unusable(item, str(problem))
        outcome = self.owed_if_unknown(compare(value, result.operator, threshold.sign, limit), item)
        bound = (threshold, result.upper, result.limit_unit or result.unit, quantity)
        return self.note(item, (result, quantity), threshold.sign, bound, outcome)

    def exceeds_upper(self, item: str, entry: Entry | None) -> Truth:
        """Return whether the result lies above its upper limit of normal, which must be in the same unit."""
        if entry is None:
            return UNKNOWN
        result = entry.value
        if not isinstance(result, Result):
            return self._unusable(item, "give a result with its unit")
        if result.upper is None:
            return self._unusable(item, "the upper limit of normal is missing")
        if not result.unit.strip():
            return self._unusable(item, "the unit is missing")
        if result.limit_unit and spelled(result.limit_unit) != spelled(result.unit):
            return self._unusable(item, "give value and upper limit in the same unit; they are not converted")
        outcome = compare(result.value, result.operator, Sign.ABOVE, result.upper)
        self.owed_if_unknown(outcome, item)
        return self.note(item, result, Sign.ABOVE, f"{result.upper:f} {result.unit}", outcome)

    def within(self, item: str, what: str, on: PartialDate, threshold_id: str, anchor: date | None) -> Truth:
        """Return whether a date lies in the look-back from the anchor. After the anchor is inside, too."""
        if anchor is None:
            self.ask("Set the date of screening: look-backs count from it.")
            return UNKNOWN
        threshold = self.tables.thresholds[threshold_id]
        if self.is_moving:
            for turn in turning_days(threshold, on):
                self.changes(turn)
        edge = edge_of(threshold, anchor)
        outcome = holds(threshold, on, edge)
        return self.note(item, _dated(what, on), SIGN_OF_DATE[threshold.sign], edge, outcome)

    def event_within(
        self, item: str, what: str, on: PartialDate, threshold_id: str, anchor: date | None
    ) -> Truth:
        """As `within` for what happens at one moment: dated after the day looked at it has not happened yet."""
        if on.first > self.day:
            self.changes(on.first)
            return self.note(item, _dated(what, on), "≤", self.day, FALSE)
        return self.within(item, what, on, threshold_id, anchor)

    # How entries are chosen

    def _newest(self, item: str, entries: Sequence[Entry]) -> Entry | None:
        deciding = deciding_entry(entries, self.day)
        self.changes(deciding.changes_on)
        if deciding.is_unclear:
            self.ask_about(item, "give the exact dates; they do not tell which entry is the newest by then")
        return deciding.entry

    def _is_current(self, item: str, entry: Entry, may_be_undated: bool) -> bool:
        if entry.on is None:
            self.ask_about(item, "give the date")
            return may_be_undated
        lapses_after = self.tables.asked[item].lapses_after
        if lapses_after is None:
            return True
        lapses_on = later(entry.on.first, lapses_after)
        if lapses_on <= self.day:
            return False
        self.changes(lapses_on)
        return True

    def _unusable(self, item: str, why: str) -> Truth:
        self.ask_about(item, why)
        self.owe(item)
        return UNKNOWN

    def _other_method(self, item: str, method: str) -> Truth:
        if not method:
            self.ask_about(item, "give the method")
        self.owe(item)
        return UNKNOWN


def truth_of(answer: Value) -> Truth:
    """Return the truth of an answered flag; anything that is neither yes nor no stays open."""
    if answer is True:
        return TRUE
    return FALSE if answer is False else UNKNOWN


def flag_in(form: Form, field: str) -> Truth:
    return truth_of(form.get(field))


def choice_in(form: Form, field: str, *wanted: str) -> Truth:
    """Return whether the chosen code is one of those wanted; nothing chosen stays open."""
    chosen = form.get(field)
    if not isinstance(chosen, str):
        return UNKNOWN
    return TRUE if chosen in wanted else FALSE


def number_in(form: Form, field: str) -> Decimal | None:
    number = form.get(field)
    return Decimal(number) if isinstance(number, (int, Decimal)) else None


def date_in(form: Form, field: str) -> PartialDate | None:
    on = form.get(field)
    return on if isinstance(on, PartialDate) else None


def _dated(what: str, on: PartialDate) -> Shown:
    return (what, on) if what else on


def _against_upper(
    result: Result, upper: Decimal, quantity: Quantity, threshold: Threshold
) -> tuple[Decimal, Decimal]:
    """Return the value and the limit in the base unit. Raises UnitUnusable."""
    limit_factor = factor_of(result.limit_unit or result.unit, quantity)
    value = to_base(result.value, result.unit, quantity)
    return value, product(threshold.value, upper, limit_factor)
