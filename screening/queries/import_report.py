"""The report on a file of results: sums for the page, a line for every row for the file that can be kept."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from screening.queries.feed import Outcome, What

MOST_LISTED = 500  # faults and notes that the page lists; the file has them all
REPORT_HEADER = (
    "row",
    "subject",
    "participant",
    "test",
    "result",
    "unit",
    "specimen taken",
    "what happens",
    "remark",
)
WHAT_WORDS = {
    What.NEW: "new",
    What.PRESENT: "already there",
    What.NOT_NEEDED: "skipped",
    What.FAULT: "FAULT",
}


@dataclass(slots=True)
class Report:
    """by_what: rows by outcome. by_test: (test, outcome) → rows. faults, notes: the first MOST_LISTED of each.

    participants: who gets a new result. is_written: the results were imported, not only looked at.
    """

    rows: int = 0
    by_what: Counter[str] = field(default_factory=Counter)
    by_test: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_fault: Counter[str] = field(default_factory=Counter)
    faults: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    note_count: int = 0
    participants: set[UUID] = field(default_factory=set)
    is_written: bool = False

    @property
    def fault_count(self) -> int:
        return self.by_what[What.FAULT]

    @property
    def new_count(self) -> int:
        return self.by_what[What.NEW]

    def add(self, one: Outcome) -> None:
        self.rows += 1
        self.by_what[one.what] += 1
        if one.what is What.FAULT:
            self.by_fault[one.code] += 1
            _list(self.faults, one)
            return
        self.by_test[one.test_code.upper(), one.what] += 1
        if one.what is What.NEW and one.participant is not None:
            self.participants.add(one.participant.pk)
            if one.notes:
                self.note_count += 1
                _list(self.notes, one)

    def counts(self) -> dict[str, Any]:
        """Return the sums as they are stored: tests in order, each with its outcomes."""
        tests: dict[str, dict[str, int]] = {}
        for (test, what), number in sorted(self.by_test.items()):
            tests.setdefault(test[:20], {})[what] = number
        return {
            "rows": self.rows,
            **{what.value: self.by_what[what] for what in What},
            "notes": self.note_count,
            "participants": len(self.participants),
            "tests": dict(list(tests.items())[:MOST_LISTED]),
            "faults": dict(self.by_fault),
        }


def report_cells(one: Outcome) -> tuple[object, ...]:
    """Return the cells of one row of the report, in the order of REPORT_HEADER."""
    return (
        one.row,
        one.subject,
        one.participant.code if one.participant else "",
        one.test_code,
        one.reported,
        one.unit,
        one.taken,
        WHAT_WORDS[one.what],
        one.words,
    )


def _list(listed: list[dict[str, Any]], one: Outcome) -> None:
    if len(listed) < MOST_LISTED:
        listed.append(
            {
                "row": one.row,
                "subject": one.subject[:60],
                "test": one.test_code[:20],
                "words": one.words[:300],
            }
        )
