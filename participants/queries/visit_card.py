"""The visits of a participant on a card to carry: what is still to come, in both languages."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from participants.models import Participant
from participants.queries.course import load_course
from trialsite.protocol.due import OPEN_STATES, due_state
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Obligation, ObligationKind

AHEAD = timedelta(days=400)
_WEEKDAYS = ("Mon 周一", "Tue 周二", "Wed 周三", "Thu 周四", "Fri 周五", "Sat 周六", "Sun 周日")
_ON_THE_CARD = frozenset({ObligationKind.VISIT, ObligationKind.PROCEDURE})


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLine:
    """One visit or procedure. Dates at the site, both ends of the window included."""

    title: str
    title_zh: str
    target_on: date
    opens_on: date
    closes_on: date | None

    @property
    def weekday(self) -> str:
        return _WEEKDAYS[self.target_on.weekday()]

    @property
    def is_one_day(self) -> bool:
        return self.opens_on == self.closes_on


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitCard:
    """lines: what opens within AHEAD and is not done, by target date. registry_id: of the trial."""

    participant: Participant
    registry_id: str
    lines: tuple[CardLine, ...]


def visit_card(participant: Participant, now: datetime) -> VisitCard:
    """Return the card as of `now`, in two queries. Raises RuleViolated("no-protocol-in-force")."""
    course = load_course(participant)
    found = [
        one
        for one in course.obligations
        if one.kind in _ON_THE_CARD and one.opens_at <= now + AHEAD and due_state(one, now) in OPEN_STATES
    ]
    return VisitCard(
        participant=participant,
        registry_id=course.version_at(now).trial.registry_id,
        lines=tuple(_line(one) for one in sorted(found, key=lambda one: (one.target_on, one.key))),
    )


def _line(one: Obligation) -> CardLine:
    items = resolve(one.version).schedule
    title_zh = next((item.title_zh for item in items if item.id == one.item_id), "")
    return CardLine(
        title=one.title,
        title_zh=title_zh,
        target_on=one.target_on,
        opens_on=one.opens_on,
        closes_on=one.closes_on,
    )
