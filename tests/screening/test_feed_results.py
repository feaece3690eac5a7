"""Rows as results: what a laboratory reported, exactly, or why it cannot be taken."""

import io
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from screening.rules.feed import (
    NotNeeded,
    Reported,
    Row,
    RowFault,
    RowRefused,
    Specimen,
    read_result,
    read_table,
    require_size,
    taken_at,
)
from screening.rules.feed.moments import read_specimen
from tests.factories.laboratory_file import csv_bytes, one_row
from trialsite.errors import RuleViolated
from trialsite.protocol.results import Operator


def result(**changes: str) -> Reported | NotNeeded | RowFault:
    (row,) = read_table(io.BytesIO(csv_bytes([one_row(**changes)])))
    return read_result(row)


def reported(**changes: str) -> Reported:
    found = result(**changes)
    assert isinstance(found, Reported), found
    return found


def fault(**changes: str) -> RowFault:
    found = result(**changes)
    assert isinstance(found, RowFault), found
    return found


def test_a_row_becomes_the_result_with_its_limits_and_where_it_comes_from() -> None:
    one = reported(LBNAM="Central", LBMETHOD="IMPEDANCE", LBREFID="T-77", LBSPEC="blood", LBCAT="HEMATOLOGY")
    assert (one.subject, one.item.id, one.value, one.operator) == (
        "S-1",
        "plat",
        Decimal(180),
        Operator.EQUAL,
    )
    assert (one.unit, one.lower, one.upper, one.reported) == ("10³/µL", Decimal(130), Decimal(394), "180")
    assert (one.laboratory, one.method, one.reference) == ("Central", "IMPEDANCE", "T-77")
    assert one.specimen == Specimen(date(2026, 2, 2), time(8, 30))
    assert (one.not_done, one.notes) == ("", ())


@pytest.mark.parametrize(
    ("text", "operator", "value"),
    [
        ("4.20", "=", "4.20"),
        ("=4", "=", "4"),
        ("<0.2", "<", "0.2"),
        ("< 0.2", "<", "0.2"),
        ("<=10", "≤", "10"),
        ("≤10", "≤", "10"),
        (">=1000", "≥", "1000"),
        ("≥1000", "≥", "1000"),
        (">1000", ">", "1000"),
        ("12345678901234.123456", "=", "12345678901234.123456"),
    ],
)
def test_a_sign_before_the_number_is_kept(text: str, operator: str, value: str) -> None:
    one = reported(LBTESTCD="HBVDNA", LBORRES=text, LBORRESU="IU/mL", LBORNRLO="", LBORNRHI="20")
    assert (one.operator.value, str(one.value), one.reported) == (operator, value, text)


@pytest.mark.parametrize(
    "text",
    [
        "NEGATIVE",
        "TRACE",
        "-1",
        "1E5",
        "4,2",
        "1 000",
        "4.",
        ".5",
        "4.1234567",
        "123456789012345",
        "٤",
        "NaN",
        "<>4",
        "4 g",
        "#N/A",
    ],
)
def test_what_is_no_plain_number_is_at_fault(text: str) -> None:
    one = fault(LBORRES=text)
    assert (one.code, one.column) == ("result-not-a-number", "LBORRES")
    assert repr(text) in one.message


def test_a_test_that_was_not_done_keeps_its_reason() -> None:
    one = reported(LBORRES="", LBSTAT="not done", LBREASND="clotted")
    assert (one.value, one.not_done, one.unit) == (None, "clotted", "")
    assert reported(LBORRES="", LBSTAT="NOT DONE").not_done == "NOT DONE"


