"""A program that speaks to the API: for one user, at one instant, with a key of its own for each command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.factories.journeys import START_AT
from trialsite.accounts.models import User
from trialsite.accounts.services.tokens import create_api_token

ROOT = "/api/v1/"
_keys = count(1)


@dataclass
class Program:
    """Acts as `user` at `now`. Every call is one request; the clock stands still within it."""

    user: User
    now: datetime = START_AT
    client: APIClient = field(default_factory=APIClient)

    def __post_init__(self) -> None:
        """Sign in as the user without a token; `with_token` does it the long way."""
        self.client.force_authenticate(User.objects.get(pk=self.user.pk))

    def with_token(self) -> Program:
        """Sign in with a fresh API token, as a real program does."""
        issued = create_api_token(
            user=self.user,
            name="journey",
            expires_at=self.now + timedelta(days=300),
            by=self.user,
            at=self.now,
        )
        self.client = APIClient()
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.raw}")
        return self

    def get(self, path: str, **query: object) -> Any:
        with self._at_now():
            return self.client.get(ROOT + path, query)

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, key: str = "", match: str = ""
    ) -> Any:
        headers = {"Idempotency-Key": key or f"key-{next(_keys):08}"} | ({"If-Match": match} if match else {})
        with self._at_now():
            return self.client.post(ROOT + path, dict(body or {}), format="json", headers=headers)

    def patch(self, path: str, body: Mapping[str, Any], *, match: str | None = '"1"') -> Any:
        headers = {"If-Match": match} if match is not None else {}
        with self._at_now():
            return self.client.patch(ROOT + path, dict(body), format="json", headers=headers)

    def _at_now(self) -> Any:
        return time_machine.travel(self.now, tick=False)


def shown(instant: datetime) -> str:
    """Return an instant as the API writes it."""
    return instant.isoformat().removesuffix("+00:00") + "Z"


def refused(response: Any) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return response.status_code, response.json()["code"]


Route = tuple[str, str]
"""A method and a path under ROOT."""


def answers(program: Program, routes: Iterable[Route]) -> dict[Route, tuple[int, str]]:
    """Return how each route refuses `program`. The body is empty: who may knock is decided before it is read."""
    return {route: refused(getattr(program, route[0])(route[1], {})) for route in routes}


def statements(program: Program, path: str, **query: object) -> int:
    """Return how many SQL statements a GET takes; it must succeed."""
    with CaptureQueriesContext(connection) as captured:
        response = program.get(path, **query)
    assert response.status_code == 200, response.content
    return len(captured)
