"""What stands beside the forms of infusion: the gate ladder, the window of a day, the clocks an event starts."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from infusion.models import CellProduct
from infusion.queries.treatment import Treatment
from infusion.rules.gates import cells_per_kg
from infusion.rules.readiness import stop_code
from participants.queries.words import ARMS
from screening.web.ladder import Ladder, ladder_of
from screening.web.words import dose_in_words, in_powers, range_in_words
from trialsite.protocol.gates import Gate
from trialsite.protocol.types import Arm, ClockDefinition, EventKind, Obligation
from trialsite.protocol.windows import after_hours, civil_date

TITLES = {
    "released": "A released product is at hand",
    "specification": "The product is in specification, or has a disposition",
    "recheck": "Eligibility was re-checked shortly before",
    "cohort-slot": "The participant holds a slot of a dose cohort",
    "cohort-hold": "Nothing holds the cohort",
    "cohort-stagger": "The interval to the participant dosed before has passed",
    "cohort-stopped": "Neither this level nor a lower one was stopped",
    "cohort-cleared": "The level is cleared by a decision",
    "expiry": "The product can be used on that day",
    "excursion": "No temperature excursion awaits its decision",
    "tests": "Every release test is decided",
    "sponsor": "The sponsor agreed to the exception",
    "ethics": "The ethics committee is informed of the exception",
    "participant-informed": "The participant is informed of it",
    "dose-recalculated": "The dose is counted anew on what the lot holds",
}


def ladder(gate: Gate, verb: str) -> Ladder:
    return ladder_of(gate, verb, TITLES)


def infusion_ladder(treatment: Treatment, route: Arm, given: Mapping[str, Any]) -> Ladder:
    """Return the ladder of an infusion for what is entered so far; what is missing waits."""
    product = chosen_product(treatment, given.get("product"))
    cells, weight, thawed_at = given.get("infused_cells"), given.get("weight_kg"), given.get("thawed_at")
    started_at = given.get("started_at") or treatment.at
    gate = treatment.may_infuse(
        product=product,
        route=route,
        started_at=started_at,
        infused_cells=cells or 0,
        weight_kg=weight or Decimal(1),
        weight_on=given.get("weight_on"),
        thawed_at=thawed_at,
    )
    return ladder_in_words(
        treatment,
        gate,
        product=product,
        cells=cells,
        weight=weight,
        weight_on=given.get("weight_on"),
        thawed_at=thawed_at,
        started_at=started_at,
    )


def ladder_in_words(
    treatment: Treatment,
    gate: Gate,
    *,
    product: CellProduct | None,
    cells: int | None,
    weight: Decimal | None,
    weight_on: date | None,
    thawed_at: datetime | None,
    started_at: datetime,
) -> Ladder:
    """Return the gate of an infusion as rungs for people, one for each check; what is not given waits."""
    level = treatment.dose_level
    titles = {
        **TITLES,
        **readiness_titles(treatment),
        "released": "The product is released",
        "route": f"The route is that of the arm: {ARMS.get(treatment.participant.arm, 'not assigned')}",
        "dose": f"The dose is within {range_in_words(level)}" if level else "The dose is within its level",
        "expiry": "The product is within its shelf life",
        "excursion": TITLES["excursion"],
        "thaw": f"Started at most {treatment.limit('L-THAW-MIN')} minutes after thaw",
        "lymphodepletion": f"At least {treatment.limit('L-LD-GAP-H')} h after the last lymphodepletion dose",
    }
    details = {
        "released": _released(product),
        "dose": f"{in_powers(cells_per_kg(cells, weight))} cells/kg" if cells and weight else "",
        "expiry": f"until {product.expires_on}" if product and product.expires_on else "",
        "thaw": _minutes(thawed_at, started_at),
        "lymphodepletion": _last_dose(treatment, started_at),
        "weight": f"weighed on {weight_on.isoformat()}" if weight_on else "",
    }
    waiting = [] if cells and weight else ["dose"]
    waiting += [] if thawed_at else ["thaw"]
    waiting += [] if weight_on else ["weight"]
    return ladder_of(gate, "Infusion", titles, details=details, waiting=waiting)


def _released(product: CellProduct | None) -> str:
    """The lot, and the documented exception under which it was released."""
    if product is None:
        return ""
    if product.is_in_specification is False:
        return f"{product.lot}, out of specification, under a recorded disposition"
    return product.lot


def readiness_titles(treatment: Treatment) -> dict[str, str]:
    """What the rungs ask that people answer at the bedside."""
    limit = treatment.limit
    asked = {stop_code(stop.id): f"{stop.title}: absent" for stop in treatment.version.stop_checks}
    return {
        "consent": "Consent is in force",
        "identity": f"Two persons found wristband and bag to match, at most {limit('L-ID-CHECK-MIN')} min before",
        **asked,
        "weight": f"The weight is at most {limit('L-WEIGHT-VALID')} days old",
        "premedication": "No steroid as premedication",
    }


def chosen_product(treatment: Treatment, chosen: object) -> CellProduct | None:
    """Return the lot chosen in the form; before a choice, the one that is ready."""
    if not chosen:
        return treatment.released
    return next((one for one in treatment.products if str(one.pk) == str(chosen)), None)


def level_in_words(treatment: Treatment) -> str:
    return dose_in_words(treatment.dose_level) if treatment.dose_level else ""


def _minutes(thawed_at: datetime | None, started_at: datetime) -> str:
    if thawed_at is None:
        return ""
    return f"{int((started_at - thawed_at).total_seconds() // 60)} min"


def _last_dose(treatment: Treatment, started_at: datetime) -> str:
    doses = [
        event.at
        for event in treatment.course.events
        if event.kind is EventKind.LYMPHODEPLETION_DOSE_GIVEN and event.at <= started_at
    ]
    return f"{int((started_at - max(doses)).total_seconds() // 3600)} h" if doses else ""


def window_of(one: Obligation, at: datetime | None, zone: str, now: datetime) -> Mapping[str, object]:
    """Return the window of a scheduled day and how the entered time lies in it.

    tone: good, warn (accepted, becomes a deviation) or "" while no time is entered. A day that is recorded
    already shows when it took place.
    """
    at = one.fulfilled_at or at
    on = civil_date(at, zone) if at else None
    words, tone = _position(one, at, on)
    return {
        "obligation": one,
        "actual_on": on,
        "today": civil_date(now, zone),
        "position": words,
        "tone": tone,
    }


def _position(one: Obligation, at: datetime | None, on: Any) -> tuple[str, str]:
    if at is None or on is None:
        return "", ""
    if at < one.opens_at:
        days = (one.opens_on - on).days
        return _outside(one, f"{_days(days)} before the window"), "warn"
    if one.closes_at is not None and at >= one.closes_at and one.closes_on is not None:
        return _outside(one, f"{_days((on - one.closes_on).days)} after the window"), "warn"
    return "Within the window.", "good"


def _outside(one: Obligation, words: str) -> str:
    if not one.is_protocol_window:
        return f"{words}. This date is the site's own; leaving it is no deviation."
    return f"{words}. It is accepted and becomes a deviation (visit window)."


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def clocks_started(
    clocks: tuple[ClockDefinition, ...], given: Mapping[str, Any]
) -> list[tuple[str, datetime | None]]:
    """Return which reporting clocks the entry starts, and until when each report is owed."""
    wanted = [("C-SAE", given.get("is_serious")), ("C-AESI", given.get("is_special_interest"))]
    aware_at = given.get("aware_at")
    by_id = {clock.id: clock for clock in clocks}
    return [
        (by_id[clock_id].title, after_hours(aware_at, by_id[clock_id].hours) if aware_at else None)
        for clock_id, is_started in wanted
        if is_started and clock_id in by_id
    ]
