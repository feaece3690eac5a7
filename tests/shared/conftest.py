"""Fixtures of the shared parts' tests."""

from tests.shared.api_sites import api_rig
from tests.shared.trail_tables import committed_wards, other_session, wards, wards_schema

__all__ = ["api_rig", "committed_wards", "other_session", "wards", "wards_schema"]
