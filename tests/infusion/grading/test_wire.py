"""Records of findings as JSON: what is read, what is refused at its field, and what the schemas say of it."""

import json
from dataclasses import fields
from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from infusion.rules.grading import (
    Consciousness,
    CrsComponent,
    CrsFindings,
    FeverFindings,
    Hypotension,
    HypotensionCare,
    HypoxiaFindings,
    IcansDomain,
    IcansFindings,
    IceAnswers,
    IntubationReason,
    OxygenDevice,
    PressureSign,
    Seizure,
)
from infusion.rules.grading.wire import (
    ASSESSMENTS,
    grade_mixed,
    grade_record,
    grade_records,
    grading_schema,
    record_schema,
    schemas,
    write_grading,
)
from infusion.rules.grading.wire.ctcae_forms import TERM_FORMS
from screening.rules.wire import EvidenceInvalid
from tests.infusion.grading import sent
from trialsite.protocol.results import Operator, Result

COMPLETE = {"crs": sent.crs(), "icans": sent.icans(), "ctcae": sent.alt()}


def faults(assessment: str, given: object) -> list[tuple[str, str]]:
    with pytest.raises(EvidenceInvalid) as refusal:
        grade_record(assessment, given)
    return [(one.path, one.code) for one in refusal.value.faults]


def read(assessment: str, given: dict[str, Any]) -> Any:
    return grade_record(assessment, given).grading.inputs


def test_every_member_of_crs_arrives() -> None:
    found = read(
        "crs",
        sent.crs(
            hypotension="vasopressors",
            vasopressors=["norepinephrine", "another agent"],
            oxygen_device="ventilation",
            intubation_reason="seizure",
            due_to_another_cause=["hypoxia"],
            has_died_of_crs=True,
        ),
    )
    assert found == CrsFindings(
        highest_temperature_c=Decimal("38.5"),
        hypotension=Hypotension.VASOPRESSORS,
        vasopressors=("norepinephrine", "another agent"),
        oxygen_device=OxygenDevice.VENTILATION,
        oxygen_flow_l_per_min=Decimal(6),
        intubation_reason=IntubationReason.SEIZURE,
        due_to_another_cause=frozenset({CrsComponent.HYPOXIA}),
        is_established=True,
        antipyretic_given=False,
        anticytokine_given=True,
        steroid_given=False,
        has_died_of_crs=True,
    )


def test_every_member_of_icans_arrives() -> None:
    found = read(
        "icans",
        sent.icans(
            consciousness="to_voice",
            seizure="clinical",
            seizure_min="4.5",
            has_seizure_resolved=True,
            has_deep_focal_weakness=True,
            pressure_signs=["papilloedema", "posturing"],
            due_to_another_cause=["motor", "ice"],
            has_died_of_icans=True,
        ),
    )
    assert found == IcansFindings(
        ice=IceAnswers(
            year=True,
            month=True,
            city=True,
            hospital=True,
            objects_named=3,
            follows_command=True,
            writes_sentence=True,
            counts_backwards=False,
        ),
        consciousness=Consciousness.TO_VOICE,
        seizure=Seizure.CLINICAL,
        seizure_min=Decimal("4.5"),
        has_seizure_resolved=True,
        has_deep_focal_weakness=True,
        pressure_signs=(PressureSign.PAPILLOEDEMA, PressureSign.POSTURING),
        due_to_another_cause=frozenset({IcansDomain.MOTOR, IcansDomain.ICE}),
        has_died_of_icans=True,
    )


def test_nothing_left_out_is_taken_for_a_no() -> None:
    assert read("crs", {}) == CrsFindings()
    assert read("icans", {"ice": {}}) == IcansFindings(ice=IceAnswers())
    assert read("icans", {"pressure_signs": []}) == IcansFindings(pressure_signs=())
    assert read("ctcae", {"term": "HYPOXIA"}) == HypoxiaFindings()


