"""Records of lesions and scans as JSON: what is read, what is refused at its field, what the schemas say of it."""

import json
from dataclasses import fields
from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from followup.rules.response import (
    Fate,
    Found,
    Lesion,
    LesionKind,
    Method,
    Nature,
    NewLesion,
    NonTargetReading,
    Organ,
    PlannedScan,
    Reading,
    Seen,
)
from followup.rules.response.wire import (
    answer_schema,
    assess_record,
    assess_records,
    record_schema,
    schemas,
    write_response,
)
from screening.rules.wire import EvidenceInvalid, read_day
from tests.followup.response.sent import course, lesion, scan, seen


def refused(given: object) -> list[tuple[str, str]]:
    with pytest.raises(EvidenceInvalid) as refusal:
        assess_record(given)
    return [(one.path, one.code) for one in refusal.value.faults]


def with_baseline(*lesions: dict[str, Any], **change: Any) -> dict[str, Any]:
    return course(baseline={"on": "2026-02-24", "lesions": list(lesions)} | change, time_points=[])


def with_points(*points: dict[str, Any]) -> dict[str, Any]:
    return course(time_points=list(points))


def test_every_member_arrives() -> None:
    given = course(
        time_points=[
            scan(
                "2026-04-21",
                {"lesion": "T1", "seen": "merged", "merged_into": "L1"},
                seen("L1", "40.5"),
                non_targets=[{"lesion": "N1", "found": "absent"}],
                new_lesions=[{"id": "X", "is_unequivocal": False}],
                is_marker_normal=True,
            )
        ],
        new_therapy_on="2026-05-01",
        progressed_on="2026-04-30",
        died_on="2026-11-30",
        lost_on="2026-11-01",
        withdrawn_on="2026-10-01",
        planned_scans=[{"first_on": "2026-04-01", "last_on": "2026-04-10"}],
    )
    found = assess_record(given).course
    point = found.points[0]
    assert point.readings == (
        Reading(lesion="T1", seen=Seen.MERGED, merged_into="L1"),
        Reading(lesion="L1", seen=Seen.MEASURED, parts_mm=(Decimal("40.5"),)),
    )
    assert point.non_targets == (NonTargetReading(lesion="N1", found=Found.ABSENT),)
    assert point.new_lesions == (NewLesion(id="X", is_unequivocal=False),)
    assert (point.id, point.is_marker_normal) == ("2026-04-21", True)
    assert found.fate == Fate(
        as_of=read_day("2026-12-01"),
        new_therapy_on=read_day("2026-05-01"),
        progressed_on=read_day("2026-04-30"),
        died_on=read_day("2026-11-30"),
        lost_on=read_day("2026-11-01"),
        withdrawn_on=read_day("2026-10-01"),
        last_alive_on=read_day("2026-11-20"),
        planned=(PlannedScan(first_on=read_day("2026-04-01"), last_on=read_day("2026-04-10")),),
    )
    assert found.baseline is not None
    assert found.baseline.lesions[1] == Lesion(
        id="L1",
        organ=Organ.LYMPH_NODES,
        place="mediastinal",
        kind=LesionKind.NODAL,
        is_target=True,
        method=Method.CT,
        slice_mm=Decimal(5),
        size_mm=Decimal(20),
    )
    assert found.baseline.lesions[2].nature is Nature.EFFUSION


def test_the_answer_says_everything_with_its_rule() -> None:
    found = write_response(assess_record(course()))
    assert [(one["overall"]["response"], one["unused"]) for one in found["time_points"]] == [
        ("PR", ""),
        ("PR", ""),
        ("PR", ""),
        ("PD", ""),
    ]
    first, second, third, fourth = (one["target"] for one in found["time_points"])
    assert (found["baseline_sum_mm"], first["sum_mm"], second["sum_mm"], third["sum_mm"]) == (
        "80",
        "52",
        "13",
        "17.5",
    )
    assert (first["change_from_baseline_percent"], third["change_from_nadir_percent"]) == ("-35.0", "34.6")
    assert (third["nadir_mm"], third["nadir_on"]) == ("13", "2026-06-10")
    assert (fourth["sum_mm"], fourth["assessed_mm"], fourth["missing"]) == (None, "0", ["T1", "L1"])
    assert found["time_points"][3]["overall"]["rule"] == "RECIST-OVERALL-NEW-LESION"
    assert (found["best"]["response"], found["best"]["on"]) == ("PR", "2026-04-21")
    assert found["best_confirmed"]["confirmed_on"] == "2026-06-10"
    assert (found["pfs"]["event"], found["pfs"]["until_on"]) == ("progression", "2026-11-01")
    assert (found["os"]["event"], found["os"]["censoring"], found["os"]["until_on"]) == (
        None,
        "cut_off",
        "2026-11-20",
    )
    assert found["dor"]["from_on"] == "2026-04-21"
    assert found["remarks"] == []
    assert [one["measurability"] for one in found["lesions"]] == [
        "measurable",
        "measurable",
        "not_measurable",
    ]


