"""What every template may know about the session."""

from django.http import HttpRequest

from trialsite import clock


def session_expiry(request: HttpRequest) -> dict[str, int | None]:
    """Return `session_expires_in`: whole seconds until the session ends, None when nobody is signed in."""
    expires_at = getattr(request, "session_expires_at", None)
    left = int((expires_at - clock.now()).total_seconds()) if expires_at else None
    return {"session_expires_in": left}
