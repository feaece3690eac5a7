"""What later stages do when a fact they build on has changed: registered at start-up, called in its transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime

from participants.models import Observation, Participant
from trialsite.audit.acting import Actor

# The participant, the new values (none: particulars or the consent changed), who, when.
Follower = Callable[[Participant, Sequence[Observation], Actor, datetime], None]
_followers: list[Follower] = []
# Values that were recorded or taken back, of any number of participants, who, when. A row that replaces another
# names it in `corrects`; one that was taken back is voided.
FollowerOfValues = Callable[[Sequence[Observation], Actor, datetime], None]
_followers_of_values: list[FollowerOfValues] = []


def register_follower(follower: Follower) -> None:
    """Call `follower` with every change; a stage registers in its apps.py."""
    if follower not in _followers:
        _followers.append(follower)


def tell_followers(
    participant: Participant, *, by: Actor, at: datetime, values: Sequence[Observation] = ()
) -> None:
    """Let later stages follow a change; called inside `acting`, after it is saved."""
    for follower in _followers:
        follower(participant, values, by, at)


def register_follower_of_values(follower: FollowerOfValues) -> None:
    """Call `follower` with every value that is recorded, corrected or taken back; a stage registers in its apps.py."""
    if follower not in _followers_of_values:
        _followers_of_values.append(follower)


def tell_of_values(values: Sequence[Observation], *, by: Actor, at: datetime) -> None:
    """Let later stages follow values, all of one statement at once; called inside `acting`, after it is saved."""
    for follower in _followers_of_values:
        follower(values, by, at)
