"""Roles at sites: given and taken by the site's administrators, never by their holder."""

from datetime import datetime

from trialsite.accounts.models import Membership, Site, User
from trialsite.accounts.permissions import Actor, Role
from trialsite.accounts.services.authority import require_manages_at, require_other_person, require_reason
from trialsite.accounts.services.uniqueness import one_of_a_kind
from trialsite.audit.acting import acting
from trialsite.errors import Conflict, InvalidTransition, RuleViolated


def grant_role(
    *, user: User, role: Role, site: Site | None, by: Actor, at: datetime, reason: str = ""
) -> Membership:
    """Give `user` a role, effective at the next request. Needs MANAGE_USERS at the site.

    site: None for an auditor, whose role counts at every site and needs MANAGE_USERS at every site.
    Raises NotPermitted("own-account"), RuleViolated("auditor-everywhere", "site-required"),
    InvalidTransition("user-inactive"), Conflict("role-held").
    """
    _require_place(role, site)
    require_other_person(by, user)
    held = Conflict("role-held", "This person holds this role here already.", field="role")
    with one_of_a_kind(held), acting(by=by, at=at, action="accounts.role_granted", reason=reason):
        require_manages_at(by, site.pk if site else None)
        if not user.is_active:
            raise InvalidTransition("user-inactive", "Reactivate the account before giving it a role.")
        membership = Membership(user=user, site=site, role=role.value, recorded_at=at)
        membership.save_new()
    _forget_access(user)
    return membership


def revoke_role(*, membership: Membership, by: Actor, at: datetime, reason: str) -> None:
    """Take a role away, effective at the next request. Needs what `grant_role` needed, and a reason.

    Raises NotPermitted("own-account"), RuleViolated("reason-required"), Conflict("role-gone").
    """
    require_reason(reason)
    require_other_person(by, membership.user)
    with acting(by=by, at=at, action="accounts.role_revoked", reason=reason):
        require_manages_at(by, membership.site_id)
        deleted, _ = Membership.objects.filter(pk=membership.pk).delete()
        if not deleted:
            raise Conflict("role-gone", "Somebody else has taken this role away already.")
    _forget_access(membership.user)


def _require_place(role: Role, site: Site | None) -> None:
    if role is Role.AUDITOR and site is not None:
        raise RuleViolated(
            "auditor-everywhere", "An auditor's role counts at every site: name none.", field="site"
        )
    if role is not Role.AUDITOR and site is None:
        raise RuleViolated("site-required", "Name the site at which the role is held.", field="site")


def _forget_access(user: User) -> None:
    """Let the instance in hand read its roles again."""
    user.__dict__.pop("access", None)