def test_results_arrive_with_operator_limits_and_units() -> None:
    low = {"value": "<0.5", "unit": "K/uL"}
    assert faults("ctcae", {"term": "NEUT", "result": low}) == [("result.value", "not-a-number")]
    low = {
        "value": "0.5",
        "operator": "<",
        "unit": "K/uL",
        "lower": "2.0",
        "upper": "7",
        "limit_unit": "GI/L",
    }
    given = {"term": "NEUT", "result": low, "baseline": {"value": 3, "unit": "K/uL"}}
    found = read("ctcae", given)
    assert found.result == Result(Decimal("0.5"), "K/uL", Operator.BELOW, Decimal("2.0"), Decimal(7), "GI/L")
    assert found.baseline == Result(Decimal(3), "K/uL")
    assert grade_record("ctcae", given).grading.grade == 4


@pytest.mark.parametrize(
    ("given", "inputs", "grade"),
    [
        (
            {"term": "FEVER", "highest_temperature": {"value": "40.5", "unit": "C"}, "hours_above_40": "25"},
            FeverFindings(highest_temperature_c=Decimal("40.5"), hours_above_40=Decimal(25)),
            4,
        ),
        ({"term": "HYPOTENSION", "care": "non_urgent"}, HypotensionCare.NON_URGENT, 2),
        ({"term": "HYPOTENSION"}, None, None),
        (
            {
                "term": "HYPOXIA",
                "spo2_at_rest_percent": "96",
                "pao2_mmhg": "80",
                "spo2_on_exertion_percent": "87",
                "needs_intermittent_oxygen": False,
                "is_airway_compromised": False,
            },
            HypoxiaFindings(
                spo2_at_rest_percent=Decimal(96),
                pao2_mmhg=Decimal(80),
                spo2_on_exertion_percent=Decimal(87),
                needs_intermittent_oxygen=False,
                is_airway_compromised=False,
            ),
            2,
        ),
    ],
)
def test_signs_are_graded_by_their_term(given: dict[str, Any], inputs: object, grade: int | None) -> None:
    found = grade_record("ctcae", given).grading
    assert (found.inputs, found.grade) == (inputs, grade)


@pytest.mark.parametrize(
    ("value", "unit", "grade"),
    [("100.4", "°F", 1), ("100.4", "F", 1), ("100.3", "°F", 0), ("38.0", "C", 1), ("37.9", "°C", 0)],
)
def test_a_temperature_is_read_in_its_unit(value: str, unit: str, grade: int) -> None:
    given = {"highest_temperature": {"value": value, "unit": unit}, "oxygen_device": "room_air"}
    assert (
        grade_record("crs", given | {"hypotension": "none", "is_established": False}).grading.grade == grade
    )


