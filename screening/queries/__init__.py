"""Reads of screening, shaped for commands, pages and exports."""
