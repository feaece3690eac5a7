"""Records as they are sent: everything documented, to be changed one member at a time."""

from typing import Any


def crs(**change: Any) -> dict[str, Any]:
    return {
        "id": "H-17",
        "highest_temperature": {"value": "38.5", "unit": "°C"},
        "hypotension": "none",
        "vasopressors": [],
        "oxygen_device": "nasal_cannula",
        "oxygen_flow_l_per_min": "6",
        "intubation_reason": None,
        "due_to_another_cause": [],
        "is_established": True,
        "antipyretic_given": False,
        "anticytokine_given": True,
        "steroid_given": False,
        "has_died_of_crs": False,
    } | change


def icans(**change: Any) -> dict[str, Any]:
    ice = dict.fromkeys(("year", "month", "city", "hospital", "follows_command", "writes_sentence"), True)
    return {
        "id": "H-18",
        "ice": ice | {"counts_backwards": False, "objects_named": 3},
        "consciousness": "awake",
        "seizure": "none",
        "seizure_min": None,
        "has_seizure_resolved": None,
        "has_deep_focal_weakness": False,
        "pressure_signs": [],
        "due_to_another_cause": [],
        "has_died_of_icans": False,
    } | change


def alt(**change: Any) -> dict[str, Any]:
    return {
        "id": "H-19",
        "term": "ALT",
        "result": {"value": "149", "unit": "U/L", "upper": "40"},
        "baseline": {"value": 100, "unit": "U/L", "upper": 40},
    } | change
