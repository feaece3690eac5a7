"""Decisions of screening: may it start, may eligibility be confirmed, may the participant be enrolled."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from trialsite.protocol.criteria import Verdict, VerdictStatus
from trialsite.protocol.findings import Category
from trialsite.protocol.gates import Check, Gate, Holder, check, gate, hold_checks
from trialsite.protocol.types import Act, Arm, Event, EventKind, ProtocolVersion


def may_start_screening(*, has_consented: bool, obligations: Iterable[Holder], now: datetime) -> Gate:
    """Screening needs a signed consent, and no re-consent open. Source: clinical rules 5.5."""
    return gate(
        Act.START_SCREENING,
        [
            check("consented", has_consented, "Informed consent is not on record", Category.CONSENT),
            *hold_checks(Act.START_SCREENING, obligations, now),
        ],
    )


def may_confirm(verdict: Verdict) -> Gate:
    """Eligibility is confirmed only if every criterion is decided and none fails. No waivers."""
    undecided = None if verdict.missing and not verdict.failed else not verdict.failed
    words = _words(verdict)
    return gate(Act.ENROL, [check("eligible", undecided, words, Category.ELIGIBILITY)])


def may_enrol(
    *,
    verdict: Verdict,
    is_confirmed: bool,
    is_site_full: bool,
    obligations: Iterable[Holder],
    now: datetime,
) -> Gate:
    """Enrolment needs a signed decision on findings that still make the participant eligible.

    verdict: recomputed for the arm that is about to be assigned. Source: clinical rules 1.5, process rules.
    """
    return gate(
        Act.ENROL,
        [
            *may_confirm(verdict).checks,
            check(
                "confirmed",
                is_confirmed,
                "The investigator has not confirmed eligibility",
                Category.ELIGIBILITY,
            ),
            check(
                "places", not is_site_full, "All planned places of the trial are taken", Category.ELIGIBILITY
            ),
            *hold_checks(Act.ENROL, obligations, now),
        ],
    )


def recheck_check(version: ProtocolVersion, events: Iterable[Event], act: Act, on: date) -> Check:
    """Was eligibility re-checked for `act`, shortly before and with a good outcome? on: site-local day of the act.

    Not re-checked, too long ago or with evidence missing is unknown; a criterion that no longer holds fails.
    """
    days = next(limit.value for limit in version.limits if limit.id == "L-RECHECK-VALID")
    last = None
    for event in events:
        is_of_act = event.kind is EventKind.ELIGIBILITY_RECHECKED and event.facts.get("act") == act.value
        if is_of_act and on - timedelta(days=days) <= event.on <= on:
            last = event
    if last is None:
        reason = f"Eligibility was not re-checked in the {days} days before"
        return check("recheck", None, reason, Category.ELIGIBILITY)
    verdict, criteria = last.facts.get("verdict"), last.facts.get("criteria", "")
    passed = None if verdict == VerdictStatus.INCOMPLETE else verdict == VerdictStatus.ELIGIBLE
    return check(
        "recheck",
        passed,
        f"The re-check of eligibility left open or found against: {criteria}",
        Category.ELIGIBILITY,
    )


def open_criteria(version: ProtocolVersion) -> tuple[str, ...]:
    """Return the ids that are answered one by one: criteria without sub-items, in the order of the protocol."""
    parents = {criterion.parent for criterion in version.criteria}
    return tuple(criterion.id for criterion in version.criteria if criterion.id not in parents)


def dose_levels_of(version: ProtocolVersion, arm: Arm) -> tuple[str, ...]:
    return tuple(level.id for level in version.dose_levels if level.arm is arm)


def _words(verdict: Verdict) -> str:
    if verdict.status is VerdictStatus.INELIGIBLE:
        return f"Not eligible by {_listed(verdict.failed)}"
    return f"Not yet known: {_listed(verdict.missing)}"


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(ids)
