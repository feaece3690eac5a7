"""The pure part: digests, differences, standing, and the instants at which a proof or a reset ends."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from trialsite.signing.content import plain
from trialsite.signing.rules import (
    NEEDS_REASON,
    Difference,
    Meaning,
    Standing,
    canonical,
    differences,
    digest,
    is_fresh,
    judge,
    may_still_sign,
    meaning_of,
    row_ids,
)

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ROW = "0d9c5f6e-7c1e-4a63-9a52-5a1f5f0c2f11"
OTHER = "1d9c5f6e-7c1e-4a63-9a52-5a1f5f0c2f12"


def test_the_same_content_has_one_spelling_and_one_digest() -> None:
    assert canonical({"b": 1, "a": ["é", None, True]}) == '{"a":["é",null,true],"b":1}'
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize(
    ("signed", "present", "found"),
    [
        ({"a": 1}, {"a": 1}, ()),
        ({"a": 1}, {"a": 2}, (Difference(path="a", signed=1, present=2),)),
        ({"a": 1}, {"a": True}, (Difference(path="a", signed=1, present=True),)),
        (
            {"a": 1},
            {},
            (Difference(path="a", signed=1, present=None), Difference(path="", signed=None, present={})),
        ),
        (
            {"a": None},
            {"b": None},
            (
                Difference(path="a", signed=None, present=None),
                Difference(path="b", signed=None, present=None),
            ),
        ),
        ({"a": [1, 2]}, {"a": [1, 3]}, (Difference(path="a.1", signed=2, present=3),)),
        ({"a": []}, {"a": {}}, (Difference(path="a", signed=[], present={}),)),
        (
            {"a": {"b": {}}},
            {"a": {"b": {"c": 1}}},
            (
                Difference(path="a.b", signed={}, present=None),
                Difference(path="a.b.c", signed=None, present=1),
            ),
        ),
    ],
)
def test_what_differs_is_told_by_its_path(
    signed: object, present: object, found: tuple[Difference, ...]
) -> None:
    assert sorted(differences(signed, present), key=lambda one: one.path) == sorted(
        found, key=lambda one: one.path
    )


def test_rows_are_found_by_the_value_of_id_and_by_key() -> None:
    content = {"visit": {"id": ROW, "note": OTHER}, "rows": {OTHER: {"x": 1}}, "plain": {"id2": "x"}}
    assert row_ids([content, None]) == {ROW, OTHER}


@pytest.mark.parametrize(
    ("is_intact", "is_withdrawn", "present", "standing"),
    [
        (True, False, {"a": 1}, Standing.HOLDS),
        (False, False, {"a": 1}, Standing.CHANGED),
        (True, False, {"a": 2}, Standing.CHANGED),
        (True, True, {"a": 1}, Standing.WITHDRAWN),
        (True, True, None, Standing.WITHDRAWN),
        (True, False, None, Standing.UNVERIFIABLE),
    ],
)
def test_standing(is_intact: bool, is_withdrawn: bool, present: object, standing: Standing) -> None:
    found, _ = judge(is_intact=is_intact, is_withdrawn=is_withdrawn, signed={"a": 1}, present=present)
    assert found is standing


@pytest.mark.parametrize(("seconds", "good"), [(-61, False), (-60, True), (0, True), (60, True), (61, False)])
def test_a_proof_is_fresh_for_a_minute_either_way(seconds: int, good: bool) -> None:
    assert is_fresh(AT + timedelta(seconds=seconds), AT) is good


@pytest.mark.parametrize(("hours", "good"), [(0, False), (23.99, False), (24, True), (25, True)])
def test_after_a_reset_by_another_a_day_has_to_pass(hours: float, good: bool) -> None:
    assert may_still_sign(AT - timedelta(hours=hours), AT) is good
    assert may_still_sign(None, AT)


def test_the_list_of_meanings_is_closed() -> None:
    assert meaning_of("approval") is Meaning.APPROVAL
    assert Meaning.APPROVAL.words == "I approve this record."
    assert {Meaning.REJECTION, Meaning.WITHDRAWAL, Meaning.UNLOCKING} == NEEDS_REASON
    with pytest.raises(LookupError):
        meaning_of("agreement")


@pytest.mark.parametrize(
    ("value", "spelt"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (1.5, "1.5"),
        (Decimal("70.0"), "70"),
        (Decimal("0E+3"), "0"),
        (Decimal("1E+2"), "100"),
        (datetime(2026, 3, 1, 16, tzinfo=UTC), "2026-03-01T16:00:00+00:00"),
        (date(2026, 3, 1), "2026-03-01"),
        (timedelta(minutes=2), "0:02:00"),
        (UUID(ROW), ROW),
        (Meaning.REVIEW, "review"),
        ({"a": [Decimal("1.10")]}, {"a": ["1.1"]}),
        ((1, "x"), [1, "x"]),
    ],
)
def test_a_value_has_one_form(value: object, spelt: object) -> None:
    assert plain(value) == spelt


def test_a_value_of_an_unknown_kind_is_refused_rather_than_guessed() -> None:
    with pytest.raises(TypeError, match="no canonical form"):
        plain(object())
