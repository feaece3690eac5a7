"""From vein to vein: leukapheresis, cell product, conditioning, infusion, bedside rounds, adverse events."""

from infusion.models.adverse_event import AdverseEvent, GradeEntry, SafetyReport
from infusion.models.bedside_round import BedsideRound
from infusion.models.bridging import BridgingTherapy
from infusion.models.cohort import Cohort, CohortDecision, CohortSlot
from infusion.models.confidential import (
    ConfidentialCase,
    ConfidentialFollowUp,
    ConfidentialReport,
    ConfidentialTest,
)
from infusion.models.custody import CustodyEntry, ExcursionDecision
from infusion.models.infusion import Infusion, InfusionInterruption
from infusion.models.intrapleural import ChestImage, DrainedVolume, FluidSample, PositionChange
from infusion.models.label_print import LabelPrint
from infusion.models.laboratory_grade import LaboratoryGrade
from infusion.models.leukapheresis import Leukapheresis, LeukapheresisPlan
from infusion.models.lymphodepletion import LymphodepletionDose
from infusion.models.medication import ConcomitantMedication
from infusion.models.product import CellProduct
from infusion.models.readiness import IdentityCheck, Premedication, PreparedDose, StopCheckAnswer
from infusion.models.release import ProductDisposition, ReleaseTestResult

__all__ = [
    "AdverseEvent",
    "BedsideRound",
    "BridgingTherapy",
    "CellProduct",
    "ChestImage",
    "Cohort",
    "CohortDecision",
    "CohortSlot",
    "ConcomitantMedication",
    "ConfidentialCase",
    "ConfidentialFollowUp",
    "ConfidentialReport",
    "ConfidentialTest",
    "CustodyEntry",
    "DrainedVolume",
    "ExcursionDecision",
    "FluidSample",
    "GradeEntry",
    "IdentityCheck",
    "Infusion",
    "InfusionInterruption",
    "LabelPrint",
    "LaboratoryGrade",
    "Leukapheresis",
    "LeukapheresisPlan",
    "LymphodepletionDose",
    "PositionChange",
    "Premedication",
    "PreparedDose",
    "ProductDisposition",
    "ReleaseTestResult",
    "SafetyReport",
    "StopCheckAnswer",
]
