"""The product-limit estimate of survival (Kaplan and Meier), with confidence limits and numbers at risk. Pure.

Times in days. Whoever is censored on the day of an event was at risk of it. Limits at 95 % by Greenwood's variance on
the scale log(−log S), which keeps them between 0 and 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

_Z = 1.959963984540054  # of 95 %, both sides


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """days: to the event, or to the last day without it."""

    days: int
    is_event: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """at_risk: just before the day. survival: from the day on. lower, upper: None where there is no estimate of them."""

    days: int
    at_risk: int
    events: int
    censored: int
    survival: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """steps: a day for each on which somebody had the event or was censored, ascending."""

    observations: tuple[Observation, ...]
    steps: tuple[Step, ...]

    @property
    def median_days(self) -> int | None:
        """The first day on which the curve is at one half or below; None where it stays above."""
        return next((one.days for one in self.steps if one.survival <= 0.5 + 1e-12), None)

    def at_risk(self, days: int) -> int:
        """Return how many were under observation just before a day."""
        return sum(one.days >= days for one in self.observations)

    def survival_at(self, days: int) -> float:
        return next((one.survival for one in reversed(self.steps) if one.days <= days), 1.0)


def kaplan_meier(observations: Sequence[Observation]) -> Curve:
    """Return the curve; without observations it has no steps."""
    ordered = sorted(observations, key=lambda one: one.days)
    at_risk, survival, greenwood = len(ordered), 1.0, 0.0
    steps = []
    for days in sorted({one.days for one in ordered}):
        today = [one for one in ordered if one.days == days]
        events = sum(one.is_event for one in today)
        survival *= (at_risk - events) / at_risk
        if events < at_risk:
            greenwood += events / (at_risk * (at_risk - events))
        lower, upper = _limits(survival, greenwood)
        steps.append(
            Step(
                days=days,
                at_risk=at_risk,
                events=events,
                censored=len(today) - events,
                survival=survival,
                lower=lower,
                upper=upper,
            )
        )
        at_risk -= len(today)
    return Curve(observations=tuple(ordered), steps=tuple(steps))


def _limits(survival: float, greenwood: float) -> tuple[float | None, float | None]:
    """At 1 and at 0 the variance on this scale is not defined."""
    if not 0.0 < survival < 1.0:
        return None, None
    width = _Z * sqrt(greenwood) / abs(log(survival))
    return survival ** exp(width), survival ** exp(-width)
