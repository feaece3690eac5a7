"""A search in words, for reviews, exports and saved views."""

from collections.abc import Mapping

_NAMES = {
    "code": "subject code",
    "who": "person",
    "table": "record",
    "row": "record id",
    "op": "done",
    "since": "from",
    "request_id": "request",
}


def sought_in_words(sought: Mapping[str, object]) -> str:
    """Return `subject code XX-1234, from 2026-01-01`; "" where nothing was narrowed."""
    return ", ".join(
        f"{_NAMES.get(name, name.replace('_', ' '))} {value}" for name, value in sought.items() if value != ""
    )
