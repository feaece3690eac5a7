"""A browser without a screen for the tests of the pages: signs in, opens, fills in, counts queries."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories.accounts import PASSWORD
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.signing import proof

BACKEND = "django.contrib.auth.backends.ModelBackend"
HTMX = {"HX-Request": "true"}


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def queries_of(client: Client, path: str) -> int:
    """Open a page twice; return the statements of the second time, when the session is there."""
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured.captured_queries)


def filled(**entered: Any) -> dict[str, Any]:
    """Return what a form sends, with a token of its own."""
    return {"once": str(uuid4()), "version": "1", **entered}


def as_signed(client: Client, path: str, **entered: Any) -> dict[str, Any]:
    """Return what the form at `path` sends when it is signed: as it was opened, with name and password.

    What is not signed, or not shown to this person, sends what is entered alone.
    """
    context = client.get(path).context
    form = context.get("form") if context else None
    if form is None or "signing_password" not in form.fields:
        return filled(**entered)
    opened = {
        name: form[name].value() or "" for name in ("version", "seen", "meaning") if name in form.fields
    }
    components = {
        "signer": form.user.username,
        "signing_password": PASSWORD,
        "states_equivalence": "on",
        "when_signed": "now",
    }
    return filled(**{**opened, **components, **entered})


def stops_clock(monkeypatch: pytest.MonkeyPatch, now: Callable[[], datetime]) -> None:
    """Let the pages' clock show the time of a story; the database goes by its own, which signing then overlooks."""
    monkeypatch.setattr(clock, "now", now)
    monkeypatch.setattr(proof, "_require_right_clock", lambda: None)
