"""Follow-up: the visits of the year after infusion and beyond."""

from followup.models.contraception import AgreementConfirmation, ChildbearingStatus, MethodUse
from followup.models.visit import Visit

__all__ = ["AgreementConfirmation", "ChildbearingStatus", "MethodUse", "Visit"]
