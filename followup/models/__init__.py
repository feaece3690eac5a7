"""Follow-up: the visits of the year after infusion and beyond, response and survival."""

from followup.models.contraception import AgreementConfirmation, ChildbearingStatus, MethodUse
from followup.models.response import LesionReading, TumourAssessment, TumourLesion
from followup.models.survival import NewTherapy, Progression, SurvivalContact
from followup.models.visit import Visit
from followup.models.visit_procedure import VisitProcedure

__all__ = [
    "AgreementConfirmation",
    "ChildbearingStatus",
    "LesionReading",
    "MethodUse",
    "NewTherapy",
    "Progression",
    "SurvivalContact",
    "TumourAssessment",
    "TumourLesion",
    "Visit",
    "VisitProcedure",
]
