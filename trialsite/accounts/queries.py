"""Reads for the people pages and for authentication."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, QuerySet

from trialsite.accounts.models import ApiToken, Membership, SignInRecord, Site, User


@dataclass(frozen=True)
class Person:
    """One line of a site's user list. roles: the memberships at that site, in order of role."""

    user: User
    roles: tuple[Membership, ...]
    has_second_factor: bool


def people_at(site: Site) -> list[Person]:
    """Return everybody with a role at the site, inactive people included, by name; two queries."""
    factor = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.TOTP)
    users = (
        User.objects.filter(Exists(Membership.objects.filter(user=OuterRef("pk"), site=site)))
        .annotate(has_second_factor=Exists(factor))
        .order_by("display_name", "username")
    )
    held: dict[object, list[Membership]] = {}
    for membership in Membership.objects.filter(site=site).order_by("role"):
        held.setdefault(membership.user_id, []).append(membership)
    return [Person(user, tuple(held.get(user.pk, ())), user.has_second_factor) for user in users]


def sign_ins_of(user: User) -> QuerySet[SignInRecord]:
    """Return what happened at the door under this account, newest first."""
    return SignInRecord.objects.filter(user=user).order_by("-recorded_at", "-id")


def user_named(typed: str) -> User | None:
    """Return the user to whom the typed name belongs, active or not."""
    try:
        return User.objects.get_by_natural_key(typed)
    except (User.DoesNotExist, ValueError):  # ValueError: characters no name can hold
        return None


def token_digest(raw: str) -> str:
    """Return what is stored of an API token. A random token of 256 bits needs no slow hash."""
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()


def user_for_token(raw: str, at: datetime) -> User | None:
    """Return the active user for whom `raw` is a valid API token at `at`, in one query."""
    tokens = ApiToken.objects.valid_at(at).select_related("user")
    token = tokens.filter(digest=token_digest(raw), user__is_active=True).order_by("pk").first()
    return token.user if token else None
