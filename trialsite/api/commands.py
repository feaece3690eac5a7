"""The base classes of writing: a command done once per key, an edit against the version that was read."""

from datetime import datetime
from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import require_anywhere
from trialsite.api import idempotency, preconditions
from trialsite.api.idempotency import Answer
from trialsite.api.problems import RequestRefused
from trialsite.api.renderers import to_json
from trialsite.api.serializers import InSerializer
from trialsite.api.views import ScopedView


class WritingView(ScopedView, abstract=True):
    """Shared by the two kinds of writing: validated input, one call, one answer."""

    throttle_scope = "command"
    takes: ClassVar[type[InSerializer]]

    def __init_subclass__(cls, *, abstract: bool = False, **options: Any) -> None:
        super().__init_subclass__(abstract=abstract, **options)
        if not abstract and cls.run is WritingView.run:
            raise TypeError(f"{cls.__name__} must say in run() which service it calls.")

    def run(self, target: Any, given: dict[str, Any], *, by: User, at: datetime) -> Any:
        """Call one service and return what `gives` represents. target: see the concrete class."""
        raise NotImplementedError(f"{type(self).__name__} calls no service.")

    def _given(self, request: Request, *, partial: bool = False) -> dict[str, Any]:
        shape = self.takes(data=request.data, partial=partial)
        shape.is_valid(raise_exception=True)
        return dict(shape.validated_data)

    def _locked(self, target: Any, expected: int) -> Any:
        """Return the target locked at the expected version. Raises RequestRefused 412 with both values."""
        return target if preconditions.lock_at(target, expected, self._stale) else self.target()

    def _stale(self) -> RequestRefused:
        return preconditions.stale(self.represent_target(self.target()), self.request.data)

    def represent_target(self, target: Any) -> dict[str, Any]:
        """Return `current` of a 412. Override where `gives` shows something else than the target."""
        return self.represent(target)

    def _answer(self, result: Any, status: int) -> Answer:
        return Answer(status, to_json(self.represent(result)), preconditions.etag_headers(result))


class CommandView(WritingView, abstract=True):
    """POST of one command, executed once per `Idempotency-Key`.

    model: the record the URL names becomes the target of `run`; None where the command needs none, and then
    the service alone checks the site. creates: answer 201 instead of 200. An `If-Match` is honoured where it
    is sent. The answer is kept for a week for replays. stores_reply: False where `gives` holds direct
    identifiers; the answer is then given once and a replay is refused (409 answer-not-kept).
    """

    creates: ClassVar[bool] = False
    stores_reply: ClassVar[bool] = True

    def post(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Execute the command, or repeat the answer it got before."""
        key = idempotency.required_key(request)
        expected = preconditions.offered(request)
        target = self._command_target()
        given = self._given(request)
        content = self.prepare(request, key, given)
        at = clock.now()
        with transaction.atomic():
            reserved = idempotency.reserve(
                user_id=self.person.pk, request=request, key=key, at=at, content=content
            )
            if isinstance(reserved, Answer):
                return self._replay(reserved)
            if expected is not None and target is not None:
                target = self._locked(target, expected)
            result = self.run(target, given, by=self.person, at=at)
            answer = self._answer(result, 201 if self.creates else 200)
            reserved.keep(answer if self.stores_reply else Answer(answer.status, ""))
        return answer.response()

    def prepare(self, request: Request, key: str, given: dict[str, Any]) -> object:
        """Do what must not be part of the transaction; return what a repetition must bring again, None: the body."""
        return None

    def _replay(self, earlier: Answer) -> HttpResponse:
        if self.stores_reply:
            return earlier.response()
        message = (
            "This was answered once and the answer is not kept. Ask again under a new `Idempotency-Key`."
        )
        raise RequestRefused(409, "answer-not-kept", message)

    def _command_target(self) -> Any:
        if self.model is not None:
            return self.target()
        require_anywhere(self.person, self.required_permission)
        return None


class EditView(WritingView, abstract=True):
    """PATCH of one record against the version that was read: `If-Match` is required.

    The row is locked and its version compared before `run`, so of two edits that started from the same
    version the second is always told, with the present values and its own.
    """

    def patch(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Change the given fields."""
        expected = preconditions.required(request)
        target = self.target()
        given = self._given(request, partial=True)
        if not given:
            raise RequestRefused(400, "nothing-to-change", "Send at least one field to change.")
        with transaction.atomic():
            target = self._locked(target, expected)
            answer = self._answer(self.run(target, given, by=self.person, at=clock.now()), 200)
        return answer.response()
