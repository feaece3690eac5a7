"""JSON Schema (draft 2020-12) of the records that are planned and of what is answered."""

from functools import cache
from typing import Any

from followup.rules.planning.asked import RECORD_FORM
from infusion.rules.grading.wire.members import form_schema
from screening.rules.wire.schema import DIALECT, Schema, codes, day, described, or_null
from trialsite.protocol.contraception import Basis
from trialsite.protocol.registry import numbers
from trialsite.protocol.types import Act, DueState, Epoch, ObligationKind, Source


@cache
def record_schema() -> Schema:
    """Return the schema of one record, as `plan_record` reads it."""
    about = "What happened to one participant, and the instant at which what is due is looked at."
    return {
        "$schema": DIALECT,
        "$id": "urn:trialsite:schedule-record",
        **form_schema(RECORD_FORM, "Course", about),
    }


@cache
def outlook_schema() -> Schema:
    """Return the schema of one answer."""
    return {
        "$schema": DIALECT,
        "$id": "urn:trialsite:schedule",
        **described("Schedule", "Everything due, as it stands at `now`."),
        **_closed(
            {
                "id": _text("Id", "As it was sent; empty where none was."),
                "protocol_version": _code("Protocol version", "Under which it was planned.", numbers()),
                "site_zone": _text("Time zone", "In which civil days are counted."),
                "now": _instant("Now", "As it was sent."),
                "today": day("Today", "Civil date of `now` at the site."),
                "infused_on": or_null(day("Day 0", "Civil date of the last infusion; null before any.")),
                "protocol_day": or_null(_integer("Protocol day", "Today, counted from day 0.")),
                "obligations": _list(_obligation(), "Obligations", "By opening instant and key."),
                "contraception": or_null(_contraception()),
                "clocks": _list(_clock(), "Safety clocks", "Elapsed time from awareness, weekends included."),
                "unmatched_events": _list(
                    {"type": "integer", "minimum": 0},
                    "Unmatched events",
                    "Positions of events whose `item` names nothing in this plan; they fulfil nothing.",
                ),
            }
        ),
    }


def schemas() -> Schema:
    """Return both schemas: of the record, and of the answer."""
    return {"input": record_schema(), "output": outlook_schema()}


def _obligation() -> Schema:
    return {
        **described(
            "Obligation", "Something that is due; civil days are days at the site, both ends included."
        ),
        **_closed(
            {
                "key": _text("Key", "Stable: the row and which time its anchor happened, V-D28#1."),
                "item_id": _text("Row", "Id of the row of the protocol."),
                "kind": _code("Kind", "What it is.", tuple(ObligationKind)),
                "title": _text("Title", "In words."),
                "epoch": _code("Epoch", "Part of the trial.", tuple(Epoch)),
                "source": _code("Source", "`assumed` must be confirmed by the sponsor.", tuple(Source)),
                "state": _code("State", "At `now`.", tuple(DueState)),
                "opens_on": day("Opens", "First day of the window."),
                "target_on": day("Target", "Day aimed at."),
                "closes_on": or_null(day("Closes", "Last day of the window; null: no end.")),
                "opens_at": _instant("Opens at", "First instant of the window."),
                "closes_at": or_null(_instant("Closes at", "First instant after the window.")),
                "missed_at": or_null(
                    _instant("Missed at", "From here undone is missed; null: it stays overdue.")
                ),
                "days_to_target": _integer("Days to the target", "From today; negative once it is over."),
                "days_to_close": or_null(_integer("Days to the close", "From today; 0 is the last day.")),
                "fulfilled_at": or_null(_instant("Done at", "Null while it is not.")),
                "fulfilled_on": or_null(day("Done on", "Civil date at the site.")),
                "fulfilled_ref": _text("Record", "Your id of what fulfilled it."),
                "days_off_target": or_null(_integer("Days off target", "Of what is done; negative before.")),
                "ended_at": or_null(_instant("Ended at", "When it became unnecessary.")),
                "ended_reason": _text(
                    "Ended by", "The event that ended it, or `superseded` by a new anchor."
                ),
                "is_important": _flag("Important", "Missing it is an important deviation."),
                "is_protocol_window": _flag("Window of the protocol", "False: an in-house date."),
                "holds": _list(_codes(tuple(Act)), "Holds", "Acts that wait until it is fulfilled."),
            }
        ),
    }


def _contraception() -> Schema:
    return {
        **described("Contraception", "From consent to the last covered day; null before consent."),
        **_closed(
            {
                "starts_at": _instant("Starts at", "Time of consent."),
                "starts_on": day("Starts on", "Civil date at the site."),
                "last_on": or_null(day("Last day", "Last covered day, included; null while it is open.")),
                "basis": _code("Basis", "Which rule gives the last day.", tuple(Basis)),
                "is_covered_today": _flag("Covered", "Whether `today` belongs to the period."),
                "days_left": or_null(_integer("Days left", "0 on the last day; null while it is open.")),
            }
        ),
    }


def _clock() -> Schema:
    return {
        **described("Clock", "One reporting clock of one safety case."),
        **_closed(
            {
                "key": _text("Key", "As among the obligations."),
                "clock": _text("Clock", "Id of the clock of the protocol."),
                "case": _text("Case", "Your id of the safety case."),
                "title": _text("Title", "In words."),
                "aware_at": _instant("Aware at", "When it began to run."),
                "due_at": _instant("Due at", "The first instant that is too late."),
                "sent_at": or_null(_instant("Sent at", "Null while no report was sent.")),
                "state": _code("State", "At `now`.", tuple(DueState)),
                "minutes_left": or_null(
                    _integer(
                        "Minutes left", "Whole ones, negative once it has passed; null when it was sent."
                    )
                ),
            }
        ),
    }


def _closed(properties: Schema) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(properties),
    }


def _text(title: str, about: str) -> Schema:
    return {**described(title, about), "type": "string"}


def _flag(title: str, about: str) -> Schema:
    return {**described(title, about), "type": "boolean"}


def _integer(title: str, about: str) -> Schema:
    return {**described(title, about), "type": "integer"}


def _instant(title: str, about: str) -> Schema:
    return {**described(title, f"{about} UTC."), "type": "string", "format": "date-time"}


def _codes(allowed: tuple[Any, ...]) -> Schema:
    return codes(tuple(str(one) for one in allowed))


def _code(title: str, about: str, allowed: tuple[Any, ...]) -> Schema:
    return {**described(title, about), **_codes(allowed)}


def _list(items: Schema, title: str, about: str) -> Schema:
    return {**described(title, about), "type": "array", "items": items}
