"""Shapes of the figures in trialsite/demo/texture_figures.py."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LabFigures:
    """Laboratory test; `missing_by_visit` follows LAB_VISITS; no share where the source has no limits."""

    results: int
    is_log: bool
    mean: float
    between_sd: float
    within_sd: float
    correlation_14_days: float
    drift_per_week: float
    above_uln_share: float | None
    below_lln_share: float | None
    missing_share: float
    missing_by_visit: tuple[float, ...]
    unscheduled_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VitalFigures:
    """Vital sign, lying down; digits are those of the original reading (temperature: tenths of °F)."""

    results: int
    mean: float
    between_sd: float
    within_sd: float
    correlation_14_days: float
    drift_per_week: float
    repeat_sd: float | None
    last_digit_0_share: float
    last_digit_5_share: float
    last_digit_even_share: float
    missing_share: float
    missing_by_visit: tuple[float, ...]
    unscheduled_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedContact:
    """Planned contact: participants still taking part, and how many of them did not come."""

    order: int
    contact: str
    due: int
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFigures:
    """Visits after baseline; delays in days after (+) or before (−) the planned date."""

    visits: int
    delay_quantiles: tuple[float, ...]
    on_day_share: float
    early_share: float
    late_share: float
    excess_gap_quantiles: tuple[float, ...]
    missed_contacts: tuple[MissedContact, ...]
    missed_share_by_third: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PressureCorrelations:
    """How far systolic and diastolic pressure go together."""

    between: float
    within: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DropoutFigures:
    """Leaving before the planned end; day of leaving counted from baseline as day 1."""

    participants: int
    dropout_share: float
    adverse_event_share_of_dropout: float
    day_quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFigures:
    """Adverse events: days from onset to collection, and what is left open."""

    events: int
    lag_days_quantiles: tuple[float, ...]
    lag_same_day_share: float
    incomplete_onset_share: float
    no_end_date_share: float
    serious_share: float
