"""Views of the follow-up API, each noun in its own module."""