@pytest.mark.parametrize(
    ("changes", "code", "column"),
    [
        ({"LBORRES": ""}, "no-result", "LBORRES"),
        ({"LBSTAT": "NOT DONE"}, "result-though-not-done", "LBSTAT"),
        ({"LBSTAT": "PENDING"}, "unknown-status", "LBSTAT"),
        ({"LBTESTCD": ""}, "no-test", "LBTESTCD"),
        ({"USUBJID": ""}, "no-subject", "USUBJID"),
        ({"USUBJID": "S" * 61}, "too-long", "USUBJID"),
        ({"LBORRESU": "u" * 21}, "too-long", "LBORRESU"),
        ({"LBNAM": "x" * 101}, "too-long", "LBNAM"),
        ({"LBORRES": "1" * 41}, "too-long", "LBORRES"),
        ({"LBORNRHI": "<394"}, "limit-not-a-number", "LBORNRHI"),
        ({"LBORNRLO": "NEGATIVE"}, "limit-not-a-number", "LBORNRLO"),
        ({"LBORNRLO": "395"}, "limits-reversed", "LBORNRLO"),
        ({"LBORRES": "3001"}, "out-of-range", "LBORRES"),
        ({"LBNAM": '=HYPERLINK("http://x","Central")'}, "formula", "LBNAM"),
        ({"LBNAM": "@SUM(A1)"}, "formula", "LBNAM"),
        ({"USUBJID": "+1"}, "formula", "USUBJID"),
        ({"LBDTC": ""}, "no-date", "LBDTC"),
    ],
)
def test_each_fault_has_its_code_and_its_column(changes: dict[str, str], code: str, column: str) -> None:
    one = fault(**changes)
    assert (one.code, one.column) == (code, column)


def test_limits_may_be_missing_or_the_same() -> None:
    assert reported(LBORNRLO="", LBORNRHI="").upper is None
    assert reported(LBORNRLO="394").lower == Decimal(394)


def test_the_ends_of_what_can_be_are_taken() -> None:
    assert reported(LBORRES="3000").value == 3000
    assert reported(LBORRES="0").value == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"LBORRESU": ""}, "unit is missing"),
        ({"LBORRESU": "furlongs"}, "'furlongs' is not a known unit"),
        ({"LBTESTCD": "HGB", "LBORRES": "8", "LBORRESU": "mmol/L", "LBORNRHI": ""}, "ask for g/L"),
        (
            {"LBTESTCD": "CREAT", "LBORRES": "71", "LBORRESU": "umol/L", "LBORNRHI": ""},
            "upper limit of normal",
        ),
        ({"LBORRES": "5"}, "Unusual value"),
        ({"LBORRES": "1001"}, "Unusual value"),
    ],
)
def test_what_should_be_looked_at_does_not_keep_a_result_out(changes: dict[str, str], words: str) -> None:
    (note,) = reported(**changes).notes
    assert words in note


def test_an_unknown_unit_is_imported_as_it_is_and_not_judged_by_any_bound() -> None:
    one = reported(LBORRES="999999", LBORRESU="furlongs")
    assert (one.value, one.unit) == (Decimal(999999), "furlongs")


def test_every_spelling_of_a_unit_is_stored_as_one() -> None:
    units = {reported(LBORRES="180", LBORRESU=unit).unit for unit in ("10^9/L", "GI/L", "x10E9/L")}
    assert units == {"10⁹/L"}
    assert reported(LBTESTCD="HBVDNA", LBORRESU="IU/mL").notes == ()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"LBTESTCD": "CHOL"}, "not needed"),
        ({"LBTESTCD": "CREAT", "LBSPEC": "Urine"}, "not measured in blood (URINE)"),
        ({"LBTESTCD": "WBC", "LBSPEC": "CSF"}, "not measured in blood (CSF)"),
        ({"LBTESTCD": "WBC", "LBCAT": "URINALYSIS"}, "not measured in blood (urinalysis)"),
    ],
)
def test_what_serves_no_criterion_is_passed_over_whatever_else_is_wrong(
    changes: dict[str, str], why: str
) -> None:
    one = result(LBORRES="TRACE", LBDTC="2012", USUBJID="", **changes)
    assert isinstance(one, NotNeeded)
    assert why in one.why