@pytest.mark.parametrize(
    ("assessment", "given", "expected"),
    [
        ("crs", [], [("", "wrong-type")]),
        ("crs", {"temperature": 38}, [("temperature", "unknown-field")]),
        ("crs", {"id": 7}, [("id", "wrong-type")]),
        ("crs", {"assessment": "icans"}, [("assessment", "unknown-code")]),
        ("crs", {"highest_temperature": 38.5}, [("highest_temperature", "wrong-type")]),
        ("crs", {"highest_temperature": {"value": 38}}, [("highest_temperature.unit", "required")]),
        (
            "crs",
            {"highest_temperature": {"value": 38, "unit": "K"}},
            [("highest_temperature.unit", "unknown-code")],
        ),
        (
            "crs",
            {"highest_temperature": {"value": "45.1", "unit": "°C"}},
            [("highest_temperature", "out-of-range")],
        ),
        (
            "crs",
            {"highest_temperature": {"value": "38.5", "unit": "°F"}},
            [("highest_temperature", "out-of-range")],
        ),
        ("crs", {"hypotension": "low"}, [("hypotension", "unknown-code")]),
        ("crs", {"vasopressors": ["a", " "]}, [("vasopressors.1", "empty")]),
        ("crs", {"vasopressors": ["a"] * 21}, [("vasopressors", "too-many")]),
        ("crs", {"vasopressors": ["a" * 101]}, [("vasopressors.0", "too-long")]),
        ("crs", {"oxygen_flow_l_per_min": 0}, [("oxygen_flow_l_per_min", "out-of-range")]),
        ("crs", {"due_to_another_cause": ["pain"]}, [("due_to_another_cause.0", "unknown-code")]),
        (
            "crs",
            {"is_established": "yes", "steroid_given": 1},
            [("is_established", "wrong-type"), ("steroid_given", "wrong-type")],
        ),
        ("icans", {"ice": {"objects_named": 4}}, [("ice.objects_named", "out-of-range")]),
        ("icans", {"ice": {"season": True}}, [("ice.season", "unknown-field")]),
        ("icans", {"seizure_min": -1}, [("seizure_min", "out-of-range")]),
        ("icans", {"pressure_signs": ["tremor"]}, [("pressure_signs.0", "unknown-code")]),
        ("ctcae", [], [("", "wrong-type")]),
        ("ctcae", {}, [("term", "required")]),
        ("ctcae", {"term": "NA"}, [("term", "unknown-code")]),
        ("ctcae", {"term": ["ALT"]}, [("term", "unknown-code")]),
        ("ctcae", {"term": "ALT", "care": "non_urgent"}, [("care", "unknown-field")]),
        ("ctcae", {"term": "ALT", "result": {"unit": "U/L"}}, [("result.value", "required")]),
        (
            "ctcae",
            {"term": "ALT", "result": {"value": -1, "unit": "U/L"}},
            [("result.value", "out-of-range")],
        ),
        ("ctcae", {"term": "FEVER", "hours_above_40": -1}, [("hours_above_40", "out-of-range")]),
        (
            "ctcae",
            {"term": "HYPOXIA", "spo2_at_rest_percent": "0.9"},
            [("spo2_at_rest_percent", "out-of-range")],
        ),
    ],
)
def test_what_cannot_be_read_is_named_at_its_field(
    assessment: str, given: object, expected: list[tuple[str, str]]
) -> None:
    assert faults(assessment, given) == expected


def test_every_fault_of_every_record_of_a_list_is_named() -> None:
    with pytest.raises(EvidenceInvalid) as refusal:
        grade_records("crs", [sent.crs(), {"hypotension": 1}, 7], 200)
    assert [(one.path, one.code) for one in refusal.value.faults] == [
        ("1.hypotension", "unknown-code"),
        ("2", "wrong-type"),
    ]
    with pytest.raises(EvidenceInvalid):
        grade_records("crs", [sent.crs()] * 3, 2)
    assert [one.id for one in grade_records("crs", [sent.crs(id="b"), sent.crs(id="a")], 2)] == ["b", "a"]


@pytest.mark.parametrize("assessment", ASSESSMENTS)
def test_a_record_of_a_mixed_file_says_what_it_is(assessment: str) -> None:
    given = COMPLETE[assessment]
    assert grade_mixed(given | {"assessment": assessment}) == grade_record(assessment, given)
    for wrong, code in ((given, "required"), (given | {"assessment": "recist"}, "unknown-code")):
        with pytest.raises(EvidenceInvalid) as refusal:
            grade_mixed(wrong)
        assert [(one.path, one.code) for one in refusal.value.faults] == [("assessment", code)]


def test_a_mixed_file_holds_objects_alone() -> None:
    with pytest.raises(EvidenceInvalid, match="Give an object"):
        grade_mixed([1])


def test_an_answer_is_written_with_everything_that_led_to_it() -> None:
    assert write_grading(grade_record("crs", sent.crs(hypotension=None))) == {
        "id": "H-17",
        "term": "CRS",
        "scale": "ASTCT",
        "scale_version": "2019",
        "grade": None,
        "at_least": 2,
        "at_most": 4,
        "rule": "CRS-HYPOTENSION",
        "because": "Whether there is hypotension is not documented.",
        "missing": ["hypotension"],
        "flags": [],
        "domains": [
            {"id": "fever", "grade": 1},
            {"id": "hypotension", "grade": None},
            {"id": "hypoxia", "grade": 2},
        ],
    }
    answered = write_grading(grade_record("ctcae", sent.alt(baseline=None)))
    assert (answered["grade"], answered["flags"]) == (2, ["baseline_missing"])


# The schemas


