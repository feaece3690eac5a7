"""Evidence as JSON: every item there and back, every fault named at its field, the schema true of the reader."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from screening.rules.evaluate import evaluate
from screening.rules.evidence import Entry, Purpose
from screening.rules.items import BY_ID, ITEMS
from screening.rules.vocabulary import Band, Field, Item, Kind
from screening.rules.wire import (
    EvidenceInvalid,
    LineWriter,
    encoded,
    input_schema,
    output_schema,
    read_case,
    read_cases,
    read_entry,
    soft_warnings,
    write_case,
    write_entry,
    write_evaluation,
)
from tests.factories.evidence import eligible_record
from trialsite.protocol.partial_dates import PartialDate, read_partial_date
from trialsite.protocol.registry import resolve
from trialsite.protocol.results import Operator, Result
from trialsite.protocol.types import Arm
from trialsite.protocol.units import QUANTITIES

ON = date(2026, 5, 17)
LONG = "x" * 201


# What can be answered, from the catalogue

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=200)
dates = st.dates(date(1900, 1, 1), date(2199, 12, 31)).flatmap(
    lambda day: st.sampled_from([f"{day}", f"{day:%Y-%m}", f"{day.year:04}"]).map(read_partial_date)
)


def numbers(band: Band | None) -> st.SearchStrategy[Decimal]:
    low, high = (Decimal(0), Decimal(10**9)) if band is None else band.hard
    return st.decimals(low, high, places=3)


def scalars(asked: Item | Field) -> st.SearchStrategy[Any]:
    codes = st.sampled_from(sorted(asked.choices or [""]))
    hard = (0, 1000) if asked.band is None else tuple(map(int, asked.band.hard))
    return {
        Kind.FLAG: st.booleans(),
        Kind.CHOICE: codes,
        Kind.CHOICES: st.lists(codes, unique=True).map(tuple),
        Kind.COUNT: st.integers(*hard),
        Kind.NUMBER: numbers(asked.band),
        Kind.DATE: dates,
        Kind.TEXT: texts.filter(str.strip),
    }[asked.kind]


def forms(fields: tuple[Field, ...]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {one.id: scalars(one) if one.is_required else st.none() | scalars(one) for one in fields}
    )


def results(item: Item) -> st.SearchStrategy[Result]:
    limits = st.none() | numbers(None)
    return st.builds(
        Result,
        value=numbers(item.band),
        unit=st.sampled_from([QUANTITIES[item.quantity].base, "", "furlongs"]),
        operator=st.sampled_from(Operator),
        lower=st.none(),
        upper=limits,
        limit_unit=texts,
    ).filter(lambda found: found.upper is None or found.lower is None)


def values(item: Item) -> st.SearchStrategy[Any]:
    match item.kind:
        case Kind.RESULT:
            return results(item)
        case Kind.FORM:
            return forms(item.fields)
        case Kind.ROWS:
            return st.lists(forms(item.fields), max_size=4).map(tuple)
    return scalars(item)


def entries(item: Item) -> st.SearchStrategy[Entry]:
    rest = {
        "on": st.none() | dates,
        "method": st.sampled_from(["", *(item.methods or ())]),
        "reason": texts,
        "ref": st.just(""),
    }
    answered = st.builds(Entry, item=st.just(item.id), value=values(item), not_done=st.just(""), **rest)
    return answered | st.builds(Entry, item=st.just(item.id), value=st.none(), not_done=texts, **rest)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(answers=st.fixed_dictionaries({item.id: entries(item) for item in ITEMS}))
def test_every_entry_is_read_back_as_it_was_written(answers: dict[str, Entry]) -> None:
    validator = jsonschema.Draft202012Validator(input_schema())
    evidence = {}
    for item in ITEMS:
        stored = json.loads(json.dumps(write_entry(answers[item.id])), parse_float=Decimal)
        assert read_entry(item, stored, item.id) == answers[item.id]
        evidence[item.id] = stored
    sent = {"as_of": "2026-05-17", "evidence": evidence}
    assert read_case(sent).record.entries == {key: (entry,) for key, entry in answers.items()}
    assert [error.json_path for error in validator.iter_errors(sent)] == []


# Single faults

PLAT = {"value": {"value": "180", "unit": "10⁹/L"}, "on": "2026-05-17"}


def faults_of(item: str, given: object) -> dict[str, str]:
    with pytest.raises(EvidenceInvalid) as refused:
        read_entry(BY_ID[item], given, f"evidence.{item}")
    return {one.path.removeprefix("evidence."): one.code for one in refused.value.faults}


def lab(**change: object) -> dict[str, object]:
    return {"value": {"value": "4.1", "unit": "10⁹/L"} | change, "on": "2026-05-17"}


def answer(value: object) -> dict[str, object]:
    return {"value": value, "on": "2026-05-17"}


LESION = {"site": "liver", "kind": "non_nodal", "is_irradiated": False}


@pytest.mark.parametrize(
    ("item", "given", "path", "code"),
    [
        ("sex", 7, "sex", "wrong-type"),
        ("sex", {}, "sex", "required"),
        ("sex", {"on": "2026-05-17"}, "sex", "required"),
        ("sex", answer("other"), "sex.value", "unknown-code"),
        ("sex", answer(1), "sex.value", "unknown-code"),
        ("sex", answer(["female"]), "sex.value", "unknown-code"),
        ("sex", {"value": "female", "when": None}, "sex.when", "unknown-field"),
        ("sex", answer("female") | {"method": "guess"}, "sex.method", "unknown-code"),
        ("sex", answer("female") | {"on": "2026-02-30"}, "sex.on", "not-a-date"),
        ("sex", answer("female") | {"on": "1899"}, "sex.on", "not-a-date"),
        ("sex", answer("female") | {"on": "2026-05-17T08:00"}, "sex.on", "not-a-date"),
        ("sex", answer("female") | {"on": 2026}, "sex.on", "not-a-date"),
        ("sex", answer("female") | {"on": []}, "sex.on", "not-a-date"),
        ("sex", answer("female") | {"reason": 3}, "sex.reason", "wrong-type"),
        ("sex", answer("female") | {"reason": "x" * 501}, "sex.reason", "too-long"),
        ("sex", answer("female") | {"reason": "a\x00b"}, "sex.reason", "unstorable-text"),
        ("sex", answer("female") | {"reason": "\ud800"}, "sex.reason", "unstorable-text"),
        ("sex", answer("female") | {"not_done": "refused"}, "sex", "contradiction"),
        ("sex", {"value": None, "not_done": LONG}, "sex.not_done", "too-long"),
        ("unsuitable", answer(1), "unsuitable.value", "wrong-type"),
        ("unsuitable", answer("false"), "unsuitable.value", "wrong-type"),
        ("contraception_methods", answer("barrier"), "contraception_methods.value", "wrong-type"),
        ("contraception_methods", answer(["x"]), "contraception_methods.value.0", "unknown-code"),
        ("prior_lines", answer(-1), "prior_lines.value", "not-a-count"),
        ("prior_lines", answer("1.5"), "prior_lines.value", "not-a-count"),
        ("prior_lines", answer(True), "prior_lines.value", "not-a-number"),
        ("prior_lines", answer(31), "prior_lines.value", "out-of-range"),
        ("survival_weeks", answer(4.5), "survival_weeks.value", "not-a-number"),
        ("survival_weeks", answer("½"), "survival_weeks.value", "not-a-number"),
        ("survival_weeks", answer("１２"), "survival_weeks.value", "not-a-number"),
        ("survival_weeks", answer("NaN"), "survival_weeks.value", "not-a-number"),
        ("survival_weeks", answer(Decimal("Infinity")), "survival_weeks.value", "not-a-number"),
        ("survival_weeks", answer("1.1234567890123456789"), "survival_weeks.value", "not-a-number"),
        ("survival_weeks", answer("123456789.1234567891"), "survival_weeks.value", "number-out-of-range"),
        ("survival_weeks", answer(10**30), "survival_weeks.value", "number-out-of-range"),
        ("survival_weeks", answer("1e99"), "survival_weeks.value", "number-out-of-range"),
        ("survival_weeks", answer("1e-99"), "survival_weeks.value", "number-out-of-range"),
        ("survival_weeks", answer("2600.1"), "survival_weeks.value", "out-of-range"),
        ("effusion_character", answer(" "), "effusion_character.value", "empty"),
        ("effusion_character", answer(LONG), "effusion_character.value", "too-long"),
        ("cns", answer([]), "cns.value", "wrong-type"),
        ("cns", answer({"has_cns": False}), "cns.value.has_leptomeningeal", "required"),
        ("lesions", answer({}), "lesions.value", "wrong-type"),
        ("lesions", answer([LESION] * 201), "lesions.value", "too-many"),
        ("lesions", answer([LESION, 7]), "lesions.value.1", "wrong-type"),
        ("lesions", answer([LESION | {"longest_mm": "400.1"}]), "lesions.value.0.longest_mm", "out-of-range"),
        ("plat", answer("180"), "plat.value", "wrong-type"),
        ("plat", lab(value=None), "plat.value.value", "required"),
        ("plat", lab(value="<10"), "plat.value.value", "not-a-number"),
        ("plat", lab(value="-1"), "plat.value.value", "out-of-range"),
        ("plat", lab(value=3001), "plat.value.value", "out-of-range"),
        ("plat", lab(value="3000001", unit="/mm3"), "plat.value.value", "out-of-range"),
        ("plat", lab(operator="=="), "plat.value.operator", "unknown-code"),
        ("plat", lab(operator=[]), "plat.value.operator", "unknown-code"),
        ("plat", lab(unit=LONG), "plat.value.unit", "too-long"),
        ("plat", lab(upper="-1"), "plat.value.upper", "out-of-range"),
        ("plat", lab(lower="9.5", upper="3.5"), "plat.value.lower", "out-of-range"),
        ("plat", lab(uper="9.5"), "plat.value.uper", "unknown-field"),
    ],
    ids=str,
)
def test_a_fault_is_named_at_its_field(item: str, given: object, path: str, code: str) -> None:
    assert faults_of(item, given) == {path: code}


@pytest.mark.parametrize(
    ("item", "given", "value"),
    [
        ("prior_lines", 0, 0),
        ("prior_lines", "2", 2),
        ("prior_lines", Decimal("2.0"), 2),
        ("prior_lines", 30, 30),
        ("survival_weeks", 12, Decimal(12)),
        ("survival_weeks", "2.6e3", Decimal(2600)),
        ("survival_weeks", Decimal("12.10"), Decimal("12.10")),
        ("survival_weeks", "-0", Decimal(0)),
        ("contraception_methods", ["iud", "iud"], ("iud",)),
        ("contraception_methods", [], ()),
        ("lesions", [], ()),
        ("birth_on", "1961", PartialDate(date(1961, 1, 1), date(1961, 12, 31))),
        ("ecog", None, None),
    ],
    ids=str,
)
def test_what_means_the_same_is_read_the_same(item: str, given: object, value: object) -> None:
    found = read_entry(BY_ID[item], {"value": given}).value
    assert found == value
    assert str(found) == str(value)


@pytest.mark.parametrize(("written", "meant"), [("<=", "≤"), (">=", "≥"), ("<", "<"), (">", ">"), ("=", "=")])
def test_operators_may_be_written_on_a_plain_keyboard(written: str, meant: str) -> None:
    value = read_entry(BY_ID["plat"], lab(operator=written)).value
    assert isinstance(value, Result)
    assert value.operator == meant


@pytest.mark.parametrize(
    ("value", "unit"), [("3000", "10^9/L"), ("3000000", "/mm3"), ("99999999", "furlongs"), ("4", "")]
)
def test_the_hard_bounds_are_checked_in_the_base_unit_and_an_unknown_unit_is_left_to_the_engine(
    value: str, unit: str
) -> None:
    assert read_entry(BY_ID["plat"], lab(value=value, unit=unit)).item == "plat"


def test_equal_answers_of_another_type_are_not_taken_for_what_was_read_before() -> None:
    assert read_entry(BY_ID["unsuitable"], answer(True)).value is True
    assert faults_of("unsuitable", answer(1)) == {"unsuitable.value": "wrong-type"}
    assert read_entry(BY_ID["plat"], lab(value=1)).item == "plat"
    assert faults_of("plat", lab(value=True)) == {"plat.value.value": "not-a-number"}
    assert read_entry(BY_ID["infection"], answer({"is_active": True})).item == "infection"
    assert faults_of("infection", answer({"is_active": 1})) == {"infection.value.is_active": "wrong-type"}


def test_the_id_of_the_stored_record_is_kept_and_not_written() -> None:
    entry = read_entry(BY_ID["plat"], PLAT, ref="7f")
    assert entry.ref == "7f"
    assert read_entry(BY_ID["plat"], write_entry(entry)) == entry._replace(ref="")


def test_a_fault_shows_the_senders_own_words_only_in_a_printable_form() -> None:
    with pytest.raises(EvidenceInvalid) as refused:
        read_entry(BY_ID["sex"], {"value": "female", "\ud800" + "y" * 100: 1}, "sex")
    (fault,) = refused.value.faults
    assert fault.path.startswith("sex.\\ud800yyy")
    assert fault.path.endswith("…")
    assert str(refused.value) == f"{fault.path}: {fault.message}"
    fault.path.encode()


# Second looks


@pytest.mark.parametrize(
    ("item", "value", "words"),
    [
        ("plat", {"value": "9", "unit": "10^9/L"}, ("unusual", "10 to 1000")),
        ("plat", {"value": "1000001", "unit": "/mm3"}, ("unusual",)),
        ("lvef", {"value": "0.6", "unit": "%"}, ("fraction", "60")),
        ("lvef", {"value": "1", "unit": "%"}, ("fraction",)),
        ("ihc", {"is_membranous": True, "positivity": "0.1"}, ("fraction", "10.0")),
        ("lesions", [LESION, LESION | {"longest_mm": "151"}], ("2: Longest diameter", "unusual")),
        ("prior_lines", 9, ("9 lines is unusual",)),
        ("survival_weeks", "261", ("unusual",)),
    ],
    ids=str,
)
def test_an_unlikely_value_is_asked_about(item: str, value: object, words: tuple[str, ...]) -> None:
    (warning,) = soft_warnings(BY_ID[item], read_entry(BY_ID[item], answer(value)))
    assert all(one in warning for one in words), warning


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ("plat", {"value": "10", "unit": "10^9/L"}),
        ("plat", {"value": "1000", "unit": "10^9/L"}),
        ("plat", {"value": "9", "unit": "furlongs"}),
        ("lvef", {"value": "1.1", "unit": "furlongs"}),
        ("spo2", {"value": "100", "unit": "%"}),
        ("ihc", {"is_membranous": False, "positivity": None}),
        ("lesions", []),
        ("contraception_methods", ["iud"]),
        ("unsuitable", True),
        ("ecog", None),
    ],
    ids=str,
)
def test_a_likely_value_is_taken_as_it_is(item: str, value: object) -> None:
    assert soft_warnings(BY_ID[item], read_entry(BY_ID[item], answer(value))) == ()


# Whole records


def case(**change: object) -> dict[str, Any]:
    record = eligible_record(ON)
    evidence = {item: write_entry(entries[0]) for item, entries in record.entries.items()}
    return {
        "id": "H-17",
        "protocol_version": "1.0",
        "arm": "intravenous",
        "consent_on": "2026-05-17",
        "as_of": "2026-05-17",
        "evidence": evidence,
    } | change


def test_a_case_is_read_with_its_dates_and_evidence() -> None:
    found = read_case(case(screening_on="2026-05-18", enrolment_on="2026-05-20", purpose="recheck"))
    assert (found.id, found.version, found.arm) == ("H-17", "1.0", Arm.INTRAVENOUS)
    assert found.anchors.consent_on == ON
    assert found.anchors.screening_on == date(2026, 5, 18)
    assert found.anchors.enrolment_on == date(2026, 5, 20)
    assert found.anchors.purpose is Purpose.RECHECK
    assert found.record == eligible_record(ON)


def test_what_is_left_out_is_not_known() -> None:
    found = read_case({"as_of": "2026-05-17", "arm": None})
    assert (found.id, found.version, found.arm, found.record.entries) == ("", "1.0", None, {})
    assert (found.anchors.consent_on, found.anchors.screening_on) == (None, None)
    assert found.anchors.purpose is Purpose.SCREENING


def test_several_entries_of_an_item_keep_their_order() -> None:
    found = read_case(case(evidence={"ecog": [answer(2), {"value": 1, "on": "2026-05-16"}]}))
    assert [entry.value for entry in found.record.entries["ecog"]] == [2, 1]


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"as_of": None}, "as_of", "required"),
        ({"as_of": "2026-05"}, "as_of", "not-a-date"),
        ({"id": "x" * 101}, "id", "too-long"),
        ({"protocol_version": "9.9"}, "protocol_version", "unknown-code"),
        ({"arm": "oral"}, "arm", "unknown-code"),
        ({"purpose": "fun"}, "purpose", "unknown-code"),
        ({"consent": "2026-05-17"}, "consent", "unknown-field"),
        ({"screening_on": "2026-05-16"}, "screening_on", "dates-out-of-order"),
        ({"enrolment_on": "2026-05-16"}, "enrolment_on", "dates-out-of-order"),
        ({"evidence": []}, "evidence", "wrong-type"),
        ({"evidence": {"platelets": PLAT}}, "evidence.platelets", "unknown-field"),
        ({"evidence": {"plat": None}}, "evidence.plat", "wrong-type"),
        ({"evidence": {"plat": []}}, "evidence.plat", "empty"),
        ({"evidence": {"plat": [PLAT] * 201}}, "evidence.plat", "too-many"),
        ({"evidence": {"plat": [PLAT, lab(operator="?")]}}, "evidence.plat.1.value.operator", "unknown-code"),
    ],
    ids=str,
)
def test_a_fault_of_a_case_is_named_at_its_field(change: dict[str, object], path: str, code: str) -> None:
    with pytest.raises(EvidenceInvalid) as refused:
        read_case(case(**change))
    assert [(one.path, one.code) for one in refused.value.faults] == [(path, code)]


def test_dates_out_of_order_are_named_both() -> None:
    with pytest.raises(EvidenceInvalid) as refused:
        read_case(case(screening_on="2026-05-16"))
    assert "screening_on lies before consent_on" in refused.value.faults[0].message


def test_all_faults_are_told_at_once() -> None:
    wrong = case(arm="oral", as_of="", evidence={"sex": answer(1), "lesions": answer([{"site": ""}]), "x": 1})
    with pytest.raises(EvidenceInvalid) as refused:
        read_cases([case(), wrong], 10)
    assert {one.path for one in refused.value.faults} == {
        "1.arm",
        "1.as_of",
        "1.evidence.sex.value",
        "1.evidence.lesions.value.0.site",
        "1.evidence.lesions.value.0.kind",
        "1.evidence.lesions.value.0.is_irradiated",
        "1.evidence.x",
    }


def test_a_case_that_is_kept_is_read_back_as_it_was() -> None:
    for change in ({}, {"arm": None, "consent_on": None}):
        found = read_case(case(**change))
        assert read_case(write_case(found.id, found.version, found.arm, found.anchors, found.record)) == found


# Answers


def evaluated(given: dict[str, Any], **options: Any) -> dict[str, Any]:
    found = read_case(given)
    evaluation = evaluate(resolve(found.version), found.record, found.anchors, found.arm)
    return write_evaluation(evaluation, case_id=found.id, **options)


def test_an_evaluation_is_written_in_the_order_of_the_protocol_with_its_reasons() -> None:
    written = evaluated(case())
    assert list(written)[:5] == ["id", "protocol_version", "as_of", "arm", "verdict"]
    assert (written["id"], written["verdict"]["status"]) == ("H-17", "eligible")
    assert [one["id"] for one in written["criteria"]] == [one.id for one in resolve("1.0").criteria]
    (counts,) = (one for one in written["criteria"] if one["id"] == "I10.1")
    plat = next(one for one in counts["used"] if one["item"] == "plat")
    assert plat["value"]["value"] == "180"
    assert plat["on"] == "2026-05-17"
    assert {
        "item": "plat",
        "said": "180 10⁹/L",
        "sign": ">",
        "limit": "50 10⁹/L",
        "outcome": "true",
    } in counts["compared"]
    assert "text" not in counts


def test_the_text_of_the_protocol_is_added_where_it_is_asked_for() -> None:
    first = evaluated(case(), with_text=True)["criteria"][0]
    assert first["text"] == resolve("1.0").criteria[0].text
    assert first["plain"] == resolve("1.0").criteria[0].plain


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    answers=st.fixed_dictionaries({}, optional={item.id: entries(item) for item in ITEMS}),
    arm=st.sampled_from([None, *Arm]),
    with_text=st.booleans(),
    case_id=texts.map(lambda text: text[:100]),
)
def test_a_line_says_what_the_evaluation_says_to_the_letter(
    answers: dict[str, Entry], arm: Arm | None, with_text: bool, case_id: str
) -> None:
    found = read_case({"as_of": "2026-05-17", "consent_on": "2026-05-01", "arm": arm, "id": case_id})
    record = replace(found.record, entries={key: (entry,) for key, entry in answers.items()})
    evaluation = evaluate(resolve("1.0"), record, found.anchors, found.arm)
    written = write_evaluation(evaluation, case_id=case_id, with_text=with_text)
    writer = LineWriter(with_text=with_text)
    assert writer.line(evaluation, case_id) == writer.line(evaluation, case_id) == encoded(written)
    jsonschema.validate(json.loads(encoded(written)), output_schema())


# The published schemas


def nodes(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every field of a schema: what stands under `properties`, however deep."""
    if isinstance(schema, list):
        for position, one in enumerate(schema):
            yield from nodes(one, f"{path}.{position}")
    elif isinstance(schema, dict):
        properties = schema.get("properties", {})
        yield from ((f"{path}.{name}", one) for name, one in properties.items())
        for name, one in schema.items():
            yield from nodes(one, f"{path}.{name}")


