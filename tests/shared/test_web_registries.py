"""Panels and navigation: each reader sees what the role allows, in order."""

from uuid import uuid4

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.shared.web_urls import PANEL
from trialsite.accounts.permissions import Access, Permission, Role
from trialsite.web import navigation, panels

SITE = uuid4()
NURSE = Access(roles_by_site={SITE: frozenset({Role.NURSE})})


@pytest.fixture(autouse=True)
def _own_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "_panels", {})
    monkeypatch.setattr(navigation, "_items", {})


def a_panel(name: str, order: int, permission: Permission = Permission.VIEW_PARTICIPANT) -> panels.Panel:
    return panels.Panel(name=name, title=name, url_name="test-fragment", permission=permission, order=order)


def test_panels_stand_in_their_order() -> None:
    for name, order in (("late", 30), ("early", 10)):
        panels.register_panel(a_panel(name, order))
    assert [panel.name for panel in panels.panels_for(NURSE, SITE)] == ["early", "late"]


def test_panel_without_the_permission_is_left_out() -> None:
    panels.register_panel(a_panel("trail", 10, Permission.VIEW_TRAIL))
    assert panels.panels_for(NURSE, SITE) == ()


def test_panel_counts_the_role_at_the_site_of_the_participant_alone() -> None:
    panels.register_panel(a_panel("any", 10))
    assert panels.panels_for(NURSE, uuid4()) == ()


def test_panel_registered_twice_stands_once() -> None:
    panels.register_panel(a_panel("one", 10))
    panels.register_panel(a_panel("one", 20))
    assert [panel.order for panel in panels.panels_for(NURSE, SITE)] == [20]


@pytest.mark.urls("tests.shared.web_urls")
def test_panel_knows_its_address() -> None:
    assert PANEL.href("WH-1") == "/fragment/WH-1/"


def test_what_is_used_daily_stands_in_the_row_and_the_rest_in_the_menu_behind_it() -> None:
    for name, is_further in (("daily", False), ("seldom", True)):
        navigation.register_nav(
            navigation.NavItem(
                name=name,
                title=name,
                url_name="home",
                permission=Permission.VIEW_PARTICIPANT,
                icon="users",
                order=10,
                is_further=is_further,
            )
        )
    links = navigation.nav_for(NURSE, "/")
    assert [(one.title, one.is_further) for one in links] == [("daily", False), ("seldom", True)]


@pytest.mark.parametrize(
    ("path", "is_current"), [("/users/", True), ("/users/add/", True), ("/components/", False)]
)
def test_entry_is_current_on_the_pages_below_it(path: str, is_current: bool) -> None:
    navigation.register_nav(
        navigation.NavItem(
            name="u",
            title="U",
            url_name="web:users",
            permission=Permission.VIEW_PARTICIPANT,
            icon="users",
            order=1,
        )
    )
    (link,) = navigation.nav_for(NURSE, path)
    assert link.is_current is is_current


def views_of(resolver: URLResolver) -> list[object]:
    found: list[object] = []
    for pattern in resolver.url_patterns:
        found += views_of(pattern) if isinstance(pattern, URLResolver) else [pattern.callback]
    return found


def test_every_view_of_the_shared_pages_says_who_may_open_it() -> None:
    shared = [p for p in get_resolver().url_patterns if isinstance(p, URLResolver) and p.app_name == "web"]
    views = [view for resolver in shared for view in views_of(resolver)]
    assert len(views) > 10
    assert [view for view in views if not hasattr(view, "required_permission")] == []
    assert isinstance(shared[0].url_patterns[0], URLPattern)
