"""Draws vital signs with the texture of real readings: repeat noise, memory, round numbers, gaps.

Blood pressure, pulse and temperature follow trialsite/demo/texture_figures.py. Breathing rate, oxygen
saturation and everything a CRS does are assumed (texture_assumed.py).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from trialsite.demo import texture_assumed as assumed
from trialsite.demo.texture import SOURCE_WEEKS
from trialsite.demo.texture_assumed import AssumedCrs
from trialsite.demo.texture_figures import PRESSURE, VITALS

SIGNS = ("SYSBP", "DIABP", "PULSE", "TEMP")
BOUNDS = {"SYSBP": (60, 230), "DIABP": (30, 130), "PULSE": (35, 190), "TEMP": (34.0, 41.5)}
BREATHS_BOUNDS = (8, 45)
SATURATION_BOUNDS = (70, 100)
LEAST_PULSE_PRESSURE_MMHG = 20
MINUTES_PER_DAY = 24 * 60
SHIFTS = {
    "SYSBP": assumed.CRS_SYSTOLIC_MMHG,
    "DIABP": assumed.CRS_DIASTOLIC_MMHG,
    "PULSE": assumed.CRS_PULSE,
    "TEMP": assumed.CRS_TEMPERATURE_C,
}


@dataclass(frozen=True, slots=True)
class VitalSigns:
    """One round of readings, `minute` counted from wherever the caller counts; None is a reading not taken."""

    minute: int
    systolic_mmhg: int | None
    diastolic_mmhg: int | None
    pulse_per_minute: int | None
    temperature_c: Decimal | None
    breaths_per_minute: int | None
    oxygen_saturation_percent: int | None


def vital_signs(
    rng: Random, minutes: Sequence[int], crs: AssumedCrs | None = None, has_gaps: bool = True
) -> list[VitalSigns]:
    """Return one round of readings per minute given, of one participant.

    minutes: ascending; a bedside series of a quarter of an hour apart and visits months apart both do.
    crs: assumed fever, racing pulse, low pressure and low saturation. has_gaps: some readings are not taken.
    Raises ValueError if the minutes do not ascend.
    """
    answer = []
    centre = _correlated(rng, PRESSURE.between)
    slow = [0.0] * len(SIGNS)
    before: int | None = None
    for minute in minutes:
        slow = _next_deviation(rng, slow, math.inf if before is None else (minute - before) / MINUTES_PER_DAY)
        before = minute
        repeat = _correlated(rng, PRESSURE.within)
        weeks = min((minute - minutes[0]) / MINUTES_PER_DAY / 7, SOURCE_WEEKS)
        levels = {
            sign: _level(sign, centre[index], slow[index], repeat[index], weeks)
            + (crs.shift(SHIFTS[sign], minute) if crs else 0.0)
            for index, sign in enumerate(SIGNS)
        }
        answer.append(_written_down(rng, minute, levels, crs, has_gaps))
    return answer


def _correlated(rng: Random, correlation: float) -> list[float]:
    """Return a standard normal deviation per sign; only the two pressures go together."""
    systolic, diastolic, pulse, temperature = (rng.gauss(0, 1) for _ in SIGNS)
    shared = correlation * systolic + math.sqrt(1 - correlation**2) * diastolic
    return [systolic, shared, pulse, temperature]


def _next_deviation(rng: Random, slow: list[float], gap_days: float) -> list[float]:
    """Return the slow part of the deviations, in units of its own spread, `gap_days` later."""
    if gap_days < 0:
        raise ValueError("minutes must ascend")
    fresh = _correlated(rng, PRESSURE.within)
    memories = [VITALS[sign].correlation_14_days ** (gap_days / 14) for sign in SIGNS]
    return [m * old + math.sqrt(1 - m**2) * new for m, old, new in zip(memories, slow, fresh, strict=True)]


def _level(sign: str, centre: float, slow: float, repeat: float, weeks: float) -> float:
    figures = VITALS[sign]
    repeat_sd = assumed.TEMPERATURE_REPEAT_SD_C if figures.repeat_sd is None else figures.repeat_sd
    slow_sd = math.sqrt(figures.within_sd**2 - repeat_sd**2)
    own = figures.mean + centre * figures.between_sd
    return own + slow * slow_sd + repeat * repeat_sd + weeks * figures.drift_per_week


def rounding_shares(sign: str) -> tuple[float, float]:
    """Return how often a reading is rounded to the nearest ten, and how often to the nearest even number.

    Solved from the shares of last digits 0 and even: all other readings are taken to the single unit.
    """
    figures = VITALS[sign]
    exact = 2 * (1 - figures.last_digit_even_share)
    to_ten = (figures.last_digit_0_share - 0.2 + 0.1 * exact) / 0.8
    return to_ten, 1 - exact - to_ten


def _read_off(rng: Random, sign: str, level: float) -> int:
    to_ten, to_even = rounding_shares(sign)
    lowest, highest = BOUNDS[sign]
    rank = rng.random()
    step = 10 if rank < to_ten else 2 if rank < to_ten + to_even else 1
    return int(min(max(step * round(level / step), lowest), highest))


def _written_down(
    rng: Random, minute: int, levels: dict[str, float], crs: AssumedCrs | None, has_gaps: bool
) -> VitalSigns:
    """Read off a round; cuff and pulse are left out together, as in the source."""
    cuff_gap, thermometer_gap = rng.random(), rng.random()
    systolic, diastolic, pulse = (_read_off(rng, sign, levels[sign]) for sign in ("SYSBP", "DIABP", "PULSE"))
    diastolic = min(diastolic, systolic - LEAST_PULSE_PRESSURE_MMHG)
    lowest, highest = BOUNDS["TEMP"]
    temperature = Decimal(f"{min(max(levels['TEMP'], lowest), highest):.1f}")
    breaths = _assumed_reading(
        rng, minute, assumed.BREATHS_PER_MINUTE, assumed.CRS_BREATHS, BREATHS_BOUNDS, crs
    )
    saturation = _assumed_reading(
        rng, minute, assumed.OXYGEN_SATURATION_PERCENT, assumed.CRS_OXYGEN_SATURATION, SATURATION_BOUNDS, crs
    )
    no_cuff = has_gaps and cuff_gap < VITALS["SYSBP"].missing_share
    no_thermometer = has_gaps and thermometer_gap < VITALS["TEMP"].missing_share
    return VitalSigns(
        minute,
        None if no_cuff else systolic,
        None if no_cuff else diastolic,
        None if no_cuff else pulse,
        None if no_thermometer else temperature,
        breaths,
        saturation,
    )


def _assumed_reading(
    rng: Random,
    minute: int,
    usual: tuple[float, float],
    by_grade: tuple[float, ...],
    bounds: tuple[int, int],
    crs: AssumedCrs | None,
) -> int:
    level = rng.gauss(*usual) + (crs.shift(by_grade, minute) if crs else 0.0)
    return round(min(max(level, bounds[0]), bounds[1]))
