"""The screening and enrolment log: everybody who was referred, what became of it, and who decided.

An essential record of the trial (ICH E6). Subject codes only; who they are stands with the direct identifiers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from participants.models import Disposition, JourneyEvent, Participant
from participants.queries.words import ARMS, dose_level_in_words
from participants.states import State
from screening.models import DecisionOutcome, EligibilityDecision, ScreeningEpisode
from screening.states import EpisodeState
from trialsite.protocol.types import EventKind
from trialsite.protocol.windows import civil_date

_ENDINGS: Mapping[str, str] = {
    EventKind.WITHDRAWN_FROM_TREATMENT.value: "Withdrawn from treatment",
    EventKind.WITHDRAWN_FROM_VISITS.value: "Withdrawn from visits",
    EventKind.WITHDRAWN_FROM_DATA_USE.value: "Withdrawn from data use",
    EventKind.LOST_TO_FOLLOW_UP.value: "Lost to follow-up",
    EventKind.DIED.value: "Died",
}
_KINDS = [
    EventKind.REFERRED.value,
    EventKind.REFERRAL_CLOSED.value,
    EventKind.CONSENTED.value,
    EventKind.ENROLLED.value,
    *_ENDINGS,
]


class Outcome(StrEnum):
    WAITING = "waiting"
    NOT_SCREENED = "not_screened"
    IN_SCREENING = "in_screening"
    SCREEN_FAILURE = "screen_failure"
    ELIGIBLE = "eligible"
    ENROLLED = "enrolled"
    LEFT = "left"


OUTCOMES: Mapping[Outcome, str] = {
    Outcome.WAITING: "Awaiting screening",
    Outcome.NOT_SCREENED: "Not screened",
    Outcome.IN_SCREENING: "In screening",
    Outcome.SCREEN_FAILURE: "Screen failure",
    Outcome.ELIGIBLE: "Eligible",
    Outcome.ENROLLED: "Enrolled",
    Outcome.LEFT: "Left before enrolment",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A referral that led to no screening, or one screening episode. All dates are local to the site.

    consented_on, icf: of the consent this screening stood on. outcome_on: when that came about. failed: ids of
    criteria. reason: as it was written down. decided_by: who recorded the outcome.
    """

    code: str
    href: str
    site: str
    sex: str
    birth_year: int | None
    referred_on: date | None
    referred_by: str
    registered_by: str
    consented_on: date | None = None
    icf: str = ""
    number: int | None = None
    started_on: date | None = None
    intended_arm: str = ""
    outcome: Outcome = Outcome.WAITING
    outcome_on: date | None = None
    failed: tuple[str, ...] = ()
    reason: str = ""
    arm: str = ""
    dose_level: str = ""
    decided_by: str = ""
    protocol_version: str = ""

    @property
    def outcome_words(self) -> str:
        return OUTCOMES[self.outcome]


HEADER = (
    "Subject code",
    "Site",
    "Sex",
    "Year of birth",
    "Referred on",
    "Referred by",
    "Registered by",
    "Consented on",
    "ICF version",
    "Screening",
    "Screening started on",
    "Intended arm",
    "Outcome",
    "Outcome on",
    "Failed criteria",
    "Reason",
    "Arm",
    "Dose level",
    "Decided by",
    "Protocol version",
)


def cells_of(line: LogLine) -> tuple[object, ...]:
    """Return a line in the order of HEADER; what is not known is None."""
    return (
        line.code,
        line.site,
        line.sex or None,
        line.birth_year,
        line.referred_on,
        line.referred_by or None,
        line.registered_by or None,
        line.consented_on,
        line.icf or None,
        line.number,
        line.started_on,
        line.intended_arm or None,
        line.outcome_words,
        line.outcome_on,
        " ".join(line.failed) or None,
        line.reason or None,
        line.arm or None,
        line.dose_level or None,
        line.decided_by or None,
        line.protocol_version or None,
    )


def with_log(rows: QuerySet[Participant]) -> QuerySet[Participant]:
    """Add to participants what `log_lines` reads, in the same statement."""
    events = JourneyEvent.objects.filter(
        participant=OuterRef("pk"), voided_at__isnull=True, kind__in=_KINDS
    ).order_by("occurred_at", "recorded_at")
    episodes = ScreeningEpisode.objects.filter(participant=OuterRef("pk")).order_by("number")
    decisions = EligibilityDecision.objects.filter(
        episode__participant=OuterRef("pk"), reopened_at__isnull=True
    ).order_by("recorded_at")
    dispositions = Disposition.objects.filter(participant=OuterRef("pk")).order_by("recorded_at")
    return rows.select_related("site").annotate(
        event_values=ArraySubquery(
            events.values(
                row=JSONObject(
                    kind="kind", on="occurred_on", item="item", ref="ref", why="reason", by="recorded_by"
                )
            )
        ),
        episode_values=ArraySubquery(
            episodes.values(
                row=JSONObject(
                    id="id", number="number", started_on="started_on", state="state", arm="intended_arm"
                )
            )
        ),
        decision_values=ArraySubquery(
            decisions.values(
                row=JSONObject(
                    episode="episode_id",
                    outcome="outcome",
                    at="decided_at",
                    by="decided_by",
                    failed="failed_criteria",
                    why="reason",
                    version=F("protocol_version"),
                )
            )
        ),
        disposition_values=ArraySubquery(dispositions.values(row=JSONObject(id="id", why="explanation"))),
    )


