"""ASSUMED courses after lymphodepletion and infusion: not from the CDISC data, which has neither.

The shapes follow common knowledge of CAR-T care (counts fall after lymphodepletion and recover over weeks,
fever and low pressure during CRS). They make demonstration records believable and support no conclusion.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Knots = tuple[tuple[float, float], ...]  # (day from infusion, factor on the value), days ascending

# Lymphodepletion on days −5 to −3, infusion on day 0.
NADIR: Mapping[str, Knots] = {
    "NEUT": ((-6, 1), (-3, 0.8), (0, 0.35), (5, 0.1), (9, 0.12), (14, 0.45), (28, 0.75), (60, 1)),
    "LYM": (
        (-6, 1),
        (-3, 0.3),
        (0, 0.06),
        (5, 0.08),
        (10, 0.3),
        (28, 0.45),
        (90, 0.65),
        (180, 0.8),
        (365, 1),
    ),
    "WBC": ((-6, 1), (-3, 0.65), (0, 0.27), (5, 0.11), (9, 0.17), (14, 0.45), (28, 0.7), (60, 0.9), (90, 1)),
    "PLAT": ((-6, 1), (0, 0.75), (7, 0.4), (12, 0.45), (21, 0.75), (28, 0.9), (60, 1)),
    "HGB": ((-6, 1), (0, 0.93), (10, 0.82), (21, 0.87), (60, 0.97), (90, 1)),
}
CRS: Mapping[str, Knots] = {
    "ALT": ((0, 1), (3, 1.3), (6, 2.5), (10, 1.8), (21, 1)),
    "AST": ((0, 1), (3, 1.4), (6, 2.7), (10, 1.7), (21, 1)),
    "BILI": ((0, 1), (6, 1.4), (14, 1)),
    "CREAT": ((0, 1), (5, 1.15), (14, 1)),
    "PLAT": ((0, 1), (5, 0.85), (14, 1)),
}

# Course of the sum of target lesions after the infusion: how many of ten participants take it, and its shape.
TUMOUR_COURSES: Sequence[tuple[int, Knots]] = (
    (2, ((0, 1), (28, 0.55), (60, 0.35), (90, 0.26), (365, 0.22))),
    (3, ((0, 1), (28, 0.75), (60, 0.58), (120, 0.6), (200, 0.85), (300, 1.1))),
    (3, ((0, 1), (28, 0.96), (60, 0.88), (180, 0.98), (365, 1.25))),
    (2, ((0, 1), (28, 1.08), (60, 1.3), (120, 1.7))),
)
TUMOUR_READING_SD = 0.03  # of one reading of one lesion, as a share of it

BREATHS_PER_MINUTE = (16.0, 1.5)  # mean, SD of one reading
OXYGEN_SATURATION_PERCENT = (97.0, 0.8)
TEMPERATURE_REPEAT_SD_C = 0.1

# Added at the height of a CRS of grade 1, 2, 3 and 4.
CRS_TEMPERATURE_C = (2.3, 2.4, 2.6, 2.7)
CRS_PULSE = (18.0, 28.0, 40.0, 48.0)
CRS_SYSTOLIC_MMHG = (0.0, -25.0, -40.0, -50.0)
CRS_DIASTOLIC_MMHG = (0.0, -14.0, -22.0, -27.0)
CRS_BREATHS = (3.0, 5.0, 9.0, 13.0)
CRS_OXYGEN_SATURATION = (-0.5, -4.0, -9.0, -12.0)


def interpolate(knots: Sequence[tuple[float, float]], at: float) -> float:
    """Return the straight-line value between the two knots around `at`; outside, that of the nearest knot."""
    above = bisect_right(knots, at, key=lambda knot: knot[0])
    if above == 0:
        return knots[0][1]
    if above == len(knots):
        return knots[-1][1]
    (left, low), (right, high) = knots[above - 1], knots[above]
    return low + (high - low) * (at - left) / (right - left)


@dataclass(frozen=True, slots=True)
class AssumedCourse:
    """Lymphodepletion before an infusion on `infused_on_day` (same count as the days of the series)."""

    infused_on_day: int
    has_crs: bool = False

    def factor(self, test: str, day: int) -> float:
        """Return what the undisturbed value of `test` is multiplied with on `day`."""
        since = day - self.infused_on_day
        nadir = interpolate(NADIR[test], since) if test in NADIR else 1.0
        crs = interpolate(CRS[test], since) if self.has_crs and test in CRS else 1.0
        return nadir * crs


@dataclass(frozen=True, slots=True)
class AssumedCrs:
    """Cytokine release syndrome: rises over the first quarter of its span, falls over the last; grade 1 to 4."""

    first_minute: int
    last_minute: int
    grade: int

    def __post_init__(self) -> None:
        if not 1 <= self.grade <= 4 or self.last_minute <= self.first_minute:
            raise ValueError(
                f"no such CRS: grade {self.grade}, minutes {self.first_minute} to {self.last_minute}"
            )

    def shift(self, by_grade: tuple[float, ...], minute: int) -> float:
        """Return what is added to an undisturbed reading at `minute`."""
        ramp = (self.last_minute - self.first_minute) / 4
        strength = min((minute - self.first_minute) / ramp, (self.last_minute - minute) / ramp, 1.0)
        return by_grade[self.grade - 1] * max(strength, 0.0)
