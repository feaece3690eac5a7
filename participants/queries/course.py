"""The course of one participant: locked, loaded and frozen for a command to decide on.

Two statements: lock the participant, then read what happened, what the site has in force and what is due.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from participants.models import Participant
from participants.queries.known import (
    Known,
    Row,
    StoredObligations,
    known_of,
    known_of_all,
    locked_participant,
)
from participants.rules import IcfInForce
from participants.states import State
from trialsite.errors import RuleViolated
from trialsite.protocol import types
from trialsite.protocol.amended import plan_across, versions_over_time
from trialsite.protocol.deviation_rules import holding
from trialsite.protocol.gates import Holder, HoldingDeviation
from trialsite.protocol.registry import Activation, ConsentedVersion, resolve, version_for
from trialsite.protocol.types import Event, EventKind, Facts, IcfActivation, ProtocolVersion
from trialsite.protocol.validate import ProtocolInvalid


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteVersions:
    """What a site has in force: ICF versions (substantive or not) and protocol activations.

    rounds_begin_at: since when bedside rounds are logged here; None = from the beginning.
    """

    icfs: tuple[IcfInForce, ...]
    icf_activations: tuple[IcfActivation, ...]
    protocol_activations: tuple[Activation, ...]
    rounds_begin_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """participant: the locked row. events: in force, by time. stored: obligation rows by key.

    deviations: those that hold an act, or held one.
    """

    participant: Participant
    events: tuple[Event, ...]
    versions: SiteVersions
    consented: tuple[ConsentedVersion, ...]
    stored: StoredObligations
    deviations: tuple[HoldingDeviation, ...] = ()

    @property
    def state(self) -> State:
        return State(self.participant.state)

    @property
    def facts(self) -> Facts:
        return Facts(
            site_zone=self.participant.site.time_zone,
            arm=self.participant.assigned_arm,
            icf_activations=self.versions.icf_activations,
            evidence_lapses_on=self.participant.evidence_lapses_on,
            rounds_begin_at=self.versions.rounds_begin_at,
        )

    @property
    def obligations(self) -> tuple[types.Obligation, ...]:
        return self.stored.in_force()

    @property
    def holders(self) -> tuple[Holder, ...]:
        """Return whatever may hold an act: what is due, and deviations that nobody has assessed."""
        return (*self.obligations, *self.deviations)

    def version_at(self, at: datetime) -> ProtocolVersion:
        """Return the protocol version in force for this participant at `at`.

        Raises RuleViolated("no-protocol-in-force") where the site has activated none yet.
        """
        try:
            return resolve(version_for(self.versions.protocol_activations, self.consented, at))
        except ProtocolInvalid as nothing:
            raise RuleViolated(
                "no-protocol-in-force", "Activate a protocol version at this site first."
            ) from nothing

    def plan_at(
        self,
        at: datetime,
        events: Sequence[Event] | None = None,
        activations: tuple[Activation, ...] | None = None,
    ) -> tuple[types.Obligation, ...]:
        """Return what should be due, as planned at `at`: under each version what was settled while it was in force.

        events, activations: what would be, by default what is. Raises RuleViolated("no-protocol-in-force").
        """
        activations = activations or self.versions.protocol_activations
        history = versions_over_time(activations, self.consented, at)
        if not history:
            self.version_at(at)
        return plan_across(history, self.events if events is None else events, self.facts)

    def last(self, kind: EventKind) -> Event | None:
        return next((event for event in reversed(self.events) if event.kind is kind), None)


def lock_course(participant_id: UUID) -> Course:
    """Lock the participant until the end of the transaction and load the course.

    Locks without blocking foreign-key checks, so that the sweep never waits on a command in a circle.
    Raises DataLocked("data-locked") where the participant, the site or the trial is frozen or locked.
    """
    return load_course(locked_participant(participant_id))


def load_course(participant: Participant) -> Course:
    """Load the course without a lock: for previews and pages. `participant.site` should be loaded."""
    return _course(participant, known_of(participant))


def load_courses(participants: Sequence[Participant]) -> tuple[Course, ...]:
    """Load the courses of many without a lock: one statement for all of them, in their order."""
    known = known_of_all(participants)
    return tuple(_course(one, known[one.pk]) for one in participants)


def _course(participant: Participant, known: Known) -> Course:
    events = [_event(*row) for row in known.event_rows]
    icfs = [_icf(*row) for row in known.icf_rows]
    return Course(
        participant=participant,
        events=tuple(sorted(events, key=lambda event: event.at)),
        versions=SiteVersions(
            icfs=tuple(icf for icf, _ in icfs),
            icf_activations=tuple(
                IcfActivation(version=icf.version, is_substantive=substantive, activated_at=icf.activated_at)
                for icf, substantive in icfs
                if icf.activated_at is not None
            ),
            protocol_activations=tuple(
                Activation(number=number, activated_at=datetime.fromisoformat(activated_at))
                for number, activated_at, _ in known.activation_rows
            ),
            rounds_begin_at=_rounds_begin_at(known.activation_rows),
        ),
        consented=tuple(
            ConsentedVersion(number=number, signed_at=datetime.fromisoformat(signed_at))
            for number, signed_at in known.consent_rows
        ),
        stored=StoredObligations(known.obligation_rows),
        deviations=tuple(_holding(*row) for row in known.deviation_rows),
    )


def _event(kind: str, at: str, on: str, item: str, ref: str, facts: dict[str, str]) -> Event:
    return Event(
        kind=EventKind(kind),
        at=datetime.fromisoformat(at),
        on=date.fromisoformat(on),
        item=item,
        ref=ref,
        facts=facts,
    )


def _holding(
    rule_id: str, revision: int, description: str, detected_at: str, assessed_at: str | None
) -> HoldingDeviation:
    return HoldingDeviation(
        description=description,
        holds=frozenset(holding(rule_id, revision)),
        since=datetime.fromisoformat(detected_at),
        until=datetime.fromisoformat(assessed_at) if assessed_at else None,
    )


def _rounds_begin_at(activations: Sequence[Row]) -> datetime | None:
    """What the newest activation says that says anything."""
    stated = [
        (datetime.fromisoformat(activated_at), begin_at)
        for _, activated_at, begin_at in activations
        if begin_at
    ]
    return datetime.fromisoformat(max(stated)[1]) if stated else None


def _icf(
    number: str, is_substantive: bool, approved_on: str, activated_at: str | None
) -> tuple[IcfInForce, bool]:
    icf = IcfInForce(
        version=number,
        approved_on=date.fromisoformat(approved_on),
        activated_at=datetime.fromisoformat(activated_at) if activated_at else None,
    )
    return icf, is_substantive
