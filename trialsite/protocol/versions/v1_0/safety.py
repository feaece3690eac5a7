"""Reporting clocks, reminder ladders, dose levels, the cohort rule and single limits.

The record states only the age limit and the contraception year; all else is assumed.
"""

from datetime import time

from trialsite.protocol.types import (
    Arm,
    ClockDefinition,
    CohortRule,
    DltItem,
    DoseLevel,
    Ladder,
    Limit,
    QuietHours,
    Rung,
    Source,
)

DAY_HOURS = 24

CLOCKS = (
    ClockDefinition(
        id="C-SAE",
        title="Serious adverse event: report to the sponsor",
        title_zh="严重不良事件：向申办者报告",
        hours=DAY_HOURS,
        source=Source.ASSUMED,
        note="From awareness of the investigator; an incomplete first report is allowed. The law says at once.",
    ),
    ClockDefinition(
        id="C-AESI",
        title="Adverse event of special interest: report to the sponsor",
        title_zh="特别关注的不良事件：向申办者报告",
        hours=DAY_HOURS,
        source=Source.ASSUMED,
        note="CRS or ICANS of grade 3 and more, IEC-HS, second malignancy.",
    ),
    ClockDefinition(
        id="C-CONF",  # id and title stand on lists and in mail, so they name no condition
        title="Confidential safety report: to the sponsor",
        title_zh="保密安全性报告：向申办者报告",
        hours=DAY_HOURS,
        source=Source.ASSUMED,
        note="For what only the staff of the trial may read. Followed to its outcome.",
    ),
    ClockDefinition(
        id="C-SUSAR-7",
        title="Fatal or life-threatening SUSAR: report to the authority",
        title_zh="致死或危及生命的可疑且非预期严重不良反应：向监管部门报告",
        hours=7 * DAY_HOURS,
        source=Source.ASSUMED,
        ladder="clock-7",
        note="Day 0 is the day the sponsor first knows; the complete report follows within 8 more days.",
    ),
    ClockDefinition(
        id="C-SUSAR-FULL",
        title="Fatal or life-threatening SUSAR: complete report to the authority",
        title_zh="致死或危及生命的可疑且非预期严重不良反应：向监管部门提交完整报告",
        hours=15 * DAY_HOURS,
        source=Source.ASSUMED,
        ladder="clock-15",
        note="Within 8 days after the 7 of the first report, counted from the same day 0.",
    ),
    ClockDefinition(
        id="C-SUSAR-15",
        title="Other SUSAR: report to the authority",
        title_zh="其他可疑且非预期严重不良反应：向监管部门报告",
        hours=15 * DAY_HOURS,
        source=Source.ASSUMED,
        ladder="clock-15",
        note="Day 0 is the day the sponsor first knows. No shift for weekends.",
    ),
)


# Who is told: those at the bedside and in the office, then whoever stands in for them.
_OFFICE = frozenset({"coordinator"})
_WARD = frozenset({"coordinator", "nurse"})
_DECIDING = frozenset({"coordinator", "investigator"})
_EVERYBODY = frozenset({"coordinator", "investigator", "admin"})


def _elapsed(*hours: int) -> tuple[Rung, ...]:
    """Rungs of a reporting clock: the last but one is urgent, the last, when time is up, tells the admin too."""
    *_, urgent, up = hours
    levels = {urgent: 1, up: 2}
    return tuple(
        Rung(
            id=f"{passed}h",
            relative_to="opens",
            hours=passed,
            roles=_EVERYBODY if passed == up else _DECIDING,
            level=levels.get(passed, 0),
        )
        for passed in hours
    )


def _window(told: frozenset[str], *before: int) -> tuple[Rung, ...]:
    """Rungs of what has a window: `before` days ahead, at opening, before closing, overdue, and two escalations."""
    return (
        *(Rung(id=f"opens-{days}d", relative_to="opens", days=-days, roles=told) for days in before),
        Rung(id="opens", relative_to="opens", days=0, roles=told),
        Rung(id="closes-2d", relative_to="closes", days=-2, roles=told),
        *_overdue(told),
    )


