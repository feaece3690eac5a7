"""From vein to vein: leukapheresis, cell product, conditioning, infusion, adverse events."""

from infusion.models.adverse_event import AdverseEvent, GradeEntry, SafetyReport
from infusion.models.bridging import BridgingTherapy
from infusion.models.infusion import Infusion, InfusionInterruption
from infusion.models.intrapleural import ChestImage, DrainedVolume, FluidSample, PositionChange
from infusion.models.leukapheresis import Leukapheresis
from infusion.models.lymphodepletion import LymphodepletionDose
from infusion.models.product import CellProduct
from infusion.models.readiness import IdentityCheck, Premedication, PreparedDose, StopCheckAnswer

__all__ = [
    "AdverseEvent",
    "BridgingTherapy",
    "CellProduct",
    "ChestImage",
    "DrainedVolume",
    "FluidSample",
    "GradeEntry",
    "IdentityCheck",
    "Infusion",
    "InfusionInterruption",
    "Leukapheresis",
    "LymphodepletionDose",
    "PositionChange",
    "Premedication",
    "PreparedDose",
    "SafetyReport",
    "StopCheckAnswer",
]
