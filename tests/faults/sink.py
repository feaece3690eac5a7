"""A mail server on loopback that does as it is told: for one recipient this, for the next that."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from email import message_from_bytes
from threading import Lock
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

OK = "ok"
REFUSED = "550"  # never
BUSY = "450"  # later
SHUTTING = "421"  # later, and the connection ends
DROPS = "drops"  # takes the text, keeps nothing, hangs up without an answer
REPLY_LOST = "reply-lost"  # takes the text, keeps it, hangs up without an answer
SLOW = "slow"  # answers when the client has given up; keeps nothing
_SLOW_SECONDS = 3


@dataclass
class Kept:
    """A mail the server has taken on: to whom, its Message-ID, and the reminders it names."""

    to: str
    message_id: str
    reminders: tuple[str, ...]


@dataclass
class Sink:
    """script: what happens to the next mails to an address, one after the other; then, and to others, OK."""

    port: int
    script: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    kept: list[Kept] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    _controller: Any = None

    def start(self) -> None:
        self._controller = Controller(_Handler(self), hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def next_act(self, address: str) -> str:
        with self.lock:
            left = self.script[address]
            return left.pop(0) if left else OK

    def keep(self, envelope: Envelope) -> None:
        mail = message_from_bytes(envelope.original_content or b"")
        named = tuple(str(mail["X-Trialsite-Reminders"]).split())
        with self.lock:
            self.kept.append(Kept(envelope.rcpt_tos[0], str(mail["Message-ID"]), named))


class _Handler:
    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        act = self.sink.next_act(address)
        envelope.act = act  # type: ignore[attr-defined]
        if act == REFUSED:
            return "550 no such box"
        if act == BUSY:
            return "450 busy"
        if act == SHUTTING:
            return "421 shutting down"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        act = envelope.act  # type: ignore[attr-defined]
        if act == SLOW:
            await asyncio.sleep(_SLOW_SECONDS)
            return "451 too late"
        if act in {DROPS, REPLY_LOST}:
            if act == REPLY_LOST:
                self.sink.keep(envelope)
            server.transport.abort()  # type: ignore[union-attr]
            return "250 lost on the way"
        self.sink.keep(envelope)
        return "250 OK"
