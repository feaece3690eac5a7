"""A deviation that was closed, and a signer who has just proved who they are: what most tests of signing begin with."""

from datetime import datetime, timedelta
from typing import Any

from followup.models import Visit
from followup.queries.procedures import checklist_of
from followup.rules.procedures import ProcedureEntry
from followup.services.procedures import record_procedures
from followup.states import ProcedureOutcome
from participants.models import Deviation
from participants.queries.course import load_course
from participants.services.deviations import record_deviation
from participants.services.handling import _closed
from tests.factories.handling import is_assessed, is_reported
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


def closed_deviation(
    story: Story | None = None, *, at: datetime = AT, reporter: str = "coordinator"
) -> tuple[Deviation, Story]:
    """A deviation that `reporter` of the ward reported and the admin closed, with its signature still to come."""
    story = story or refer(make_ward())
    reported_by = getattr(story.ward, reporter)
    deviation = record_deviation(
        participant=story.participant,
        category=Category.PROCEDURE,
        description="Vital signs taken with another device",
        is_important=False,
        occurred_at=at - timedelta(hours=3),
        by=reported_by,
        at=at - timedelta(hours=2),
        reason="The device was at service.",
    )
    is_reported(deviation, story, by=reported_by, at=at - timedelta(hours=2))
    is_assessed(deviation, story, by=story.ward.admin, at=at - timedelta(hours=2))
    _closed(deviation, "Device back, staff told.", story.ward.admin, at - timedelta(hours=1), None)
    return Deviation.objects.get(pk=deviation.pk), story


def complete(story: Story) -> list[Visit]:
    """Answer what is open of every visit of the participant; return the visits in the order they took place."""
    visits = list(Visit.objects.filter(participant=story.participant).order_by("performed_at"))
    for visit in visits:
        checklist = checklist_of(load_course(story.participant), visit, at=story.now)
        answered = set(visit.procedures.values_list("procedure_id", flat=True))
        owed = [
            ProcedureEntry(procedure=name, outcome=ProcedureOutcome.DONE)
            for name in sorted(checklist.owed - answered)
        ]
        if owed:
            record_procedures(visit=visit, procedures=owed, by=story.ward.nurse, at=story.now)
    return list(Visit.objects.filter(participant=story.participant).order_by("performed_at"))


def signed_by(user: User, record: Any, *, at: datetime = AT, **given: Any) -> Signature:
    given.setdefault("meaning", Meaning.APPROVAL)
    given.setdefault("proof", proof_of(user, at))
    return sign(record=record, by=user, at=at, states_equivalence=True, **given)
