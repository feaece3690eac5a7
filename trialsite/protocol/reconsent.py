"""Re-consent: a substantive ICF version put in force owes a new signature and holds the next study procedure.

Source: clinical rules 5.5. The latest date for signing is an assumption (limit L-RECONSENT).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

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

HELD_ACTS = frozenset(Act)
_LEAVES = {
    EventKind.WITHDRAWN_FROM_VISITS,
    EventKind.WITHDRAWN_FROM_DATA_USE,
    EventKind.DIED,
}
DEFAULT_DAYS = 28


def reconsent_obligations(
    version: ProtocolVersion, timeline: Sequence[Event], facts: Facts, planned: Sequence[Obligation]
) -> list[Obligation]:
    """Return one obligation for each substantive version that came into force after the first consent.

    It closes with the window of the next visit, at the latest L-RECONSENT days after activation. A newer
    substantive version, signed or in force, replaces an older one that was never signed.
    """
    consents = [event for event in timeline if event.kind is EventKind.CONSENTED]
    if not consents:
        return []
    left_at = _left_at(timeline)
    owed = [
        activation
        for activation in sorted(facts.icf_activations, key=lambda one: one.activated_at)
        if activation.is_substantive
        and activation.activated_at > consents[0].at
        and (left_at is None or activation.activated_at < left_at)
    ]
    return [
        _obligation(version, owed[index:], left_at, timeline, facts, planned) for index in range(len(owed))
    ]


def _left_at(timeline: Sequence[Event]) -> datetime | None:
    """When the participant left for good; a screen failure followed by re-screening is not leaving."""
    for event in timeline:
        if event.kind in _LEAVES:
            return event.at
        if event.kind is EventKind.SCREEN_FAILED and not any(
            later.kind is EventKind.SCREENING_STARTED and later.at > event.at for later in timeline
        ):
            return event.at
    return None


def _obligation(
    version: ProtocolVersion,
    activations: Sequence[IcfActivation],
    left_at: datetime | None,
    timeline: Sequence[Event],
    facts: Facts,
    planned: Sequence[Obligation],
) -> Obligation:
    """activations: the version owed, then every newer substantive one; signing any of them fulfils it."""
    activation = activations[0]
    opens_at = activation.activated_at
    opens_on = civil_date(opens_at, facts.site_zone)
    closes_on = opens_on + timedelta(days=_limit_days(version))
    visits = [
        one.closes_on
        for one in planned
        if one.kind in {ObligationKind.VISIT, ObligationKind.PROCEDURE}
        and one.closes_on is not None
        and one.opens_on > opens_on
    ]
    closes_on = min([closes_on, *visits])
    accepted = {one.version for one in activations}
    signed = next((e for e in timeline if e.kind is EventKind.CONSENTED and e.item in accepted), None)
    ended_at, reason = (None, "") if signed else _end(activations, left_at)
    return Obligation(
        key=f"RECONSENT:{activation.version}",
        item_id="RECONSENT",
        kind=ObligationKind.RECONSENT,
        title=f"Re-consent to ICF {activation.version}",
        opens_at=opens_at,
        opens_on=opens_on,
        target_on=closes_on,
        closes_at=day_end_at(closes_on, facts.site_zone),
        closes_on=closes_on,
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


def _end(activations: Sequence[IcfActivation], left_at: datetime | None) -> tuple[datetime | None, str]:
    ends = [(left_at, "left")] if left_at else []
    if len(activations) > 1:
        ends.append((activations[1].activated_at, "superseded"))
    return min(ends, default=(None, ""))


def _limit_days(version: ProtocolVersion) -> int:
    return next((limit.value for limit in version.limits if limit.id == "L-RECONSENT"), DEFAULT_DAYS)
