"""JSON Schema (draft 2020-12) of a record of lesions and scans and of the response to it."""

from functools import cache
from typing import Any

from followup.rules.response.assess import Unused
from followup.rules.response.endpoints import Censoring, EndEvent
from followup.rules.response.lesions import Measurability
from followup.rules.response.scale import RECIST_VERSION, NonTargetResponse, Response
from followup.rules.response.wire.forms import RECORD_FORM
from infusion.rules.grading.wire.members import form_schema
from screening.rules.wire.schema import DIALECT, Schema, codes, day, described, or_null

_NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"


@cache
def record_schema() -> Schema:
    """Return the schema of one record, as `assess_record` reads it."""
    about = "Lesions and scans of one participant, to be assessed by RECIST 1.1, and what became of them."
    return {
        "$schema": DIALECT,
        "$id": "urn:trialsite:response-record",
        **form_schema(RECORD_FORM, "Lesions and scans", about),
    }


@cache
def answer_schema() -> Schema:
    """Return the schema of one answer."""
    return {
        "$schema": DIALECT,
        "$id": "urn:trialsite:response",
        **described("Response", "Computed by RECIST 1.1 from what was read. A person confirms it."),
        **_object(
            {
                "id": _text("Id", "As it was sent; empty where none was."),
                "recist_version": {
                    **described("RECIST version", "Whose rules they are."),
                    **codes((RECIST_VERSION,)),
                },
                "protocol_version": _text("Protocol version", "Whose limits were used."),
                "remarks": _list("Remarks", "Where the baseline departs from RECIST.", _remark()),
                "lesions": _list("Lesions", "Whether each can be measured.", _lesion()),
                "baseline_sum_mm": _length("Sum at baseline", "Of all targets; null without a baseline."),
                "time_points": _list("Time points", "The oldest first.", _point()),
                "progressed_on": _day_or_null("Progression", "The first that counts."),
                "best": _best("Best overall response", "Without confirmation."),
                "best_confirmed": _best("Best overall response", "CR and PR confirmed."),
                "pfs": _time("Progression-free survival"),
                "os": _time("Overall survival"),
                "dor": or_null(_time("Duration of response")),
            }
        ),
    }


def schemas() -> Schema:
    """Return both schemas: of a record, and of the answer."""
    return {"input": record_schema(), "output": answer_schema()}


def _object(properties: Schema) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(properties),
    }


def _remark() -> Schema:
    properties = {
        "code": _text("Code", "Stable, for machines."),
        "lesion": _text("Lesion", "Its id; empty where it is about the whole."),
        "message": _text("Message", "What departs, in one sentence."),
    }
    return {**described("Remark", "One departure."), **_object(properties)}


def _lesion() -> Schema:
    measurability = {
        **described("Measurability", "Only what is measurable may be a target."),
        **codes(tuple(Measurability)),
    }
    return {
        **described("Lesion", "At baseline."),
        **_object({"id": _text("Id", "As sent."), "measurability": measurability, **_REASONS}),
    }


def _point() -> Schema:
    unused = {
        **described("Unused", "Why the best response does not look at it; empty where it does."),
        **codes(("", *Unused)),
    }
    properties = {
        "id": _text("Id", "As sent."),
        "on": day("Day", "Of the scan."),
        "unused": unused,
        "overall": or_null({**described("Overall", "Null: not assessed."), **_object(_answer(Response))}),
        "target": or_null(_target()),
        "non_target": or_null(
            {
                **described("Non-target", "All lesions that are no targets."),
                **_object(_answer(NonTargetResponse)),
            }
        ),
        "new_lesions": _list("New lesions", "Ids of those that count here.", _text("Id", "As sent.")),
    }
    return {**described("Time point", "One scan."), **_object(properties)}


def _target() -> Schema:
    properties = {
        **_answer(Response),
        "sum_mm": _length("Sum", "Null where a target was not assessed."),
        "assessed_mm": _length("Sum of what was assessed", "Of the targets that were."),
        "missing": _list("Missing", "Targets not assessed.", _text("Id", "As sent.")),
        "nadir_mm": _length("Nadir", "Smallest complete sum before this scan."),
        "nadir_on": day("Day of the nadir", "When it was first reached."),
        "change_from_baseline_percent": _length("Change from baseline", "To a tenth, for show.", "%"),
        "change_from_nadir_percent": _length("Change from nadir", "To a tenth, for show.", "%"),
    }
    return {**described("Targets", "Response of the targets."), **_object(properties)}


def _best(title: str, about: str) -> Schema:
    properties = {
        **_answer(Response),
        "on": _day_or_null("Day", "When it was first seen."),
        "confirmed_on": _day_or_null("Confirmed", "The scan that confirmed it."),
    }
    return {**described(title, about), **_object(properties)}


def _time(title: str) -> Schema:
    event = {**described("Event", "Null: censored."), **or_null(codes(tuple(EndEvent)))}
    censoring = {
        **described("Censoring", "Why the event was not seen; null with an event."),
        **or_null(codes(tuple(Censoring))),
    }
    properties = {
        "from_on": day("From", "First day, included."),
        "until_on": day("Until", "Last day, included."),
        "event": event,
        "censoring": censoring,
        "days": {**described("Days", "First and last day both count."), "type": "integer", "minimum": 1},
        "months": _length("Months", "Of 30.4375 days, to a tenth.", "months"),
        "because": _text("Because", "Why, in one sentence."),
    }
    return {**described(title, "With its event, or why it was censored."), **_object(properties)}


def _answer(responses: Any) -> Schema:
    response = {**described("Response", "By RECIST 1.1."), **codes(tuple(responses))}
    return {"response": response, **_REASONS}


def _text(title: str, description: str) -> Schema:
    return {**described(title, description), "type": "string"}


def _length(title: str, description: str, unit: str = "mm") -> Schema:
    return {**described(title, description), "type": ["string", "null"], "pattern": _NUMBER, "x-unit": unit}


def _day_or_null(title: str, description: str) -> Schema:
    return or_null(day(title, description))


def _list(title: str, description: str, items: Schema) -> Schema:
    return {**described(title, description), "type": "array", "items": items}


_REASONS = {
    "rule": _text("Rule", "Stable id of the rule that decided."),
    "because": _text("Because", "Why, in one sentence."),
}