@pytest.mark.parametrize("assessment", ASSESSMENTS)
def test_a_complete_record_and_its_answer_keep_to_their_schemas(assessment: str) -> None:
    schema = record_schema(assessment)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(COMPLETE[assessment], schema)
    answered = write_grading(grade_record(assessment, COMPLETE[assessment]))
    jsonschema.Draft202012Validator.check_schema(grading_schema())
    jsonschema.validate(answered, grading_schema())


@pytest.mark.parametrize("term", TERM_FORMS)
def test_every_term_has_a_schema_that_takes_its_bare_record(term: str) -> None:
    jsonschema.validate({"term": term}, record_schema("ctcae"))
    answered = write_grading(grade_record("ctcae", {"term": term}))
    assert answered["grade"] is None
    jsonschema.validate(answered, grading_schema())


@pytest.mark.parametrize(
    ("assessment", "wrong"),
    [
        ("crs", {"temperature": 38}),
        ("crs", {"hypotension": "low"}),
        ("crs", {"highest_temperature": {"value": 38}}),
        ("crs", {"vasopressors": [""]}),
        ("icans", {"ice": {"objects_named": 4}}),
        ("icans", {"pressure_signs": ["tremor"]}),
        ("ctcae", {}),
        ("ctcae", {"term": "NA"}),
        ("ctcae", {"term": "ALT", "care": "non_urgent"}),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(assessment: str, wrong: dict[str, Any]) -> None:
    assert faults(assessment, wrong)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, record_schema(assessment))


def _described(schema: dict[str, Any], path: str) -> list[str]:
    """Return the fields below that lack a title or a description, and numbers that lack their unit."""
    lacking = []
    for name, one in schema.get("properties", {}).items():
        here = f"{path}.{name}"
        if not one.get("title") or not one.get("description"):
            lacking.append(here)
        lacking += _described(one, here)
    for one in schema.get("oneOf", ()):
        lacking += _described(one, path)
    return lacking


def test_every_field_has_title_description_and_numbers_their_unit() -> None:
    published = schemas()
    for assessment in ASSESSMENTS:
        assert _described(published["input"][assessment], assessment) == []
    assert _described(published["output"], "output") == []
    units = {
        name: one["x-unit"]
        for form in (
            published["input"]["crs"],
            published["input"]["icans"],
            *published["input"]["ctcae"]["oneOf"],
        )
        for name, one in form["properties"].items()
        if "x-unit" in one
    }
    assert units == {
        "oxygen_flow_l_per_min": "L/min",
        "seizure_min": "min",
        "hours_above_40": "h",
        "spo2_at_rest_percent": "%",
        "pao2_mmhg": "mmHg",
        "spo2_on_exertion_percent": "%",
    }
    json.dumps(published)


def test_allowed_values_are_those_of_the_rules() -> None:
    crs, icans = record_schema("crs")["properties"], record_schema("icans")["properties"]
    assert crs["oxygen_device"]["enum"] == [*OxygenDevice, None]
    assert crs["hypotension"]["enum"] == [*Hypotension, None]
    assert crs["intubation_reason"]["enum"] == [*IntubationReason, None]
    assert crs["due_to_another_cause"]["items"]["enum"] == [*CrsComponent]
    assert icans["consciousness"]["enum"] == [*Consciousness, None]
    assert icans["seizure"]["enum"] == [*Seizure, None]
    assert icans["pressure_signs"]["items"]["enum"] == [*PressureSign]
    assert icans["due_to_another_cause"]["items"]["enum"] == [*IcansDomain]
    care = next(one for one in record_schema("ctcae")["oneOf"] if one["title"] == "Hypotension")
    assert care["properties"]["care"]["enum"] == [*HypotensionCare, None]


def test_every_finding_of_the_rules_can_be_sent() -> None:
    sent_as = {"highest_temperature_c": "highest_temperature"}
    for assessment, findings in (("crs", CrsFindings), ("icans", IcansFindings)):
        names = {sent_as.get(one.name, one.name) for one in fields(findings)}
        assert names | {"id", "assessment"} == set(record_schema(assessment)["properties"])
    ice = record_schema("icans")["properties"]["ice"]["properties"]
    assert set(ice) == {one.name for one in fields(IceAnswers)}
