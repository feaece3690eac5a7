"""Views of the infusion API, one noun per module."""
