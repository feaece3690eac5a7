"""How the sign-in libraries learn our rules: whose name it is, where it came from, what a lock looks like."""

import base64
import hashlib
import ipaddress
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from axes.handlers.proxy import AxesProxyHandler
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from trialsite import clock
from trialsite.accounts.models import SignInOutcome, User
from trialsite.accounts.permissions import Actor, SystemActor
from trialsite.accounts.rules import name_hash
from trialsite.accounts.services.sign_ins import record_sign_in

DOOR = SystemActor("sign-in")
TOO_MANY_REQUESTS = 429


def client_ip(request: HttpRequest) -> str | None:
    """Return the address in front of our own proxies; what a client adds to the header is not believed."""
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    trusted = settings.TRUSTED_PROXY_COUNT
    address = forwarded[-trusted] if 0 < trusted <= len(forwarded) else request.META.get("REMOTE_ADDR", "")
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


def lockout_name(request: HttpRequest, credentials: Mapping[str, str] | None) -> str:
    """Return under which name a failure is counted: every spelling of a user name is the same one."""
    given = credentials or {}
    typed = given.get("username") or request.POST.get("login") or ""
    return name_hash(str(typed), settings.SECRET_KEY)


def locked_page(request: HttpRequest, credentials: Mapping[str, str] | None = None) -> HttpResponse:
    """Answer a sign-in that is locked; the same for a name that nobody has."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    return render(request, "account/locked.html", {"minutes": minutes}, status=TOO_MANY_REQUESTS)


def is_locked(request: HttpRequest, username: str) -> bool:
    """Return whether the name is locked, and let the middleware answer with the locked page if so."""
    locked = not AxesProxyHandler.is_allowed(request, {"username": username})
    if locked:
        request.axes_locked_out = True  # type: ignore[attr-defined]
    return locked


@contextmanager
def one_guess_at_a_time(typed_name: str) -> Iterator[None]:
    """Let guesses at one name wait for each other, so that parallel ones cannot pass before the count rises."""
    key = int(name_hash(typed_name, settings.SECRET_KEY)[:15], 16)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
        yield


def count_failure(request: HttpRequest, username: str) -> None:
    """Count a wrong second factor like a wrong password; the limit is one for both."""
    AxesProxyHandler.user_login_failed("second factor", {"username": username}, request)


def keep(
    request: HttpRequest, outcome: SignInOutcome, user: User | None, *, typed_name: str = "", by: Actor = DOOR
) -> None:
    """Write what happened at the door to the sign-in log."""
    record_sign_in(
        outcome=outcome,
        typed_name=typed_name or (user.username if user else ""),
        user=user,
        ip_address=client_ip(request),
        by=by,
        at=clock.now(),
    )


def second_factor_cipher() -> MultiFernet:
    """Return the cipher of authenticator secrets; keyed by SECRET_KEY, older keys still open what they closed."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derive(key)) for key in keys])


def _derive(key: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(f"second factor {key}".encode()).digest())
