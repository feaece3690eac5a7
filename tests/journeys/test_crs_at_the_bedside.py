"""CRS 1 → 2 → tocilizumab → fever gone, hypotension stays → 2 → 0: one entry a round, and everything follows."""

from dataclasses import replace
from decimal import Decimal

import pytest

from infusion.models import AdverseEvent, BedsideRound
from infusion.queries.handover import handover
from infusion.rules.bedside import RoundFindings
from infusion.rules.grading.crs import Hypotension, OxygenDevice
from infusion.rules.grading.icans import Consciousness, Seizure
from infusion.rules.grading.ice import IceAnswers
from infusion.services.bedside import correct_round, record_round
from participants.states import State
from tests.factories.journeys import Story, participant_at
from trialsite.protocol.types import DueState

pytestmark = pytest.mark.django_db

LOW = Hypotension.WITHOUT_VASOPRESSOR
ALL_RIGHT = IceAnswers(
    year=True, month=True, city=True, hospital=True, objects_named=3,
    follows_command=True, writes_sentence=True, counts_backwards=True,
)  # fmt: skip


def looks(story: Story, temperature: str, **found: object) -> BedsideRound:
    return record_round(
        participant=story.participant,
        findings=replace(_quiet(story), **found),  # type: ignore[arg-type]
        vital_signs=_signs(temperature),
        by=story.ward.nurse,
        at=story.now,
    )


def _quiet(story: Story) -> RoundFindings:
    return RoundFindings(
        taken_at=story.now,
        hypotension=Hypotension.NONE,
        oxygen_device=OxygenDevice.ROOM_AIR,
        ice=ALL_RIGHT,
        consciousness=Consciousness.AWAKE,
        seizure=Seizure.NONE,
        has_deep_focal_weakness=False,
        pressure_signs=(),
    )


def _signs(temperature: str) -> dict[str, Decimal]:
    others = {"PULSE": 96, "RESP": 18, "SYSBP": 104, "DIABP": 62, "OXYSAT": 96}
    return {"TEMP": Decimal(temperature), **{code: Decimal(value) for code, value in others.items()}}


def grades_of(event: AdverseEvent) -> list[int]:
    entries = event.grades.filter(voided_at__isnull=True).order_by("assessed_at")
    return list(entries.values_list("grade", flat=True))


def test_crs_rises_is_treated_and_fades() -> None:
    story = participant_at(State.INFUSED).wait(hours=20)

    # The nurse finds a fever in the night after the infusion: the event is there, by the same entry.
    first = looks(story, "38.0")
    assert (first.crs_grade, first.icans_grade, first.scale, first.crs_rule) == (1, 0, "ASTCT", "CRS-FEVER")
    event = AdverseEvent.objects.get(participant=story.participant)
    assert (event.syndrome, event.toxicity_grade, event.onset_at) == ("crs", 1, story.now)

    # The pressure falls: grade 2, and the next round is due within one to two hours.
    story.wait(hours=4)
    second = looks(story, "39.1", hypotension=LOW)
    assert second.crs_grade == 2
    raised = f"M-RAISED:{second.pk}"
    assert story.wait(hours=1).due_states()[raised] is DueState.DUE

    # Tocilizumab. The fever is gone and asked for no more; the low pressure alone still grades.
    third = looks(story, "37.2", hypotension=LOW, anticytokine_at=story.now)
    assert third.crs_grade == 2
    assert story.due_states()[raised] is DueState.DONE
    assert story.wait(hours=1).due_states()[f"M-RAISED:{third.pk}"] is DueState.DUE
    (line,) = handover(story.ward.nurse, story.now)
    assert (line.day, line.crs, line.icans) == (1, 2, 0)
    assert {"CRS 1 → 2", "Fever up to 39.1 °C", "Anticytokine given"} <= {*line.changes}

    # The pressure is back: 0. The event ends with the round that found it, without an entry of its own.
    last = looks(story, "37.0")
    assert last.crs_grade == 0
    states = story.due_states()
    assert states[f"M-RAISED:{third.pk}"] is DueState.DONE
    assert f"M-RAISED:{last.pk}" not in states
    assert last.graded_inputs["crs"]["anticytokine_given"] is True
    event.refresh_from_db()
    assert (event.toxicity_grade, event.outcome, event.resolved_at) == (2, "recovered", story.now)
    assert grades_of(event) == [1, 2, 2, 0]

    # Without a new fever there is no new episode.
    assert looks(story.wait(hours=4), "37.0", hypotension=LOW).crs_grade == 0
    assert AdverseEvent.objects.filter(participant=story.participant).count() == 1

    # The round of grade 2 was of another bed: the event follows the correction.
    correct_round(
        bedside_round=second,
        findings=replace(_quiet(story), taken_at=second.taken_at),
        vital_signs=_signs("38.2"),
        by=story.ward.coordinator,
        at=story.now,
        reason="the values of another bed",
    )
    event.refresh_from_db()
    assert grades_of(event) == [1, 1, 2, 0]
    assert raised not in story.due_states()
