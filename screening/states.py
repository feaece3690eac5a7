"""States of a screening episode, and the transitions between them."""

from enum import StrEnum


class EpisodeState(StrEnum):
    OPEN = "open"
    ELIGIBLE = "eligible"
    FAILED = "failed"


# A changed finding after the sign-off reopens the episode; a failed one stays failed: re-screening opens another.
TRANSITIONS: dict[EpisodeState, frozenset[EpisodeState]] = {
    EpisodeState.OPEN: frozenset({EpisodeState.ELIGIBLE, EpisodeState.FAILED}),
    EpisodeState.ELIGIBLE: frozenset({EpisodeState.OPEN, EpisodeState.FAILED}),
    EpisodeState.FAILED: frozenset(),
}


def may_become(state: EpisodeState, to: EpisodeState) -> bool:
    return to in TRANSITIONS[state]


class ImportState(StrEnum):
    """Where a file of laboratory results stands. WAITING: for the check. QUEUED: for the import.

    REFUSED: it has faults, nothing of it was written.
    """

    WAITING = "waiting"
    CHECKING = "checking"
    CHECKED = "checked"
    REFUSED = "refused"
    QUEUED = "queued"
    IMPORTING = "importing"
    IMPORTED = "imported"
    DISCARDED = "discarded"
