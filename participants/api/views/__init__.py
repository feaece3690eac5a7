"""Views of the participants API, one noun per module."""
