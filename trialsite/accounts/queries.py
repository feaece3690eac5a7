"""Reads for authentication: whose name, whose token."""

import hashlib
from datetime import datetime

from trialsite.accounts.models import ApiToken, User


def user_named(typed: str) -> User | None:
    """Return the user to whom the typed name belongs, active or not."""
    try:
        return User.objects.get_by_natural_key(typed)
    except User.DoesNotExist:
        return None


def token_digest(raw: str) -> str:
    """Return what is stored of an API token. A random token of 256 bits needs no slow hash."""
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()


def user_for_token(raw: str, at: datetime) -> User | None:
    """Return the active user for whom `raw` is a valid API token at `at`, in one query."""
    tokens = ApiToken.objects.valid_at(at).select_related("user")
    token = tokens.filter(digest=token_digest(raw), user__is_active=True).order_by("pk").first()
    return token.user if token else None
