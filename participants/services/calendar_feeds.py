"""Addresses of calendar feeds: issued to oneself, shown once, ended by hand or with the account."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from participants.models import CalendarFeed
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Actor
from trialsite.accounts.queries import token_digest
from trialsite.accounts.rules import clean_line
from trialsite.audit.acting import acting
from trialsite.errors import InvalidTransition, NotPermitted

NAME_LIMIT = 80
_PREFIX = "tsf_"  # lets a secret scanner recognise a leaked one


@dataclass(frozen=True)
class IssuedFeed:
    """token: the secret part of the address, the only copy in clear."""

    feed: CalendarFeed
    token: str


def issue_calendar_feed(*, user: User, name: str, by: Actor, at: datetime) -> IssuedFeed:
    """Issue an address under which a calendar program reads what is due for `user`. Only for oneself.

    Raises NotPermitted("not-own-account"), RuleViolated("text-invalid").
    """
    if by.actor_id != user.actor_id:
        raise NotPermitted("not-own-account", "Everybody issues calendar feeds only for themselves.")
    token = _PREFIX + secrets.token_urlsafe(32)
    feed = CalendarFeed(
        user=user,
        name=clean_line(name, field="name", longest=NAME_LIMIT),
        digest=token_digest(token),
        recorded_at=at,
    )
    with acting(by=by, at=at, action="participants.calendar_feed_issued"):
        feed.save_new()
    return IssuedFeed(feed, token)


def revoke_calendar_feed(*, feed: CalendarFeed, by: Actor, at: datetime) -> None:
    """End a feed now: its address leads nowhere any more. Only for its owner.

    Raises NotPermitted("not-own-account"), InvalidTransition("feed-revoked").
    """
    if by.actor_id != str(feed.user_id):
        raise NotPermitted("not-own-account", "Everybody revokes only their own calendar feeds.")
    with acting(by=by, at=at, action="participants.calendar_feed_revoked"):
        if feed.revoked_at is not None:
            raise InvalidTransition("feed-revoked", "This feed is revoked already.")
        feed.revoked_at = at
        feed.save_changes(["revoked_at"])
