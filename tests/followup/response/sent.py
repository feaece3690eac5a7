"""A record as it is sent: baseline, a partial response, its confirmation, progression by a new lesion."""

from typing import Any


def lesion(lesion_id: str, size: str | None = "50", **change: Any) -> dict[str, Any]:
    return {
        "id": lesion_id,
        "organ": "lung",
        "kind": "non_nodal",
        "is_target": True,
        "method": "ct",
        "slice_mm": "5",
        "size_mm": size,
    } | change


def scan(on: str, *readings: dict[str, Any], **change: Any) -> dict[str, Any]:
    others = [{"lesion": "N1", "found": "present"}]
    return {"id": on, "on": on, "readings": list(readings), "non_targets": others} | change


def seen(lesion_id: str, said: str) -> dict[str, Any]:
    """said: a size or a finding."""
    if said[0].isdigit():
        return {"lesion": lesion_id, "seen": "measured", "size_mm": said}
    return {"lesion": lesion_id, "seen": said}


def course(**change: Any) -> dict[str, Any]:
    return {
        "id": "R-17",
        "protocol_version": "1.0",
        "infused_on": "2026-03-10",
        "as_of": "2026-12-01",
        "baseline": {
            "on": "2026-02-24",
            "is_marker_raised": False,
            "lesions": [
                lesion("T1", "60"),
                lesion("L1", "20", organ="lymph_nodes", kind="nodal", place="mediastinal"),
                lesion("N1", None, organ="pleura", nature="effusion", is_target=False, slice_mm=None),
            ],
        },
        "time_points": [
            scan("2026-04-21", seen("T1", "40"), seen("L1", "12"), id="M1"),
            scan("2026-06-10", seen("T1", "too_small"), seen("L1", "8")),
            scan(
                "2026-09-10", {"lesion": "T1", "seen": "measured", "parts_mm": ["4.5", "4"]}, seen("L1", "9")
            ),
            scan("2026-11-01", new_lesions=[{"id": "X1", "is_unequivocal": True}]),
        ],
        "last_alive_on": "2026-11-20",
    } | change
