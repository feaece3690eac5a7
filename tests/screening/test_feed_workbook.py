"""Workbooks: read as they are shown, streamed, and refused where they mean harm."""

import io
import tracemalloc
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.rules.feed import FileRefused, Row, cell, read_result, read_table
from screening.rules.feed.cells import (
    column_letters,
    column_number,
    date_text,
    is_date_format,
    number_text,
    shows_time,
    unescaped,
)
from tests.factories.laboratory_file import as_table, laboratory_rows, one_row, xlsx_bytes

_NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONS = '<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>'
_WORKBOOK = f'<workbook {_NAMESPACE} xmlns:r="r"><sheets><sheet name="Data" r:id="r1"/></sheets></workbook>'
_HEADER = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in one_row())


def sheet(*rows: str, header: str = _HEADER) -> str:
    return f"<worksheet {_NAMESPACE}><sheetData><row>{header}</row>{''.join(rows)}</sheetData></worksheet>"


def package(parts: Mapping[str, str | bytes] | None = None, **changes: str | bytes) -> bytes:
    """Return a workbook written by hand; a changed part is named by its last word."""
    named = {
        "workbook": "xl/workbook.xml",
        "rels": "xl/_rels/workbook.xml.rels",
        "sheet": "xl/worksheets/sheet1.xml",
    }
    content: dict[str, str | bytes] = {
        named["workbook"]: _WORKBOOK,
        named["rels"]: _RELATIONS,
        named["sheet"]: sheet(),
        **(parts or {}),
        **{named[name]: value for name, value in changes.items()},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name, value in content.items():
            book.writestr(name, value)
    return out.getvalue()


def read(content: bytes) -> list[Row]:
    return list(read_table(io.BytesIO(content)))


def refusal(content: bytes) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        read(content)
    return refused.value


def test_a_workbook_reads_as_the_same_table_in_csv() -> None:
    rows = list(laboratory_rows(["S-1", "S-2"]))
    wanted = [row.values() for row in rows]
    found = read(xlsx_bytes(as_table(rows)))
    assert len(found) == len(wanted)
    assert [cell(one, "LBORRES") for one in found] == [row["LBORRES"] for row in rows]
    assert [cell(one, "LBDTC") for one in found] == [row["LBDTC"] for row in rows]
    assert [one.number for one in found] == list(range(2, len(rows) + 2))
    assert all(one.fault is None for one in found)


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (4.1, "LBORRES", "4.1"),
        (0.1 + 0.2, "LBORRES", "0.3"),
        (180, "LBORRES", "180"),
        (1e-7, "LBORRES", "0.0000001"),
        (True, "LBORRES", "TRUE"),
        (datetime.fromisoformat("2026-02-02T08:30"), "LBDTC", "2026-02-02T08:30"),
        (datetime.fromisoformat("2026-02-02T08:30:59"), "LBDTC", "2026-02-02T08:30:59"),
        (date(2026, 2, 2), "LBDTC", "2026-02-02"),
        (datetime.fromisoformat("2026-02-02T00:00"), "LBDTC", "2026-02-02T00:00"),
        ("2026-02-02", "LBDTC", "2026-02-02"),
        ("00123", "USUBJID", "00123"),
        ("武汉 & <b>", "USUBJID", "武汉 & <b>"),
    ],
)
def test_a_cell_is_read_as_the_spreadsheet_shows_it(value: object, column: str, text: str) -> None:
    row: dict[str, object] = {**one_row(), column: value}
    (found,) = read(xlsx_bytes([list(row), list(row.values())]))
    assert cell(found, column) == text


def test_a_formula_is_pointed_out_with_its_cell_and_nothing_of_its_row_is_taken() -> None:
    table = as_table([one_row(), one_row(LBORRES="=100+80"), one_row()])
    found = read(xlsx_bytes(table))
    assert [row.fault.code if row.fault else "" for row in found] == ["", "formula", ""]
    assert found[1].fault is not None
    assert found[1].fault.message.startswith("Cell C3 ")
    assert found[1].number == 3


def test_a_formula_in_the_header_refuses_the_file() -> None:
    table = as_table([one_row()])
    table[0].append("=A1")
    assert refusal(xlsx_bytes(table)).code == "formula"


def test_the_sheet_is_the_only_one_or_the_one_called_lb() -> None:
    table = as_table([one_row()])
    assert len(read(xlsx_bytes(table, sheets=["Results"]))) == 1
    assert len(read(xlsx_bytes(table, sheets=["LB", "Notes"]))) == 1
    assert refusal(xlsx_bytes(table, sheets=["Results", "Notes"])).code == "no-single-sheet"


def test_short_rows_are_filled_up_and_longer_ones_are_at_fault() -> None:
    table: list[list[object]] = [list(one_row()), [*one_row().values()][:3], [*one_row().values(), "more"]]
    short, long = read(xlsx_bytes(table))
    assert short.fault is None
    assert cell(short, "LBDTC") == ""
    assert long.fault is not None
    assert long.fault.code == "other-width"


