"""What the JSON parser accepts, and that everything else is a 400 that names the place."""

from decimal import Decimal

import pytest

from trialsite.api.parsers import parse_object
from trialsite.api.problems import RequestRefused


def refusal_of(raw: bytes) -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        parse_object(raw)
    return caught.value


def test_numbers_arrive_exactly_as_written() -> None:
    parsed = parse_object(
        b'{"dose": 0.10, "count": 9223372036854775808, "tiny": 1e-7, "zero": -0, "none": 0e5}'
    )
    assert parsed == {
        "dose": Decimal("0.10"),
        "count": 9223372036854775808,
        "tiny": Decimal("1e-7"),
        "zero": 0,
        "none": Decimal(0),
    }
    assert str(parsed["dose"]) == "0.10"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "malformed-json"),
        (b'{"a": 1', "malformed-json"),
        (b"{'a': 1}", "malformed-json"),
        (b'{"a": 01}', "malformed-json"),
        (b'{"a": "\x01"}', "malformed-json"),
        (b'{"a": 1} {"b": 2}', "malformed-json"),
        (b"\xef\xbb\xbf{}", "malformed-json"),
        (b"\xff\xfe{\x00}\x00", "not-utf-8"),
        (b'{"a": "\xed\xa0\x80"}', "not-utf-8"),
        (b"[]", "not-an-object"),
        (b"null", "not-an-object"),
        (b'"text"', "not-an-object"),
    ],
)
def test_a_body_that_is_not_one_json_object_in_utf8_is_refused(raw: bytes, code: str) -> None:
    refused = refusal_of(raw)
    assert (refused.status, refused.code) == (400, code)


@pytest.mark.parametrize(
    ("raw", "field", "code"),
    [
        (b'{"weight_kg": NaN}', "weight_kg", "not-a-number"),
        (b'{"weight_kg": -Infinity}', "weight_kg", "not-a-number"),
        (b'{"doses": [1, {"kg": Infinity}]}', "doses.1.kg", "not-a-number"),
        (b'{"n": 1e400}', "n", "number-out-of-range"),
        (b'{"n": 1e-400}', "n", "number-out-of-range"),
        (b'{"n": 1E999999999999999999999}', "n", "number-out-of-range"),
        (b'{"n": ' + b"9" * 5000 + b"}", "n", "number-out-of-range"),
        (b'{"n": 0.' + b"1" * 5000 + b"}", "n", "number-out-of-range"),
        (b'{"a": 1, "a": 1}', "a", "duplicate-key"),
        (b'{"a": {"b": 1, "b": 2}}', "a.b", "duplicate-key"),
        (b'{"note": "a\\u0000b"}', "note", "unstorable-text"),
        (b'{"notes": ["ok", "\\ud800"]}', "notes.1", "unstorable-text"),
        (b'{"note": "\\udc00\\ud800"}', "note", "unstorable-text"),
        (b'{"bad\\u0000key": 1}', "bad\\x00key", "unstorable-text"),
        (b'{"a": {"\\udfff": 1}}', "a.\\udfff", "unstorable-text"),
    ],
)
def test_a_value_that_cannot_be_accepted_is_named(raw: bytes, field: str, code: str) -> None:
    refused = refusal_of(raw)
    assert (refused.status, refused.code) == (400, "invalid-input")
    assert [(error.field, error.code) for error in refused.errors] == [(field, code)]


def test_a_surrogate_pair_is_one_character_and_accepted() -> None:
    assert parse_object(b'{"name": "\\ud842\\udfb7"}') == {"name": "𠮷"}


def test_every_fault_is_reported_at_once() -> None:
    refused = refusal_of(b'{"a": NaN, "b": ["\\u0000"], "c": 1, "c": 2}')
    assert {error.field for error in refused.errors} == {"a", "b.0", "c"}


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'], ids=["arrays", "objects", "both"])
def test_a_hundred_thousand_levels_are_refused_before_anything_recurses(opening: bytes) -> None:
    assert refusal_of(opening * 100_000).code == "too-deep"


def test_depth_is_counted_to_the_level_and_not_inside_strings() -> None:
    nested = b'{"a": ' + b"[" * 31 + b"]" * 31 + b"}"
    assert parse_object(nested)["a"]
    assert refusal_of(b'{"a": ' + b"[" * 32 + b"]" * 32 + b"}").code == "too-deep"
    brackets = "[" * 200 + '\\"' + "{" * 200
    assert parse_object(f'{{"a": "{brackets}"}}'.encode()) == {"a": "[" * 200 + '"' + "{" * 200}


def test_a_body_of_escaped_quotes_is_read_in_one_pass() -> None:
    # With a backtracking pattern this takes minutes.
    assert refusal_of(b'{"a": "' + b'\\"' * 125_000).code == "malformed-json"
