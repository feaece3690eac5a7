"""Draws visit delays, laboratory series and reporting lags with the texture of real trial data.

Pure and deterministic: everything random comes from the `random.Random` given. The figures are those of
trialsite/demo/texture_figures.py; what happens after lymphodepletion is assumed (texture_assumed.py).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from trialsite.demo.texture_assumed import AssumedCourse, interpolate
from trialsite.demo.texture_figures import EVENTS, LABS, PERCENTS, VISITS

SOURCE_WEEKS = 26  # the drift was seen over so many weeks; it is not carried further
MISSED_THIRD_CONTACTS = 5  # contacts per third in VISITS.missed_share_by_third


@dataclass(frozen=True, slots=True)
class LabScale:
    """How a laboratory writes a test down, and what no living person's result leaves."""

    unit: str
    decimals: int
    lowest: float
    highest: float


LAB_SCALES = {
    "WBC": LabScale("10⁹/L", 2, 0.02, 60),
    "NEUT": LabScale("10⁹/L", 2, 0.0, 50),
    "LYM": LabScale("10⁹/L", 2, 0.0, 20),
    "PLAT": LabScale("10⁹/L", 0, 3, 900),
    "HGB": LabScale("g/L", 0, 40, 210),
    "ALT": LabScale("U/L", 0, 3, 3000),
    "AST": LabScale("U/L", 0, 4, 3000),
    "BILI": LabScale("µmol/L", 1, 1.5, 300),
    "CREAT": LabScale("µmol/L", 0, 20, 900),
}
COUNTED = ("NEUT", "LYM", "PLAT", "HGB")


@dataclass(frozen=True, slots=True)
class LabPoint:
    """One result; `value` is None where the sample gave none."""

    day: int
    value: Decimal | None
    unit: str


def visit_delay_days(rng: Random, window_lower: int, window_upper: int) -> int:
    """Return how many days after (+) or before (−) the planned date a visit takes place.

    window_lower, window_upper: days the window reaches before and after the planned date, neither negative.
    The 5th and 95th percentile of the real delays are drawn in to the edges of a narrower window, so about
    one visit in twenty is too early and one too late; a wide window makes nobody later than in the source.
    """
    if window_lower < 0 or window_upper < 0:
        raise ValueError(f"a window reaches no negative days: {window_lower}, {window_upper}")
    quantiles = dict(zip(PERCENTS, VISITS.delay_quantiles, strict=True))
    delay = _delay_at(rng.random())
    edge, reach = (-quantiles[5], window_lower) if delay < 0 else (quantiles[95], window_upper)
    return round(delay * min(reach / edge, 1.0))


def _delay_at(rank: float) -> int:
    """Return the real delay at `rank` (0 to 1); the hundredth beyond either outer percentile is cut off."""
    on_day_from, late_from = VISITS.early_share, VISITS.early_share + VISITS.on_day_share
    if on_day_from <= rank < late_from:
        return 0
    percentiles = [
        (percent / 100, days) for percent, days in zip(PERCENTS, VISITS.delay_quantiles, strict=True)
    ]
    if rank < on_day_from:
        return round(interpolate([*(p for p in percentiles if p[1] < 0), (on_day_from, -1.0)], rank))
    return round(interpolate([(late_from, 1.0), *(p for p in percentiles if p[1] > 0)], rank))


