"""What every test run needs: a real PostgreSQL, DATABASE_URL's or one of our own."""

import os
from collections.abc import Generator
from contextlib import ExitStack

import pytest
from coverage import Coverage
from django.conf import settings
from hypothesis import settings as hypothesis

from tests.shared.trail_flush import flush_despite_the_trail  # noqa: F401  (an autouse fixture)
from trialsite.devservices.problems import CannotStart
from trialsite.devservices.shared_server import shared_server
from trialsite.settings.databases import parse_address

_until_the_end = ExitStack()
hypothesis.register_profile("patient", deadline=None)  # how long an example takes says nothing about the rule
hypothesis.load_profile("patient")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start the shared server before any worker process or database connection exists."""
    if os.environ.get("DATABASE_URL"):
        return
    try:
        address = _until_the_end.enter_context(shared_server())
    except CannotStart as problem:
        raise pytest.UsageError(f"No PostgreSQL for the tests: {problem}") from problem
    # The settings have been read by now; worker processes and programs under test read the variable.
    os.environ["DATABASE_URL"] = address
    parsed = parse_address(address)
    settings.DATABASES["default"].update(
        {key: parsed[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    )


# What runs the rules by way of pages, programs and whole journeys. The rules have tests of their own, which alone are
# measured: measuring these too takes as long again as half of what they take.
_NOT_MEASURED = (
    "tests/browser",
    "tests/architecture",
    "tests/journeys",
    "tests/shared/test_api",
    "tests/shared/test_demo",
    "tests/shared/test_devservices",
    "tests/shared/test_web",
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Stop measuring the coverage during a test that is not measured, its fixtures included."""
    measured = None if not item.nodeid.startswith(_NOT_MEASURED) else Coverage.current()
    if measured is not None:
        measured.stop()
    try:
        return (yield)
    finally:
        if measured is not None:
            measured.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    _until_the_end.close()
