"""Bedside rounds through the API: recorded once, graded, listed, corrected as a whole."""

import pytest

from infusion.models import AdverseEvent
from participants.states import State
from tests.factories.api import Program, refused, shown, statements
from tests.factories.journeys import Story, participant_at

pytestmark = pytest.mark.django_db


def nurse(story: Story) -> Program:
    return Program(story.ward.nurse, story.now)


def sent(story: Story, **change: object) -> dict[str, object]:
    body: dict[str, object] = {
        "taken_at": shown(story.now),
        "vital_signs": {
            "temperature_c": "38.4",
            "pulse_per_min": "104",
            "breaths_per_min": "20",
            "systolic_mmhg": "88",
            "diastolic_mmhg": "50",
            "oxygen_saturation_percent": "93",
        },
        "hypotension": "without_vasopressor",
        "vasopressors": [],
        "oxygen_device": "nasal_cannula",
        "oxygen_flow_l_per_min": "2.0",
        "ice": {
            "year": True, "month": True, "city": True, "hospital": False, "objects_named": 3,
            "follows_command": True, "writes_sentence": True, "counts_backwards": True,
        },
        "consciousness": "awake",
        "seizure": "none",
        "has_deep_focal_weakness": False,
        "pressure_signs": [],
    }  # fmt: skip
    return body | change


def test_a_round_is_recorded_listed_and_corrected() -> None:
    story = participant_at(State.INFUSED).wait(hours=8)
    here = f"participants/{story.participant.code}/bedside-rounds/"
    made = nurse(story).post(here, sent(story))
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["crs_grade"], body["crs_rule"], body["icans_grade"]) == (2, "CRS-HYPOTENSION", 1)
    assert body["covers"] == ["crs", "ice", "vital_signs"]
    assert nurse(story).get(f"bedside-rounds/{body['id']}/").json() == body
    assert refused(nurse(story).post(here, sent(story))) == (409, "recorded-already")

    office = Program(story.ward.coordinator, story.now)
    change = sent(
        story,
        hypotension="none",
        oxygen_device="room_air",
        vasopressors=[{"agent": "norepinephrine", "dose": "0.05 µg/kg/min"}],
        crs_grade=2,
        override_reason="stopped within the hour",
        reason="pump on",
    )
    corrected = office.patch(f"bedside-rounds/{body['id']}/", change, match=f'"{body["version"]}"')
    assert corrected.status_code == 200, corrected.content
    right = corrected.json()
    assert (right["crs_computed"], right["crs_grade"], right["corrects"]) == (3, 2, body["id"])
    assert right["vasopressors"] == {"norepinephrine": "0.05 µg/kg/min"}
    listed = nurse(story).get(here).json()["results"]
    assert [(one["id"], one["voided_at"] is None) for one in listed].count((right["id"], True)) == 1
    assert len(listed) == 2
    assert set(AdverseEvent.objects.values_list("syndrome", "toxicity_grade")) == {("crs", 2), ("icans", 1)}
    assert statements(nurse(story), here) <= 4


REFUSALS = [
    ({"vital_signs": {"temperature_c": "50"}}, 422, "value-impossible"),
    ({"crs_grade": 0}, 422, "override-reason"),
    ({"chest_image": "blurred"}, 422, "chest-image-unknown"),
    ({"pain_score": 11}, 400, "invalid-input"),
    ({"taken_at": "2030-01-01T00:00:00Z"}, 422, "in-the-future"),
    ({"pulse": 80}, 400, "invalid-input"),
]


def test_what_cannot_be_is_refused() -> None:
    story = participant_at(State.INFUSED).wait(hours=1)
    for change, status, code in REFUSALS:
        answer = nurse(story).post(
            f"participants/{story.participant.code}/bedside-rounds/", sent(story, **change)
        )
        assert refused(answer) == (status, code), change