def is_visit_missed(rng: Random, order: int) -> bool:
    """Return whether the planned contact number `order` after baseline, from 1, does not take place."""
    if order < 1:
        raise ValueError(f"contacts are counted from 1: {order}")
    shares = VISITS.missed_share_by_third
    return rng.random() < shares[min((order - 1) // MISSED_THIRD_CONTACTS, len(shares) - 1)]


def reporting_lag_hours(rng: Random) -> int:
    """Return whole hours from the onset of an adverse event to the day it is collected, mostly the next visit.

    The source knows dates only: the hour within the day is assumed. It says nothing of the 24-hour report of
    a serious event (two in the source).
    """
    rank = rng.random()
    if rank < EVENTS.lag_same_day_share:
        return rng.randint(1, 10)
    percentiles = [
        (percent / 100, days) for percent, days in zip(PERCENTS, EVENTS.lag_days_quantiles, strict=True)
    ]
    knots = [(EVENTS.lag_same_day_share, 1.0), *(p for p in percentiles if p[1] > 0)]
    return 24 * round(interpolate(knots, rank)) + rng.randint(-8, 8)


def lab_series(
    rng: Random,
    test: str,
    days: Sequence[int],
    baseline: Decimal | None = None,
    course: AssumedCourse | None = None,
) -> list[LabPoint]:
    """Return one result per day: own level, noise that remembers, drift, now and then nothing.

    days: ascending. baseline: the level the participant's values scatter around; drawn where not given.
    course: assumed effect of lymphodepletion and infusion. Draw the counts of one tube with `blood_counts`.
    """
    levels = _levels(rng, test, days, baseline, course)
    missing = LABS[test].missing_share
    return [_point(test, day, None if rng.random() < missing else level) for day, level in levels]


def blood_counts(
    rng: Random,
    days: Sequence[int],
    baseline: Mapping[str, Decimal] | None = None,
    course: AssumedCourse | None = None,
) -> dict[str, list[LabPoint]]:
    """Return NEUT, LYM, PLAT, HGB and WBC of the same tubes: WBC is never below its parts, all are missing together.

    baseline: levels of any of the first four; WBC follows from its parts.
    """
    given = baseline or {}
    levels = {test: _levels(rng, test, days, given.get(test), course) for test in COUNTED}
    kept = [rng.random() >= LABS["WBC"].missing_share for _ in days]
    other = math.exp(LABS["WBC"].mean) - math.exp(LABS["NEUT"].mean) - math.exp(LABS["LYM"].mean)
    levels["WBC"] = [
        (day, neutrophils + lymphocytes + other * (course.factor("WBC", day) if course else 1.0))
        for (day, neutrophils), (_, lymphocytes) in zip(levels["NEUT"], levels["LYM"], strict=True)
    ]
    return {
        test: [
            _point(test, day, level if is_kept else None)
            for (day, level), is_kept in zip(row, kept, strict=True)
        ]
        for test, row in levels.items()
    }


def _levels(
    rng: Random, test: str, days: Sequence[int], baseline: Decimal | None, course: AssumedCourse | None
) -> list[tuple[int, float]]:
    figures = LABS[test]
    drawn = rng.gauss(figures.mean, figures.between_sd)
    centre = drawn if baseline is None else _on_scale(float(baseline), figures.is_log)
    noise = remembering_noise(rng, days, figures.within_sd, figures.correlation_14_days)
    answer = []
    for day, deviation in zip(days, noise, strict=True):
        weeks = min((day - days[0]) / 7, SOURCE_WEEKS)
        level = centre + deviation + figures.drift_per_week * weeks
        factor = course.factor(test, day) if course else 1.0
        answer.append((day, (math.exp(level) if figures.is_log else level) * factor))
    return answer


def _on_scale(number: float, is_log: bool) -> float:
    return math.log(number) if is_log else number


def remembering_noise(
    rng: Random, days: Sequence[float], spread: float, correlation_14_days: float
) -> list[float]:
    """Return one deviation per day, of standard deviation `spread`, that fades from day to day (AR(1)).

    Raises ValueError if the days do not ascend.
    """
    answer: list[float] = []
    for index, day in enumerate(days):
        gap = day - days[index - 1] if index else math.inf
        if gap < 0:
            raise ValueError(f"days must ascend: {day} after {days[index - 1]}")
        memory = correlation_14_days ** (gap / 14)
        before = answer[-1] if answer else 0.0
        answer.append(memory * before + math.sqrt(1 - memory**2) * rng.gauss(0, spread))
    return answer


def _point(test: str, day: int, level: float | None) -> LabPoint:
    scale = LAB_SCALES[test]
    if level is None:
        return LabPoint(day, None, scale.unit)
    bounded = min(max(level, scale.lowest), scale.highest)
    return LabPoint(day, Decimal(f"{bounded:.{scale.decimals}f}"), scale.unit)
