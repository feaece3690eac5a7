"""A course of events as it is sent: a year on schedule, to be changed one member at a time."""

from typing import Any


def happened(kind: str, at: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "at": at if "T" in at else f"{at}T10:00:00+08:00", **more}


EVENTS = [
    happened("consented", "2026-01-05", item="1.0", ref="icf-1"),
    happened("infused", "2026-03-15", ref="inf-1", facts={"route": "intravenous"}),
    happened("visit_performed", "2026-04-13", item="V-D28#1", ref="visit-28"),
    happened("safety_event_aware", "2026-05-01", item="C-SAE", ref="ae-1"),
]


def course(*more: dict[str, Any], **change: Any) -> dict[str, Any]:
    return {
        "id": "P-17",
        "protocol_version": "1.0",
        "arm": "intravenous",
        "site_zone": "Asia/Shanghai",
        "now": "2026-05-01T22:30:00+08:00",
        "events": [*EVENTS, *more],
        "icf_activations": [],
        "evidence_lapses_on": None,
        "rounds_begin_at": None,
        "kinds": None,
    } | change
