"""The files of an export: PDF lines, cells, and an archive that shows every change made to it. No database."""

import json
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest

from trialsite.inspection.files.pdf import PrintedColumn, Sheet, wrapped, write_pdf
from trialsite.inspection.files.tables import plain
from trialsite.inspection.files.verify import main, text_of, verify
from trialsite.protocol.findings import Category
from trialsite.web.sheets import BYTE_ORDER_MARK, csv_line

ROWS = [["=1+1", 3, True, None, {"b": 1, "a": ["x"]}], ["'-quoted", 0, False, "two\nlines", {}]]


def archive(change: dict[str, bytes] | None = None, without: str = "", also: str = "") -> BytesIO:
    """An archive of one table, as the writer makes it, with files changed afterwards."""
    import hashlib

    names = ["text", "number", "flag", "empty", "nested"]
    rows = ",\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in ROWS)
    lines = [csv_line([text_of(cell) for cell in row]) for row in ROWS]
    files = {
        "t.json": f'{{"table":"t","rows":[\n{rows}\n]}}\n'.encode(),
        "t.csv": (BYTE_ORDER_MARK + csv_line(names) + "".join(lines)).encode(),
    }
    listed = [
        {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in files.items()
    ]
    manifest = {"format": "trialsite-export", "format_version": 1, "requested_by": "x", "files": listed}
    manifest["tables"] = [{"name": "t", "rows": len(ROWS)}]
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr("manifest.json", json.dumps(manifest))
        for name, content in (files | (change or {})).items():
            if name != without:
                zipped.writestr(name, content)
        if also:
            zipped.writestr(also, b"")
    packed.seek(0)
    return packed


def test_an_archive_that_nobody_touched_holds_up_and_formulas_are_read_back() -> None:
    checked = verify(archive())
    assert checked.faults == ()
    assert checked.rows == {"t": 2}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"change": {"t.csv": b"text\r\n"}}, "t.csv was changed"),
        ({"change": {"t.json": b'{"table":"t","rows":[\n]}\n'}}, "t.json has 0 rows, not 2"),
        ({"without": "t.csv"}, "t.csv is missing"),
        ({"also": "more.txt"}, "more.txt is not in the manifest"),
    ],
)
def test_every_change_of_an_archive_is_named(changed: dict[str, object], said: str) -> None:
    assert said in "\n".join(verify(archive(**changed)).faults)  # type: ignore[arg-type]


def test_what_is_no_archive_is_said_so_and_the_program_exits_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(b"not a zip")
    assert main([str(path)]) == 1
    path.write_bytes(archive().getvalue())
    assert main([str(path)]) == 0
    assert main([]) == 2
    assert "Every file is as the manifest says." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (None, None),
        (True, True),
        (Category.PRIVACY, Category.PRIVACY.value),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00+00:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (Decimal("1.50"), "1.50"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ({"a": Decimal("1")}, {"a": "1"}),
        (("a", 1), ["a", 1]),
    ],
)
def test_a_cell_is_written_plainly(cell: object, said: object) -> None:
    assert plain(cell) == said


def test_lines_are_wrapped_at_words_and_chinese_anywhere_and_nothing_is_lost() -> None:
    text = "A fairly long sentence with Averyveryverylongwordthatdoesnotfitonaline and 受试者筛选入组登记表格内容"
    lines = wrapped(text, 90, 8)
    assert len(lines) > 4
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_pdf_names_the_hash_and_the_number_of_its_pages(tmp_path: Path) -> None:
    sheet = Sheet(
        title="Deviation log",
        facts=(("Asked for by", "Wang 王"),),
        digest="ab" * 32,
        columns=(PrintedColumn(heading="Who", share=5), PrintedColumn(heading="What", share=2)),
    )
    path = tmp_path / "log.pdf"
    pages = write_pdf(path, sheet, ([f"row {n}", "≥ 3 words " * (n % 40)] for n in range(200)))
    content = path.read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.count(b"/Type /Page\n") == pages > 5
    one = tmp_path / "one.pdf"
    assert write_pdf(one, sheet, [["long", "word " * 790]]) >= 2
    assert write_pdf(one, sheet, []) == 1
