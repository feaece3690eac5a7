"""A real Chromium in front of a real server; the time on both is that of the story."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import get_ident
from zoneinfo import ZoneInfo

import pytest
from django.core.signals import request_finished, request_started
from playwright.sync_api import Browser, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.browser.pages import Desk
from tests.browser.soundness import NARROW, WIDE
from tests.factories.accounts import PASSWORD
from tests.factories.journeys import START_AT
from tests.participants.web import stops_clock
from trialsite.accounts.models import User

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# `make browser-at-length`: every page in every role and on a tablet, every piece of evidence entered by hand.
IS_AT_LENGTH = bool(os.environ.get("TRIALSITE_AT_LENGTH"))
MISSING = "Missing for the browser tests: chromium. Install it (Debian: sudo apt-get install chromium), or name it in CHROMIUM."


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of a module. Without Chromium they fail: they are never skipped."""
    program = browser_program()
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


def browser_program() -> str:
    """Return where Chromium lies; without it the test fails."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not program or not os.access(program, os.X_OK):
        pytest.fail(MISSING, pytrace=False)
    return program


class SiteClock:
    """What the clock on the wall says, in Wuhan, for the server and for every desk."""

    zone = ZoneInfo("Asia/Shanghai")

    def __init__(self) -> None:
        self.now = START_AT
        self.desks: list[Desk] = []

    def goes_to(self, wall: str) -> None:
        """Move on to a wall-clock time such as `2026-02-13 10:00`; never back."""
        later = datetime.fromisoformat(wall).replace(tzinfo=self.zone)
        assert later >= self.now, f"{wall} lies behind"
        self.shows(later)

    def shows(self, now: datetime) -> None:
        self.now = now
        for desk in self.desks:
            desk.page.context.clock.set_fixed_time(now)


@pytest.fixture
def site_clock(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> SiteClock:
    """The clock of the story. Nobody is signed out by it: a year passes within minutes."""
    wall = SiteClock()
    stops_clock(monkeypatch, lambda: wall.now)
    settings.SESSION_IDLE_LIMIT = settings.SESSION_ABSOLUTE_LIMIT = timedelta(days=1000)
    return wall


@pytest.fixture
def new_desk(
    chromium: Browser, live_server: LiveServer, site_clock: SiteClock
) -> Iterator[Callable[..., Desk]]:
    """Open a browser of its own for one more person, at 1440 px or on a tablet of 768 px.

    has_worker: with the service worker, which answers when the network does not.
    """

    def open_desk(*, is_tablet: bool = False, has_worker: bool = False) -> Desk:
        size = NARROW if is_tablet else WIDE
        context = chromium.new_context(
            base_url=live_server.url,
            viewport=size,
            has_touch=is_tablet,
            service_workers="allow" if has_worker else "block",
        )
        context.set_default_timeout(10_000)
        context.clock.set_fixed_time(site_clock.now)
        desk = Desk(context.new_page(), live_server.url)
        site_clock.desks.append(desk)
        return desk

    with _requests_under_way() as under_way:
        yield open_desk
        for desk in site_clock.desks:
            desk.page.context.close()
        _wait_until_every_request_is_answered(under_way)


@contextmanager
def _requests_under_way() -> Iterator[set[object]]:
    """The requests that were begun and not answered yet, also while they hold no connection."""
    under_way: set[object] = set()

    def begun(**_: object) -> None:
        under_way.add(get_ident())

    def answered(**_: object) -> None:
        under_way.discard(get_ident())

    request_started.connect(begun)
    request_finished.connect(answered)
    yield under_way
    request_started.disconnect(begun)
    request_finished.disconnect(answered)


def _wait_until_every_request_is_answered(under_way: set[object]) -> None:
    """A request under way writes to tables that are emptied next."""
    for _ in range(200):
        time.sleep(0.05)  # first, so that a request just sent has begun
        if not under_way:
            return
    pytest.fail("The server was still answering 10 seconds after the last page was closed.", pytrace=False)


@pytest.fixture
def desk_of(new_desk: Callable[..., Desk]) -> Callable[[User], Desk]:
    """Seat a person at a desk of their own, signed in with user name and password."""

    def seat(user: User) -> Desk:
        desk = new_desk()
        desk.signs_in(user.username, PASSWORD)
        return desk

    return seat
