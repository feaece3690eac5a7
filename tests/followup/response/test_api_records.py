"""Lesions, scans and what became of a participant through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from participants.models import JourneyEvent
from participants.states import State
from tests.factories.api import Program, refused, statements
from tests.factories.journeys import Story, participant_at
from tests.followup.response import sent, told

pytestmark = pytest.mark.django_db
OTHER = {"organ": "pleura", "nature": "effusion", "is_target": False, "slice_mm": None}


def coordinator(story: Story) -> Program:
    return Program(story.ward.coordinator, story.now)


def on(story: Story, number: int) -> str:
    return (told.infused_on(story) + timedelta(days=number)).isoformat()


def has_baseline(story: Story, *lesions: dict[str, Any], number: int = -14) -> Any:
    given = lesions or (sent.lesion("T1", "60"), sent.lesion("N1", None, **OTHER))
    body = {"baseline": {"on": on(story, number), "lesions": list(given)}, "reader": "Dr Lin"}
    return coordinator(story).post(f"participants/{story.participant.code}/tumour-baseline/", body)


def has_scan(story: Story, number: int, *readings: dict[str, Any], **change: Any) -> Any:
    body = {"scan": sent.scan(on(story, number), *readings, **change), "reader": "Dr Lin"}
    return coordinator(story).post(f"participants/{story.participant.code}/tumour-assessments/", body)


def test_scans_are_recorded_read_corrected_and_assessed() -> None:
    story = participant_at(State.INFUSED)
    told.waits_until(story, 100)
    one = f"participants/{story.participant.code}/"
    baseline = has_baseline(story)
    first = has_scan(story, 42, sent.seen("T1", "30"))
    assert (baseline.status_code, first.status_code) == (201, 201)
    assert [(one["lesion"], one["found"]) for one in first.json()["readings"]] == [
        ("N1", "present"),
        ("T1", "measured"),
    ]
    assert has_scan(story, 84, sent.seen("T1", "31")).status_code == 201
    program = coordinator(story)
    answer = program.get(f"{one}response/").json()
    (site,) = answer["reviews"]
    assert [p["overall"]["response"] for p in site["answer"]["time_points"]] == ["PR", "PR"]
    assert site["answer"]["best_confirmed"]["response"] == "PR"
    assert {row["label"] for row in program.get(f"{one}tumour-lesions/").json()["results"]} == {"T1", "N1"}
    scan_id = first.json()["id"]
    assert program.get(f"tumour-assessments/{scan_id}/").json()["reader"] == "Dr Lin"
    body = {"scan": sent.scan(on(story, 43), sent.seen("T1", "55")), "reader": "Dr Wu", "reason": "Misread"}
    corrected = program.patch(f"tumour-assessments/{scan_id}/", body)
    assert (corrected.status_code, corrected.json()["corrects"]) == (200, scan_id)
    former = program.get(f"tumour-assessments/{scan_id}/").json()
    assert (former["void_reason"], former["voided_at"] is not None) == ("Misread", True)
    anew = {
        "baseline": {
            "on": on(story, -13),
            "lesions": [sent.lesion("T1", "30"), sent.lesion("N1", None, **OTHER)],
        }
    }
    given = anew | {"reader": "Dr Wu", "reason": "Another series"}
    assert program.patch(f"tumour-baselines/{scan_id}/", given).status_code == 404
    found = program.patch(f"tumour-baselines/{baseline.json()['id']}/", given)
    assert found.json()["assessed_on"] == on(story, -13)
    listed = program.get(f"{one}tumour-assessments/").json()["results"]
    assert len([row for row in listed if row["voided_at"] is None]) == 3


def test_a_fault_is_named_at_its_field_and_nothing_is_saved() -> None:
    story = participant_at(State.INFUSED)
    faulty = has_baseline(story, sent.lesion("T1", "x", organ="heart"))
    assert refused(faulty) == (400, "invalid-input")
    assert {one["field"] for one in faulty.json()["errors"]} == {
        "baseline.lesions.0.organ",
        "baseline.lesions.0.size_mm",
    }
    assert refused(has_baseline(story, sent.lesion("T1", "9"))) == (422, "target-not-measurable")
    assert refused(has_scan(story, 0)) == (422, "no-baseline")
    assert refused(has_scan(story, 0, {"lesion": "T1"})) == (400, "invalid-input")


def test_progression_therapy_and_survival_are_recorded_corrected_and_taken_back() -> None:
    story = participant_at(State.INFUSED)
    told.waits_until(story, 100)
    one = f"participants/{story.participant.code}/"
    program, doctor = coordinator(story), Program(story.ward.investigator, story.now)
    progression = {"progressed_on": on(story, 84), "basis": "imaging"}
    assert refused(program.post(f"{one}progressions/", progression)) == (403, "not-permitted")
    made = doctor.post(f"{one}progressions/", progression).json()
    moved = progression | {"progressed_on": on(story, 83), "reason": "Misread"}
    assert doctor.patch(f"progressions/{made['id']}/", moved).json()["progressed_on"] == on(story, 83)
    taken = doctor.post(f"progressions/{made['id']}/withdrawal/", {"reason": "None"})
    assert taken.json()["void_reason"] == "None"

    therapy = {"started_on": on(story, 90), "name": "Docetaxel"}
    made = program.post(f"{one}new-therapies/", therapy).json()
    moved = therapy | {"started_on": on(story, 91), "reason": "Misread"}
    assert program.patch(f"new-therapies/{made['id']}/", moved).json()["started_on"] == on(story, 91)
    assert program.post(f"new-therapies/{made['id']}/withdrawal/", {"reason": "None"}).status_code == 200
    assert not JourneyEvent.objects.filter(kind="new_therapy_started", voided_at=None).exists()

    contact = {"alive_on": on(story, 99), "source": "telephone"}
    made = program.post(f"{one}survival-contacts/", contact).json()
    moved = contact | {"alive_on": on(story, 98), "reason": "Misread"}
    assert program.patch(f"survival-contacts/{made['id']}/", moved).json()["alive_on"] == on(story, 98)
    taken = program.post(f"survival-contacts/{made['id']}/withdrawal/", {"reason": "Somebody else"}).json()
    assert (taken["void_reason"], taken["alive_on"]) == ("Somebody else", on(story, 98))
    for name in ("progressions", "new-therapies", "survival-contacts"):
        assert len(program.get(f"{one}{name}/").json()["results"]) == 1


def test_the_answer_takes_the_same_statements_whatever_the_number_of_scans() -> None:
    story = participant_at(State.INFUSED)
    told.waits_until(story, 200)
    told.has_baseline(story)
    path = f"participants/{story.participant.code}/"
    told.has_scan(story, 42, {"T1": "60"})
    before = [statements(coordinator(story), f"{path}{name}/") for name in ("response", "tumour-assessments")]
    for number in (84, 120, 180):
        told.has_scan(story, number, {"T1": "60", "L1": "20"}, others={"N1": "present"}, new={"X1": False})
    after = [statements(coordinator(story), f"{path}{name}/") for name in ("response", "tumour-assessments")]
    assert before == after
