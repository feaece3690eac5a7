"""The course of one participant: locked, loaded and frozen for a command to decide on.

Three statements: lock the participant, read what happened and what the site has in force, read what is due.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from participants.models import (
    Consent,
    Deviation,
    DeviationStatus,
    IcfApproval,
    JourneyEvent,
    Obligation,
    Participant,
    ProtocolActivation,
)
from participants.rules import IcfInForce
from participants.states import State
from trialsite.errors import RuleViolated
from trialsite.protocol import types
from trialsite.protocol.amended import plan_across, versions_over_time
from trialsite.protocol.deviation_rules import holding, holding_rules
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
    stored: Mapping[str, Obligation]
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
        return tuple(row.to_value() for row in self.stored.values() if row.cancelled_at is None)

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
    """
    participant = (
        Participant.objects.select_for_update(of=("self",), no_key=True)
        .select_related("site")
        .get(pk=participant_id)
    )
    return load_course(participant)


def load_course(participant: Participant) -> Course:
    """Load the course without a lock: for previews and pages. `participant.site` should be loaded."""
    stored = {row.key: row for row in Obligation.objects.filter(participant=participant)}
    return _course(participant, _load(participant), stored)


def _course(participant: Participant, loaded: Mapping[str, Any], stored: Mapping[str, Obligation]) -> Course:
    events = tuple(_event(values) for values in loaded["event_values"])
    icfs = [_icf(values) for values in loaded["icf_values"]]
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
                Activation(
                    number=values["number"], activated_at=datetime.fromisoformat(values["activated_at"])
                )
                for values in loaded["activation_values"]
            ),
            rounds_begin_at=_rounds_begin_at(loaded["activation_values"]),
        ),
        consented=tuple(
            ConsentedVersion(number=values["number"], signed_at=datetime.fromisoformat(values["signed_at"]))
            for values in loaded["consent_values"]
        ),
        stored=stored,
        deviations=tuple(_holding(values) for values in loaded["deviation_values"]),
    )


def load_courses(participants: Sequence[Participant]) -> tuple[Course, ...]:
    """Load the courses of many without a lock: two queries for all of them, in their order."""
    loaded = {row["pk"]: row for row in _everything_known().filter(pk__in=[one.pk for one in participants])}
    stored: dict[UUID, dict[str, Obligation]] = {one.pk: {} for one in participants}
    for row in Obligation.objects.filter(participant__in=list(stored)):
        stored[row.participant_id][row.key] = row
    return tuple(_course(one, loaded[one.pk], stored[one.pk]) for one in participants)


def _load(participant: Participant) -> Mapping[str, Any]:
    """Read events, consents, ICF approvals and protocol activations in one statement, after the lock."""
    return _everything_known().get(pk=participant.pk)


@cache
def _everything_known() -> QuerySet[Participant, Mapping[str, Any]]:
    """The query of `_load`, built once: every command runs it, and building costs more than running it."""
    events = JourneyEvent.objects.filter(participant=OuterRef("pk"), voided_at__isnull=True)
    consents = Consent.objects.filter(participant=OuterRef("pk"), withdrawn_at__isnull=True)
    approvals = IcfApproval.objects.filter(site=OuterRef("site"))
    activations = ProtocolActivation.objects.filter(site=OuterRef("site"))
    deviations = Deviation.objects.filter(
        Q(assessed_at__isnull=False) | ~Q(status=DeviationStatus.CLOSED),
        participant=OuterRef("pk"),
        rule_id__in=sorted(holding_rules()),
    )
    return Participant.objects.values(
        "pk",
        event_values=ArraySubquery(
            events.values(
                row=JSONObject(
                    kind="kind", at="occurred_at", on="occurred_on", item="item", ref="ref", facts="facts"
                )
            )
        ),
        consent_values=ArraySubquery(
            consents.values(row=JSONObject(number="icf__protocol_version", signed_at="signed_at"))
        ),
        icf_values=ArraySubquery(
            approvals.values(
                row=JSONObject(
                    version="icf__number",
                    substantive="icf__is_substantive",
                    approved_on="approved_on",
                    activated_at="activated_at",
                )
            )
        ),
        activation_values=ArraySubquery(
            activations.values(
                row=JSONObject(
                    number="number", activated_at="activated_at", rounds_begin_at="rounds_begin_at"
                )
            )
        ),
        deviation_values=ArraySubquery(
            deviations.values(
                row=JSONObject(
                    rule_id="rule_id",
                    revision="rule_revision",
                    description="description",
                    detected_at="detected_at",
                    assessed_at="assessed_at",
                )
            )
        ),
    )


def _event(values: Mapping[str, Any]) -> Event:
    return Event(
        kind=EventKind(values["kind"]),
        at=datetime.fromisoformat(values["at"]),
        on=date.fromisoformat(values["on"]),
        item=values["item"],
        ref=values["ref"],
        facts=values["facts"],
    )


def _holding(values: Mapping[str, Any]) -> HoldingDeviation:
    assessed_at = values["assessed_at"]
    return HoldingDeviation(
        description=values["description"],
        holds=frozenset(holding(values["rule_id"], values["revision"])),
        since=datetime.fromisoformat(values["detected_at"]),
        until=datetime.fromisoformat(assessed_at) if assessed_at else None,
    )


def _rounds_begin_at(activations: Sequence[Mapping[str, Any]]) -> datetime | None:
    """What the newest activation says that says anything."""
    stated = [one for one in activations if one["rounds_begin_at"]]
    newest = max(stated, key=lambda one: datetime.fromisoformat(one["activated_at"]), default=None)
    return datetime.fromisoformat(newest["rounds_begin_at"]) if newest else None


def _icf(values: Mapping[str, Any]) -> tuple[IcfInForce, bool]:
    activated_at = values["activated_at"]
    icf = IcfInForce(
        version=values["version"],
        approved_on=date.fromisoformat(values["approved_on"]),
        activated_at=datetime.fromisoformat(activated_at) if activated_at else None,
    )
    return icf, bool(values["substantive"])
