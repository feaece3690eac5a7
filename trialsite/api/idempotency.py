"""A command that is sent twice is done once, and answered twice alike.

The row that remembers the answer is reserved first and filled last, in the transaction of the command itself:
both are there or neither is. A second request with the same key waits at the unique index until the first has
committed (then it replays) or rolled back (then it executes). A refused command leaves no row and may be
corrected and sent again under the same key.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.http import HttpResponse
from django.utils.crypto import salted_hmac
from rest_framework.request import Request

from trialsite.api.models import IdempotencyRecord
from trialsite.api.problems import RequestRefused
from trialsite.api.renderers import canonical_json

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(days=7)
_RESERVE = """
    INSERT INTO api_idempotencyrecord
        (user_id, method_path, key, body_digest, response_body, response_headers, created_at)
    VALUES (%s, %s, %s, %s, '', '{}', %s)
    ON CONFLICT (user_id, method_path, key) DO NOTHING
    RETURNING id
"""


@dataclass(frozen=True)
class Answer:
    """An answer as it leaves: exact text, and the headers that belong to it."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    is_replay: bool = False

    def response(self) -> HttpResponse:
        """Return the answer as a response; a replay says so in a header and is otherwise the same."""
        marks = {"Idempotent-Replay": "true"} if self.is_replay else {}
        return HttpResponse(
            self.body,
            status=self.status,
            content_type="application/json",
            headers={**self.headers, **marks},
        )


@dataclass(frozen=True)
class Reservation:
    """The right to execute one command, until its transaction ends."""

    record_id: int

    def keep(self, answer: Answer) -> None:
        """Store the answer, to commit together with what the command did."""
        IdempotencyRecord.objects.filter(pk=self.record_id).update(
            status=answer.status, response_body=answer.body, response_headers=answer.headers
        )


def required_key(request: Request) -> str:
    """Return the key of a command. Raises RequestRefused 400 idempotency-key-required or -malformed."""
    key = request.headers.get(HEADER)
    if not key:
        message = f"Send an `{HEADER}` of your choice, and the same one when you repeat the request."
        raise RequestRefused(400, "idempotency-key-required", message)
    if not (8 <= len(key) <= 200 and key.isascii() and key.isprintable()):
        message = f"The `{HEADER}` must have 8 to 200 printable ASCII characters."
        raise RequestRefused(400, "idempotency-key-malformed", message)
    return key


def reserve(
    *, user_id: UUID, request: Request, key: str, at: datetime, content: object = None
) -> Reservation | Answer:
    """Return the right to execute, or the answer that was given before. Call inside a transaction.

    content: what a repetition must bring again, where that is not the whole body: of a password no digest is kept.

    Raises RequestRefused 422 idempotency-key-reused where the key came with another body.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A command is reserved inside its transaction.")
    method_path = f"{request.method} {request.path}"
    digest = _digest(request.data if content is None else content)
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, [user_id, method_path, key, digest, at])
        row = cursor.fetchone()
    if row is not None:
        return Reservation(row[0])
    return _earlier(user_id, method_path, key, digest)


def _earlier(user_id: UUID, method_path: str, key: str, digest: str) -> Answer:
    earlier = IdempotencyRecord.objects.filter(user_id=user_id, method_path=method_path, key=key).first()
    if earlier is None:  # purged in between
        raise RequestRefused(503, "try-again", "The earlier answer has just been forgotten; send it again.")
    if earlier.body_digest != digest:
        message = f"This `{HEADER}` was used for another request. Choose a new one."
        raise RequestRefused(422, "idempotency-key-reused", message)
    return Answer(earlier.status or 500, earlier.response_body, earlier.response_headers, is_replay=True)


def _digest(content: object) -> str:
    """Return a keyed digest of the input; the order of its keys does not matter."""
    return salted_hmac(__name__, canonical_json(content), algorithm="sha256").hexdigest()


def purge_expired(at: datetime) -> int:
    """Forget the answers given more than seven days before `at`; return how many. For the nightly task."""
    removed, _ = IdempotencyRecord.objects.filter(created_at__lt=at - KEPT_FOR).delete()
    return removed
