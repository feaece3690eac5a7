"""States of a screening episode: every state against every state."""

from itertools import product

import pytest

from screening.states import TRANSITIONS, EpisodeState, may_become

ALLOWED = {
    (EpisodeState.OPEN, EpisodeState.ELIGIBLE),
    (EpisodeState.OPEN, EpisodeState.FAILED),
    (EpisodeState.ELIGIBLE, EpisodeState.OPEN),
    (EpisodeState.ELIGIBLE, EpisodeState.FAILED),
}


@pytest.mark.parametrize(("state", "to"), list(product(EpisodeState, repeat=2)))
def test_an_episode_becomes_only_what_is_listed(state: EpisodeState, to: EpisodeState) -> None:
    assert may_become(state, to) is ((state, to) in ALLOWED)


def test_every_state_has_a_row() -> None:
    assert set(TRANSITIONS) == set(EpisodeState)
