"""Why the stack cannot start, in one line that says what to do."""


class CannotStart(Exception):
    """Something outside the program stands in the way. The message is one line and names the remedy."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
