"""The one timeline of a participant: what it holds, its files and what it costs."""

import pytest

from followup.queries.lane import lane_of
from followup.queries.pictures.lane import lane_picture
from infusion.rules.medication import MedicationClass
from infusion.services.adverse_events import record_adverse_event
from infusion.services.medications import record_medication
from participants.states import State
from tests.factories.api import Program
from tests.factories.journeys import Story, participant_at
from tests.participants.web import browser_of, queries_of
from trialsite.audit.models import ReadEntry
from trialsite.web.pictures.marks import Box, Words

pytestmark = pytest.mark.django_db


def has_crs(story: Story, grade: int = 2) -> None:
    record_adverse_event(
        participant=story.participant,
        term="Cytokine release syndrome",
        onset_at=story.now,
        aware_at=story.now,
        toxicity_grade=grade,
        is_serious=False,
        by=story.ward.nurse,
        at=story.now,
    )


def test_the_timeline_holds_everything_and_leaves_as_files(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.INFUSED)
    story.comes_on_target("V-D1#1")
    monkeypatch.setattr("trialsite.clock.now", lambda: story.now)
    client, code = browser_of(story.ward.nurse), story.participant.code
    before = queries_of(client, f"/participants/{code}/panels/timeline/")
    has_crs(story)
    for name in ("Tocilizumab", "Paracetamol"):
        record_medication(
            participant=story.participant,
            name=name,
            medication_class=MedicationClass.OTHER,
            started_on=story.now.date(),
            by=story.ward.nurse,
            at=story.now,
        )
    story.participant.refresh_from_db()
    picture = lane_picture(lane_of(story.participant, story.now))
    lanes = [one.text for one in picture.marks if isinstance(one, Words) and one.x == 8]
    assert lanes[:3] == ["Course", "Cells", "Treatment"]
    assert {"CRS", "ICANS", "Drugs", "Visits", "Contraception"} <= set(lanes)
    assert [one.letter for one in picture.marks if isinstance(one, Box) and one.href and one.letter] == ["2"]
    rows = [(row[0], row[1]) for row in picture.table.rows]
    assert ("CRS", "CRS") in rows
    assert ("Drugs", "Tocilizumab") in rows
    done = next(row for row in picture.table.rows if row[1] == "Day 1 visit")
    assert "done" in str(done[4])
    # The grades of the event are one statement more; a second event costs none.
    assert queries_of(client, f"/participants/{code}/panels/timeline/") == before + 1
    assert client.get(f"/participants/{code}/timeline.csv").content.startswith("\ufeffLane,What".encode())
    assert client.get(f"/participants/{code}/timeline.pdf").content.startswith(b"%PDF")
    assert set(ReadEntry.objects.values_list("what", flat=True)) == {"timeline.csv", "timeline.pdf"}
    answer = Program(story.ward.nurse, story.now).get(f"participants/{code}/timeline/")
    assert answer.status_code == 200
    assert [(row["lane"], row["what"]) for row in answer.json()["rows"]] == rows


def test_before_the_infusion_days_are_those_of_the_calendar() -> None:
    story = participant_at(State.SCREENING)
    picture = lane_picture(lane_of(story.participant, story.now))
    lanes = [one.text for one in picture.marks if isinstance(one, Words) and one.x == 8]
    assert lanes == ["Course", "Contraception"]
    assert picture.note == ""
