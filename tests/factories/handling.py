"""Deviations on their way: each step by somebody who may take it, at the time of the story."""

from datetime import datetime, timedelta
from typing import Any

from participants.models import ActionKind, Cause, Deviation, DeviationAction, NoticeTo
from participants.services import handling
from participants.services.deviations import record_deviation
from tests.factories.journeys import Story
from trialsite.protocol.findings import Category
from trialsite.signing.proof import Proof
from trialsite.signing.rules import Meaning


def is_noticed(story: Story, *, is_important: bool = False, **given: Any) -> Deviation:
    values: dict[str, Any] = {
        "participant": story.participant,
        "category": Category.PROCEDURE,
        "description": "Blood pressure cuff not calibrated",
        "is_important": is_important,
        "occurred_at": story.now,
        "by": story.ward.nurse,
        "at": story.now,
        "reason": "",
    }
    return record_deviation(**values | given)


def is_reported(deviation: Deviation, story: Story, **given: Any) -> Deviation:
    values: dict[str, Any] = {
        "deviation": deviation,
        "cause": Cause.KNOWLEDGE,
        "explanation": "the list was not known",
        "immediate_action": "measured again",
        "by": story.ward.nurse,
        "at": story.now,
    }
    return handling.report_deviation(**values | given)


def is_assessed(deviation: Deviation, story: Story, *, is_important: bool = False, **given: Any) -> Deviation:
    values: dict[str, Any] = {
        "deviation": deviation,
        "is_important": is_important,
        "reason": "judged by the file",
        "by": story.ward.investigator,
        "at": story.now,
    }
    return handling.assess_deviation(**values | given)


def is_to_be_done(deviation: Deviation, story: Story, **given: Any) -> DeviationAction:
    values: dict[str, Any] = {
        "deviation": deviation,
        "kind": ActionKind.PREVENTIVE,
        "description": "train the ward",
        "owner": story.ward.nurse,
        "due_on": (story.now + timedelta(days=14)).date(),
        "by": story.ward.investigator,
        "at": story.now,
    }
    return handling.plan_action(**values | given)


def is_done(action: DeviationAction, story: Story, **given: Any) -> DeviationAction:
    values: dict[str, Any] = {"action": action, "note": "trained", "by": story.ward.nurse, "at": story.now}
    return handling.complete_action(**values | given)


def is_checked(deviation: Deviation, story: Story, *, is_effective: bool = True, **given: Any) -> Deviation:
    values: dict[str, Any] = {
        "deviation": deviation,
        "is_effective": is_effective,
        "note": "none since",
        "by": story.ward.investigator,
        "at": story.now,
    }
    return handling.check_effect(**values | given)


def is_told(deviation: Deviation, story: Story, recipient: NoticeTo, **given: Any) -> object:
    values: dict[str, Any] = {
        "deviation": deviation,
        "recipient": recipient,
        "sent_at": story.now,
        "reference": "letter 7",
        "by": story.ward.coordinator,
        "at": story.now,
    }
    return handling.record_notice(**values | given)


def closes(deviation: Deviation, story: Story, **given: Any) -> Deviation:
    values: dict[str, Any] = {
        "deviation": deviation,
        "note": "dealt with",
        "by": story.ward.investigator,
        "at": story.now,
    } | given
    values.setdefault("signing", signing_by(values["by"], values["at"]))
    return handling.close_deviation(**values)


def signing_by(user: Any, at: datetime) -> dict[str, Any]:
    """What a person gives to sign who has just proved who they are."""
    proof = Proof(user_id=user.pk, proved_at=at, factors="name password")
    return {"meaning": Meaning.APPROVAL, "proof": proof, "states_equivalence": True}


def is_closed(deviation: Deviation, story: Story, *, note: str = "dealt with") -> Deviation:
    """Report it, find it not important, and close it."""
    is_reported(deviation, story)
    is_assessed(deviation, story)
    return closes(deviation, story, note=note)


def of_a_deviation(story: Story) -> dict[str, object]:
    """What URLs name of the one deviation of the participant: itself, and an action planned about it."""
    deviation = Deviation.objects.get(participant=story.participant)
    is_reported(deviation, story)
    is_assessed(deviation, story)
    return {"deviation_id": deviation.pk, "action_id": is_to_be_done(deviation, story).pk}
