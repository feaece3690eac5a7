"""Takes a picture of every page, for eyes to look at: make screens

Each page is taken in the first role that may open it, at 1440, 1024 and 768 px, light and dark, into docs/screens/<theme>-<width>/.
Not one of the tests: nothing here says whether a page looks well.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SiteClock
from tests.browser.pages import Desk
from tests.browser.test_every_page import make_world, pages_for, person_for
from tests.participants.web import browser_of
from trialsite.accounts.permissions import Role

FOLDER = Path(__file__).parents[2] / "docs" / "screens"
WIDTHS = {1440: 900, 1024: 768, 768: 1024}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
ROLES = (Role.COORDINATOR, Role.NURSE, Role.INVESTIGATOR, Role.ADMIN, Role.AUDITOR)
_taken: set[str] = set()


@pytest.mark.parametrize("role", ROLES)
def test_take_pictures(role: Role, new_desk: Callable[..., Desk], site_clock: SiteClock) -> None:
    """Go through the pages of a role once for each theme and width."""
    world = make_world()
    site_clock.shows(world.story.now)
    client = browser_of(person_for(role, world))
    values = {value: name for name, value in world.values.items()} | {world.story.participant.code: "code"}
    paths = {_name(path, values): path for path in pages_for(client, role, world, is_all=True)}
    own = {name: path for name, path in paths.items() if name == "home" or name not in _taken}
    _taken.update(own)
    desk = new_desk()
    desk.takes_over(client)
    for theme in THEMES:
        desk.page.emulate_media(color_scheme=theme)
        for name, path in own.items():
            desk.page.goto(path)
            expect(desk.page.locator("[aria-busy=true]")).to_have_count(0)
            for width, height in WIDTHS.items():
                desk.page.set_viewport_size({"width": width, "height": height})
                file = FOLDER / f"{theme}-{width}" / f"{name}{f'-{role.value}' if name == 'home' else ''}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                desk.page.screenshot(path=file, full_page=True)
    assert own


def _name(path: str, values: dict[str, str]) -> str:
    """Return a file name in which the names of what a path is about stand in place of its values."""
    parts = [values.get(part, part) for part in path.partition("?")[0].strip("/").split("/")]
    return re.sub(r"[^a-z0-9-]+", "-", "-".join(parts).lower()).strip("-") or "home"
