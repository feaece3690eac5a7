"""Who may manage whom: an admin of a site manages the people of that site, and nobody manages themselves."""

from uuid import UUID

from trialsite.accounts.models import Membership, Site, User
from trialsite.accounts.permissions import (
    Actor,
    Permission,
    access_of,
    refusal,
    require,
    require_anywhere,
)
from trialsite.errors import NotPermitted, RuleViolated


def require_manages(by: Actor, user: User) -> None:
    """Pass if `by` manages users at every site where `user` holds a role; anywhere, where none is held.

    Raises NotPermitted("not-permitted").
    """
    site_ids = set(Membership.objects.filter(user=user).values_list("site_id", flat=True))
    if not site_ids:
        require_anywhere(by, Permission.MANAGE_USERS)
    for site_id in site_ids:
        require_manages_at(by, site_id)


def require_manages_at(by: Actor, site_id: UUID | None) -> None:
    """Pass if `by` manages users at the site; None stands for a role that counts at every site.

    An auditor sees every site, so one site's admin alone cannot appoint one.
    """
    if site_id is not None:
        require(by, Permission.MANAGE_USERS, site_id)
        return
    managed = access_of(by).site_ids(Permission.MANAGE_USERS)
    if managed is not None and (not managed or Site.objects.exclude(pk__in=managed).exists()):
        raise refusal(Permission.MANAGE_USERS)


def require_other_person(by: Actor, user: User) -> None:
    """Pass unless `user` is the one who acts. Raises NotPermitted("own-account")."""
    if by.actor_id == user.actor_id:
        raise NotPermitted("own-account", "Ask another administrator to change your own roles or account.")


def require_reason(reason: str) -> None:
    """Pass if a reason is given. Raises RuleViolated("reason-required")."""
    if not reason.strip():
        raise RuleViolated("reason-required", "Say why.", field="reason")
