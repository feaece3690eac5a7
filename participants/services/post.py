"""The port through which a message leaves, and what became of it: mail now, other channels behind the same call."""

import smtplib
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

from django.core.mail import EmailMessage, get_connection

from trialsite.failpoints import failpoint
from trialsite.protocol.reminding import Outcome

_GO_AHEAD = 354
_DONE = 250


class Post(Protocol):
    """Hands over one message and says what became of it; raises nothing a server or a network may cause."""

    def __call__(self, message: EmailMessage) -> Outcome: ...


class MailPost:
    """The mail server of the settings, over one connection that is opened anew after a failure."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._progress = _Progress()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def __call__(self, message: EmailMessage) -> Outcome:
        """Hand over `message`. UNKNOWN only where the server had the text and gave no answer."""
        self._progress.begin()
        try:
            self._open()
            message.connection = self._connection
            message.send()
        except (smtplib.SMTPException, OSError) as failure:
            outcome = outcome_of(failure, was_handed_over=self._progress.is_handed_over)
            if self._progress.is_accepted:
                outcome = Outcome.ACCEPTED
            if outcome in {Outcome.UNREACHABLE, Outcome.UNKNOWN}:
                self._close()
            return outcome
        return Outcome.ACCEPTED

    def _open(self) -> None:
        if self._connection is None:
            self._connection = get_connection()
        if self._connection.open():
            server = getattr(self._connection, "connection", None)
            if isinstance(server, smtplib.SMTP):
                self._progress.watch(server)

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except (smtplib.SMTPException, OSError):
                return  # whatever left has left


class _Progress:
    """How far a message came: smtplib's errors do not say whether the server had the text."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.is_handed_over = self.is_accepted = False

    def watch(self, server: smtplib.SMTP) -> None:
        ask, reply = server.data, server.getreply
        asked: list[bool] = []

        def data(message: Any) -> tuple[int, bytes]:
            asked.append(True)
            try:
                code, text = ask(message)
            finally:
                asked.clear()
            self.is_accepted = code == _DONE
            return code, text

        def getreply() -> tuple[int, bytes]:
            if asked and self.is_handed_over:
                failpoint("after-data")
            code, text = reply()
            if asked:
                # From the go-ahead on the text is on its way; an answer after it settles what became of it.
                self.is_handed_over = code == _GO_AHEAD
            return code, text

        _replace(server, "data", data)
        _replace(server, "getreply", getreply)


def _replace(server: smtplib.SMTP, name: str, call: Callable[..., object]) -> None:
    setattr(server, name, call)


def outcome_of(failure: Exception, *, was_handed_over: bool) -> Outcome:
    """Return what a failure means for the message.

    A refusal for good counts where it is about the recipient or the text; of the sender, the greeting or the
    sign-in it is the server's trouble, and passes.
    """
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in failure.recipients.values()]
        return Outcome.REFUSED if codes and min(codes) >= 500 else Outcome.DEFERRED
    if isinstance(failure, smtplib.SMTPDataError):
        return Outcome.REFUSED if failure.smtp_code >= 500 else Outcome.DEFERRED
    if isinstance(failure, smtplib.SMTPResponseException):
        return Outcome.DEFERRED
    return Outcome.UNKNOWN if was_handed_over else Outcome.UNREACHABLE
