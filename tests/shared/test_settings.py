"""Production refuses to start half configured, and what it logs holds no row of the database."""

import base64
import logging
import os
import subprocess
import sys

import pytest
from django.conf import settings

from trialsite.celery import app
from trialsite.devservices.folders import PROJECT
from trialsite.settings.databases import HIDDEN_SECONDS, broker_options, database_from, parse_address
from trialsite.settings.logs import WithoutRowDetail

COMPLETE = {
    "SECRET_KEY": "4f9c0d1e-a-long-random-looking-string-for-this-test-only-8b7a6",
    "ALLOWED_HOSTS": "trial.example.org",
    "IDENTITY_KEY": base64.b64encode(bytes(range(32))).decode(),
    "DATABASE_URL": "postgres://app:word@db.example.org:5432/trial",
}


def _production(*arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Run Python with production settings in an environment that holds nothing else of ours."""
    wanted = {name: content for name, content in {**COMPLETE, **changes}.items() if content is not None}
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "trialsite.settings.production", **wanted},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("variable", "content", "line"),
    [
        pytest.param("SECRET_KEY", None, "SECRET_KEY is not set.", id="no-secret"),
        pytest.param("FAILPOINT", "after-claim:/x", "FAILPOINT kills processes", id="failpoint"),
        pytest.param("SECRET_KEY", "short", "SECRET_KEY is too weak.", id="weak-secret"),
        pytest.param(
            "SECRET_KEY",
            "development-only-secret-key-not-for-production-use-0123456789",
            "SECRET_KEY is too weak.",
            id="development-secret",
        ),
        pytest.param("ALLOWED_HOSTS", None, "ALLOWED_HOSTS is not set.", id="no-hosts"),
        pytest.param("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS must name hosts", id="every-host"),
        pytest.param("IDENTITY_KEY", None, "IDENTITY_KEY is not set.", id="no-key"),
        pytest.param("IDENTITY_KEY", "not base64!", "IDENTITY_KEY is not base64.", id="bad-key"),
        pytest.param("IDENTITY_KEY", "c2hvcnQ=", "IDENTITY_KEY holds 5 bytes, not 32.", id="short-key"),
        pytest.param(
            "IDENTITY_KEY",
            "ZGV2ZWxvcG1lbnQtb25seS1pZGVudGl0eS1rZXktMzI=",
            "IDENTITY_KEY is the development key.",
            id="development-key",
        ),
        pytest.param("DATABASE_URL", None, "DATABASE_URL is not set.", id="no-database"),
        pytest.param("DATABASE_URL", "sqlite:///x", "DATABASE_URL must be a PostgreSQL address", id="sqlite"),
    ],
)
def test_production_refuses_to_start_and_names_the_variable(
    variable: str, content: str | None, line: str
) -> None:
    ended = _production("manage.py", "check", **{variable: content})

    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Cannot start: {line}")
    assert ended.stderr.count("\n") == 1


def test_deployment_check_is_clean_under_production_settings() -> None:
    ended = _production("manage.py", "check", "--deploy", "--fail-level", "DEBUG")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "System check identified no issues (0 silenced).\n"


def test_production_does_not_install_the_embedded_stack() -> None:
    shown = _production(
        "-c",
        "from django.conf import settings as s;"
        "print('trialsite.devservices' in s.INSTALLED_APPS, s.DEBUG, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
        " s.PASSWORD_HASHERS[0].rpartition('.')[2], 'pool' in s.DATABASES['default']['OPTIONS'])",
    )

    assert shown.stdout.split() == ["False", "False", "True", "True", "Argon2PasswordHasher", "False"]


@pytest.mark.parametrize(
    ("broker", "options", "queue_type"),
    [
        ("amqp://broker.example.org//", {"confirm_publish": True}, "quorum"),
        ("redis://broker.example.org/0", {"visibility_timeout": 3900}, None),
    ],
)
def test_production_broker_loses_no_message(
    broker: str, options: dict[str, object], queue_type: str | None
) -> None:
    shown = _production(
        "-c",
        "from django.conf import settings as s;"
        "print(s.CELERY_BROKER_TRANSPORT_OPTIONS, getattr(s, 'CELERY_TASK_DEFAULT_QUEUE_TYPE', None))",
        CELERY_BROKER_URL=broker,
    )

    assert shown.stdout == f"{options} {queue_type}\n"


@pytest.mark.parametrize(
    "address",
    ["postgres://me@%2Frun%2FMy-pg/trial", "postgres://me@/trial?host=/run/My-pg"],
    ids=["in-the-host", "as-an-option"],
)
def test_socket_folder_in_an_address_is_understood(address: str) -> None:
    assert parse_address(address)["HOST"] == "/run/My-pg"


def test_connections_are_kept_or_pooled_never_both() -> None:
    kept = database_from("postgres://me@db/trial", pool=False)
    pooled = database_from("postgres://me@db/trial", pool=True)

    assert (kept["CONN_MAX_AGE"], "pool" in kept["OPTIONS"]) == (60, False)
    assert (pooled["CONN_MAX_AGE"], pooled["OPTIONS"]["pool"]) == (0, True)


def test_queues_live_in_the_application_database_unless_another_host_is_named() -> None:
    database = database_from("postgres://me:word@db:5433/trial", pool=False)

    assert broker_options("pgmq://", database)["conn_string"] == (
        "host=db port=5433 dbname=trial user=me password=word"
    )
    assert "conn_string" not in broker_options("pgmq://me:word@queues:5432/queues", database)
    assert broker_options("redis://cache/0", database) == {"visibility_timeout": 3900}


def test_message_stays_hidden_longer_than_any_task_may_run() -> None:
    limits = [
        settings.CELERY_TASK_TIME_LIMIT,
        *(one["time_limit"] for one in settings.CELERY_TASK_ANNOTATIONS.values()),
    ]

    assert max(limits) < HIDDEN_SECONDS


def test_every_task_that_beat_sends_exists() -> None:
    app.loader.import_default_modules()

    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


def test_log_line_leaves_out_the_values_of_a_row() -> None:
    message = (
        "duplicate key value\nDETAIL:  Key (national_id)=(420106196001010011) already exists.\nlast line"
    )
    record = logging.LogRecord("trial", logging.ERROR, __file__, 1, message, None, None)

    written = WithoutRowDetail("{message}", style="{").format(record)

    assert "420106196001010011" not in written
    assert written.startswith("duplicate key value\n")
    assert written.endswith("\nlast line")
