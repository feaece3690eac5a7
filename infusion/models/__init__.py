"""From vein to vein: leukapheresis, cell product, conditioning, infusion, adverse events."""

from infusion.models.adverse_event import AdverseEvent, GradeEntry, SafetyReport
from infusion.models.cohort import Cohort, CohortDecision, CohortSlot
from infusion.models.custody import CustodyEntry, ExcursionDecision
from infusion.models.infusion import Infusion
from infusion.models.leukapheresis import Leukapheresis, LeukapheresisPlan
from infusion.models.lymphodepletion import LymphodepletionDose
from infusion.models.medication import ConcomitantMedication
from infusion.models.product import CellProduct
from infusion.models.release import ProductDisposition, ReleaseTestResult

__all__ = [
    "AdverseEvent",
    "CellProduct",
    "Cohort",
    "CohortDecision",
    "CohortSlot",
    "ConcomitantMedication",
    "CustodyEntry",
    "ExcursionDecision",
    "GradeEntry",
    "Infusion",
    "Leukapheresis",
    "LeukapheresisPlan",
    "LymphodepletionDose",
    "ProductDisposition",
    "ReleaseTestResult",
    "SafetyReport",
]
