"""What an evaluation says: for each criterion its status with its reasons, and when it will change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from screening.rules.evidence import Anchors, Entry
from trialsite.protocol.criteria import CriterionStatus, Truth, Verdict
from trialsite.protocol.types import Arm


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison that was made, in words that need no other source: "48 10³/µL = 48 10⁹/L > 50 10⁹/L".

    item: whose value. said: the value as it was reported or the date. sign, limit: what it was held against.
    """

    item: str
    said: str
    sign: str
    limit: str
    outcome: Truth


@dataclass(frozen=True, slots=True)
class Assessment:
    """A criterion or sub-item. A parent carries what its parts carry, combined.

    used: the entries that decided. missing: item ids that are owed for a decision, in the catalogue's order.
    readings: numbers of clinical rules 1.5 that were applied. queries: questions to ask back, in words.
    valid_until: last day on which the same evidence still gives this status; None = it never changes by time.
    clears_on: for a status that stands in the way, the first day on which waiting alone would lift it,
    with look-backs counted from that day; None = waiting does not help.
    is_provisional: the enrolment date is not set and would be the anchor. applies: False outside its arm.
    """

    criterion_id: str
    status: CriterionStatus
    used: tuple[Entry, ...] = ()
    compared: tuple[Compared, ...] = ()
    missing: tuple[str, ...] = ()
    readings: tuple[int, ...] = ()
    queries: tuple[str, ...] = ()
    valid_until: date | None = None
    clears_on: date | None = None
    is_provisional: bool = False
    applies: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All criteria of one version on one record.

    lapses_on: first day on which a status changes by mere passing of time (day after the earliest
    valid_until); lapsing: the criteria that change on it. waiting_helps_on: the first day on which waiting
    alone would lift everything that now stands in the way, None where it would not (or nothing does).
    """

    version: str
    anchors: Anchors
    arm: Arm | None
    assessments: Mapping[str, Assessment]
    verdict: Verdict
    lapses_on: date | None
    lapsing: tuple[str, ...]
    waiting_helps_on: date | None
