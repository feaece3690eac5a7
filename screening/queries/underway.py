"""Everybody in screening, loaded in one statement and evaluated on a later day than the evidence was stored.

What the rules need lies with the newest stored evaluation; only the day looked at moves on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from participants.models import Consent, JourneyEvent, Obligation, Participant, ProtocolActivation
from participants.states import State
from screening.models import EligibilityEvaluation, ScreeningEpisode
from screening.rules.assessments import Evaluation
from screening.rules.evaluate import evaluate
from screening.rules.evidence import Anchors, EvidenceRecord, Purpose
from screening.rules.wire import Case, EvidenceInvalid, read_case
from screening.states import EpisodeState
from trialsite.protocol.registry import Activation, ConsentedVersion, resolve, version_for
from trialsite.protocol.types import Arm, EventKind, ProtocolVersion
from trialsite.protocol.validate import ProtocolInvalid
from trialsite.protocol.windows import civil_date

_IN_SCREENING = [State.SCREENING.value, State.ELIGIBLE.value]
_TASKS = ["T-START", "T-ELIG", "T-ENROL"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the newest stored evaluation of the episode said. lapses_on: as seen on the day it was made."""

    missing: frozenset[str]
    lapses_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """One participant in screening on the site-local day `today`.

    number, started_on, state: of the newest episode, None before the first. case: its evidence as last stored,
    looked at today; None before the first episode and where it cannot be read any more. version: in force for the
    participant, None where the site has none. due_item, due_on: the task of screening that closes first.
    """

    participant: Participant
    today: date
    consented_on: date | None
    number: int | None
    started_on: date | None
    state: EpisodeState | None
    version: ProtocolVersion | None
    case: Case | None
    stored: Stored | None
    due_item: str
    due_on: date | None

    @property
    def arm(self) -> Arm | None:
        if self.case is not None:
            return self.case.arm
        return Arm(self.participant.intended_arm) if self.participant.intended_arm else None

    @property
    def is_unreadable(self) -> bool:
        """The stored evidence names what this release does not know; the checklist has to be opened."""
        return self.number is not None and self.case is None

    def evaluated(self, version: ProtocolVersion | None = None) -> Evaluation | None:
        """Evaluate today, under the version in force or another; None where there is nothing to evaluate."""
        under = version or self.version
        if self.case is None or under is None:
            return None
        return evaluate(under, self.case.record, self.case.anchors, self.case.arm)


def with_screening(rows: QuerySet[Participant]) -> QuerySet[Participant]:
    """Keep who has consented and is neither enrolled nor gone, each with what `underway` reads."""
    signed = Consent.objects.filter(participant=OuterRef("pk"), withdrawn_at__isnull=True)
    in_screening = Q(state__in=_IN_SCREENING) | Q(Exists(signed), state=State.REFERRED.value)
    consented = JourneyEvent.objects.filter(
        participant=OuterRef("pk"), kind=EventKind.CONSENTED.value, voided_at__isnull=True
    )
    return (
        rows.filter(in_screening)
        .select_related("site")
        .annotate(
            consented_on=Subquery(consented.order_by("occurred_at").values("occurred_on")[:1]),
            consent_values=ArraySubquery(
                signed.values(row=JSONObject(number="icf__protocol_version", signed_at="signed_at"))
            ),
            episode_values=_newest_episode(),
            evaluation_values=_newest_evaluation(),
            due_values=_due_first(),
        )
    )


def underway(rows: Iterable[Participant], at: datetime) -> tuple[Underway, ...]:
    """Read rows of `with_screening` at the instant `at`; two statements, however many they are."""
    found = list(rows)
    activations = _activations(found)
    return tuple(_underway(row, activations.get(row.site_id, ()), at) for row in found)


def _newest_episode() -> Subquery:
    episodes = ScreeningEpisode.objects.filter(participant=OuterRef("pk")).order_by("-number")
    return Subquery(
        episodes.values(row=JSONObject(id="id", number="number", started_on="started_on", state="state"))[:1]
    )


def newest_evaluations() -> QuerySet[EligibilityEvaluation]:
    """Return those of the participant of the outer query, of screening, the newest first.

    Of two kept at one instant, by an import or a told story, the later one knew more.
    """
    known = Func(F("missing"), function="jsonb_array_length", output_field=IntegerField())
    rows = EligibilityEvaluation.objects.filter(
        episode__participant=OuterRef("pk"), purpose=Purpose.SCREENING.value
    )
    return rows.order_by("-episode__number", "-recorded_at", known)


def _newest_evaluation() -> Subquery:
    return Subquery(
        newest_evaluations().values(
            row=JSONObject(episode="episode_id", missing="missing", lapses_on="lapses_on", inputs="inputs")
        )[:1]
    )


def _due_first() -> Subquery:
    owed = Obligation.objects.unsettled().filter(participant=OuterRef("pk"), item_id__in=_TASKS)
    return Subquery(
        owed.order_by("closes_at").values(row=JSONObject(item="item_id", closes_on="closes_on"))[:1]
    )


def _activations(rows: Sequence[Participant]) -> Mapping[UUID, tuple[Activation, ...]]:
    found: dict[UUID, tuple[Activation, ...]] = {}
    sites = {row.site_id for row in rows}
    for one in ProtocolActivation.objects.filter(site__in=sites):
        activation = Activation(number=one.number, activated_at=one.activated_at)
        found[one.site_id] = (*found.get(one.site_id, ()), activation)
    return found


def _underway(row: Participant, activations: tuple[Activation, ...], at: datetime) -> Underway:
    loaded: Any = row
    today = civil_date(at, row.site.time_zone)
    episode, due = loaded.episode_values, loaded.due_values
    kept = loaded.evaluation_values
    if kept is not None and (episode is None or kept["episode"] != episode["id"]):
        kept = None  # of a former episode; this one has no evaluation yet
    started_on = date.fromisoformat(episode["started_on"]) if episode else None
    return Underway(
        participant=row,
        today=today,
        consented_on=loaded.consented_on,
        number=episode["number"] if episode else None,
        started_on=started_on,
        state=EpisodeState(episode["state"]) if episode else None,
        version=_version(activations, loaded.consent_values, at),
        case=_case(row, kept, loaded.consented_on, started_on, today) if episode else None,
        stored=Stored(missing=frozenset(kept["missing"]), lapses_on=_day(kept["lapses_on"]))
        if kept
        else None,
        due_item=due["item"] if due else "",
        due_on=_day(due["closes_on"]) if due else None,
    )


def _case(
    row: Participant,
    kept: Mapping[str, Any] | None,
    consented_on: date | None,
    started_on: date | None,
    today: date,
) -> Case | None:
    """The evidence as it was stored last, looked at today; without any, every question is open."""
    if kept is None:
        return Case(
            id="",
            version="",
            arm=Arm(row.intended_arm) if row.intended_arm else None,
            anchors=Anchors(consent_on=consented_on, screening_on=started_on, as_of=today),
            record=EvidenceRecord(),
        )
    try:
        case = read_case(kept["inputs"])
    except EvidenceInvalid:
        return None
    return replace(case, anchors=replace(case.anchors, as_of=today))


def _version(
    activations: tuple[Activation, ...], consents: Iterable[Mapping[str, Any]], at: datetime
) -> ProtocolVersion | None:
    signed = tuple(
        ConsentedVersion(number=one["number"], signed_at=datetime.fromisoformat(one["signed_at"]))
        for one in consents
    )
    try:
        return resolve(version_for(activations, signed, at))
    except ProtocolInvalid:
        return None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
