"""JSON Schema of an answer: what `write_evaluation` writes, and what stands in its place where a record is wrong."""

from functools import cache

from screening.rules.wire.schema import DIALECT, Schema, codes, described, or_null
from trialsite.protocol.criteria import CriterionStatus, Truth, VerdictStatus
from trialsite.protocol.registry import numbers
from trialsite.protocol.types import Arm, Sign


@cache
def output_schema() -> Schema:
    """Return the schema of one evaluation."""
    return {
        "$schema": DIALECT,
        "$id": "urn:trialsite:eligibility-evaluation",
        **described("Evaluation", "Every criterion of the protocol version on one record, with its reasons."),
        **_all(
            {
                "id": _string("Id", "As it was sent; empty where none was."),
                "protocol_version": {
                    **described("Protocol version", "The version whose criteria were applied."),
                    **codes(numbers()),
                },
                "as_of": _day("Day looked at", "As it was sent."),
                "arm": or_null({**described("Arm", "As it was sent."), **codes(tuple(Arm))}),
                "verdict": {
                    **described("Verdict", "What the criteria amount to. It is computed; people decide."),
                    **_verdict(),
                },
                "lapses_on": or_null(
                    _day("Lapses on", "First day on which a status changes by mere passing of time.")
                ),
                "lapsing": _ids("Lapsing", "Criteria that change on that day."),
                "waiting_helps_on": or_null(
                    _day(
                        "Waiting helps on",
                        "First day on which waiting alone lifts all that stands in the way.",
                    )
                ),
                "criteria": {
                    **described("Criteria", "Every criterion and sub-item in the order of the protocol."),
                    "type": "array",
                    "items": _criterion(),
                },
            }
        ),
    }


def _all(properties: Schema, optional: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


def _string(title: str, description: str) -> Schema:
    return {**described(title, description), "type": "string"}


def _day(title: str, description: str) -> Schema:
    return {**_string(title, description), "format": "date"}


def _flag(title: str, description: str) -> Schema:
    return {**described(title, description), "type": "boolean"}


def _ids(title: str, description: str) -> Schema:
    return {**described(title, description), "type": "array", "items": {"type": "string"}}


def _verdict() -> Schema:
    return _all(
        {
            "status": {
                **described(
                    "Status", "ineligible as soon as one criterion fails; incomplete while any is unknown."
                ),
                **codes(tuple(VerdictStatus)),
            },
            "failed": _ids("Failed", "Criteria that fail."),
            "missing": _ids("Missing", "Criteria that are not known yet."),
        }
    )


def _criterion() -> Schema:
    properties = {
        "id": _string("Criterion", "Id of the criterion or sub-item, such as I10.1."),
        "status": {
            **described("Status", "For an exclusion criterion met means that the condition is present."),
            **codes(tuple(CriterionStatus)),
        },
        "applies": _flag("Applies", "false outside the arm that the criterion is for."),
        "used": {
            **described("Used", "The entries that decided."),
            "type": "array",
            "items": _used(),
        },
        "compared": {
            **described("Compared", "The comparisons that were made."),
            "type": "array",
            "items": _compared(),
        },
        "missing": _ids("Missing", "Items that are owed for a decision."),
        "readings": {
            **described(
                "Readings", "Numbers of the labelled readings of the protocol's text that were applied."
            ),
            "type": "array",
            "items": {"type": "integer"},
        },
        "queries": _ids("Queries", "Questions to ask back, in words."),
        "valid_until": or_null(_day("Valid until", "Last day on which the same evidence gives this status.")),
        "clears_on": or_null(_day("Clears on", "First day on which waiting alone would lift it.")),
        "is_provisional": _flag("Provisional", "true while the enrolment date it counts from is not set."),
        "text": _string("Text", "The protocol's sentence; only where it was asked for."),
        "plain": _string("Plain words", "The same in plain words; only where it was asked for."),
    }
    about = described("Criterion", "One criterion with its status and its reasons.")
    return {**about, **_all(properties, optional=("text", "plain"))}


def _used() -> Schema:
    about = described("Entry", "One answer that decided.")
    properties = {
        "item": _string("Item", "Id of the item."),
        "value": described("Value", "As it was sent, numbers as text; see the schema of the input."),
        "on": or_null(_string("Date", "Its date, as exactly as it is known.")),
        "ref": _string("Reference", "Id of the stored record; empty for evidence that was sent."),
    }
    return {**about, **_all(properties)}


def _compared() -> Schema:
    about = described("Comparison", "One value held against one limit.")
    properties = {
        "item": _string("Item", "Whose value it is."),
        "said": _string("Said", "The value as it was reported, or the date."),
        "sign": _string("Sign", f"How it was compared, such as {', '.join(Sign)}."),
        "limit": _string("Limit", "What it was held against, with its unit."),
        "outcome": {
            **described("Outcome", "Whether the comparison holds."),
            **codes(tuple(Truth)),
        },
    }
    return {**about, **_all(properties)}
