"""Whom a command acts for, and where."""

from django.core.management.base import CommandError

from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.accounts.queries import user_named


def acting_user(name: str) -> User:
    """Return the active user of this name. Raises CommandError."""
    user = user_named(name)
    if user is None or not user.is_active:
        raise CommandError(f"There is no active user {name}.")
    return user


def site_called(code: str, user: User) -> Site:
    """Return the site of this code at which the user may import results. Raises CommandError."""
    site = Site.objects.where_may(user, Permission.IMPORT_RESULTS).filter(code=code.upper()).first()
    if site is None:
        raise CommandError(f"{user.username} may not import results at a site called {code}.")
    return site
