"""A form that is sent twice acts once, whatever happened to the session, the network or the answer meanwhile.

The form carries a token. What a token of a user led to is kept for good, with a digest of what was entered; the
second request waits for the first on a lock in the database, then finds the answer and goes to the same page.
With other values it is refused, as the API refuses a key that comes with another body: neither may a change
be lost in silence, nor a form act twice. A form that was refused leaves nothing, and may be corrected and
sent again under its token.
"""

import json
from collections.abc import Callable
from hashlib import blake2b
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from trialsite import clock
from trialsite.accounts.models import User
from trialsite.errors import Conflict
from trialsite.web.models import AnsweredForm

# The first is masked anew on every page; of the others not even a digest is kept.
_NOT_ENTERED = frozenset({"csrfmiddlewaretoken", "signing_password", "signing_code"})


def run_once(request: HttpRequest, token: UUID | None, act: Callable[[], str]) -> str:
    """Run `act` unless this user has already sent `token`; return the URL that follows either way.

    The act and the note that it was done are one transaction: neither is there without the other.
    Raises Conflict("form-sent-already") where the token came with other values.
    """
    if token is None or not isinstance(request.user, User):
        return act()
    user_id = request.user.pk
    with transaction.atomic():
        _wait_for(f"{user_id}:{token}")
        sent = AnsweredForm.objects.filter(user_id=user_id, token=token).first()
        if sent is None:
            href = act()
            AnsweredForm.objects.create(
                user_id=user_id, token=token, digest=_digest(request), href=href, answered_at=clock.now()
            )
            return href
    if sent.digest not in _digests(request):
        raise Conflict(
            "form-sent-already",
            "This form was sent already with other values. Load the page again to change the record.",
        )
    return sent.href


def was_answered(user: User, token: str) -> bool:
    """Return whether a form of `user` with this token was acted on; False for what is no token."""
    try:
        return AnsweredForm.objects.filter(user_id=user.pk, token=UUID(token)).exists()
    except ValueError:
        return False


def _digests(request: HttpRequest) -> set[str]:
    """Return the digest under the present secret key and under those before it."""
    return {_digest(request, secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)}


def _digest(request: HttpRequest, secret: str | None = None) -> str:
    """Return a keyed digest of what was entered where; no value can be read or guessed from it."""
    entered = sorted((name, values) for name, values in request.POST.lists() if name not in _NOT_ENTERED)
    text = json.dumps([request.path, entered])
    return salted_hmac(__name__, text, secret=secret, algorithm="sha256").hexdigest()


def _wait_for(name: str) -> None:
    """Hold the lock called `name` until the transaction ends."""
    number = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
