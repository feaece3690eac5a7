"""The rows of the lists: participants with what is due next, versions of a site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from participants.models import (
    Deviation,
    IcfApproval,
    IcfVersion,
    JourneyEvent,
    Obligation,
    Participant,
    ProtocolActivation,
)
from participants.queries.words import arm_of
from participants.rules import IcfInForce, consent_checks
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.protocol import types
from trialsite.protocol.departures import returns_from
from trialsite.protocol.due import due_state
from trialsite.protocol.gates import Outcome
from trialsite.protocol.reconsent import LEAVES
from trialsite.protocol.registry import numbers
from trialsite.protocol.types import DueState, EventKind
from trialsite.protocol.windows import civil_date


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantRow:
    """day: protocol day at the site today, None before infusion. next_due: the window that closes first."""

    code: str
    href: str
    state: str
    arm: str
    site: str
    zone: str
    day: int | None
    next_due: types.Obligation | None
    next_state: DueState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteVersions:
    """What one site has in force. owing: participants who signed and are still on the way or in follow-up."""

    site: Site
    protocols: tuple[ProtocolActivation, ...]
    icfs: tuple[IcfApproval, ...]


def participants_listed(user: User) -> QuerySet[Participant]:
    """Return the participants of the user's sites, each with the id of what is due next."""
    following = (
        Obligation.objects.unsettled()
        .filter(participant=OuterRef("pk"))
        .order_by("closes_at", "id")
        .values("pk")
    )
    rows = Participant.objects.visible_to(user).select_related("site")
    return rows.annotate(next_due_id=Subquery(following[:1]))


def participant_rows(page: Sequence[Participant], now: datetime) -> tuple[ParticipantRow, ...]:
    """Return the lines of one page, in one query for all that is due next."""
    ids: Mapping[UUID, UUID | None] = {row.pk: getattr(row, "next_due_id", None) for row in page}
    wanted = Obligation.objects.in_bulk([due for due in ids.values() if due])
    return tuple(_row(row, wanted.get(ids[row.pk]), now) for row in page)


def _row(row: Participant, due: Obligation | None, now: datetime) -> ParticipantRow:
    value = due.to_value() if due else None
    return ParticipantRow(
        code=row.code,
        href=row.get_absolute_url(),
        state=row.state,
        arm=arm_of(row),
        site=row.site.code,
        zone=row.site.time_zone,
        day=row.protocol_day_on(civil_date(now, row.site.time_zone)),
        next_due=value,
        next_state=due_state(value, now) if value else None,
    )


def deviations_listed(user: User) -> QuerySet[Deviation]:
    """Return the deviations of the sites at which the user may read them."""
    return Deviation.objects.visible_to(user, Permission.VIEW_DEVIATIONS).select_related(
        "participant", "site"
    )


def versions_by_site(user: User) -> tuple[SiteVersions, ...]:
    """Return what each of the user's sites has in force, newest first, in three queries."""
    sites = list(Site.objects.visible_to(user).order_by("code"))
    protocols = list(ProtocolActivation.objects.filter(site__in=sites).order_by("-activated_at"))
    icfs = list(
        IcfApproval.objects.filter(site__in=sites).select_related("icf").order_by("-approved_on", "-id")
    )
    return tuple(
        SiteVersions(
            site=site,
            protocols=tuple(one for one in protocols if one.site_id == site.pk),
            icfs=tuple(one for one in icfs if one.site_id == site.pk),
        )
        for site in sites
    )


def icfs_of(site: Site) -> Sequence[IcfApproval]:
    """Return the ICF versions in force or once in force at the site, newest first."""
    approvals = IcfApproval.objects.filter(site=site, activated_at__isnull=False).select_related("icf")
    return list(approvals.order_by("-activated_at"))


def icf_in_force(site: Site, at: datetime) -> IcfApproval | None:
    """Return the version that the site signed with at `at`: the newest in force then."""
    return next((one for one in icfs_of(site) if one.activated_at and one.activated_at <= at), None)


def signature_remarks(site: Site, icf_id: str, signed_at: datetime) -> list[str]:
    """Return what is wrong with signing the version at that time, as the service will say, and what was in force."""
    known = icfs_of(site)
    icf = next((one.icf for one in known if str(one.icf_id) == icf_id), None)
    if icf is None:
        return []
    versions = [
        IcfInForce(version=one.icf.number, approved_on=one.approved_on, activated_at=one.activated_at)
        for one in known
    ]
    checks = consent_checks(versions, icf.number, signed_at, civil_date(signed_at, site.time_zone))
    found = [one.reason for one in checks if one.outcome is not Outcome.PASS]
    then = icf_in_force(site, signed_at)
    if then is None:
        return [*found, "No version was in force at this site at that time"]
    return found if then.icf_id == icf.pk else [*found, f"In force at that time: ICF {then.icf.number}"]


def icfs_not_active_at(site: Site) -> Sequence[IcfVersion]:
    """Return the registered ICF versions that the site has not put in force."""
    return list(IcfVersion.objects.exclude(approvals__site=site).order_by("number"))


def signed_and_not_left(site: Site) -> int:
    """Return how many participants would owe re-consent to a new substantive ICF version at the site.

    The rule of the engine (protocol.reconsent): signed once, and not gone for good. Who completed the year, or
    left the treatment alone, owes it too.
    """
    events = JourneyEvent.objects.filter(voided_at__isnull=True)
    own = events.filter(participant=OuterRef("pk"))
    rows = Participant.objects.filter(Exists(own.filter(kind=EventKind.CONSENTED.value)), site=site)
    for kind in LEAVES:
        back = events.filter(
            participant=OuterRef("participant"),
            kind__in=[one.value for one in returns_from(kind)],
            occurred_at__gt=OuterRef("occurred_at"),
        )
        rows = rows.exclude(Exists(own.filter(~Exists(back), kind=kind.value)))
    return rows.count()


def protocols_not_active_at(site: Site) -> list[str]:
    """Return the protocol versions of this release that the site has not put in force."""
    active = set(ProtocolActivation.objects.filter(site=site).values_list("number", flat=True))
    return [number for number in numbers() if number not in active]
