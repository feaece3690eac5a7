"""A form that is sent twice acts once.

The form carries a token. What a token led to is kept in the session, with a digest of what was entered; the
second request waits for the first on a lock in the database, then finds the answer and goes to the same page.
With other values it is refused, as the API refuses a key that comes with another body: neither may a change
be lost in silence, nor a form act twice.
"""

import json
from collections.abc import Callable
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from trialsite.errors import Conflict

_KEY = "answered_forms"
_KEPT = 30  # answers remembered per session
_NOT_ENTERED = "csrfmiddlewaretoken"  # masked anew on every page


def run_once(request: HttpRequest, token: UUID | None, act: Callable[[], str]) -> str:
    """Run `act` unless this session has already sent `token`; return the URL that follows either way.

    The act and the note that it was done are one transaction: neither is there without the other.
    Raises Conflict("form-sent-already") where the token came with other values.
    """
    if token is None:
        return act()
    digest = _digest(request)
    with transaction.atomic():
        _wait_for(f"{request.session.session_key}:{token}")
        sent = _stored(request)
        entered, href = sent.get(str(token)) or (digest, act())
        if entered != digest:
            raise Conflict(
                "form-sent-already",
                "This form was sent already with other values. Load the page again to change the record.",
            )
        request.session[_KEY] = dict(list({**sent, str(token): (digest, href)}.items())[-_KEPT:])
        request.session.save()
    return href


def _digest(request: HttpRequest) -> str:
    """Return a keyed digest of what was entered where; no value can be read or guessed from it."""
    entered = sorted((name, values) for name, values in request.POST.lists() if name != _NOT_ENTERED)
    return salted_hmac(__name__, json.dumps([request.path, entered]), algorithm="sha256").hexdigest()


def _wait_for(name: str) -> None:
    """Hold the lock called `name` until the transaction ends."""
    number = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _stored(request: HttpRequest) -> dict[str, tuple[str, str]]:
    """Read what this session has sent from the store: another request may have written since ours began.

    token -> digest of what was entered, URL that followed.
    """
    stored: Any = type(request.session)(request.session.session_key).get(_KEY, {})
    return dict(stored)
