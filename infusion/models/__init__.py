"""From vein to vein: leukapheresis, cell product, conditioning, infusion, adverse events."""

from infusion.models.adverse_event import AdverseEvent, GradeEntry, SafetyReport
from infusion.models.cohort import Cohort, CohortDecision, CohortSlot
from infusion.models.infusion import Infusion
from infusion.models.leukapheresis import Leukapheresis
from infusion.models.lymphodepletion import LymphodepletionDose
from infusion.models.product import CellProduct

__all__ = [
    "AdverseEvent",
    "CellProduct",
    "Cohort",
    "CohortDecision",
    "CohortSlot",
    "GradeEntry",
    "Infusion",
    "Leukapheresis",
    "LymphodepletionDose",
    "SafetyReport",
]
