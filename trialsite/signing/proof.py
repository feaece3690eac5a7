"""Proving at the time of signing who one is: used by pages and API before the transaction of the act.

A failed attempt is counted and logged whatever becomes of the act, so none of this may run inside it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from trialsite import clock
from trialsite.accounts.door import client_ip, count_failure, is_locked, keep, one_guess_at_a_time
from trialsite.accounts.models import SignInOutcome, User
from trialsite.accounts.rules import name_hash, normalise_username
from trialsite.errors import Conflict, NotPermitted, RuleViolated

LARGEST_SKEW_SECONDS = 2
_SESSION_KEY = "signed_before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That one person gave their components at an instant. factors: which. It signs for nobody else."""

    user_id: UUID
    proved_at: datetime
    factors: str


def asks_everything(request: HttpRequest) -> bool:
    """Return whether this is the first signing of the session: then the name and the second factor are asked too.

    The session ends by time, by sign-out and by a new device; another address ends its continuity as well.
    """
    return bool(request.session.get(_SESSION_KEY) != _continuity(request))


def has_second_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


def prove(request: HttpRequest, *, name: str, password: str, code: str, token: str = "") -> Proof:
    """Return the proof that the person of this session gave password, and at first name and second factor.

    token: of the form, so that the same press of a button sent twice does not count its code as used up.
    Raises RuleViolated("signing-refused") at the field, Conflict("clock-skew"), NotPermitted("session-required",
    "signing-locked"). Every refusal is in the sign-in log; five lock the account.
    """
    user = request.user
    if not isinstance(user, User) or not hasattr(request, "session"):
        raise NotPermitted("session-required", "Sign in with name and password; a token signs nothing.")
    _require_right_clock()
    is_first = asks_everything(request)
    if is_locked(request, user.username):
        keep(request, SignInOutcome.LOCKED, user)
        raise _locked(request)
    if is_first and normalise_username(name) != user.username:
        _refuse(
            request, user, SignInOutcome.REAUTHENTICATION_REFUSED, "signer", "This is not your user name."
        )
    if not password or not get_adapter(request).reauthenticate(user, password):
        if getattr(request, "axes_locked_out", False):
            raise _locked(request)
        if not password:
            _refuse(request, user, SignInOutcome.REAUTHENTICATION_REFUSED, "password", "Give your password.")
        raise RuleViolated("signing-refused", "This is not your password.", field="password")
    needs_code = is_first and has_second_factor(user)
    if needs_code and not _is_right_code(user, code, token):
        _refuse(
            request,
            user,
            SignInOutcome.SECOND_FACTOR_REFUSED,
            "code",
            "This code is wrong or was used already.",
        )
    request.session[_SESSION_KEY] = _continuity(request)
    factors = [*(["name"] if is_first else []), "password", *(["code"] if needs_code else [])]
    return Proof(user_id=user.pk, proved_at=clock.now(), factors=" ".join(factors))


def _continuity(request: HttpRequest) -> list[str]:
    return [str(request.user.pk), client_ip(request) or ""]


def _refuse(request: HttpRequest, user: User, outcome: SignInOutcome, field: str, message: str) -> None:
    with one_guess_at_a_time(user.username):
        count_failure(request, user.username)
        keep(request, outcome, user)
    raise RuleViolated("signing-refused", message, field=field)


def _locked(request: HttpRequest) -> NotPermitted:
    request.session.pop(_SESSION_KEY, None)
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    return NotPermitted(
        "signing-locked", f"Too many failed attempts. Nothing was signed. Try again in {minutes} minutes."
    )


def _is_right_code(user: User, code: str, token: str) -> bool:
    """Check the app's code; the same code is right again for the very form it was given in, and for nothing else."""
    given = "".join(code.split())
    with one_guess_at_a_time(user.username):
        authenticator = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
        used, within = _hashed(given), _hashed(f"{given} {token}")
        if token and authenticator.data.get("last_signed") == within:
            return True
        is_right = authenticator.data.get("last_code") != used and TOTP(authenticator).validate_code(given)
        if is_right:
            kept: dict[str, Any] = {**authenticator.data, "last_code": used, "last_signed": within}
            authenticator.data = kept
            authenticator.save(update_fields=["data"])
    return bool(is_right)


def _hashed(text: str) -> str:
    return name_hash(text, settings.SECRET_KEY)


def _require_right_clock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (there,) = cursor.fetchone()
    if abs((there - clock.now()).total_seconds()) > LARGEST_SKEW_SECONDS:
        raise Conflict(
            "clock-skew",
            "The clocks of the server and the database differ. Nothing can be signed until that is mended.",
        )
