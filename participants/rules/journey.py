"""Decisions about the journey: may an event be recorded as it stands, who is told, may it be consented to.

Pure: frozen values in, decisions out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from participants.states import State, happened_order, is_in_order, next_state
from trialsite.errors import RuleViolated
from trialsite.protocol.findings import Category, Finding, finding_for
from trialsite.protocol.gates import Check, Gate, check
from trialsite.protocol.schedule import Change, PlanDiff
from trialsite.protocol.types import Event, EventKind, Obligation

# A tablet's clock may run a little ahead of the server's.
CLOCK_TOLERANCE = timedelta(minutes=5)

# Nothing of these may be done to a person who has not consented.
_NEEDS_CONSENT = frozenset(
    {
        EventKind.SCREENING_STARTED,
        EventKind.ELIGIBILITY_CONFIRMED,
        EventKind.ENROLLED,
        EventKind.LEUKAPHERESIS_PERFORMED,
        EventKind.LYMPHODEPLETION_DOSE_GIVEN,
        EventKind.INFUSED,
        EventKind.VISIT_PERFORMED,
    }
)


# The note with which the system closes what it had found.
SETTLED = "The cause was removed by a correction of the record."


def recorded_afterwards(done_on: date) -> str:
    """Return the note of a finding that is none: it was done in time and written up late."""
    return f"It was recorded afterwards: done on {done_on.isoformat()}."


def require_past(occurred_at: datetime, at: datetime, field: str = "occurred_at") -> None:
    """Refuse an event dated after `at` (5 minutes of clock skew allowed): plan it instead of recording it.

    Raises RuleViolated("in-the-future").
    """
    if occurred_at > at + CLOCK_TOLERANCE:
        raise RuleViolated(
            "in-the-future",
            "This time lies in the future. Record it once it has happened, or correct the time.",
            field=field,
        )


def require_approved(approved_on: date, activated_on: date) -> None:
    """Refuse to put a version in force before the ethics committee approved it; both dates are the site's.

    Raises RuleViolated("not-approved-yet").
    """
    if activated_on < approved_on:
        raise RuleViolated(
            "not-approved-yet",
            "A version can be put in force from the day of its approval on.",
            field="activated_at",
        )


def state_before(events: Sequence[Event], event: Event) -> State:
    """Return the state just before `event`, given all other events whatever their order of entry.

    One of the same kind at the same instant was there first: the same death is not recorded twice unnoticed.
    """
    state = State.REFERRED
    for earlier in sorted(events, key=happened_order):
        if happened_order(earlier) <= happened_order(event):
            state = next_state(state, earlier.kind)
    return state


def assess_event(events: Sequence[Event], event: Event) -> tuple[Finding, ...]:
    """Return what recording `event` departs from: out of order, or before consent. Empty when in order."""
    return _departures_of(event, state_before(events, event), _consented_before(events, event.at))


Departure = tuple[Finding, datetime]


def departures(events: Sequence[Event]) -> dict[tuple[str, str], Departure]:
    """Return what the whole journey departs from, with the instant of each, by rule and subject.

    One pass in the order in which things happened: entering or correcting one event can put another one out
    of order (a death entered late), or in order again (a consent form found later).
    """
    found: dict[tuple[str, str], Departure] = {}
    state, has_consented = State.REFERRED, False
    for event in sorted(events, key=happened_order):
        has_consented = has_consented or event.kind is EventKind.CONSENTED
        for finding in _departures_of(event, state, has_consented):
            found.setdefault((finding.rule_id, finding.subject), (finding, event.at))
        state = next_state(state, event.kind)
    return found


def _departures_of(event: Event, state: State, has_consented: bool) -> tuple[Finding, ...]:
    found = []
    if not is_in_order(state, event.kind):
        found.append(
            Finding(
                rule_id=f"ORDER-{event.kind.value}",
                category=Category.PROCEDURE,
                title=f'{event.kind.value} at the stage "{state.value}"'.replace("_", " "),
                is_important=event.kind in _NEEDS_CONSENT,
                subject=event.ref,
            )
        )
    if event.kind in _NEEDS_CONSENT and not has_consented:
        found.append(
            Finding(
                rule_id="CONSENT-BEFORE-PROCEDURE",
                category=Category.CONSENT,
                title=f"{event.kind.value} before consent".replace("_", " "),
                is_important=True,
                subject=event.ref,
            )
        )
    return tuple(found)


def _consented_before(events: Sequence[Event], at: datetime) -> bool:
    return any(event.kind is EventKind.CONSENTED and event.at <= at for event in events)


def settle(gate: Gate, *, happened: bool, reason: str) -> tuple[Finding, ...]:
    """Decide what a gate means for the act: go ahead, refuse, or record reality with findings.

    happened: the act took place already; then it is never refused, but a reason is owed.
    Raises RuleViolated("gate-failed") for a future act, RuleViolated("reason-required") without a reason.
    """
    if not gate.obstacles:
        return ()
    reasons = [obstacle.reason for obstacle in gate.obstacles]
    params: dict[str, object] = {"act": gate.act.value, "outcome": gate.outcome.value, "reasons": reasons}
    if not happened:
        raise RuleViolated("gate-failed", "Not possible yet: " + "; ".join(reasons) + ".", params=params)
    require_reason(reason, "; ".join(reasons), params)
    return gate.findings()


def require_reason(reason: str, because: str, params: dict[str, object] | None = None) -> None:
    """Raises RuleViolated("reason-required") on the field `reason` if it is blank."""
    if not reason.strip():
        raise RuleViolated(
            "reason-required",
            f"Give the reason. It is needed because: {because}.",
            field="reason",
            params=params,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IcfInForce:
    """An ICF version as one site has it. approved_on: ethics approval, site-local date."""

    version: str
    approved_on: date
    activated_at: datetime | None


def consent_checks(
    icfs: Sequence[IcfInForce], number: str, signed_at: datetime, signed_on: date
) -> list[Check]:
    """Return what is wrong with signing ICF `number` at that instant. Source: clinical rules 5.3, 5.5.

    icfs: every version the site knows. signed_on: the civil date of signed_at at the site.
    """
    icf = next((one for one in icfs if one.version == number), None)
    approved = icf is not None and signed_on >= icf.approved_on
    since = icf.activated_at if icf else None
    outdated = [
        one.version for one in icfs if one.activated_at and since and since < one.activated_at <= signed_at
    ]
    return [
        check(
            "icf-approved",
            approved,
            "This ICF version was not approved for this site on the day of signature",
            Category.CONSENT,
        ),
        check(
            "icf-current",
            not outdated,
            f"A newer ICF version was in force: {', '.join(outdated)}",
            Category.CONSENT,
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """found: departures with the instant of each. gone: those that are none any more, by rule and subject, with the note."""

    found: tuple[Departure, ...]
    gone: Mapping[tuple[str, str], str]


def judge_plan(difference: PlanDiff, at: datetime) -> Judgement:
    """Return what a new plan departs from at `at`, and what the former one departed from and this one does not."""
    now_there = [*difference.added, *(change.after for change in difference.changed)]
    found = tuple((finding, _departed_at(one, at)) for one in now_there if (finding := finding_for(one, at)))
    kept = {(finding.rule_id, finding.subject) for finding, _ in found}
    late = {one.after.key: one.after.fulfilled_on for one in difference.changed if _is_written_up(one)}
    gone = {}
    for one in (*(change.before for change in difference.changed), *difference.removed):
        finding = finding_for(one, at)
        if finding is not None and (finding.rule_id, finding.subject) not in kept:
            done_on = late.get(one.key)
            gone[finding.rule_id, finding.subject] = recorded_afterwards(done_on) if done_on else SETTLED
    return Judgement(found=found, gone=gone)


def _is_written_up(change: Change) -> bool:
    """True if it was open until now and is fulfilled: nothing was corrected, an entry came late."""
    return change.before.fulfilled_at is None and change.after.fulfilled_at is not None


def _departed_at(value: Obligation, at: datetime) -> datetime:
    """When it departed from the protocol: what was done late or early, then; what was not done, at its close."""
    return value.fulfilled_at or value.closes_at or at
