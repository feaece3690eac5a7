"""Tables as CSV: formulas are defused, and everything comes back as it was."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialsite.web.sheets import csv_lines, neutralised, restored

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1", "''@x"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_gets_an_apostrophe_and_comes_back(formula: str) -> None:
    assert neutralised(formula) == "'" + formula
    assert restored(neutralised(formula)) == formula


@pytest.mark.parametrize("text", ["", "'", "12.5", "it's", "'quoted'", "a=b", " x", "<0.2", "张"])
def test_other_text_is_left_alone_both_ways(text: str) -> None:
    assert neutralised(text) == text
    assert restored(text) == text


@given(st.text(alphabet="'=+-@\t\r\n a1＝", max_size=8))
def test_every_text_comes_back_and_none_starts_a_formula(text: str) -> None:
    assert restored(neutralised(text)) == text
    assert not neutralised(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))


def test_a_file_has_mark_header_and_rows_and_reads_back_cell_by_cell() -> None:
    rows = [["a,b", 'say "x"', None], ["=1", 2, "two\r\nlines"]]
    lines = list(csv_lines(["one", "two", "three"], rows))
    text = "".join(lines)
    assert lines[0] == "\ufeffone,two,three\r\n"
    assert "'=1" in text
    read = list(csv.reader(text.removeprefix("\ufeff").splitlines(keepends=True)))
    assert [[restored(cell) for cell in row] for row in read[1:]] == [
        ["a,b", 'say "x"', ""],
        ["=1", "2", "two\r\nlines"],
    ]
