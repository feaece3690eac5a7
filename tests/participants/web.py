"""A browser without a screen for the tests of the pages: signs in, opens, fills in, counts queries."""

from typing import Any
from uuid import uuid4

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from trialsite.accounts.models import User

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
