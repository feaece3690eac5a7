"""From the form of a round to what the service records, and from a record back to the form."""

from collections.abc import Mapping
from typing import Any

from infusion.models import BedsideRound
from infusion.queries.bedside import vital_signs_of
from infusion.rules.bedside import RoundFindings
from infusion.rules.grading.crs import CrsComponent, Hypotension, OxygenDevice
from infusion.rules.grading.icans import Consciousness, IcansDomain, PressureSign, Seizure
from infusion.rules.grading.ice import OBJECTS, IceAnswers
from infusion.services.bedside import Confirmation, RoundEntry
from infusion.web.round_form import CELSIUS, ICE_ITEMS, vital_signs_in

_PLAIN = (
    "taken_at",
    "oxygen_flow_l_per_min",
    "antipyretic_at",
    "anticytokine_at",
    "steroid_at",
    "drained_volume_ml",
)
_ANSWERS = {"yes": True, "no": False}
_WORDS = {True: "yes", False: "no", None: ""}


def entry_from(entered: Mapping[str, Any]) -> RoundEntry:
    """Return the round that the form describes. Fields that could not be read are missing and not documented."""
    return RoundEntry(
        findings=findings_from(entered),
        vital_signs=vital_signs_in(entered),
        confirmation=Confirmation(
            crs_grade=_number(entered.get("crs_grade")),
            icans_grade=_number(entered.get("icans_grade")),
            override_reason=entered.get("override_reason") or "",
        ),
        note=entered.get("note") or "",
    )


def findings_from(entered: Mapping[str, Any]) -> RoundFindings:
    doses = entered.get("vasopressor_doses") or ""
    plain: dict[str, Any] = {name: entered.get(name) for name in _PLAIN}
    return RoundFindings(
        **plain,
        hypotension=_one(Hypotension, entered.get("hypotension")),
        vasopressors=dict.fromkeys(entered.get("vasopressors") or (), doses),
        oxygen_device=_one(OxygenDevice, entered.get("oxygen_device")),
        not_crs=frozenset(CrsComponent(one) for one in entered.get("not_crs") or ()),
        ice=_ice(entered),
        not_icans=frozenset(IcansDomain(one) for one in entered.get("not_icans") or ()),
        pain_score=_number(entered.get("pain_score")),
        has_dyspnoea=_ANSWERS.get(entered.get("has_dyspnoea") or ""),
        chest_image=entered.get("chest_image") or "",
        **_neurology(entered),
    )


def _neurology(entered: Mapping[str, Any]) -> dict[str, Any]:
    match entered.get("neurology"):
        case "normal":
            return {
                "consciousness": Consciousness.AWAKE,
                "seizure": Seizure.NONE,
                "has_deep_focal_weakness": False,
                "pressure_signs": (),
            }
        case "findings":
            return {
                "consciousness": _one(Consciousness, entered.get("consciousness")),
                "seizure": _one(Seizure, entered.get("seizure")),
                "seizure_min": entered.get("seizure_min"),
                "has_seizure_resolved": _ANSWERS.get(entered.get("has_seizure_resolved") or ""),
                "has_deep_focal_weakness": _ANSWERS.get(entered.get("has_deep_focal_weakness") or ""),
                "pressure_signs": _pressure_signs(entered),
            }
    return {}


def _pressure_signs(entered: Mapping[str, Any]) -> tuple[PressureSign, ...] | None:
    match entered.get("pressure"):
        case "no":
            return ()
        case "yes":
            return tuple(PressureSign(one) for one in entered.get("pressure_signs") or ())
    return None


def _ice(entered: Mapping[str, Any]) -> IceAnswers | None:
    match entered.get("ice"):
        case "all":
            right = {name.removeprefix("ice_"): True for name in ICE_ITEMS}
            return IceAnswers(objects_named=OBJECTS, **right)
        case "items":
            answers = {name.removeprefix("ice_"): _ANSWERS.get(entered.get(name) or "") for name in ICE_ITEMS}
            return IceAnswers(objects_named=_number(entered.get("ice_objects_named")), **answers)
    return None


def _one(kind: Any, value: Any) -> Any:
    return kind(value) if value else None


def _number(value: Any) -> int | None:
    return None if value in {None, ""} else int(value)


def form_values(row: BedsideRound) -> dict[str, object]:
    """Return what the form of a correction starts from: the round as it stands."""
    return {
        **{name: getattr(row, name) for name in _PLAIN},
        **vital_signs_of(row),
        "temperature_unit": CELSIUS,
        "is_checked": False,
        "hypotension": row.hypotension,
        "oxygen_device": row.oxygen_device,
        "vasopressors": list(row.vasopressors),
        "vasopressor_doses": next(iter(row.vasopressors.values()), ""),
        "not_crs": row.not_crs,
        "not_icans": row.not_icans,
        **_ice_values(row.ice),
        **_neurology_values(row),
        "pain_score": row.pain_score,
        "has_dyspnoea": _WORDS[row.has_dyspnoea],
        "chest_image": row.chest_image,
        "crs_grade": _stated(row.crs_grade, row.crs_computed),
        "icans_grade": _stated(row.icans_grade, row.icans_computed),
        "override_reason": row.override_reason,
        "note": row.note,
    }


def _stated(confirmed: int | None, computed: int | None) -> str:
    return "" if confirmed == computed or confirmed is None else str(confirmed)


def _ice_values(answers: Mapping[str, Any] | None) -> dict[str, object]:
    if answers is None:
        return {"ice": ""}
    named = answers["objects_named"]
    return {
        "ice": "items",
        **{name: _WORDS[answers[name.removeprefix("ice_")]] for name in ICE_ITEMS},
        "ice_objects_named": "" if named is None else str(named),
    }


def _neurology_values(row: BedsideRound) -> dict[str, object]:
    signs = row.pressure_signs
    is_examined = (
        row.consciousness or row.seizure or row.has_deep_focal_weakness is not None or signs is not None
    )
    return {
        "neurology": "findings" if is_examined else "",
        "consciousness": row.consciousness,
        "seizure": row.seizure,
        "seizure_min": row.seizure_min,
        "has_seizure_resolved": _WORDS[row.has_seizure_resolved],
        "has_deep_focal_weakness": _WORDS[row.has_deep_focal_weakness],
        "pressure": "" if signs is None else "yes" if signs else "no",
        "pressure_signs": signs or [],
    }
