"""Records of findings as JSON: read, checked, graded, answered. One form for the API and for files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infusion.rules.grading.crs import assess_crs
from infusion.rules.grading.grading import Grading
from infusion.rules.grading.icans import assess_icans
from infusion.rules.grading.wire.astct_forms import CRS_FORM, ICANS_FORM, crs_findings, icans_findings
from infusion.rules.grading.wire.ctcae_forms import TERM_FORMS
from infusion.rules.grading.wire.members import Form, Member, only, read_form
from screening.rules.wire.cases import ID_LIMIT
from screening.rules.wire.faults import EvidenceInvalid, refusal
from screening.rules.wire.members import read_sequence
from screening.rules.wire.scalars import code_reader, read_note
from screening.rules.wire.schema import text

CRS, ICANS, CTCAE = "crs", "icans", "ctcae"
ASSESSMENTS = (CRS, ICANS, CTCAE)


@dataclass(frozen=True, slots=True)
class Graded:
    """id: the sender's own, any text."""

    id: str
    grading: Grading


def framed(assessment: str, form: Form) -> Form:
    """Return the form with what stands in every record."""
    return {
        "id": Member(
            lambda given: read_note(given, ID_LIMIT),
            text("Id", "Your own name for the record; it comes back with the answer.", ID_LIMIT, 0),
        ),
        "assessment": only(
            assessment, "Assessment", "Needed in a file of mixed records; elsewhere it may be left out."
        ),
        **form,
    }


def term_form(term: str) -> Form:
    """Return the whole form of one CTCAE term."""
    named = only(term, "Term", TERM_FORMS[term].title)
    required = Member(named.read, named.schema, is_required=True)
    return {**framed(CTCAE, {"term": required}), **TERM_FORMS[term].form}


def grade_record(assessment: str, given: object) -> Graded:
    """Return the grading of one record. Raises EvidenceInvalid with every fault."""
    return _READERS[assessment](given)


def grade_mixed(given: object) -> Graded:
    """Return the grading of a record that says itself what it is. Raises EvidenceInvalid."""
    if not isinstance(given, dict):
        raise refusal("wrong-type", "Give an object.")
    return grade_record(_named(given, "assessment", dict.fromkeys(ASSESSMENTS, "")), given)


def grade_records(assessment: str, given: object, limit: int) -> tuple[Graded, ...]:
    """Return the gradings of a list. Raises EvidenceInvalid with the faults of all of them."""
    found: tuple[Graded, ...] = read_sequence(given, _READERS[assessment], limit)
    return found


def _grade_crs(given: object) -> Graded:
    found = read_form(_CRS, given)
    return Graded(_taken_id(found), assess_crs(crs_findings(found)))


def _grade_icans(given: object) -> Graded:
    found = read_form(_ICANS, given)
    return Graded(_taken_id(found), assess_icans(icans_findings(found)))


def _grade_ctcae(given: object) -> Graded:
    if not isinstance(given, dict):
        raise refusal("wrong-type", "Give an object with a term and its findings.")
    term = _named(given, "term", {name: one.title for name, one in TERM_FORMS.items()})
    found = read_form(_TERMS[term], given)
    record_id = _taken_id(found)
    del found["term"]
    return Graded(record_id, TERM_FORMS[term].grade(found))


def _named(given: dict[str, Any], name: str, choices: Mapping[str, str]) -> str:
    """Return the code that says how the rest is to be read. Raises EvidenceInvalid at its field."""
    try:
        if given.get(name) is None:
            raise refusal("required", f"This field is required. Choose one of: {', '.join(choices)}.")
        chosen: str = code_reader(choices)(given[name])
    except EvidenceInvalid as exc:
        raise EvidenceInvalid(exc.under(name)) from None
    return chosen


def _taken_id(found: dict[str, Any]) -> str:
    found.pop("assessment", None)
    record_id: str = found.pop("id", "")
    return record_id


_CRS, _ICANS = framed(CRS, CRS_FORM), framed(ICANS, ICANS_FORM)
_TERMS: Mapping[str, Form] = {term: term_form(term) for term in TERM_FORMS}
_READERS: Mapping[str, Callable[[object], Graded]] = {
    CRS: _grade_crs,
    ICANS: _grade_icans,
    CTCAE: _grade_ctcae,
}


def write_grading(graded: Graded) -> dict[str, Any]:
    """Return a grading in JSON's own types, its keys in a fixed order."""
    found = graded.grading
    return {
        "id": graded.id,
        "term": found.term,
        "scale": found.scale.value,
        "scale_version": found.scale_version,
        "grade": found.grade,
        "at_least": found.at_least,
        "at_most": found.at_most,
        "rule": found.rule,
        "because": found.because,
        "missing": list(found.missing),
        "flags": [one.value for one in found.flags],
        "domains": [{"id": name, "grade": grade} for name, grade in found.domains],
    }
