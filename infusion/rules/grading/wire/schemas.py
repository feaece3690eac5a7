"""JSON Schemas (draft 2020-12) of the records that are sent and of what is answered, made from the same forms."""

from functools import cache

from infusion.rules.grading.crs import CRS as CRS_TERM
from infusion.rules.grading.crs import CRS_VERSION
from infusion.rules.grading.ctcae_clinical import FEVER, HYPOTENSION, HYPOXIA
from infusion.rules.grading.ctcae_tables import CTCAE_VERSION, LABORATORY_TESTS
from infusion.rules.grading.grading import DEATH, WORST, Flag, Scale
from infusion.rules.grading.icans import ICANS as ICANS_TERM
from infusion.rules.grading.icans import ICANS_VERSION
from infusion.rules.grading.wire.astct_forms import CRS_FORM, ICANS_FORM
from infusion.rules.grading.wire.ctcae_forms import TERM_FORMS
from infusion.rules.grading.wire.members import form_schema
from infusion.rules.grading.wire.records import ASSESSMENTS, CRS, CTCAE, ICANS, framed, term_form
from screening.rules.wire.schema import DIALECT, Schema, codes, described

TERMS = (CRS_TERM, ICANS_TERM, *LABORATORY_TESTS, FEVER, HYPOTENSION, HYPOXIA)


@cache
def record_schema(assessment: str) -> Schema:
    """Return the schema of one record, as `grade_record` reads it."""
    return {
        "$schema": DIALECT,
        "$id": f"urn:trialsite:grading-{assessment}",
        **_SHAPES[assessment](),
    }


def _crs() -> Schema:
    about = "One assessment of cytokine release syndrome, to be graded by ASTCT 2019."
    return form_schema(framed(CRS, CRS_FORM), "CRS", about + _LEFT_OUT)


def _icans() -> Schema:
    about = "One assessment of neurotoxicity, to be graded by ASTCT 2019."
    return form_schema(framed(ICANS, ICANS_FORM), "ICANS", about + _LEFT_OUT)


def _ctcae() -> Schema:
    about = "One laboratory result or sign, to be graded by CTCAE 5.0; `term` says which."
    terms = [
        form_schema(term_form(term), TERM_FORMS[term].title, f"{term} by CTCAE 5.0." + _LEFT_OUT)
        for term in TERM_FORMS
    ]
    return {**described("CTCAE", about), "oneOf": terms}


_LEFT_OUT = " What is left out is not documented, which is never taken for a no."
_SHAPES = {CRS: _crs, ICANS: _icans, CTCAE: _ctcae}


@cache
def grading_schema() -> Schema:
    """Return the schema of one answer."""
    properties = {
        "id": _text("Id", "As it was sent; empty where none was."),
        "term": {**described("Term", "What is graded."), **codes(TERMS)},
        "scale": {
            **described("Scale", "Whose grades they are. Never compare grades of two scales."),
            **codes(tuple(Scale)),
        },
        "scale_version": {
            **described("Scale version", "2019 of ASTCT, 5.0 of CTCAE."),
            **codes(tuple(dict.fromkeys((CRS_VERSION, ICANS_VERSION, CTCAE_VERSION)))),
        },
        "grade": {
            **described("Grade", "0 to 4, 5 for death; null where it cannot be determined."),
            "type": ["integer", "null"],
            "minimum": 0,
            "maximum": DEATH,
        },
        "at_least": _grade("At least", "What is sure although something is missing."),
        "at_most": _grade("At most", "The worst that what is documented leaves possible."),
        "rule": _text("Rule", "Stable id of the rule or domain that decided."),
        "because": _text("Because", "Why, in one sentence."),
        "missing": {
            **described("Missing", "What is not documented, also where the grade is given."),
            "type": "array",
            "items": {"type": "string"},
        },
        "flags": {
            **described("Flags", "What whoever confirms the grade should know."),
            "type": "array",
            "items": codes(tuple(Flag)),
        },
        "domains": {
            **described("Domains", "Each domain with its own grade; null where that one is open."),
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "id": _text("Domain", "Its id."),
                    "grade": {
                        **described("Grade", "Of this domain alone."),
                        "type": ["integer", "null"],
                        "minimum": 0,
                        "maximum": WORST,
                    },
                },
                "required": ["id", "grade"],
            },
        },
    }
    return {
        "$schema": DIALECT,
        "$id": "urn:trialsite:grading",
        **described("Grading", "A computed grade with its reasons. It is a proposal; a person confirms it."),
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(properties),
    }


def schemas() -> Schema:
    """Return all schemas: of each kind of record, and of the answer."""
    return {"input": {one: record_schema(one) for one in ASSESSMENTS}, "output": grading_schema()}


def _text(title: str, description: str) -> Schema:
    return {**described(title, description), "type": "string"}


def _grade(title: str, description: str) -> Schema:
    return {**described(title, description), "type": "integer", "minimum": 0, "maximum": DEATH}
