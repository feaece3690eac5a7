"""What must hold before anything is started, each with one line that says what to do when it does not."""

import base64
import binascii
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import environ
import psycopg
from kombu import Connection
from psycopg.conninfo import make_conninfo

from trialsite.devservices.problems import CannotStart
from trialsite.settings.databases import parse_address

DEFAULT_PORT = 8000
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Wishes:
    """What the environment asks for. Empty addresses mean the embedded service."""

    port: int
    database_url: str
    broker_url: str
    email_url: str
    demo: bool

    @property
    def embedded_queues(self) -> bool:
        return self.broker_url in ("", "pgmq://")


def read_wishes(environment: Mapping[str, str]) -> Wishes:
    """Read and check the variables that steer the stack."""
    _check_identity_key(environment.get("IDENTITY_KEY", ""))
    return Wishes(
        port=_port(environment.get("TRIALSITE_PORT") or str(DEFAULT_PORT)),
        database_url=_database_url(environment.get("DATABASE_URL", "")),
        broker_url=_broker_url(environment.get("CELERY_BROKER_URL", "")),
        email_url=_email_url(environment.get("EMAIL_URL", "")),
        demo=environment.get("TRIALSITE_DEMO", "1") not in ("0", "no", "false"),
    )


def take_port(port: int) -> socket.socket:
    """Return a listening loopback socket on `port`; held from here on, so nobody can slip in between."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise CannotStart(
            f"Port {port} is not free ({error.strerror}). Stop the program that uses it, "
            f"or choose another port: TRIALSITE_PORT={port + 80 if port < 65_000 else 8080} make run"
        ) from error
    return listening


def external_conninfo(url: str) -> str:
    """Return libpq's words for a PostgreSQL address, having connected once."""
    parsed = parse_address(url)
    conninfo = make_conninfo(
        host=parsed["HOST"] or None,
        port=parsed["PORT"] or None,
        dbname=parsed["NAME"],
        user=parsed["USER"] or None,
        password=parsed["PASSWORD"] or None,
        connect_timeout=5,
    )
    try:
        psycopg.connect(conninfo).close()
    except psycopg.OperationalError as error:
        raise CannotStart(
            f"Cannot reach the database of DATABASE_URL ({str(error).splitlines()[-1]}). "
            "Start it, correct DATABASE_URL, or unset it to use the embedded database."
        ) from error
    return conninfo


def check_broker(url: str) -> None:
    """Connect once to a broker that is not ours."""
    try:
        with Connection(url, connect_timeout=3) as connection:
            connection.ensure_connection(max_retries=1, timeout=3)
    except Exception as error:  # each transport raises errors of its own
        raise CannotStart(
            f"Cannot reach the broker of CELERY_BROKER_URL ({type(error).__name__}: {error}). "
            "Start it, correct CELERY_BROKER_URL, or unset it to use the database as the broker."
        ) from error


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise CannotStart(
            f"TRIALSITE_PORT is {text!r}, which is no port. Set it to a number from 1 to 65535."
        )
    return int(text)


def _database_url(url: str) -> str:
    if url and not url.startswith(("postgres://", "postgresql://")):
        raise CannotStart(
            "DATABASE_URL is no PostgreSQL address. Write it as postgres://user:password@host:5432/name, "
            "or unset it to use the embedded database."
        )
    return url


def _broker_url(url: str) -> str:
    if url and "://" not in url:
        raise CannotStart(
            "CELERY_BROKER_URL is no address. Write it as amqp://host or redis://host, "
            "or unset it to use the database as the broker."
        )
    return url


def _email_url(url: str) -> str:
    if url and url.partition("://")[0] not in environ.Env.EMAIL_SCHEMES:
        raise CannotStart(
            "EMAIL_URL is no mail address of a server. Write it as smtp://host:25, "
            "or unset it to keep mail in the state folder."
        )
    return url


def _check_identity_key(key: str) -> None:
    try:
        length = len(base64.b64decode(key, validate=True))
    except binascii.Error:
        length = -1
    if key and length != 32:
        raise CannotStart("IDENTITY_KEY must be 32 bytes in base64. Make one with: openssl rand -base64 32")
