"""A mail server that delivers to a folder: each message becomes one .eml file. Loopback only."""

import argparse
import asyncio
import logging
import os
import signal
import socket
import time
from pathlib import Path
from uuid import uuid4

from aiosmtpd.smtp import SMTP, Envelope, Session

log = logging.getLogger("trialsite.devservices.mailsink")


class FolderDelivery:
    """Write each message to the folder, whole or not at all, readable by its owner alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        path = self.folder / f"{time.time_ns()}-{uuid4().hex[:8]}.eml"
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(content)
        unfinished.chmod(0o600)
        unfinished.rename(path)
        log.info("kept %s: %d bytes for %d recipients", path.name, len(content), len(envelope.rcpt_tos))
        return "250 Message kept"


async def serve(listening: socket.socket, folder: Path) -> None:
    """Take mail on `listening`, a bound loopback socket, until told to stop."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    delivery = FolderDelivery(folder)
    server = await loop.create_server(
        lambda: SMTP(delivery, enable_SMTPUTF8=True, hostname="localhost", ident="mail sink", loop=loop),
        sock=listening,
    )
    log.info("mail sink ready")
    async with server:
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m trialsite.devservices.mailsink")
    parser.add_argument("--fd", type=int, required=True, help="inherited listening socket")
    parser.add_argument("--folder", type=Path, required=True, help="where the .eml files go")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd would log addresses
    os.umask(0o077)
    asyncio.run(serve(socket.socket(fileno=arguments.fd), arguments.folder))


if __name__ == "__main__":
    main()
