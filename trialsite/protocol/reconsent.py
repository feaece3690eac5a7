"""Re-consent: a substantive ICF version put in force owes a new signature and holds the next study procedure.

Source: clinical rules 5.5. The latest date for signing is an assumption (limit L-RECONSENT).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from trialsite.protocol.departures import returned_at
from trialsite.protocol.types import (
    Act,
    Epoch,
    Event,
    EventKind,
    Facts,
    IcfActivation,
    Obligation,
    ObligationKind,
    ProtocolVersion,
    Source,
)
from trialsite.protocol.windows import civil_date, day_end_at
from trialsite.protocol.zones import zone_at, zone_of_window

# What is done to the participant waits; release and planning are work on paper.
HELD_ACTS = frozenset(Act) - {Act.RELEASE_PRODUCT, Act.PLAN_INFUSION}
# Who left by one of these, and did not come back, owes no new signature.
LEAVES = frozenset(
    {
        EventKind.SCREEN_FAILED,
        EventKind.WITHDRAWN_FROM_VISITS,
        EventKind.WITHDRAWN_FROM_DATA_USE,
        EventKind.LOST_TO_FOLLOW_UP,
        EventKind.DIED,
    }
)
_ENCOUNTERS = frozenset({ObligationKind.VISIT, ObligationKind.PROCEDURE})
DEFAULT_DAYS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class _Absence:
    """left_at: screen failure, withdrawal, loss, death. back_at: None = for good."""

    left_at: datetime
    back_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """What the window of a re-consent depends on."""

    consents: tuple[Event, ...]
    absences: tuple[_Absence, ...]
    encounters: tuple[Obligation, ...]
    timeline: Sequence[Event]
    facts: Facts
    limit_days: int

    def day_of(self, at: datetime) -> date:
        """The civil date at the site that treats the participant then."""
        return civil_date(at, zone_at(self.timeline, self.facts, at))

    def end_of(self, last_on: date, signed_at: datetime | None = None) -> datetime:
        """The end of that day where it was signed, else at the site that treats the participant then."""
        return day_end_at(last_on, zone_of_window(self.timeline, self.facts, last_on, signed_at))

    def closes_on(self, opens_at: datetime) -> date:
        """The last day of the next encounter's window, at the latest the limit after opening."""
        opens_on = self.day_of(opens_at)
        following = [
            one.closes_on
            for one in self.encounters
            if one.closes_on is not None and one.closes_on >= opens_on and _was_still_to_come(one, opens_at)
        ]
        return min([opens_on + timedelta(days=self.limit_days), *following])


def reconsent_obligations(
    version: ProtocolVersion, timeline: Sequence[Event], facts: Facts, planned: Sequence[Obligation]
) -> list[Obligation]:
    """Return one obligation for each substantive version newer than the one signed first.

    It closes with the window of the next visit or procedure, at the latest L-RECONSENT days after it opened.
    Signing any later version fulfils it; a newer substantive version in force replaces it. Who is away when
    it comes into force, or leaves while it is open, owes it from the return.
    """
    consents = tuple(event for event in timeline if event.kind is EventKind.CONSENTED)
    if not consents:
        return []
    course = _Course(
        consents=consents,
        absences=tuple(
            _Absence(left_at=event.at, back_at=returned_at(event, timeline))
            for event in timeline
            if event.kind in LEAVES
        ),
        encounters=tuple(one for one in planned if one.kind in _ENCOUNTERS),
        timeline=timeline,
        facts=facts,
        limit_days=_limit_days(version),
    )
    newer = _newer_than_first(consents[0], facts.icf_activations)
    found = (_obligation(version, newer[index:], course) for index in range(len(newer)))
    return [one for one in found if one is not None]


def _newer_than_first(first: Event, activations: Sequence[IcfActivation]) -> list[IcfActivation]:
    """The versions put in force after the one signed first, in that order, each once.

    An outdated version signed: what was already in force then is newer too.
    """
    ordered = sorted(activations, key=lambda one: (one.activated_at, one.version))
    first_of_each = {one.version: one for one in reversed(ordered)}
    signed = first_of_each.get(first.item)
    since = min(first.at, signed.activated_at) if signed else first.at
    return [one for one in ordered if one.activated_at > since and first_of_each[one.version] is one]


def _obligation(
    version: ProtocolVersion, activations: Sequence[IcfActivation], course: _Course
) -> Obligation | None:
    """activations: the version owed, then every newer one; signing any of them fulfils it."""
    activation = activations[0]
    if not activation.is_substantive:
        return None
    accepted = {one.version for one in activations}
    signed = next((event for event in course.consents if event.item in accepted), None)
    opens_at, left_at = _opening(activation, signed, course)
    if signed is None and left_at is not None and left_at <= opens_at:
        return None
    closes_on = course.closes_on(opens_at)
    closes_at = course.end_of(closes_on, signed.at if signed else None)
    ended_at, reason = (None, "") if signed else _end(activations, left_at)
    return Obligation(
        key=f"RECONSENT:{activation.version}",
        item_id="RECONSENT",
        kind=ObligationKind.RECONSENT,
        title=f"Re-consent to ICF {activation.version}",
        opens_at=opens_at,
        opens_on=course.day_of(opens_at),
        target_on=closes_on,
        closes_at=closes_at,
        closes_on=closes_on,
        missed_at=ended_at if ended_at is not None and ended_at >= closes_at else None,
        source=Source.ASSUMED,
        version=version.number,
        epoch=Epoch.FOLLOW_UP,
        ladder="task",
        fulfilled_at=signed.at if signed else None,
        fulfilled_on=signed.on if signed else None,
        fulfilled_ref=signed.ref if signed else "",
        ended_at=ended_at,
        ended_reason=reason,
        is_important=True,
        holds=HELD_ACTS,
    )


def _opening(
    activation: IcfActivation, signed: Event | None, course: _Course
) -> tuple[datetime, datetime | None]:
    """When it opens, and when the participant left for good unsigned. Late before an absence stays late."""
    opens_at = max(activation.activated_at, course.consents[0].at)
    for absence in _absences_before(signed, course.absences):
        if absence.back_at is None:
            return opens_at, absence.left_at
        if absence.left_at < course.end_of(course.closes_on(opens_at)):
            opens_at = max(opens_at, absence.back_at)
    return opens_at, None


def _absences_before(signed: Event | None, absences: Sequence[_Absence]) -> Iterator[_Absence]:
    return (one for one in absences if signed is None or one.left_at < signed.at)


def _was_still_to_come(encounter: Obligation, at: datetime) -> bool:
    """Not done by `at`, and not called off before its window had closed."""
    if encounter.fulfilled_at is not None:
        return encounter.fulfilled_at >= at
    ended_at, closes_at = encounter.ended_at, encounter.closes_at
    return ended_at is None or closes_at is None or ended_at >= closes_at


def _end(activations: Sequence[IcfActivation], left_at: datetime | None) -> tuple[datetime | None, str]:
    ends = [(left_at, "left")] if left_at else []
    ends += [(one.activated_at, "superseded") for one in activations[1:] if one.is_substantive]
    return min(ends, default=(None, ""))


def _limit_days(version: ProtocolVersion) -> int:
    return next((limit.value for limit in version.limits if limit.id == "L-RECONSENT"), DEFAULT_DAYS)
