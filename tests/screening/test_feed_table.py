"""Files of results as tables: what is read, and what is refused with its row and the reason."""

import io
import tracemalloc

import pytest

from screening.rules.feed import FileRefused, Row, cell, read_table
from screening.rules.feed.header import COLUMNS, MOST_COLUMNS
from screening.rules.feed.table import MOST_ROWS
from screening.rules.feed.text import LONGEST_ROW
from tests.factories.laboratory_file import csv_bytes, one_row

HEADER = "USUBJID,LBTESTCD,LBORRES,LBORRESU,LBORNRLO,LBORNRHI,LBDTC"
SOUND = "S-1,PLAT,180,THOU/uL,130,394,2026-02-02"


def read(content: bytes | str, encoding: str = "utf-8") -> list[Row]:
    raw = content.encode() if isinstance(content, str) else content
    return list(read_table(io.BytesIO(raw), encoding))


def refusal(content: bytes | str, encoding: str = "utf-8") -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        read(content, encoding)
    return refused.value


def test_columns_may_come_in_any_order_and_case_with_others_between() -> None:
    content = "lbdtc,VISIT, LbOrres ,LBORRESU,LBORNRHI,LBORNRLO,LBTESTCD,usubjid\n2026-02-02,W1,180,THOU/uL,394,130,PLAT,S-1\n"
    (row,) = read(content)
    assert dict(zip(COLUMNS, row.cells, strict=True)) == {
        **dict.fromkeys(COLUMNS, ""),
        **one_row(LBDTC="2026-02-02"),
    }
    assert row.number == 2


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_the_delimiter_is_taken_from_the_header(delimiter: str) -> None:
    (row,) = read(csv_bytes([one_row(LBNAM="Lab, East; 2nd floor")], delimiter=delimiter))
    assert cell(row, "LBNAM") == "Lab, East; 2nd floor"


def test_a_line_break_inside_quotes_begins_no_row() -> None:
    rows = read(f'{HEADER},LBNAM\r\n{SOUND},"Central\r\nLaboratory ""East"""\r\n{SOUND},B\r\n')
    assert [(row.number, cell(row, "LBNAM")) for row in rows] == [
        (2, 'Central\r\nLaboratory "East"'),
        (3, "B"),
    ]


def test_columns_without_a_name_are_left_alone() -> None:
    (row,) = read(f"{HEADER},,\n{SOUND},a,b\n")
    assert row.fault is None


def test_blank_rows_are_passed_over_and_counted() -> None:
    rows = read(f"{HEADER}\n{SOUND}\n\n,,,,,,\n{SOUND}")
    assert [row.number for row in rows] == [2, 5]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_utf_8_is_read_with_and_without_its_mark(mark: bytes) -> None:
    (row,) = read(mark + csv_bytes([one_row(LBNAM="武汉检验科")]))
    assert cell(row, "LBNAM") == "武汉检验科"


def test_gb18030_is_read_when_it_is_chosen_and_refused_with_its_row_when_not() -> None:
    content = csv_bytes([one_row(), one_row()]) + "S-2,PLAT,181,THOU/uL,130,394,武汉\r\n".encode("gb18030")
    assert cell(read(content, "gb18030")[2], "LBDTC") == "武汉"
    refused = refusal(content)
    assert (refused.code, refused.row) == ("not-in-encoding", 4)
    assert "GB18030" in refused.message


def test_a_file_of_two_encodings_is_refused_at_the_row_where_the_second_begins() -> None:
    content = (
        f"{HEADER}\n".encode()
        + "S-1,PLAT,180,武汉,130,394,2026-02-02\n".encode()
        + "S-1,PLAT,180,武汉\xff,130,394,2026-02-02\n".encode("latin-1", "ignore")
    )
    refused = refusal(content)
    assert (refused.code, refused.row) == ("not-in-encoding", 3)
    assert refusal(f"{HEADER}\n".encode() + b"\xff\xff,1\n", "gb18030").message.endswith("GB2312).")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_refused_by_its_name(encoding: str) -> None:
    refused = refusal(f"{HEADER}\n{SOUND}\n".encode(encoding))
    assert refused.code in {"not-a-table", "nul"}
    assert "UTF-16" in refused.message


