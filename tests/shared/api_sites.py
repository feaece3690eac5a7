"""A small API over sites, for tests of the shared half: a list, a detail, two commands, an edit.

The service writes as a real one does: under the trail, with a version that moves.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import django_filters
import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client
from django.urls import include, path
from rest_framework import serializers
from rest_framework.test import APIClient

from trialsite.accounts.models import Membership, Site, User
from trialsite.accounts.permissions import Permission, Role, SystemActor
from trialsite.api.commands import CommandView, EditView
from trialsite.api.fields import AwareDateTimeField, CleanCharField, CodeField
from trialsite.api.routing import by_method
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.urls import unknown
from trialsite.api.urls import urlpatterns as description
from trialsite.api.views import ScopedDetail, ScopedList
from trialsite.audit.acting import acting
from trialsite.errors import InvalidTransition, RuleViolated

AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
SETUP = SystemActor("bootstrap")
OPENED: list[datetime] = []
BEFORE_RENAME: list[Callable[[], None]] = []
_FAILURES: dict[str, Callable[[], Exception]] = {
    "secret": lambda: ValueError("13800138000 is secret"),
    "down": lambda: OperationalError("connection refused at 10.0.0.1"),
    "rule": lambda: RuleViolated("too-early", "Wait until Monday.", field="name", params={"day": 3}),
    "order": lambda: InvalidTransition("not-now", "This comes later."),
}


class SiteFilter(django_filters.FilterSet):
    zone = django_filters.CharFilter(field_name="time_zone")
    recorded = django_filters.DateFromToRangeFilter(field_name="recorded_at__date")


class SiteOut(OutSerializer):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    recorded_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class SiteIn(InSerializer):
    code = CodeField()
    name = CleanCharField(max_length=40)
    prefix = CodeField(max_length=4)


class RenameIn(InSerializer):
    name = CleanCharField(max_length=40)
    opened_at = AwareDateTimeField(required=False)


class SiteEditIn(InSerializer):
    name = CleanCharField(max_length=40)
    name_zh = CleanCharField(max_length=40, allow_blank=True)


def rename_site(*, site: Site, name: str, by: User, at: datetime) -> Site:
    """Stand in for a service: act, lock, write, or refuse by what the name asks for."""
    if name in _FAILURES:
        raise _FAILURES[name]()
    for hook in BEFORE_RENAME:
        hook()
    with acting(by=by, at=at, action="accounts.site_renamed"):
        locked = Site.objects.select_for_update().get(pk=site.pk)
        locked.name = name
        locked.save_changes(["name"])
    return locked


def create_site(*, code: str, name: str, prefix: str, by: Any, at: datetime = AT) -> Site:
    with acting(by=by, at=at, action="accounts.site_created"):
        site = Site(code=code, name=name, time_zone="Asia/Shanghai", subject_prefix=prefix, recorded_at=at)
        site.save_new()
    return site


class SiteList(ScopedList):
    """List the sites."""

    required_permission = Permission.VIEW_TRIAL
    model = Site
    filterset_class = SiteFilter
    orders = {"newest": ("-recorded_at", "-id"), "code": ("code",)}
    gives = SiteOut


class QuickSiteList(SiteList):
    """List the sites, straight from columns."""

    from_columns = True


class CreateSite(CommandView):
    """Create a site."""

    required_permission = Permission.MANAGE_USERS
    takes, gives, creates = SiteIn, SiteOut, True

    def run(self, target: None, given: dict[str, Any], *, by: User, at: datetime) -> Site:
        return create_site(by=by, at=at, **given)


class SiteDetail(ScopedDetail):
    """Read a site."""

    required_permission = Permission.VIEW_TRIAL
    model = Site
    gives = SiteOut


class EditSite(EditView):
    """Change a site."""

    required_permission = Permission.MANAGE_USERS
    model = Site
    takes, gives = SiteEditIn, SiteOut

    def run(self, target: Site, given: dict[str, Any], *, by: User, at: datetime) -> Site:
        with acting(by=by, at=at, action="accounts.site_changed"):
            for name, value in given.items():
                setattr(target, name, value)
            target.save_changes(given)
        return target


class RenameSite(CommandView):
    """Rename a site."""

    required_permission = Permission.MANAGE_USERS
    model = Site
    takes, gives = RenameIn, SiteOut

    def run(self, target: Site, given: dict[str, Any], *, by: User, at: datetime) -> Site:
        OPENED.extend(given.values() if "opened_at" not in given else [given["opened_at"]])
        return rename_site(site=target, name=given["name"], by=by, at=at)


class RenameSiteUnkept(RenameSite):
    """Rename a site, with an answer that is given once."""

    required_permission = Permission.MANAGE_USERS
    stores_reply = False


_api = [
    path("sites/", by_method(get=SiteList, post=CreateSite)),
    path("quick-sites/", by_method(get=QuickSiteList)),
    path("sites/<str:code>/", by_method(get=SiteDetail, patch=EditSite)),
    path("sites/<str:code>/rename/", by_method(post=RenameSite)),
    path("sites/<str:code>/rename-unkept/", by_method(post=RenameSiteUnkept)),
]
urlpatterns = [path("api/v1/", include([*description, *_api, *unknown]))]


@dataclass
class ApiRig:
    """Two sites, one admin at the first, and a client that acts as that admin."""

    wuhan: Site
    beijing: Site
    admin: User
    nurse: User

    def client(self, user: User | None = None) -> APIClient:
        """Return a client that acts as `user`, the admin by default, and answers 500 instead of raising."""
        client = APIClient(raise_request_exception=False)
        client.force_authenticate(User.objects.get(pk=(user or self.admin).pk))
        return client

    def rename(self, name: str = "Union", *, key: str = "key-00001", code: str = "WH01", **extra: Any) -> Any:
        """Post the rename command."""
        body = {"name": name, **extra}
        return self.client().post(
            f"/api/v1/sites/{code}/rename/", body, format="json", headers={"Idempotency-Key": key}
        )

    def edit(self, body: object, *, match: str | None = '"1"', code: str = "WH01") -> Any:
        """Patch the site."""
        headers = {} if match is None else {"If-Match": match}
        return self.client().patch(f"/api/v1/sites/{code}/", body, format="json", headers=headers)


def signed_in(user: User, **options: Any) -> Client:
    """Return a browser that is signed in as `user`."""
    client = Client(**options)
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    return client


def person(username: str, *roles: tuple[Role, Site | None]) -> User:
    with acting(by=SETUP, at=AT, action="accounts.user_created"):
        user = User(username=username, display_name=username.title(), password="!", recorded_at=AT)
        user.save_new()
        for role, site in roles:
            Membership(user=user, site=site, role=role.value, recorded_at=AT).save_new()
    return user


@pytest.fixture
def api_rig(settings: Any) -> Iterator[ApiRig]:
    settings.ROOT_URLCONF = __name__
    OPENED.clear()
    wuhan = create_site(code="WH01", name="Tongji", prefix="WH", by=SETUP)
    beijing = create_site(code="BJ01", name="Peking", prefix="BJ", by=SETUP, at=AT + timedelta(hours=1))
    admin = person("wang", (Role.ADMIN, wuhan))
    yield ApiRig(wuhan, beijing, admin, person("li", (Role.NURSE, wuhan)))
    BEFORE_RENAME.clear()


def many_sites(count: int) -> None:
    """Insert sites, three to each instant, so that pages must tell equal instants apart."""
    with acting(by=SETUP, at=AT, action="accounts.site_created"):
        Site.objects.bulk_create(
            Site(
                code=f"A{chr(65 + n // 100)}{n % 100:02d}",
                name=f"Site {n}",
                time_zone="UTC",
                subject_prefix=f"{n:04d}",
                recorded_at=AT + timedelta(days=1, minutes=n // 3),
            )
            for n in range(count)
        )


def in_thread(call: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Start `call` in a thread of its own with a connection of its own; its result lands in the list."""
    found: list[Any] = []

    def work() -> None:
        try:
            found.append(call())
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread, found