def test_rows_left_out_keep_the_numbers_of_the_others() -> None:
    row = '<row r="7"><c r="A7" t="inlineStr"><is><t>S-1</t></is></c></row><row><c><v>1</v></c></row><row r="9"/>'
    assert [one.number for one in read(package(sheet=sheet(row)))] == [7, 8]


def test_reading_aids_are_left_out_and_pieces_of_a_text_joined() -> None:
    strings = f"<sst {_NAMESPACE}><si><r><t>武</t></r><r><t>汉_x000D_</t></r><rPh><t>wuhan</t></rPh></si><si><t>S</t></si></sst>"
    row = '<row><c t="s"><v>0</v></c><c t="inlineStr"><is><t>W</t><rPh><t>aid</t></rPh></is></c></row>'
    (found,) = read(package({"xl/sharedStrings.xml": strings}, sheet=sheet(row)))
    assert (cell(found, "USUBJID"), cell(found, "LBTESTCD")) == ("武汉", "W")


def test_dates_that_count_from_1904_and_styles_of_no_known_kind() -> None:
    styles = (
        f'<styleSheet {_NAMESPACE}><numFmts><numFmt numFmtId="170" formatCode="yyyy\\-mm\\-dd hh:mm"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="170"/><xf numFmtId="14"/></cellXfs></styleSheet>'
    )
    workbook = _WORKBOOK.replace("<sheets>", '<workbookPr date1904="1"/><sheets>')
    row = '<row><c r="G2" s="1"><v>44000.5</v></c></row><row><c r="G3" s="2"><v>0</v></c></row>'
    found = read(package({"xl/styles.xml": styles}, workbook=workbook, sheet=sheet(row)))
    assert [cell(one, "LBDTC") for one in found] == ["2024-06-19T12:00", "1904-01-01"]


def test_a_path_from_the_root_of_the_package_is_followed() -> None:
    rels = _RELATIONS.replace("worksheets", "/xl/worksheets")
    assert refusal(package(rels=rels)).code == "no-rows"


# ---- Workbooks that are none


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04 not a zip file at all", "damaged-workbook"),
        (package()[:-40], "damaged-workbook"),
        (package(workbook="<workbook><sheets>"), "damaged-workbook"),
        (package(workbook="<workbook/>"), "no-single-sheet"),
        (package(rels="<Relationships/>"), "damaged-workbook"),
        (package(rels=_RELATIONS.replace("sheet1", "sheet9")), "damaged-workbook"),
        (package(sheet=sheet('<row r="1"/>')), "damaged-workbook"),
        (package(sheet=sheet('<row r="1048577"><c/></row>')), "damaged-workbook"),
        (package(sheet=sheet('<row r="x"><c/></row>')), "damaged-workbook"),
        (package(sheet=sheet('<row><c t="s"><v>5</v></c></row>')), "damaged-workbook"),
        (package(sheet=sheet('<row><c t="s"><v>x</v></c></row>')), "damaged-workbook"),
        (package(sheet=sheet(f"<row><c><v>{'1' * 32_768}</v></c></row>")), "damaged-workbook"),
        (package(sheet=sheet('<row><c r="ZZZ2"><v>1</v></c></row>')), "too-many-columns"),
        (package(sheet=sheet("<row>" + "<c><v>1</v></c>" * 401 + "</row>")), "too-many-columns"),
        (package(sheet=f"<worksheet {_NAMESPACE}/>"), "empty-file"),
        (package(sheet=sheet()), "no-rows"),
        (package(sheet=sheet(header='<c t="inlineStr"><is><t>Name</t></is></c>')), "missing-column"),
    ],
)
def test_a_workbook_that_cannot_be_read_is_refused(content: bytes, code: str) -> None:
    assert refusal(content).code == code


def test_a_zip_file_of_something_else_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        book.writestr("results.csv", "USUBJID")
    assert refusal(out.getvalue()).code == "damaged-workbook"
    without = io.BytesIO()
    with zipfile.ZipFile(without, "w") as book:
        book.writestr("xl/workbook.xml", _WORKBOOK)
    assert refusal(without.getvalue()).code == "damaged-workbook"


def test_a_damaged_piece_is_noticed() -> None:
    content = bytearray(package(sheet=sheet(f"<row><c><v>{1 / 7}</v></c></row>" * 50)))
    at = content.index(b"sheet1.xml") + 40
    content[at : at + 8] = b"\xff" * 8
    assert refusal(bytes(content)).code == "damaged-workbook"


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    content = package({"xl/sharedStrings.xml": b" " * 60_000_000})
    tracemalloc.start()
    try:
        refused = refusal(content)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
    assert refused.code == "zip-bomb"
    assert "60 MB" in refused.message


