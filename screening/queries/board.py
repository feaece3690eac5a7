"""The screening board: everybody in screening with today's verdict, what blocks, and what is most urgent."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from participants.queries.words import ARMS
from screening.queries.underway import Underway
from screening.rules.assessments import Evaluation
from screening.rules.items import BY_ID
from screening.states import EpisodeState
from trialsite.protocol.criteria import VerdictStatus
from trialsite.protocol.types import ProtocolVersion

WINDOW = "L-SCR-LEUK"
NOT_STARTED = "not_started"
SOON_DAYS = 3
_OWED_SHOWN = 3


class NextStep(StrEnum):
    START = "start"
    COMPLETE = "complete"  # answers are owed
    FAIL = "fail"  # a criterion speaks against
    CONFIRM = "confirm"
    RENEW = "renew"  # confirmed, but not eligible on today's evidence
    ENROL = "enrol"
    OPEN = "open"  # nothing can be worked out here; look at the checklist


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """last_on: the last day on which it holds or may be done. left: days until then; below 0 it has passed."""

    last_on: date
    left: int

    @property
    def tone(self) -> str:
        if self.left <= 0:
            return "bad"
        return "warn" if self.left <= SOON_DAYS else "calm"

    @property
    def words(self) -> str:
        if self.left < 0:
            return f"{-self.left} {_days(self.left)} past"
        return f"{self.left} {_days(self.left)} left" if self.left else "last day"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """verdict: of today, or NOT_STARTED, or "" where it cannot be worked out. failed: criterion ids.

    owed: titles of the first answers owed; more: how many others. open_criteria: undecided ones. day: since screening
    began. window: until leukapheresis has to be done. due: the task that closes first. evidence: how long the evidence
    holds, None where nothing lapses. lapsed: criteria that were decided when last stored, and have lapsed since.
    waiting_helps_on: for a failed criterion, when waiting alone would lift everything that stands in the way.
    """

    code: str
    href: str
    site: str
    zone: str
    arm: str
    number: int | None
    started_on: date | None
    consented_on: date | None
    day: int | None
    window: Countdown | None
    due: Countdown | None
    verdict: str
    failed: tuple[str, ...]
    open_criteria: tuple[str, ...]
    owed: tuple[str, ...]
    more: int
    evidence: Countdown | None
    lapsing: tuple[str, ...]
    lapsed: tuple[str, ...]
    waiting_helps_on: date | None
    is_confirmed: bool
    step: NextStep
    site_id: UUID
    today: date

    @property
    def urgency(self) -> int:
        """Days until the first thing that cannot wait; what nobody waits for counts last."""
        left = [one.left for one in (self.window, self.due, self.evidence) if one is not None]
        return min(left, default=9999)

    @property
    def owed_count(self) -> int:
        return len(self.owed) + self.more


def board_rows(cases: Iterable[Underway]) -> tuple[BoardRow, ...]:
    """Return the lines of the board, the most urgent first. No statement."""
    return tuple(sorted((_row(one) for one in cases), key=lambda row: (row.urgency, row.code)))


def counts_of(rows: Sequence[BoardRow]) -> Counter[str]:
    """Return how many lines there are of each verdict."""
    return Counter(row.verdict for row in rows)


def _row(one: Underway) -> BoardRow:
    evaluation = one.evaluated()
    failed = evaluation.verdict.failed if evaluation else ()
    undecided = evaluation.verdict.missing if evaluation else ()
    owed = _owed(evaluation)
    step = _step(one, evaluation)
    return BoardRow(
        code=one.participant.code,
        href=one.participant.get_absolute_url(),
        site=one.participant.site.code,
        site_id=one.participant.site_id,
        zone=one.participant.site.time_zone,
        arm=ARMS[one.arm.value] if one.arm else "",
        number=one.number,
        started_on=one.started_on,
        consented_on=one.consented_on,
        day=(one.today - one.started_on).days if one.started_on else None,
        window=_window(one),
        due=_countdown(one.due_on, one.today),
        verdict=_verdict(one, evaluation),
        failed=failed,
        open_criteria=undecided,
        owed=owed[:_OWED_SHOWN],
        more=max(0, len(owed) - _OWED_SHOWN),
        evidence=_evidence(one, evaluation),
        lapsing=evaluation.lapsing if evaluation else (),
        lapsed=_lapsed(one, evaluation),
        waiting_helps_on=evaluation.waiting_helps_on if evaluation else None,
        is_confirmed=one.state is EpisodeState.ELIGIBLE,
        step=step,
        today=one.today,
    )


def _verdict(one: Underway, evaluation: Evaluation | None) -> str:
    if one.number is None:
        return NOT_STARTED
    return evaluation.verdict.status.value if evaluation else ""


def _step(one: Underway, evaluation: Evaluation | None) -> NextStep:
    if one.number is None:
        return NextStep.START
    if evaluation is None:
        return NextStep.OPEN
    is_eligible = evaluation.verdict.status is VerdictStatus.ELIGIBLE
    if one.state is EpisodeState.ELIGIBLE:
        return NextStep.ENROL if is_eligible else NextStep.RENEW
    if is_eligible:
        return NextStep.CONFIRM
    return NextStep.FAIL if evaluation.verdict.failed else NextStep.COMPLETE


def _owed(evaluation: Evaluation | None) -> tuple[str, ...]:
    """The answers owed for a decision, in the order of the catalogue, each once."""
    if evaluation is None:
        return ()
    asked = {item for one in evaluation.verdict.missing for item in evaluation.assessments[one].missing}
    return tuple(item.title for item in BY_ID.values() if item.id in asked)


def _lapsed(one: Underway, evaluation: Evaluation | None) -> tuple[str, ...]:
    if evaluation is None or one.stored is None or one.stored.lapses_on is None:
        return ()
    if one.stored.lapses_on > one.today:
        return ()
    return tuple(key for key in evaluation.verdict.missing if key not in one.stored.missing)


def _evidence(one: Underway, evaluation: Evaluation | None) -> Countdown | None:
    """Until when the evidence holds. What has lapsed goes before what will; who is excluded waits for neither."""
    if evaluation is None or evaluation.verdict.failed:
        return None
    is_lapsed = bool(_lapsed(one, evaluation)) and one.stored is not None
    lapses_on = one.stored.lapses_on if is_lapsed and one.stored else evaluation.lapses_on
    return _countdown(lapses_on - timedelta(days=1) if lapses_on else None, one.today)


def _window(one: Underway) -> Countdown | None:
    if one.started_on is None or one.version is None:
        return None
    return _countdown(one.started_on + timedelta(days=_window_days(one.version)), one.today)


def _window_days(version: ProtocolVersion) -> int:
    return next(limit.value for limit in version.limits if limit.id == WINDOW)


def _countdown(last_on: date | None, today: date) -> Countdown | None:
    return Countdown(last_on=last_on, left=(last_on - today).days) if last_on else None


def _days(count: int) -> str:
    return "day" if abs(count) == 1 else "days"
