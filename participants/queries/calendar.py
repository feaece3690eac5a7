"""What a calendar program is told: dates and subject codes of what is due, nothing that says what it is about."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from participants.models import CalendarFeed, Obligation
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.accounts.queries import token_digest
from trialsite.protocol import types

AHEAD = timedelta(days=400)
MOST = 5000  # what calendar programs read without trouble; the earliest stay


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarLine:
    """uid: the same at each reading. revision: counts the changes of the row."""

    uid: str
    revision: int
    code: str
    zone: str
    obligation: types.Obligation


def owner_of(token: str) -> User | None:
    """Return the active user whose feed has this secret part, in one query."""
    feeds = CalendarFeed.objects.filter(revoked_at__isnull=True, user__is_active=True)
    feed = feeds.filter(digest=token_digest(token)).select_related("user").order_by("pk").first()
    return feed.user if feed else None


def calendar_lines(user: User, now: datetime) -> tuple[CalendarLine, ...]:
    """Return what is owed at the user's sites up to AHEAD from now, by target. One query besides the roles."""
    rows = (
        Obligation.objects.unsettled()
        .visible_to(user, Permission.VIEW_WORKLIST)
        .filter(opens_at__lte=now + AHEAD)
        .select_related("participant", "site")
        .order_by("target_on", "id")[:MOST]
    )
    return tuple(
        CalendarLine(
            uid=str(row.pk),
            revision=row.version,
            code=row.participant.code,
            zone=row.site.time_zone,
            obligation=row.to_value(),
        )
        for row in rows
    )
