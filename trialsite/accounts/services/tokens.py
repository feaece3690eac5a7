"""API tokens: shown once, kept as a digest, ended by time, by hand or with the account."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from trialsite.accounts.models import ApiToken, User
from trialsite.accounts.permissions import Actor
from trialsite.accounts.queries import token_digest, user_for_token
from trialsite.accounts.rules import clean_line
from trialsite.accounts.services.authority import require_manages
from trialsite.audit.acting import acting
from trialsite.errors import InvalidTransition, NotPermitted, RuleViolated

__all__ = ["LONGEST_LIFE", "IssuedToken", "create_api_token", "revoke_api_token", "user_for_token"]

LONGEST_LIFE = timedelta(days=365)
_PREFIX = "tsk_"  # lets a secret scanner recognise a leaked one


@dataclass(frozen=True)
class IssuedToken:
    """raw: the only copy of the token in clear."""

    token: ApiToken
    raw: str


def create_api_token(
    *, user: User, name: str, expires_at: datetime, by: Actor, at: datetime, reason: str = ""
) -> IssuedToken:
    """Issue a token with which a program acts as `user`. Only for oneself.

    Raises NotPermitted("not-own-account"), RuleViolated("text-invalid", "expiry-invalid").
    """
    if by.actor_id != user.actor_id:
        raise NotPermitted("not-own-account", "Everybody issues tokens only for themselves.")
    if not at < expires_at <= at + LONGEST_LIFE:
        raise RuleViolated(
            "expiry-invalid", f"A token lasts at most {LONGEST_LIFE.days} days.", field="expires_at"
        )
    raw = _PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        user=user,
        name=clean_line(name, field="name", longest=80),
        digest=token_digest(raw),
        last4=raw[-4:],
        expires_at=expires_at,
        recorded_at=at,
    )
    with acting(by=by, at=at, action="accounts.api_token_created", reason=reason):
        token.save_new()
    return IssuedToken(token, raw)


def revoke_api_token(*, token: ApiToken, by: Actor, at: datetime, reason: str = "") -> None:
    """End a token now. For its owner, or MANAGE_USERS at every site of the owner.

    Raises NotPermitted("not-permitted"), InvalidTransition("token-revoked").
    """
    with acting(by=by, at=at, action="accounts.api_token_revoked", reason=reason):
        if by.actor_id != str(token.user_id):
            require_manages(by, token.user)
        if token.revoked_at is not None:
            raise InvalidTransition("token-revoked", "This token is revoked already.")
        token.revoked_at = at
        token.save_changes(["revoked_at"])
