"""Screening: episodes, evidence, what the rules made of it, and the signed decision."""

from screening.models.alias import SubjectAlias
from screening.models.decision import DecisionOutcome, EligibilityDecision
from screening.models.episode import ScreeningEpisode
from screening.models.evaluation import EligibilityEvaluation
from screening.models.evidence import Evidence
from screening.models.result_import import PieceKind, ResultImport, ResultImportPiece

__all__ = [
    "DecisionOutcome",
    "EligibilityDecision",
    "EligibilityEvaluation",
    "Evidence",
    "PieceKind",
    "ResultImport",
    "ResultImportPiece",
    "ScreeningEpisode",
    "SubjectAlias",
]