def test_a_zip_bomb_is_refused_by_any_of_its_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(package({f"xl/media/{number}": "" for number in range(2_001)})).code == "zip-bomb"
    monkeypatch.setattr("screening.rules.feed.package.MOST_OF_A_PART", 100)
    assert refusal(package()).code == "zip-bomb"
    monkeypatch.setattr("screening.rules.feed.package.MOST_OF_A_PART", 10_000)
    monkeypatch.setattr("screening.rules.feed.book.MOST_STRINGS", 2)
    strings = f"<sst {_NAMESPACE}>{'<si/>' * 3}</sst>"
    assert refusal(package({"xl/sharedStrings.xml": strings})).code == "zip-bomb"
    monkeypatch.setattr("screening.rules.feed.package.MOST_UNPACKED", 100)
    assert refusal(package()).code == "zip-bomb"


def test_two_parts_of_one_name_are_refused() -> None:
    out = io.BytesIO(package())
    with zipfile.ZipFile(out, "a") as book, pytest.warns(UserWarning, match="Duplicate name"):
        book.writestr("xl/workbook.xml", "<workbook/>")
    assert refusal(out.getvalue()).code == "zip-bomb"


def test_a_locked_workbook_is_refused() -> None:
    content = bytearray(package())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    assert refusal(bytes(content)).code == "locked-workbook"


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1/x"> %a;]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">',
    ],
    ids=["laughs", "file", "parameter", "outer"],
)
@pytest.mark.parametrize("part", ["workbook", "rels", "sheet"])
def test_entities_are_refused_in_every_part(part: str, declared: str) -> None:
    contents = {"workbook": _WORKBOOK, "rels": _RELATIONS, "sheet": sheet()}
    assert refusal(package(**{part: declared + contents[part]})).code == "declares-entities"


def test_empty_cells_without_end_are_not_held() -> None:
    cells = "<c/>" * 100_000
    noise = "".join(f"<!--{sha256(bytes(number)).hexdigest()}-->" for number in range(2_000))
    content = package(sheet=sheet(f"{noise}<row>{cells}</row><row><c><v>1</v></c></row>"))
    tracemalloc.start()
    try:
        assert len(read(content)) == 1
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


# ---- Cells


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("4.0999999999999996", "4.1"),
        ("0.30000000000000004", "0.3"),
        ("1E-3", "0.001"),
        ("1e22", "10000000000000000000000"),
        ("inf", "inf"),
        ("nan", "nan"),
        ("x", "x"),
    ],
)
def test_a_number_has_the_digits_that_are_shown(raw: str, text: str) -> None:
    assert number_text(raw) == text


@given(st.decimals(min_value=0, max_value=10**6, places=4))
def test_a_number_that_went_through_a_binary_fraction_comes_back(number: object) -> None:
    assert float(number_text(repr(float(str(number))))) == float(str(number))


@pytest.mark.parametrize(
    ("raw", "with_time", "text"),
    [
        ("41112", False, "2012-07-22"),
        ("41112", True, "2012-07-22T00:00"),
        ("41112.509027777778", True, "2012-07-22T12:13"),
        ("41112.509027777778", False, "2012-07-22T12:13"),
        ("41112.5090393518", True, "2012-07-22T12:13:01"),
        ("61", False, "1900-03-01"),
        ("60", False, "60"),
        ("-1", False, "-1"),
        ("2958466", False, "2958466"),
        ("soon", False, "soon"),
    ],
)
def test_a_serial_number_is_a_date(raw: str, with_time: bool, text: str) -> None:
    assert date_text(raw, with_time=with_time, from_1904=False) == text


@pytest.mark.parametrize(
    ("number", "code", "is_date", "has_time"),
    [
        (0, None, False, False),
        (14, None, True, False),
        (22, None, True, True),
        (57, None, True, False),
        (164, "yyyy-mm-dd", True, False),
        (164, "dd/mm/yyyy hh:mm", True, True),
        (164, '0.0" days"', False, False),
        (164, "[Red]0.00", False, False),
        (164, "General", False, False),
        (164, "0.00", False, False),
    ],
)
def test_a_format_tells_whether_a_date_is_shown(
    number: int, code: str | None, is_date: bool, has_time: bool
) -> None:
    assert is_date_format(number, code) is is_date
    assert shows_time(number, code) is has_time


def test_columns_have_letters_and_numbers() -> None:
    assert [column_number(name) for name in ("A1", "Z9", "AA1", "XFD1", "", "7")] == [1, 26, 27, 16384, 0, 0]
    assert [column_letters(number) for number in (1, 26, 27, 16384)] == ["A", "Z", "AA", "XFD"]
    assert unescaped("a_x000D_b_xyz_") == "a\rb_xyz_"


def test_results_of_a_workbook_are_results() -> None:
    (row,) = read(xlsx_bytes([list(one_row()), list({**one_row(), "LBORRES": 180.0}.values())]))
    assert getattr(read_result(row), "value", None) == 180