def _overdue(told: frozenset[str]) -> tuple[Rung, ...]:
    return (
        Rung(id="overdue", relative_to="closes", days=1, roles=told),
        Rung(id="overdue-3d", relative_to="closes", days=3, roles=_DECIDING, level=1),
        Rung(id="overdue-7d", relative_to="closes", days=7, roles=_EVERYBODY, level=2),
    )


def _asked_again(week: int) -> Rung:
    """Asked again every seven days, for as long as it is open; after a month the admin is told too."""
    is_long = week >= 4
    return Rung(
        id=f"week-{week}",
        relative_to="opens",
        days=7 * week,
        roles=_EVERYBODY if is_long else _DECIDING,
        level=2 if is_long else 0,
    )


LADDERS = (
    Ladder(id="visit", rungs=_window(_WARD, 7, 1)),
    Ladder(id="procedure", rungs=_window(_WARD)),
    Ladder(id="daily", rungs=(Rung(id="opens", relative_to="opens", days=0, roles=_WARD), *_overdue(_WARD))),
    Ladder(id="task", rungs=_window(_OFFICE)),
    Ladder(id="clock", rungs=_elapsed(12, 20, 24), is_safety_critical=True),
    Ladder(id="clock-7", rungs=_elapsed(72, 120, 144, 168), is_safety_critical=True),
    Ladder(id="clock-15", rungs=_elapsed(168, 288, 336, 360), is_safety_critical=True),
    Ladder(
        id="safety",
        rungs=(
            Rung(id="next-day", relative_to="opens", days=1, roles=_DECIDING),
            *(_asked_again(week) for week in range(1, 9)),
        ),
        is_safety_critical=True,
    ),
    Ladder(id="none", rungs=()),
)

QUIET_HOURS = QuietHours(first=time(20), until=time(8), source=Source.ASSUMED)


def _dose(arm: Arm, label: str, step: int, nominal: int) -> DoseLevel:
    """A dose level whose range is 20 % either side, in exact cells per kilogram."""
    return DoseLevel(
        id=f"DL-{label}-{step}",
        arm=arm,
        title=f"Dose level {step}",
        nominal_cells_per_kg=nominal,
        lower_cells_per_kg=nominal * 80 // 100,
        upper_cells_per_kg=nominal * 120 // 100,
        source=Source.ASSUMED,
    )


DOSE_LEVELS = (
    _dose(Arm.INTRAVENOUS, "IV", 1, 1_000_000),
    _dose(Arm.INTRAVENOUS, "IV", 2, 3_000_000),
    _dose(Arm.INTRAVENOUS, "IV", 3, 10_000_000),
    _dose(Arm.INTRAPLEURAL, "IP", 1, 300_000),
    _dose(Arm.INTRAPLEURAL, "IP", 2, 1_000_000),
    _dose(Arm.INTRAPLEURAL, "IP", 3, 3_000_000),
)


def _dlt(item_id: str, text: str, *, is_exception: bool = False) -> DltItem:
    return DltItem(id=f"DLT-{item_id}", text=text, source=Source.ASSUMED, is_exception=is_exception)


# The definition is protocol text and not public; these lines are what such definitions usually say.
DLT_DEFINITION = (
    _dlt("CRS", "CRS of grade 4, or of grade 3 that does not come down to grade 2 within 7 days"),
    _dlt("ICANS", "ICANS of grade 4, or of grade 3 that does not come down to grade 2 within 3 days"),
    _dlt("ORGAN", "Other organ toxicity of grade 3 or more for over 7 days, related to the product"),
    _dlt("PROCEDURE", "Empyema, or pneumothorax of grade 3 or more, from intrapleural delivery"),
    _dlt("DEATH", "Death that is not due to progression or lymphodepletion"),
    _dlt("CYTOPENIA", "Low lymphocyte counts of any grade are expected and limit no dose", is_exception=True),
)