@pytest.mark.parametrize("schema", [input_schema(), output_schema()], ids=["input", "output"])
def test_every_field_of_a_schema_has_a_title_and_a_description(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    fields = list(nodes(schema))
    assert len(fields) > 20
    assert [path for path, one in fields if not one.get("title") or not one.get("description")] == []
    objects = [one for _, one in [("", schema), *fields] if "properties" in one]
    assert all(one["additionalProperties"] is False for one in objects)


def test_the_schema_names_unit_and_allowed_answers_of_every_item() -> None:
    definitions = input_schema()["$defs"]
    assert set(definitions) == set(BY_ID)
    for item in ITEMS:
        value = definitions[item.id]["properties"]["value"]
        rows = value.get("items", value)
        for asked, shape in [(item, value), *((one, rows["properties"][one.id]) for one in item.fields)]:
            codes = shape.get("enum") or shape.get("items", {}).get("enum") or []
            assert set(asked.choices or ()) <= set(codes), (item.id, asked.id)
            assert asked.kind is Kind.RESULT or shape.get("x-unit", "") == asked.unit
        if item.kind is Kind.RESULT:
            assert value["properties"]["value"]["x-unit"]
            assert all(
                unit in value["properties"]["unit"]["description"]
                for unit in QUANTITIES[item.quantity].factors
            )


@pytest.mark.parametrize(
    "change",
    [
        {"as_of": None},
        {"as_of": "tomorrow"},
        {"arm": "oral"},
        {"consent": "2026-05-17"},
        {"evidence": {"platelets": PLAT}},
        {"evidence": {"plat": []}},
        {"evidence": {"plat": lab(operator="==")}},
        {"evidence": {"plat": lab(value="<10")}},
        {"evidence": {"sex": answer("other")}},
        {"evidence": {"sex": {"on": "2026-05-17"}}},
        {"evidence": {"ecog": answer(6)}},
        {"evidence": {"ecog": answer(1.5)}},
        {"evidence": {"lesions": answer([{"site": "liver"}])}},
        {"evidence": {"unsuitable": answer("no")}},
    ],
    ids=str,
)
def test_what_the_schema_refuses_the_reader_refuses(change: dict[str, object]) -> None:
    validator = jsonschema.Draft202012Validator(input_schema())
    assert validator.is_valid(case())
    assert not validator.is_valid(case(**change))
    with pytest.raises(EvidenceInvalid):
        read_case(case(**change))
