"""Bedside rounds by the services: grades, the event, the rounds owed, corrections. Clinical rules 2, 6.2."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from infusion.models import AdverseEvent, BedsideRound
from infusion.queries.bedside import rounds_of, rounds_owed
from infusion.rules.bedside import RoundFindings
from infusion.rules.grading.crs import Hypotension, OxygenDevice
from infusion.rules.grading.icans import Consciousness, Seizure
from infusion.rules.grading.ice import IceAnswers
from infusion.services.bedside import (
    Confirmation,
    RoundEntry,
    correct_round,
    record_round,
    record_rounds,
)
from participants.models import JourneyEvent, Obligation, Observation
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.journeys import Story, participant_at, there
from trialsite.accounts.permissions import Role
from trialsite.audit.models import Entry
from trialsite.errors import Conflict, NotPermitted, RuleViolated
from trialsite.protocol.types import DueState

pytestmark = pytest.mark.django_db

ICE_10 = IceAnswers(
    year=True, month=True, city=True, hospital=True, objects_named=3,
    follows_command=True, writes_sentence=True, counts_backwards=True,
)  # fmt: skip
LOW = Hypotension.WITHOUT_VASOPRESSOR
SIGNS = {
    "TEMP": Decimal("36.8"),
    "PULSE": Decimal(80),
    "RESP": Decimal(16),
    "SYSBP": Decimal(120),
    "DIABP": Decimal(70),
    "OXYSAT": Decimal(97),
}


def quiet(at: datetime) -> RoundFindings:
    return RoundFindings(
        taken_at=at,
        hypotension=Hypotension.NONE,
        oxygen_device=OxygenDevice.ROOM_AIR,
        ice=ICE_10,
        consciousness=Consciousness.AWAKE,
        seizure=Seizure.NONE,
        has_deep_focal_weakness=False,
        pressure_signs=(),
    )


def does_round(
    story: Story, *, temperature: str = "36.8", said: Confirmation | None = None, **found: object
) -> BedsideRound:
    return record_round(
        participant=story.participant,
        findings=replace(quiet(story.now), **found),  # type: ignore[arg-type]
        vital_signs={**SIGNS, "TEMP": Decimal(temperature)},
        confirmation=said,
        by=story.ward.nurse,
        at=story.now,
    )


def test_a_round_is_one_entry_with_values_grades_event_and_trail() -> None:
    story = participant_at(State.INFUSED).wait(hours=1)

    row = does_round(story)

    assert set(row.covers) == {"vital_signs", "crs", "ice"}
    values = Observation.objects.filter(participant=story.participant, taken_at=row.taken_at)
    assert {one.test_code for one in values} == set(SIGNS)
    event = JourneyEvent.objects.get(ref=str(row.pk))
    assert event.facts == {"covers": "crs,ice,vital_signs", "crs": "0", "icans": "0"}
    assert story.due_states()["M-H1-0060#1"] is DueState.DONE
    assert Entry.objects.filter(action="infusion.round_recorded").exists()
    owed = rounds_owed(story.participant, story.now)
    assert owed.done == 1
    assert owed.next_due is not None


def test_rounds_written_up_later_fulfil_what_they_were_meant_for_and_grade_each_other() -> None:
    story = participant_at(State.INFUSED)
    began = story.now
    story.wait(hours=6)
    late = quiet(began + timedelta(minutes=30))
    entries = [  # as they lie on the sheet of paper, not in the order of time
        RoundEntry(findings=replace(late, hypotension=LOW, steroid_at=late.taken_at), vital_signs=SIGNS),
        RoundEntry(findings=quiet(began + timedelta(minutes=15)), vital_signs={**SIGNS, "TEMP": Decimal(39)}),
    ]

    first, second = record_rounds(
        participant=story.participant, entries=entries, by=story.ward.nurse, at=story.now
    )

    assert (first.taken_at, first.recorded_at) == (began + timedelta(minutes=15), story.now)
    assert [first.crs_grade, second.crs_grade] == [1, 2]  # the fever of the first is waived for the second
    states = story.due_states()
    assert states["M-H1-0015#1"] is states["M-H1-0030#1"] is DueState.DONE
    assert AdverseEvent.objects.get(participant=story.participant).toxicity_grade == 2


def test_a_grade_other_than_the_computed_needs_a_reason() -> None:
    story = participant_at(State.INFUSED).wait(hours=20)
    with pytest.raises(RuleViolated) as refused:
        does_round(story, temperature="38.5", said=Confirmation(crs_grade=0))
    assert refused.value.code == "override-reason"
    assert not BedsideRound.objects.exists()

    row = does_round(
        story, temperature="38.5", said=Confirmation(crs_grade=0, override_reason="transfusion reaction")
    )
    assert (row.crs_computed, row.crs_grade, row.override_reason) == (1, 0, "transfusion reaction")


REFUSALS = [
    ({"TEMP": Decimal(50)}, {}, "value-impossible"),
    (SIGNS, {"pain_score": 11}, "pain-range"),
    (SIGNS, {"chest_image": "blurred"}, "chest-image-unknown"),
    (SIGNS, {"taken_at": datetime(2030, 1, 1).astimezone()}, "in-the-future"),
]


def test_what_cannot_be_is_refused_and_nothing_is_saved() -> None:
    story = participant_at(State.INFUSED).wait(hours=2)
    for signs, found, code in REFUSALS:
        with pytest.raises(RuleViolated) as refused:
            record_round(
                participant=story.participant,
                findings=replace(quiet(story.now), **found),  # type: ignore[arg-type]
                vital_signs=signs,
                by=story.ward.nurse,
                at=story.now,
            )
        assert refused.value.code == code
    with pytest.raises(RuleViolated) as refused:
        record_round(
            participant=story.participant,
            findings=RoundFindings(taken_at=story.now),
            vital_signs={},
            by=story.ward.nurse,
            at=story.now,
        )
    assert refused.value.code == "nothing-given"
    with pytest.raises(RuleViolated) as refused:
        record_round(
            participant=story.participant,
            findings=quiet(story.now),
            vital_signs={"WEIGHT": Decimal(60)},
            by=story.ward.nurse,
            at=story.now,
        )
    assert refused.value.code == "test-unknown"
    with pytest.raises(NotPermitted):
        record_round(
            participant=story.participant,
            findings=quiet(story.now),
            vital_signs=SIGNS,
            by=make_user(Role.AUDITOR),
            at=story.now,
        )
    assert not BedsideRound.objects.exists()
    does_round(story)
    with pytest.raises(Conflict):
        does_round(story)


def test_a_correction_keeps_the_first_values_and_moves_what_followed() -> None:
    story = participant_at(State.INFUSED).wait(hours=1)
    wrong = does_round(story, temperature="38.6", hypotension=Hypotension.WITHOUT_VASOPRESSOR)
    assert f"M-RAISED:{wrong.pk}" in story.due_states()

    right = correct_round(
        bedside_round=wrong,
        findings=replace(quiet(story.now - timedelta(minutes=2)), oxygen_device=OxygenDevice.ROOM_AIR),
        vital_signs={"TEMP": Decimal("36.8")},
        by=story.ward.coordinator,
        at=story.now,
        reason="another bed",
    )

    first = there(BedsideRound.objects.filter(pk=wrong.pk).first())
    assert (first.crs_grade, first.void_reason) == (2, "another bed")
    assert (right.crs_grade, right.corrects_id) == (0, wrong.pk)
    assert [one.pk for one in rounds_of(story.participant)] == [right.pk]
    values = Observation.objects.filter(participant=story.participant, domain="VS")
    assert values.filter(voided_at__isnull=True).get().value == Decimal("36.8")
    assert values.filter(voided_at__isnull=False).count() == len(SIGNS)
    assert not Obligation.objects.in_force().filter(key=f"M-RAISED:{wrong.pk}").exists()
    with pytest.raises(Conflict):
        correct_round(
            bedside_round=wrong,
            findings=quiet(story.now),
            vital_signs=SIGNS,
            by=story.ward.coordinator,
            at=story.now,
            reason="again",
        )
    again = correct_round(
        bedside_round=right,
        findings=quiet(story.now),
        vital_signs=SIGNS,
        by=story.ward.coordinator,
        at=story.now,
        reason="all values found",
    )
    assert JourneyEvent.objects.filter(voided_at__isnull=True, ref=str(wrong.pk)).count() == 1
    assert set(again.covers) == {"vital_signs", "crs", "ice"}