def log_lines(rows: Iterable[Participant]) -> Iterator[LogLine]:
    """Yield the lines of rows of `with_log`, each participant's in order. No statement."""
    for row in rows:
        yield from _lines(row)


Values = Mapping[str, Any]


def _lines(row: Participant) -> Iterator[LogLine]:
    loaded: Any = row
    events: Sequence[Values] = loaded.event_values
    base = _referral(row, events)
    episodes: Sequence[Values] = loaded.episode_values
    if not episodes:
        yield _ended(replace(base, **_consent(events, None)), row, events)
        return
    decisions = {one["episode"]: one for one in loaded.decision_values}
    for place, episode in enumerate(episodes):
        started_on = date.fromisoformat(episode["started_on"])
        line = replace(
            base,
            **_consent(events, started_on),
            number=episode["number"],
            started_on=started_on,
            intended_arm=ARMS.get(episode["arm"], ""),
            outcome=Outcome.IN_SCREENING,
        )
        line = _decided(line, episode, decisions.get(episode["id"]), row)
        is_last = place == len(episodes) - 1
        yield _ended(line, row, events) if is_last else line


def _referral(row: Participant, events: Sequence[Values]) -> LogLine:
    referred = _first(events, EventKind.REFERRED)
    return LogLine(
        code=row.code,
        href=row.get_absolute_url(),
        site=row.site.code,
        sex=row.sex,
        birth_year=row.birth_year,
        referred_on=_on(referred),
        referred_by=row.referral_source,
        registered_by=referred["by"] if referred else "",
        intended_arm=ARMS.get(row.intended_arm, ""),
    )


def _consent(events: Sequence[Values], started_on: date | None) -> dict[str, Any]:
    """The consent that was in force when screening began; the first one where none was."""
    signed = [one for one in events if one["kind"] == EventKind.CONSENTED.value]
    before = [one for one in signed if started_on is None or date.fromisoformat(one["on"]) <= started_on]
    found = before[-1] if before else next(iter(signed), None)
    return {"consented_on": _on(found), "icf": found["item"] if found else ""}


def _decided(line: LogLine, episode: Values, decision: Values | None, row: Participant) -> LogLine:
    if decision is None or episode["state"] == EpisodeState.OPEN.value:
        return line
    is_failure = decision["outcome"] == DecisionOutcome.SCREEN_FAILED.value
    return replace(
        line,
        outcome=Outcome.SCREEN_FAILURE if is_failure else Outcome.ELIGIBLE,
        outcome_on=civil_date(datetime.fromisoformat(decision["at"]), row.site.time_zone),
        failed=tuple(decision["failed"]),
        reason=decision["why"],
        decided_by=decision["by"],
        protocol_version=decision["version"],
    )


def _ended(line: LogLine, row: Participant, events: Sequence[Values]) -> LogLine:
    """What became of the referral after the last episode: enrolled, closed, or the participant left."""
    enrolled = _first(events, EventKind.ENROLLED)
    if enrolled is not None:
        return replace(
            line,
            outcome=Outcome.ENROLLED,
            outcome_on=_on(enrolled),
            reason=enrolled["why"],
            arm=ARMS.get(row.arm, ""),
            dose_level=dose_level_in_words(enrolled["item"]) or dose_level_in_words(row.dose_level),
            decided_by=enrolled["by"],
        )
    if line.outcome is Outcome.SCREEN_FAILURE:
        return line
    closed = _first(events, EventKind.REFERRAL_CLOSED)
    if closed is not None and row.state == State.NOT_SCREENED.value:
        return _left(line, row, closed, Outcome.NOT_SCREENED)
    gone = next((one for one in events if one["kind"] in _ENDINGS), None)
    if gone is None:
        return line
    return _left(line, row, gone, Outcome.LEFT if line.number else Outcome.NOT_SCREENED)


def _left(line: LogLine, row: Participant, event: Values, outcome: Outcome) -> LogLine:
    loaded: Any = row
    explained = next((one["why"] for one in loaded.disposition_values if one["id"] == event["ref"]), "")
    said = [_ENDINGS.get(event["kind"], ""), explained, event["why"] if event["why"] != explained else ""]
    return replace(
        line,
        outcome=outcome,
        outcome_on=_on(event),
        reason=". ".join(one for one in said if one),
        decided_by=event["by"],
    )


def _first(events: Sequence[Values], kind: EventKind) -> Values | None:
    return next((one for one in events if one["kind"] == kind.value), None)


def _on(event: Values | None) -> date | None:
    return date.fromisoformat(event["on"]) if event else None
