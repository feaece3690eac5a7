"""A session ends after 15 minutes without activity and after 12 hours in any case.

Requests that a page makes by itself (polling) carry `X-Background: 1` and are no activity.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase

from trialsite import clock
from trialsite.accounts.door import keep
from trialsite.accounts.models import SignInOutcome, User

_STARTED, _ACTIVE = "signed_in_at", "active_at"
# Activity is written at most this often: a page costs no session write, and a session may end this much early.
WRITE_EVERY = timedelta(seconds=30)


class SessionLimitsMiddleware:
    """Sign out a session that has run out, before the view sees it; else note the activity."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if isinstance(request.user, User):
            _limit(request, request.user, clock.now())
        return self.get_response(request)


def start_session(request: HttpRequest, at: datetime) -> None:
    """Let both clocks of the session start at `at`."""
    request.session[_STARTED] = request.session[_ACTIVE] = at.timestamp()


def session_expires_at(request: HttpRequest, user: User) -> datetime:
    """Return the instant at which the session ends if nothing more is done in it."""
    return min(_instant(request, _ACTIVE) + idle_limit(user), latest_end(request))


def latest_end(request: HttpRequest) -> datetime:
    """Return the instant at which the session ends however much is done in it."""
    return _instant(request, _STARTED) + settings.SESSION_ABSOLUTE_LIMIT


def idle_limit(user: User) -> timedelta:
    """Return how long the user may be idle: the shortest that is set for one of their roles."""
    by_role = settings.SESSION_IDLE_LIMIT_BY_ROLE
    own = [by_role[role] for role in user.access.roles if role in by_role] if by_role else []
    return min(own, default=settings.SESSION_IDLE_LIMIT)


def _limit(request: HttpRequest, user: User, at: datetime) -> None:
    if _STARTED not in request.session or _ACTIVE not in request.session:
        start_session(request, at)
    if at >= session_expires_at(request, user):
        keep(request, SignInOutcome.TIMED_OUT, user)
        logout(request)
        return
    is_activity = request.headers.get("X-Background") != "1"
    if is_activity and at - _instant(request, _ACTIVE) >= WRITE_EVERY:
        request.session[_ACTIVE] = at.timestamp()
    request.session_expires_at = session_expires_at(request, user)  # type: ignore[attr-defined]


def _instant(request: HttpRequest, key: str) -> datetime:
    return datetime.fromtimestamp(request.session[key], tz=UTC)
