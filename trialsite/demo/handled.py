"""Deviations of the demonstration at different stages of their handling, and what was told about the others."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from participants.models import ActionKind, Cause, Deviation, NoticeTo
from participants.services.deviations import record_site_deviation
from participants.services.handling import (
    assess_deviation,
    check_effect,
    close_deviation,
    complete_action,
    plan_action,
    record_notice,
    report_deviation,
)
from trialsite.accounts.models import Site
from trialsite.demo.story import Ward
from trialsite.protocol.findings import Category
from trialsite.signing.proof import Proof
from trialsite.signing.rules import Meaning

_HANDLED = ("GATE-infuse-route", "SAFETY-LATE", "WINDOW-LATE", "WINDOW-MISSED")


def handle_deviations(wards: Sequence[Ward], at: datetime) -> None:
    """Bring one deviation to each stage; sponsor and ethics committee were told of the important ones in time.

    One of the site is older than its limit, and nobody was told.
    """
    by_site = {ward.site.pk: ward for ward in wards}
    important = Deviation.objects.unclosed().filter(notice_due_on__lt=at.date())
    for found in important.select_related("site", "participant").order_by("detected_at", "pk"):
        _tells(found, by_site[found.site_id], found.detected_at + timedelta(hours=5))
    route, safety, late, missed = (_one(rule_id) for rule_id in _HANDLED)
    _acts_on(route, by_site[route.site_id], _hours_to(at, route))
    _deals_with(safety, by_site[safety.site_id], _hours_to(at, safety))
    _explains(late, by_site[late.site_id], _hours_to(at, late))
    _reports(
        missed, by_site[missed.site_id], next(_hours_to(at, missed)), Cause.PARTICIPANT, "was travelling"
    )
    _lacks_a_log(wards[0].site, wards[0], at - timedelta(days=12))


def _one(rule_id: str) -> Deviation:
    """The first one found that is not closed."""
    rows = Deviation.objects.unclosed().filter(rule_id=rule_id).select_related("site", "participant")
    return rows.order_by("detected_at", "subject", "pk")[0]


def _hours_to(at: datetime, found: Deviation) -> Iterator[datetime]:
    """One moment after another, from the finding on and not after `at`."""
    now = max(found.detected_at, at - timedelta(days=6))
    while True:
        yield now
        now = min(now + timedelta(hours=7), at)


def _tells(found: Deviation, ward: Ward, when: datetime) -> None:
    for recipient in NoticeTo:
        record_notice(
            deviation=found, recipient=recipient, sent_at=when, reference="", by=ward.coordinator, at=when
        )


def _reports(found: Deviation, ward: Ward, when: datetime, cause: Cause, explanation: str) -> None:
    report_deviation(
        deviation=found,
        cause=cause,
        explanation=explanation,
        immediate_action="",
        by=ward.nurse,
        at=when,
    )


def _acts_on(found: Deviation, ward: Ward, hours: Iterator[datetime]) -> None:
    """Reported, important, and its action is under way."""
    _reports(found, ward, next(hours), Cause.COMMUNICATION, "The arm was read from an old list")
    _assesses(found, ward, next(hours), is_important=True)
    when = next(hours)
    _plans(found, ward, when, "The route is read aloud from the participant page before a bag is opened")


def _plans(found: Deviation, ward: Ward, when: datetime, description: str) -> object:
    return plan_action(
        deviation=found,
        kind=ActionKind.PREVENTIVE,
        description=description,
        owner=ward.coordinator,
        due_on=(when + timedelta(days=14)).date(),
        by=ward.investigator,
        at=when,
    )


def _assesses(found: Deviation, ward: Ward, when: datetime, *, is_important: bool) -> None:
    reason = (
        "It may have affected the safety of the participant"
        if is_important
        else "Neither safety nor the data are affected"
    )
    assess_deviation(deviation=found, is_important=is_important, reason=reason, by=ward.investigator, at=when)


def _deals_with(found: Deviation, ward: Ward, hours: Iterator[datetime]) -> None:
    """All the way to its end."""
    _reports(found, ward, next(hours), Cause.WORKLOAD, "The week-end was not covered")
    _assesses(found, ward, next(hours), is_important=True)
    when = next(hours)
    action = plan_action(
        deviation=found,
        kind=ActionKind.CORRECTIVE,
        description="Name a deputy for every week-end",
        owner=ward.coordinator,
        due_on=(when + timedelta(days=7)).date(),
        by=ward.investigator,
        at=when,
    )
    complete_action(action=action, note="Roster published", by=ward.coordinator, at=next(hours))
    check_effect(
        deviation=found,
        is_effective=True,
        note="Two week-ends were covered",
        by=ward.investigator,
        at=next(hours),
    )
    if found.notified_at is None:
        _tells(found, ward, next(hours))
    _closes(found, "The deputy is named", ward, next(hours))


def _closes(found: Deviation, note: str, ward: Ward, at: datetime) -> None:
    proof = Proof(user_id=ward.investigator.pk, proved_at=at, factors="name password")
    signing = {"meaning": Meaning.APPROVAL, "proof": proof, "states_equivalence": True}
    close_deviation(deviation=found, note=note, signing=signing, by=ward.investigator, at=at)


def _explains(found: Deviation, ward: Ward, hours: Iterator[datetime]) -> None:
    """Not important, and closed."""
    _reports(found, ward, next(hours), Cause.PARTICIPANT, "The train was cancelled")
    _assesses(found, ward, next(hours), is_important=False)
    _closes(found, "Explained; no action", ward, next(hours))


def _lacks_a_log(site: Site, ward: Ward, when: datetime) -> None:
    record_site_deviation(
        site=site,
        category=Category.OTHER,
        description="The temperature log of the laboratory refrigerator has no entries for two days",
        is_important=True,
        occurred_at=when - timedelta(days=1),
        by=ward.coordinator,
        at=when,
        reason="",
    )
