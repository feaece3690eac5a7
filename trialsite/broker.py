"""The broker inside the database, with one thing mended: a worker outlives a restart of PostgreSQL.

kombu keeps a message that it could not acknowledge among those in hand; after as many as a worker may have in hand it
takes no more, without a word. Here its place is freed. The message itself comes back when its time is up, and every
task may run twice.
"""

from typing import Any

from kombu.transport import pgmq


class Channel(pgmq.Channel):
    def basic_ack(self, delivery_tag: Any, multiple: bool = False) -> None:
        """Acknowledge a message; whatever the database says, it is in hand no more."""
        try:
            super().basic_ack(delivery_tag, multiple=multiple)  # type: ignore[no-untyped-call]
        finally:
            self.qos.ack(delivery_tag)


class Transport(pgmq.Transport):
    Channel = Channel
