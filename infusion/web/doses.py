"""What stands beside a dose of lymphodepletion: the ladder for what is entered, and what is planned by it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from infusion.models import LymphodepletionDose
from infusion.queries.treatment import Treatment
from infusion.rules.conditioning import BodyMeasures, planned_mg, surface_checks, surface_of
from infusion.rules.gates import dose_checks
from infusion.web.beside import TITLES
from screening.web.ladder import Ladder, ladder_of
from trialsite.protocol.windows import civil_date

MEASURES = ("height_cm", "height_on", "weight_kg", "weight_on")
_DRUGS = (("Fludarabine", "fludarabine"), ("Cyclophosphamide", "cyclophosphamide"))
_OF_THE_DOSE = {
    "dose-flu": ("fludarabine_mg_per_m2",),
    "dose-cy": ("cyclophosphamide_mg_per_m2",),
    "weight": ("weight_on",),
    "given-flu": ("fludarabine_mg_per_m2", "fludarabine_mg", *MEASURES),
    "given-cy": ("cyclophosphamide_mg_per_m2", "cyclophosphamide_mg", *MEASURES),
}


def measures_of(given: Mapping[str, Any]) -> BodyMeasures | None:
    """Return what the body surface is counted on, None until all of it is entered."""
    values = {name: given.get(name) for name in MEASURES}
    return None if None in values.values() else BodyMeasures(**values)  # type: ignore[arg-type]


def planned_dose(treatment: Treatment, given: Mapping[str, Any]) -> dict[str, object] | None:
    """Return the body surface and what is planned of each drug in mg, None until the measures are entered."""
    surface = surface_of(treatment.version, measures_of(given))
    if surface is None:
        return None
    return {
        "surface_m2": surface,
        "formula": treatment.version.body_surface[0],
        "drugs": [
            (title, planned_mg(ordered, surface).quantize(Decimal("0.1")))
            for title, name in _DRUGS
            if (ordered := given.get(f"{name}_mg_per_m2")) is not None
        ],
    }


def dose_ladder(
    treatment: Treatment, obligation_key: str, given_at: datetime | None, given: Mapping[str, Any]
) -> Ladder:
    """Return the ladder of a dose for what is entered so far; what is missing waits."""
    dose = LymphodepletionDose(
        fludarabine_mg_per_m2=given.get("fludarabine_mg_per_m2") or Decimal(0),
        cyclophosphamide_mg_per_m2=given.get("cyclophosphamide_mg_per_m2") or Decimal(0),
        fludarabine_mg=given.get("fludarabine_mg"),
        cyclophosphamide_mg=given.get("cyclophosphamide_mg"),
    )
    version, at = treatment.version, given_at or treatment.at
    also = (
        *dose_checks(version, dose.fludarabine_mg_per_m2, dose.cyclophosphamide_mg_per_m2),
        *surface_checks(
            version, dose.drugs, measures=measures_of(given), given_on=civil_date(at, treatment.zone)
        ),
    )
    waiting = [code for code, names in _OF_THE_DOSE.items() if any(given.get(name) is None for name in names)]
    return ladder_of(
        treatment.may_condition(obligation_key, given_at, also),
        "Lymphodepletion",
        {**TITLES, **_titles(treatment)},
        waiting=waiting,
    )


def _titles(treatment: Treatment) -> dict[str, str]:
    limit = treatment.limit
    return {
        "dose-flu": f"Fludarabine ordered within {limit('L-FLU-MIN')} to {limit('L-FLU-MAX')} mg/m²",
        "dose-cy": f"Cyclophosphamide ordered within {limit('L-CY-MIN')} to {limit('L-CY-MAX')} mg/m²",
        "weight": f"The weight is at most {limit('L-WEIGHT-VALID')} days old",
        "given-flu": f"Fludarabine given as planned, within {limit('L-LD-TOLERANCE')} %",
        "given-cy": f"Cyclophosphamide given as planned, within {limit('L-LD-TOLERANCE')} %",
        "bridging": f"Bridging ended at least {limit('L-BRIDGE-WASHOUT')} days before, or there was none",
        "confidential-test": f"A negative pregnancy test in the {limit('L-PREG-TEST-H')} h before",
    }
