"""Decisions of screening, pure: gates, the evidence catalogue, the criteria, the forecast."""
