"""Who has which role where, since when, when they last came in, and how much they opened."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import CharField, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast, Coalesce

from trialsite.accounts.models import Membership, SignInOutcome, SignInRecord, User
from trialsite.accounts.permissions import Permission
from trialsite.audit.models import ReadEntry

_REFUSED = (SignInOutcome.PASSWORD_REFUSED, SignInOutcome.SECOND_FACTOR_REFUSED, SignInOutcome.LOCKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleHeld:
    """site: its code, "" for every site."""

    role: str
    site: str
    since_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonHeld:
    """zone: of the first site. reads: how often direct identifiers, exports or the like were opened; of which identifiers."""

    user_id: object
    name: str
    username: str
    is_active: bool
    zone: str
    roles: tuple[RoleHeld, ...]
    last_sign_in_at: datetime | None
    last_refused_at: datetime | None
    reads: int
    identity_reads: int


def roles_held(user: User) -> QuerySet[Membership]:
    """Return the roles at the sites whose access `user` may review, and those that count everywhere, by person."""
    sites = user.access.site_ids(Permission.REVIEW_ACCESS)
    rows = Membership.objects.select_related("user", "site")
    if sites is not None:
        rows = rows.filter(Q(site__in=sites) | Q(site__isnull=True)) if sites else rows.none()
    return rows.annotate(
        last_in_at=_latest([SignInOutcome.SIGNED_IN]),
        last_refused_at=_latest(list(_REFUSED)),
        reads=_count(ReadEntry.objects.all()),
        identity_reads=_count(ReadEntry.objects.filter(kind="identity")),
        user_name=F("user__username"),
    ).order_by("user_name", "site__code", "role")


def people_held(user: User) -> Iterator[PersonHeld]:
    """Yield the people of `roles_held`, each once with every role; one query."""
    for _, together in groupby(roles_held(user), key=lambda row: row.user_id):
        yield _person(list(together))


def _person(rows: list[Membership]) -> PersonHeld:
    first: Any = rows[0]
    return PersonHeld(
        user_id=first.user_id,
        name=first.user.display_name,
        username=first.user.username,
        is_active=first.user.is_active,
        zone=next((row.site.time_zone for row in rows if row.site), "UTC"),
        roles=tuple(
            RoleHeld(role=row.role, site=row.site.code if row.site else "", since_at=row.recorded_at)
            for row in rows
        ),
        last_sign_in_at=first.last_in_at,
        last_refused_at=first.last_refused_at,
        reads=first.reads,
        identity_reads=first.identity_reads,
    )


def _latest(outcomes: list[SignInOutcome]) -> Subquery:
    found = SignInRecord.objects.filter(user=OuterRef("user_id"), outcome__in=outcomes)
    return Subquery(found.order_by("-recorded_at").values("recorded_at")[:1])


def _count(reads: QuerySet[ReadEntry]) -> Coalesce:
    own = reads.filter(actor_id=Cast(OuterRef("user_id"), CharField())).order_by()
    counted = own.values("actor_id").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def reads_for(user: User) -> QuerySet[ReadEntry]:
    """Return what was read by the people whose access `user` may review, unordered."""
    sites = user.access.site_ids(Permission.REVIEW_ACCESS)
    if sites is None:
        return ReadEntry.objects.all()
    people = Membership.objects.filter(Q(site__in=sites)).annotate(text=Cast("user_id", CharField()))
    return ReadEntry.objects.annotate(is_theirs=Exists(people.filter(text=OuterRef("actor_id")))).filter(
        Q(is_theirs=True) | Q(site_id__in=sites)
    )
