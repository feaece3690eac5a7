"""A form that is sent twice acts once.

The form carries a token. What a token led to is kept in the session; the second request waits for the first
on a lock in the database, then finds the answer and goes to the same page.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.http import HttpRequest

_KEY = "sent_forms"
_KEPT = 30  # answers remembered per session


def run_once(request: HttpRequest, token: UUID | None, act: Callable[[], str]) -> str:
    """Run `act` unless this session has already sent `token`; return the URL that follows either way.

    The act and the note that it was done are one transaction: neither is there without the other.
    """
    if token is None:
        return act()
    with transaction.atomic():
        _wait_for(f"{request.session.session_key}:{token}")
        sent = _stored(request)
        href = sent.get(str(token)) or act()
        request.session[_KEY] = dict(list({**sent, str(token): href}.items())[-_KEPT:])
        request.session.save()
    return href


def _wait_for(name: str) -> None:
    """Hold the lock called `name` until the transaction ends."""
    number = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _stored(request: HttpRequest) -> dict[str, str]:
    """Read what this session has sent from the store: another request may have written since ours began."""
    stored: Any = type(request.session)(request.session.session_key).get(_KEY, {})
    return dict(stored)
