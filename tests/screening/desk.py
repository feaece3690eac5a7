"""One form of a stage, as the tests of the pages try it: at the right desk, with a mistake, by the wrong person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.http import HttpResponse
from django.test import Client

from participants.states import State
from tests.factories.accounts import AT, BOOTSTRAP, make_site, make_user
from tests.factories.journeys import Story, participant_at
from tests.participants.web import as_signed, browser_of, filled, stops_clock
from trialsite.accounts.models import Membership, User
from trialsite.accounts.permissions import Role
from trialsite.accounts.services.roles import grant_role
from trialsite.protocol.types import Arm

Given = Callable[[Story], Mapping[str, object]]


@dataclass(frozen=True, kw_only=True)
class Form:
    """given: what is entered. wrong: what replaces it, and the field that says so. barred: a role it is not for.

    proof: True once it is saved.
    """

    tail: Callable[[Story], str]
    state: State
    role: str
    barred: str
    given: Given
    wrong: tuple[Mapping[str, object], str]
    proof: Callable[[Story], bool]
    prepare: Callable[[Story], object] = lambda story: None
    arm: Arm = Arm.INTRAVENOUS


def wall(at: datetime, zone: str = "Asia/Shanghai") -> str:
    """Return an instant as it is typed into a form at the site."""
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


def story_for(form: Form, monkeypatch: pytest.MonkeyPatch) -> Story:
    """Return a story that has come to where the form is due; the pages' clock shows its time."""
    story = participant_at(form.state, arm=form.arm)
    form.prepare(story)
    story.wait(hours=1)
    stops_clock(monkeypatch, lambda: story.now)
    return story


def path(story: Story, tail: str) -> str:
    return f"/participants/{story.participant.code}/{tail}"


def person(story: Story, role: str) -> User:
    found: User = getattr(story.ward, role)
    return found


def desk(story: Story, role: str) -> Client:
    return browser_of(person(story, role))


def send(story: Story, form: Form, client: Client, **more: object) -> HttpResponse:
    entered = as_signed(client, path(story, form.tail(story)), **{**form.given(story), **more})
    entered = {name: value for name, value in entered.items() if value is not None}
    return client.post(path(story, form.tail(story)), entered)  # type: ignore[return-value]


def is_saved_and_leads_on(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    story = story_for(form, monkeypatch)
    client = desk(story, form.role)
    assert client.get(path(story, form.tail(story))).status_code == 200
    assert not form.proof(story)

    response = send(story, form, client)

    assert response.status_code == 303, _errors(response)
    assert response.headers["Location"].startswith(path(story, ""))
    assert form.proof(story)


def is_refused_at_its_field_and_loses_nothing(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    story = story_for(form, monkeypatch)
    changed, field = form.wrong

    response: Any = send(story, form, desk(story, form.role), **changed)

    assert response.status_code == 422
    shown = response.context["form"]
    assert field in shown.errors, shown.errors
    entered = {**form.given(story), **changed}
    for name, value in entered.items():
        if name in shown.fields and value is not None:
            assert str(shown[name].value()) == str(value), name
    assert not form.proof(story)


def is_not_found_from_another_site(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    story = story_for(form, monkeypatch)
    stranger = browser_of(_all_roles_elsewhere())
    unknown = path(story, form.tail(story)).replace(story.participant.code, "ZZ-ZZZZZ-Z")

    for url in (path(story, form.tail(story)), unknown):
        assert stranger.get(url).status_code == 404
        assert stranger.post(url, filled(**form.given(story))).status_code == 404
    assert not form.proof(story)


def is_refused_to_the_wrong_role(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    story = story_for(form, monkeypatch)
    client = desk(story, form.barred)

    assert client.get(path(story, form.tail(story))).status_code == 403
    assert send(story, form, client).status_code == 403
    assert not form.proof(story)


def _all_roles_elsewhere() -> User:
    site = make_site()
    user = make_user(Role.COORDINATOR, site)
    for role in (Role.NURSE, Role.INVESTIGATOR):
        grant_role(user=user, role=role, site=site, by=BOOTSTRAP, at=AT)
    assert Membership.objects.filter(user=user).count() == 3
    return User.objects.get(pk=user.pk)


def _errors(response: Any) -> object:
    return response.context["form"].errors if response.context else response.content[:300]
