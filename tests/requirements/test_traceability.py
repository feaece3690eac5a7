"""Every requirement has a test, every test a requirement, and the table says so."""

from tests.requirements import AWAITED, REQUIREMENTS, TABLE, describe, traced


def test_every_requirement_has_a_test_and_every_test_a_requirement() -> None:
    assert set(traced()) == set(REQUIREMENTS) - AWAITED


def test_the_table_is_up_to_date() -> None:
    assert TABLE.read_text(encoding="utf-8") == describe(), "run: python -m tests.requirements"
