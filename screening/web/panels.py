"""The panels this stage shows on the participant page."""


def register() -> None:
    """Tell the participant page which panels to load."""
