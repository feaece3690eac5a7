"""Follow-up: the visits of the year after infusion and beyond."""

from followup.models.visit import Visit
from followup.models.visit_procedure import VisitProcedure

__all__ = ["Visit", "VisitProcedure"]
