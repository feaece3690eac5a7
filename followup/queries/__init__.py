"""Reads of follow-up, each in its own module."""
