"""What a service leaves behind: rows, and who did it why in the trail. And how it is refused."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Barrier, Thread
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from trialsite.accounts.models import User
from trialsite.audit.models import Entry
from trialsite.errors import DomainError, NotPermitted

APPS = ("participants", "screening", "infusion", "followup")


def traces(action: str, *, reason: str | None = None) -> set[tuple[str, str, str]]:
    """Return (actor, reason, table) of everything written under an action, or of that with one reason."""
    found = Entry.objects.filter(action=action)
    if reason is not None:
        found = found.filter(reason=reason)
    return set(found.values_list("actor_id", "reason", "table_name"))


def everything() -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table of the four stages, to compare before and after."""
    models = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    return {model._meta.db_table: list(model.objects.order_by("pk").values()) for model in models}


@contextmanager
def refused(code: str, *, field: str | None = None) -> Iterator[None]:
    """Expect a refusal with a code, at a field, that saves nothing."""
    before = everything()
    with pytest.raises(DomainError) as error:
        yield
    assert (error.value.code, error.value.field) == (code, field)
    assert everything() == before


def permitted(act: Callable[[User], object], users: Iterable[User]) -> set[str]:
    """Return the names of the users who are not turned away; whatever else the act is refused for."""
    return {user.username.rpartition("-")[0] for user in users if not _is_turned_away(act, user)}


def _is_turned_away(act: Callable[[User], object], user: User) -> bool:
    """Whether the door is shut: who is refused for anything else has passed it."""
    try:
        act(user)
    except DomainError as refusal:
        return isinstance(refusal, NotPermitted)
    return False


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Start all acts at the same moment, each on a connection of its own; return results or errors in order."""
    results: list[object] = [None] * len(acts)
    start = Barrier(len(acts))

    def run(number: int, act: Callable[[], object]) -> None:
        try:
            start.wait(timeout=10)
            results[number] = act()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def race(tries: int, *acts: Callable[[], object], between: Callable[[], object]) -> list[list[object]]:
    """Start all acts at the same moment, many times over, each on one connection of its own.

    between: done before every try and after the last one, while nobody acts. Returns results or errors, try by try.
    """
    found: list[list[object]] = [[None] * len(acts) for _ in range(tries)]
    start = Barrier(len(acts), action=between)

    def run(number: int, act: Callable[[], object]) -> None:
        try:
            for results in found:
                start.wait(timeout=30)
                try:
                    results[number] = act()
                except Exception as error:
                    results[number] = error
            start.wait(timeout=30)
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return found


def codes(results: Iterable[object]) -> list[str]:
    """Return the refusal codes among the results; any other error is raised."""
    found = []
    for one in results:
        if isinstance(one, DomainError):
            found.append(one.code)
        elif isinstance(one, Exception):
            raise one
    return found
