"""Screening: episodes, what was found for each criterion, and the signed decision."""

from screening.models.decision import DecisionOutcome, EligibilityDecision
from screening.models.episode import ScreeningEpisode
from screening.models.finding import EligibilityFinding

__all__ = ["DecisionOutcome", "EligibilityDecision", "EligibilityFinding", "ScreeningEpisode"]
