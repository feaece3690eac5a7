"""User names, site codes, zones and printed names: what is taken, what is refused and under which code."""

from collections.abc import Callable

import pytest

from trialsite.accounts.rules import (
    clean_line,
    clean_site_code,
    clean_subject_prefix,
    clean_time_zone,
    clean_username,
    name_hash,
    normalise_username,
)
from trialsite.errors import RuleViolated


@pytest.mark.parametrize(
    "typed",
    ["wang.li", "WANG.LI", " wang.li ", "ｗａｎｇ．ｌｉ", "Ｗang.Li", "ｗang.ⅼi"],
    ids=["plain", "capitals", "blanks", "full width", "mixed", "roman numeral l"],
)
def test_every_spelling_is_the_same_name(typed: str) -> None:
    assert clean_username(typed) == "wang.li"
    assert name_hash(typed, "k") == name_hash("wang.li", "k")


def test_kelvin_sign_and_sharp_s_fold_to_letters() -> None:
    assert normalise_username("\u212aim") == "kim"
    assert normalise_username("Groß") == "gross"


def test_name_hash_depends_on_the_key_and_takes_any_text() -> None:
    assert name_hash("wang", "one") != name_hash("wang", "two")
    assert len(name_hash("\x00\ud800", "one")) == 64


@pytest.mark.parametrize(
    ("check", "text", "code"),
    [
        (clean_username, "a", "username-invalid"),
        (clean_username, "a" * 65, "username-invalid"),
        (clean_username, ".wang", "username-invalid"),
        (clean_username, "wang li", "username-invalid"),
        (clean_username, "王丽", "username-invalid"),
        (clean_username, "wаng", "username-invalid"),
        (clean_username, "wang\n", "ok"),
        (clean_username, "wang\x00", "username-invalid"),
        (clean_site_code, "WUHAN1", "site-code-invalid"),
        (clean_site_code, "wh01", "ok"),
        (clean_subject_prefix, "W", "subject-prefix-invalid"),
        (clean_subject_prefix, "WUHAN", "subject-prefix-invalid"),
        (clean_subject_prefix, "w1", "ok"),
        (clean_time_zone, "Asia/Shanghai", "ok"),
        (clean_time_zone, "UTC", "ok"),
        (clean_time_zone, "Asia/Wuhan", "time-zone-unknown"),
        (clean_time_zone, "../../etc/passwd", "time-zone-unknown"),
        (clean_time_zone, "CST", "time-zone-unknown"),
    ],
)
def test_form_of_a_value(check: Callable[[str], str], text: str, code: str) -> None:
    if code == "ok":
        assert check(text)
        return
    with pytest.raises(RuleViolated) as refused:
        check(text)
    assert refused.value.code == code
    assert refused.value.field


@pytest.mark.parametrize("text", ["", "  ", "x" * 11, "a\nb", "a\x00", "a\u2028b", "\ud800"])
def test_line_that_cannot_be_printed_is_refused(text: str) -> None:
    with pytest.raises(RuleViolated) as refused:
        clean_line(text, field="name", longest=10)
    assert (refused.value.code, refused.value.field) == ("text-invalid", "name")


def test_line_is_trimmed_and_may_be_empty_where_optional() -> None:
    assert clean_line(" 李 雷 ", field="name", longest=10) == "李 雷"
    assert clean_line(" ", field="name", longest=10, required=False) == ""
