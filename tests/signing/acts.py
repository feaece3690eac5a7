"""A deviation that was closed, and a signer who has just proved who they are: what most tests of signing begin with."""

from datetime import datetime, timedelta
from typing import Any

from participants.models import Deviation
from participants.services.deviations import close_deviation, record_deviation
from tests.factories.journeys import START_AT, Story, make_ward, refer
from trialsite.accounts.models import User
from trialsite.protocol.findings import Category
from trialsite.signing.models import Signature
from trialsite.signing.proof import Proof
from trialsite.signing.rules import Meaning
from trialsite.signing.services.signing import sign

AT = START_AT + timedelta(days=2)


def proof_of(user: User, at: datetime = AT, factors: str = "name password") -> Proof:
    return Proof(user_id=user.pk, proved_at=at, factors=factors)


def closed_deviation(story: Story | None = None, *, at: datetime = AT) -> tuple[Deviation, Story]:
    """A deviation that the coordinator reported and the admin closed."""
    story = story or refer(make_ward())
    deviation = record_deviation(
        participant=story.participant,
        category=Category.PROCEDURE,
        description="Vital signs taken with another device",
        is_important=False,
        occurred_at=at - timedelta(hours=3),
        by=story.ward.coordinator,
        at=at - timedelta(hours=2),
        reason="The device was at service.",
    )
    closed = close_deviation(
        deviation=deviation, note="Device back, staff told.", by=story.ward.admin, at=at - timedelta(hours=1)
    )
    return Deviation.objects.get(pk=closed.pk), story


def signed_by(user: User, record: Any, *, at: datetime = AT, **given: Any) -> Signature:
    given.setdefault("meaning", Meaning.APPROVAL)
    given.setdefault("proof", proof_of(user, at))
    return sign(record=record, by=user, at=at, states_equivalence=True, **given)
