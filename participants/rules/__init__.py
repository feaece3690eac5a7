"""Decisions about the journey and about deviations. Pure: frozen values in, decisions out."""

from participants.rules.handling import (
    MOST_WORKING_DAYS,
    closing_obstacles,
    counted_working_days,
    next_handling,
    require_another_person,
)
from participants.rules.journey import (
    CLOCK_TOLERANCE,
    SETTLED,
    Departure,
    IcfInForce,
    Judgement,
    assess_event,
    consent_checks,
    departures,
    judge_plan,
    recorded_afterwards,
    require_approved,
    require_past,
    require_reason,
    settle,
    state_before,
)

__all__ = [
    "CLOCK_TOLERANCE",
    "MOST_WORKING_DAYS",
    "SETTLED",
    "Departure",
    "IcfInForce",
    "Judgement",
    "assess_event",
    "closing_obstacles",
    "consent_checks",
    "counted_working_days",
    "departures",
    "judge_plan",
    "next_handling",
    "recorded_afterwards",
    "require_another_person",
    "require_approved",
    "require_past",
    "require_reason",
    "settle",
    "state_before",
]
