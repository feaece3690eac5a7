"""Follow-up: the visits of the year after infusion and beyond."""

from followup.models.visit import Visit

__all__ = ["Visit"]
