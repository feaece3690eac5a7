"""Reads of infusion, shaped for a page or a decision."""
