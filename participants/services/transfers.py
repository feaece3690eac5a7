"""Handing a participant over to another site: who may see them, in which zone their days are counted."""

from datetime import datetime

from participants.models import DataQuery, Deviation, Obligation, Participant
from participants.queries.course import Course, load_course
from participants.rules import require_past
from participants.services.journey import Happening, command, happened
from participants.states import State
from trialsite.accounts.models import Site
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor
from trialsite.errors import InvalidTransition, RuleViolated
from trialsite.protocol.types import EventKind
from trialsite.protocol.zones import FROM_ZONE, TO_ZONE

FOLLOWED = frozenset({State.INFUSED, State.FOLLOW_UP, State.COMPLETED})


def transfer_participant(
    *,
    participant: Participant,
    site: Site,
    transferred_at: datetime,
    by: Actor,
    at: datetime,
    reason: str = "",
) -> Participant:
    """Hand a participant in follow-up over to `site`. Needs TRANSFER_PARTICIPANT at both sites.

    The code stays. From transferred_at on windows are counted in the zone of the new site; what was done before, day 0
    included, keeps its civil days. The former site sees the participant no longer, the new one all of the record.
    Raises RuleViolated("in-the-future", "same-site", "no-protocol-in-force", "reason-required"),
    InvalidTransition("not-in-follow-up").
    """
    require_past(transferred_at, at, "transferred_at")
    require(by, Permission.TRANSFER_PARTICIPANT, site.pk)
    with command(
        participant=participant,
        permission=Permission.TRANSFER_PARTICIPANT,
        action="participants.transferred",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        former = course.participant.site
        _require_transferable(course, site)
        moved = _move(course.participant, site)
        happened(
            load_course(moved), [_transferred(former, site, transferred_at)], by=by, at=at, reason=reason
        )
    return moved


def _require_transferable(course: Course, site: Site) -> None:
    if course.participant.site_id == site.pk:
        raise RuleViolated("same-site", f"{site.code} treats this participant already.", field="site")
    if course.state not in FOLLOWED:
        raise InvalidTransition(
            "not-in-follow-up",
            "Only somebody who was infused and is followed up is handed over. Until then cells, slot and "
            "product belong to one site.",
        )


def _move(participant: Participant, site: Site) -> Participant:
    """Let the participant and what carries its site for the lists belong to `site`."""
    participant.site = site
    participant.save_changes(["site"])
    Obligation.objects.filter(participant=participant).update(site=site)
    Deviation.objects.filter(participant=participant).update(site=site)
    DataQuery.objects.filter(participant=participant).update(site=site)
    return participant


def _transferred(former: Site, site: Site, transferred_at: datetime) -> Happening:
    return Happening(
        kind=EventKind.TRANSFERRED,
        occurred_at=transferred_at,
        item=site.code,
        ref=f"transfer {transferred_at.isoformat()}",
        facts={
            "from_site": former.code,
            "to_site": site.code,
            FROM_ZONE: former.time_zone,
            TO_ZONE: site.time_zone,
        },
    )
