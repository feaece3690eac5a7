"""The first people and places: done from the command line, before anybody can sign in."""

from datetime import datetime

from trialsite.accounts.models import User
from trialsite.accounts.permissions import Actor, Role
from trialsite.accounts.queries import user_named
from trialsite.accounts.services.roles import grant_role
from trialsite.accounts.services.sites import create_site
from trialsite.accounts.services.users import create_user
from trialsite.audit.acting import acting


def open_site(
    *,
    code: str,
    name: str,
    time_zone: str,
    subject_prefix: str,
    username: str,
    display_name: str,
    password: str,
    country: str = "CN",
    by: Actor,
    at: datetime,
    reason: str = "",
) -> User:
    """Create a site and make `username` its administrator, as one act; an existing person keeps the account.

    Needs MANAGE_USERS at every site. Raises what `create_site`, `create_user` and `grant_role` raise.
    """
    with acting(by=by, at=at, action="accounts.site_opened", reason=reason):
        site = create_site(
            code=code,
            name=name,
            time_zone=time_zone,
            subject_prefix=subject_prefix,
            country=country,
            by=by,
            at=at,
        )
        user = user_named(username) or create_user(
            username=username, display_name=display_name, password=password, by=by, at=at
        )
        grant_role(user=user, role=Role.ADMIN, site=site, by=by, at=at)
    return user
