"""Evidence as the engine reads it: typed answers, each dated, and the dates of the episode.

Frozen values only. Source: clinical rules 1.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from trialsite.protocol.partial_dates import PartialDate
from trialsite.protocol.results import Result

# One value of a form or a list row; None where it was left open.
Scalar = bool | int | str | Decimal | PartialDate | Result | tuple[str, ...] | None
Form = Mapping[str, Scalar]
Value = Scalar | Form | tuple[Form, ...]


class Purpose(StrEnum):
    SCREENING = "screening"  # look-backs count from the stored screening date
    RECHECK = "recheck"  # look-backs count from the day looked at: before lymphodepletion or infusion


class Entry(NamedTuple):
    """One answer to one item. A named tuple, as it is made several times faster and every record has some sixty.

    value: None means asked and not answered; not_done says why. on: site-local date of specimen, scan,
    test or judgement; may be partial. method: as listed for the item. reason: of a judgement.
    ref: id of the stored record, "" outside the database.
    """

    item: str
    value: Value
    on: PartialDate | None = None
    method: str = ""
    reason: str = ""
    not_done: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """Every entry of an episode by item, the newest last. A missing key is a question nobody has answered."""

    entries: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """The dates look-backs count from; all site-local.

    consent_on: earliest of all. screening_on: first trial-specific procedure of the episode, by default the
    consent date. enrolment_on: None until it is set. as_of: the day looked at.
    """

    consent_on: date | None
    screening_on: date | None
    as_of: date
    enrolment_on: date | None = None
    purpose: Purpose = Purpose.SCREENING

    @property
    def decision_on(self) -> date:
        """The day up to which evidence counts and on which it must be valid."""
        if self.purpose is Purpose.RECHECK:
            return self.as_of
        return self.enrolment_on or self.as_of

    @property
    def look_back_on(self) -> date | None:
        """The day the look-backs of screening count from."""
        return self.as_of if self.purpose is Purpose.RECHECK else self.screening_on or self.consent_on

    @property
    def enrolment_look_back_on(self) -> date | None:
        """As look_back_on, for what counts from enrolment; the screening date stands in, provisionally."""
        if self.purpose is Purpose.RECHECK:
            return self.as_of
        return self.enrolment_on or self.screening_on or self.consent_on

    @property
    def is_provisional(self) -> bool:
        return self.purpose is Purpose.SCREENING and self.enrolment_on is None
