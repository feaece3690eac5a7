"""How large a file may be."""

from trialsite.errors import RuleViolated


def require_size(size: int, most: int) -> None:
    """Refuse a file of more than `most` bytes. Raises RuleViolated("file-too-large")."""
    if size > most:
        words = f"The file has {size / 1e6:,.0f} MB; up to {most / 1e6:,.0f} MB are read. Split it."
        raise RuleViolated("file-too-large", words, field="file")