@pytest.mark.parametrize(
    ("content", "code", "row", "words"),
    [
        ("", "empty-file", None, "empty"),
        ("\r\n \n", "empty-file", None, "empty"),
        (",,,\n", "empty-file", None, "empty"),
        (HEADER, "no-rows", None, "no results"),
        (f"{HEADER}\n\n", "no-rows", None, "no results"),
        ("<!DOCTYPE html><html><body>Session expired</body></html>", "not-a-table", None, "web page"),
        ("\ufeff  <?xml version='1.0'?><x/>", "not-a-table", None, "web page"),
        ('{"error": "expired"}', "not-a-table", None, "JSON"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not-a-table", None, ".xls"),
        (b"%PDF-1.7", "not-a-table", None, "PDF"),
        (b"\x1f\x8b\x08", "not-a-table", None, "compressed"),
        (f"{HEADER}\n{SOUND}\nS-1,PL\0AT,1,,,,\n", "nul", 3, "NUL"),
        (f"{HEADER}\n{SOUND}\rS-2\n", "lone-carriage-return", 2, "carriage return"),
        (f"{HEADER}\r{SOUND}\r", "lone-carriage-return", 1, "carriage return"),
        (f'{HEADER}\n{SOUND}\n"S-1,PLAT\n', "malformed-csv", 3, "not closed"),
        (f'{HEADER}\n"S-1" x,PLAT,1,,,,\n', "malformed-csv", 2, "closing quote"),
        (f"{HEADER},LBDTC\n{SOUND},x\n", "duplicate-column", 1, "'LBDTC'"),
        (f"{HEADER}, visit,VISIT \n{SOUND},x,y\n", "duplicate-column", 1, "'VISIT'"),
        (HEADER.replace("LBORRESU,", "") + "\n1\n", "missing-column", 1, "column is missing: LBORRESU"),
        (
            HEADER.replace("LBORNRLO,LBORNRHI,", "") + "\n1\n",
            "missing-column",
            1,
            "missing: LBORNRLO, LBORNRHI",
        ),
        ("name,phone\nx,1\n", "missing-column", 1, "no table of laboratory results"),
        (f"{'x' * 60}\n1\n", "missing-column", 1, "…"),
    ],
)
def test_what_is_no_table_of_results_is_refused_with_the_place_and_the_reason(
    content: bytes | str, code: str, row: int | None, words: str
) -> None:
    refused = refusal(content)
    assert (refused.code, refused.row) == (code, row)
    assert words in refused.message


def test_an_encoding_that_is_not_offered_is_refused() -> None:
    assert refusal(f"{HEADER}\n{SOUND}", "latin-1").code == "unknown-encoding"


@pytest.mark.parametrize("row", [f"{SOUND},x", SOUND.rpartition(",")[0], SOUND.replace(",", ";")])
def test_a_row_of_another_width_is_at_fault_and_the_others_are_read(row: str) -> None:
    rows = read(f"{HEADER}\n{SOUND}\n{row}\n{SOUND}\n")
    assert [one.fault.code if one.fault else "" for one in rows] == ["", "other-width", ""]
    assert rows[1].number == 3


def test_a_million_columns_are_refused_without_being_held() -> None:
    content = (HEADER + "," * 999_990 + "\n" + SOUND + "\n").encode()
    tracemalloc.start()
    try:
        assert refusal(content[:LONGEST_ROW] + b"\n").code == "row-too-long"
        assert refusal((HEADER + "," * 500_000 + "\n").encode()).code == "too-many-columns"
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()
    assert refusal(",".join(f"C{number}" for number in range(MOST_COLUMNS + 1))).code == "too-many-columns"


def test_a_quote_that_swallows_the_rest_is_refused_where_it_was_opened() -> None:
    refused = refusal(f'{HEADER}\n{SOUND}\n"S-1' + f"\n{SOUND}" * 40_000)
    assert (refused.code, refused.row) == ("malformed-csv", 3)
    refused = refusal(f'{HEADER}\n"' + ("x" * 99 + '",' + '"\n') * 12_000)
    assert refused.row == 2


def test_a_name_of_a_column_beyond_every_length_is_refused() -> None:
    assert refusal("x" * 140_000 + "\n1\n").code == "malformed-csv"


def test_more_rows_than_a_file_may_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_ROWS == 1_000_000
    monkeypatch.setattr("screening.rules.feed.table.MOST_ROWS", 2)
    assert len(read(f"{HEADER}\n{SOUND}\n{SOUND}\n")) == 2
    assert refusal(f"{HEADER}\n{SOUND}\n{SOUND}\n{SOUND}\n").code == "too-many-rows"