COHORT_RULE = CohortRule(
    size=3,
    expanded_size=6,
    dlt_window_days=28,
    stagger_days=14,
    source=Source.ASSUMED,
    note="3+3 per arm; days after infusion, day 28 included. The definition of a DLT is not public.",
    most_dlts=1,
    holds_after_dlt=True,
    expansion_size=24,
    expansion_stagger_days=0,
    expansion_dlt_percent=33,
    judged_from_grade=3,
    evaluability=(
        "Infused within the dose level by the route of the arm, and either a dose-limiting toxicity or observed"
        " to the last day of the window with every toxicity judged. Who is not evaluable is replaced."
    ),
    definition=DLT_DEFINITION,
)


def _limit(limit_id: str, value: int, unit: str, title: str, source: Source = Source.ASSUMED) -> Limit:
    return Limit(id=limit_id, value=value, unit=unit, title=title, source=source)


LIMITS = (
    _limit("L-AGE-MIN", 18, "years", "Lowest age at consent", Source.SEED),
    _limit("L-CONTRA", 12, "months", "Contraception after the last infusion", Source.SEED),
    _limit("L-CONTRA-LD", 12, "months", "Contraception after lymphodepletion when never infused"),
    _limit("L-SCR-LEUK", 28, "days", "Longest time from screening to leukapheresis"),
    _limit("L-LAB-VALID", 7, "days", "Validity of laboratory results before enrolment"),
    _limit("L-IMAGING-VALID", 28, "days", "Validity of imaging before enrolment"),
    _limit("L-SEROLOGY-VALID", 28, "days", "Validity of infection serology before enrolment"),
    _limit("L-STATUS-VALID", 7, "days", "Validity of performance status and oxygen saturation"),
    _limit("L-RECHECK-VALID", 3, "days", "Longest time from the re-check to the act it clears"),
    _limit("L-RECONSENT", 28, "days", "Time to sign a new consent version"),
    _limit("L-LOST-ATTEMPTS", 3, "attempts", "Documented contact attempts before lost to follow-up"),
    _limit(
        "L-DEVIATION-REPORT",
        5,
        "working days",
        "Time to report an important deviation to sponsor and ethics committee",
    ),
    _limit("L-FLU-MIN", 25, "mg/m2", "Lowest daily dose of fludarabine"),
    _limit("L-FLU-MAX", 30, "mg/m2", "Highest daily dose of fludarabine"),
    _limit("L-CY-MIN", 250, "mg/m2", "Lowest daily dose of cyclophosphamide"),
    _limit("L-CY-MAX", 500, "mg/m2", "Highest daily dose of cyclophosphamide"),
    _limit("L-PREG-TEST-H", 72, "hours", "Longest time from pregnancy test to lymphodepletion"),
    _limit("L-LD-GAP-H", 48, "hours", "Shortest time from the last lymphodepletion dose to infusion"),
    _limit("L-THAW-MIN", 30, "minutes", "Longest time from thaw to the start of infusion"),
    _limit("L-FLU-NOMINAL", 30, "mg/m2", "Daily dose of fludarabine that is ordered unless stated otherwise"),
    _limit("L-CY-NOMINAL", 300, "mg/m2", "Daily dose of cyclophosphamide ordered unless stated otherwise"),
    _limit(
        "L-LD-TOLERANCE", 10, "%", "Largest difference of a lymphodepletion dose given from the planned one"
    ),
    _limit("L-WEIGHT-VALID", 7, "days", "Longest time from weighing to the dose that is counted on it"),
    _limit("L-BRIDGE-WASHOUT", 7, "days", "Shortest time from the end of bridging to lymphodepletion"),
    _limit("L-ID-CHECK-MIN", 30, "minutes", "Longest time from the two identity confirmations to the start"),
    _limit("L-STOP-CHECK-H", 4, "hours", "Longest time from the stop checks to the start of infusion"),
    _limit("L-PREMED-H", 24, "hours", "Time before infusion in which no steroid is given"),
    _limit(
        "L-POSITION-MIN", 15, "minutes", "Time between changes of position after intrapleural instillation"
    ),
    _limit("L-POSITION-FOR-MIN", 60, "minutes", "Time for which the position is changed after instillation"),
    _limit("L-CRS-RAISED", 2, "grade", "CRS grade from which rounds follow every 1 to 2 hours"),
    _limit("L-ICANS-RAISED", 1, "grade", "ICANS grade from which rounds follow every 1 to 2 hours"),
)
