"""From vein to vein: leukapheresis, cell product, conditioning, infusion, bedside rounds, adverse events."""

from infusion.models.adverse_event import AdverseEvent, GradeEntry, SafetyReport
from infusion.models.bedside_round import BedsideRound
from infusion.models.infusion import Infusion
from infusion.models.leukapheresis import Leukapheresis
from infusion.models.lymphodepletion import LymphodepletionDose
from infusion.models.product import CellProduct

__all__ = [
    "AdverseEvent",
    "BedsideRound",
    "CellProduct",
    "GradeEntry",
    "Infusion",
    "Leukapheresis",
    "LymphodepletionDose",
    "SafetyReport",
]