def test_a_row_that_could_not_be_read_stays_at_fault() -> None:
    broken = RowFault("other-width", "too short")
    assert read_result(Row(3, (), broken)) is broken


# ---- When the specimen was taken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2012-07-22T12:13", Specimen(date(2012, 7, 22), time(12, 13))),
        ("2012-07-22T12:13:59", Specimen(date(2012, 7, 22), time(12, 13, 59))),
        ("2012-07-22T12:13:59.25", Specimen(date(2012, 7, 22), time(12, 13, 59))),
        ("2012-07-22", Specimen(date(2012, 7, 22))),
        ("2012-02-29", Specimen(date(2012, 2, 29))),
        ("2012-07-22T12:13Z", Specimen(date(2012, 7, 22), time(12, 13), timedelta(0))),
        ("2012-07-22T12:13+08:00", Specimen(date(2012, 7, 22), time(12, 13), timedelta(hours=8))),
        (
            "2012-07-22T12:13-04:30",
            Specimen(date(2012, 7, 22), time(12, 13), -timedelta(hours=4, minutes=30)),
        ),
    ],
)
def test_a_specimen_has_a_date_and_perhaps_a_time(text: str, expected: Specimen) -> None:
    assert read_specimen(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "no-date"),
        ("2012-08", "date-incomplete"),
        ("2012", "date-incomplete"),
        ("2012---15", "date-incomplete"),
        ("2012-08-15T-:30", "date-incomplete"),
        ("2012-08-15T12", "date-incomplete"),
        ("2013-02-29", "not-a-date"),
        ("2012-13-01", "not-a-date"),
        ("2012-07-22T24:00", "not-a-date"),
        ("2012-07-22T12:60", "not-a-date"),
        ("0001-01-01", "not-a-date"),
        ("2201-01-01", "not-a-date"),
        ("41112", "date-incomplete"),
        ("411", "not-a-date"),
        ("22/07/2012", "not-a-date"),
        ("22.07.2012 12:13", "not-a-date"),
        ("UNK-FEB-2026", "not-a-date"),
        ("2012-07-22T12:13+15:00", "not-a-date"),
        ("2012-07-22T12:13+08:60", "not-a-date"),
    ],
)
def test_a_date_that_does_not_say_which_day_is_refused(text: str, code: str) -> None:
    with pytest.raises(RowRefused) as refused:
        read_specimen(text)
    assert refused.value.fault.code == code


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-02-02T08:30", "Asia/Shanghai", datetime(2026, 2, 2, 0, 30, tzinfo=UTC)),
        ("2026-02-02", "Asia/Shanghai", datetime(2026, 2, 1, 16, 0, tzinfo=UTC)),
        ("2026-02-02T08:30Z", "Asia/Shanghai", datetime(2026, 2, 2, 8, 30, tzinfo=UTC)),
        ("2026-02-02T08:30+01:00", "Asia/Shanghai", datetime(2026, 2, 2, 7, 30, tzinfo=UTC)),
        ("2026-10-25T02:30", "Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-03-29T02:30+01:00", "Europe/Berlin", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_on_the_clock_of_the_site(
    text: str, zone: str, expected: datetime
) -> None:
    assert taken_at(read_specimen(text), zone) == expected


def test_a_time_that_the_clock_leaps_over_is_refused() -> None:
    with pytest.raises(RowRefused) as refused:
        taken_at(read_specimen("2026-03-29T02:30"), "Europe/Berlin")
    assert refused.value.fault.code == "skipped-time"


def test_a_file_of_just_the_allowed_size_is_taken_and_one_byte_more_refused() -> None:
    require_size(64_000_000, 64_000_000)
    with pytest.raises(RuleViolated) as refused:
        require_size(2_000_000_000, 64_000_000)
    assert refused.value.code == "file-too-large"
    assert "2,000 MB" in refused.value.message
