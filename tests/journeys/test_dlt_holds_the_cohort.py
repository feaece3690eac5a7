"""Intrapleural: a pneumothorax after the catheter limits the dose and holds the cohort until somebody decides."""

from datetime import timedelta

import pytest

from infusion.models import AdverseEvent, Cohort
from infusion.queries.cohorts import ledger_of
from infusion.rules.cohorts import CohortBoard, CohortState
from infusion.services.adverse_events import EventDetails, record_adverse_event
from infusion.services.cohorts import decide_cohort, open_cohort
from infusion.services.safety_judgements import judge_dlt
from infusion.states import CohortDecision, CohortKind
from participants.models import Deviation
from participants.states import State
from tests.factories.journeys import START_AT, Story, make_ward, participant_at, there
from trialsite.errors import RuleViolated
from trialsite.protocol.types import Arm, DueState

pytestmark = pytest.mark.django_db


def has_pneumothorax(story: Story) -> AdverseEvent:
    return record_adverse_event(
        participant=story.participant,
        term="Pneumothorax",
        onset_at=story.now,
        aware_at=story.now,
        toxicity_grade=3,
        details=EventDetails(
            relation_procedure="definite", relation_product="possible", treatment_given="Chest drain"
        ),
        by=story.ward.nurse,
        at=story.now,
    )


def is_planned(story: Story, in_days: int) -> None:
    story.has_infusion_planned((story.now + timedelta(days=in_days)).date())


def board(cohort: Cohort, story: Story) -> CohortBoard:
    ledger = ledger_of(Arm.INTRAPLEURAL)
    return ledger.board(there(ledger.entry_of(cohort.pk)), story.now)


def test_a_pneumothorax_holds_the_cohort_until_it_is_decided() -> None:
    ward = make_ward()
    doctor = ward.investigator
    cohort = open_cohort(
        dose_level="DL-IP-1",
        kind=CohortKind.ESCALATION,
        opened_at=START_AT,
        by=doctor,
        at=START_AT,
    )
    first = participant_at(State.INFUSED, ward=ward, arm=Arm.INTRAPLEURAL, cohort=cohort)
    second = participant_at(
        State.MANUFACTURING,
        ward=ward,
        arm=Arm.INTRAPLEURAL,
        cohort=cohort,
        at=START_AT + timedelta(days=20),
    )
    event = has_pneumothorax(first.wait(1))
    asked = f"T-DLT:{event.pk}#1"
    assert first.due_states()[asked] is DueState.DUE
    judge_dlt(adverse_event=event, is_dlt=True, by=doctor, at=first.wait(1).now)
    assert first.due_states()[asked] is DueState.DONE

    second.wait(13).has_lot_released()
    second.wait(1)
    held = board(cohort, second)
    assert (held.state, held.needs_decision, held.dosing.earliest_on) == (CohortState.HELD, True, None)
    with pytest.raises(RuleViolated, match="waits for a decision on the cohort"):
        is_planned(second, 13)

    decide_cohort(
        cohort=cohort,
        decision=CohortDecision.CONTINUE,
        decided_at=second.now,
        by=doctor,
        at=second.now,
        reason="From the catheter; one of three is permitted. Chest image an hour earlier from now on",
    )
    again = board(cohort, second)
    assert (again.state, again.dosing.number) == (CohortState.OPEN, 2)
    with pytest.raises(RuleViolated, match="Less than 14 days"):
        is_planned(second, 5)
    is_planned(second, 13)

    ledger = ledger_of(Arm.INTRAPLEURAL)
    supposed = ledger.supposed(there(ledger.entry_of(cohort.pk)), 2, second.now)
    assert supposed.proposal.decision is CohortDecision.STOP
    assert not Deviation.objects.filter(rule_id__contains="cohort").exists()