def test_without_a_baseline_it_answers_as_far_as_it_can() -> None:
    found = write_response(
        assess_record(
            {"infused_on": "2026-03-10", "as_of": "2026-12-01", "time_points": [scan("2026-05-01")]}
        )
    )
    assert (found["baseline_sum_mm"], found["lesions"], found["dor"]) == (None, [], None)
    assert found["time_points"][0]["overall"] is None
    assert found["pfs"]["censoring"] == "no_baseline"
    jsonschema.validate(found, answer_schema())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], [("", "wrong-type")]),
        ({}, [("infused_on", "required"), ("as_of", "required")]),
        (course(infused_on="2026-02-30"), [("infused_on", "not-a-date")]),
        (course(infused_on="2026-02"), [("infused_on", "not-a-date")]),
        (course(protocol_version="0.9"), [("protocol_version", "unknown-code")]),
        (course(sex="female"), [("sex", "unknown-field")]),
        (course(as_of="2026-03-09", last_alive_on=None), [("as_of", "dates-out-of-order")]),
        (course(died_on="2026-03-09"), [("died_on", "dates-out-of-order")]),
        (course(new_therapy_on="2026-03-09"), [("new_therapy_on", "dates-out-of-order")]),
        (
            course(planned_scans=[{"first_on": "2026-04-02", "last_on": "2026-04-01"}]),
            [("planned_scans.0.last_on", "dates-out-of-order")],
        ),
        (with_baseline(lesion("T1", None)), [("baseline.lesions.0.size_mm", "required")]),
        (with_baseline(lesion("T1", "0")), [("baseline.lesions.0.size_mm", "out-of-range")]),
        (with_baseline(lesion("T1", "501")), [("baseline.lesions.0.size_mm", "out-of-range")]),
        (with_baseline(lesion("T1", 4.5)), [("baseline.lesions.0.size_mm", "not-a-number")]),
        (with_baseline(lesion("T1"), lesion("T1")), [("baseline.lesions.1.id", "repeated")]),
        (with_baseline(lesion("T1", organ="heart")), [("baseline.lesions.0.organ", "unknown-code")]),
        (with_baseline(lesion("T1"), on=None), [("baseline.on", "required")]),
        (with_points(scan("2026-02-24")), [("time_points.0.on", "not-after-baseline")]),
        (with_points(scan("2026-05-01"), scan("2026-05-01")), [("time_points.1.on", "repeated")]),
        (
            with_points(scan("2026-05-01", seen("T9", "4"), {"lesion": "T1", "seen": "measured"})),
            [
                ("time_points.0.readings.0.lesion", "unknown-lesion"),
                ("time_points.0.readings.1.size_mm", "required"),
            ],
        ),
        (
            with_points(scan("2026-05-01", seen("T1", "4") | {"parts_mm": ["2", "2"]})),
            [("time_points.0.readings.0.parts_mm", "two-sizes")],
        ),
        (
            with_points(scan("2026-05-01", {"lesion": "T1", "seen": "measured", "parts_mm": []})),
            [("time_points.0.readings.0.parts_mm", "required")],
        ),
        (
            with_points(scan("2026-05-01", non_targets=[{"lesion": "N1", "found": "smaller"}])),
            [("time_points.0.non_targets.0.found", "unknown-code")],
        ),
        (
            with_points(scan("2026-05-01", new_lesions=[{"id": "X"}])),
            [("time_points.0.new_lesions.0.is_unequivocal", "required")],
        ),
    ],
)
def test_what_cannot_be_read_is_named_at_its_field(given: object, expected: list[tuple[str, str]]) -> None:
    assert refused(given) == expected


def test_every_fault_of_every_record_of_a_list_is_named() -> None:
    with pytest.raises(EvidenceInvalid) as refusal:
        assess_records([course(), {"infused_on": 1, "as_of": "2026-12-01"}, 7], 200)
    assert [(one.path, one.code) for one in refusal.value.faults] == [
        ("1.infused_on", "not-a-date"),
        ("2", "wrong-type"),
    ]
    assert [one.id for one in assess_records([course(id="b"), course(id="a")], 2)] == ["b", "a"]


def test_record_and_answer_keep_to_their_schemas() -> None:
    for schema in (record_schema(), answer_schema()):
        jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(course(), record_schema())
    jsonschema.validate(write_response(assess_record(course())), answer_schema())
    assert json.dumps(schemas())


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "x"},
        course(weight=1),
        with_baseline({"id": "T1"}),
        with_points({"id": "x"}),
        with_points(scan("2026-05-01", {"lesion": "T1", "seen": "gone"})),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, record_schema())
    assert refused(wrong)


def test_the_forms_know_every_member_of_what_they_are_read_into() -> None:
    properties = record_schema()["properties"]
    lesions = properties["baseline"]["properties"]["lesions"]["items"]["properties"]
    assert set(lesions) == {one.name for one in fields(Lesion)}
    point = properties["time_points"]["items"]["properties"]
    assert set(point["readings"]["items"]["properties"]) == {one.name for one in fields(Reading)} | {
        "size_mm"
    }
    assert set(point["non_targets"]["items"]["properties"]) == {one.name for one in fields(NonTargetReading)}
    assert set(properties) >= {one.name for one in fields(Fate)} - {"planned"}
