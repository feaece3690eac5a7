"""The fingerprint knows each function that a trigger calls, whatever it is named."""

import pytest
from django.db import connection

from trialsite.seal.definitions import definitions_text

pytestmark = pytest.mark.django_db


def _text() -> str:
    connection.ensure_connection()
    return definitions_text(connection.connection)


@pytest.mark.parametrize("function", ["lock_guard", "trail_of_participants_participant"])
def test_a_function_with_another_body_is_another_fingerprint(function: str) -> None:
    before = _text()
    assert _text() == before
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION public.{function}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
        )
    assert _text() != before
