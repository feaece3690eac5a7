"""The pictures of the study: what they say, of whom, what leaves, and what a page costs."""

from datetime import timedelta

import pytest

from followup.queries.pictures.reach import reach_of
from followup.queries.pictures.registry import PICTURES, SECTIONS
from participants.states import State
from tests.factories.api import Program
from tests.factories.journeys import Story, make_ward, participant_at
from tests.followup.response import told
from tests.followup.test_lane import has_crs
from tests.participants.web import browser_of, queries_of
from trialsite.audit.models import ReadEntry
from trialsite.web.pictures.marks import Picture
from trialsite.web.pictures.svg import svg_of
from trialsite.web.pictures.tables import WITHHELD

pytestmark = pytest.mark.django_db
PAGES = [f"/pictures/{name}/" for name in SECTIONS]


def rows(picture: Picture) -> list[tuple[object, ...]]:
    return [tuple(row) for row in picture.table.rows]


def picture_of(story: Story, name: str, *, is_whole: bool = False) -> Picture:
    drawn = PICTURES[name].draw(reach_of(story.ward.investigator, story.now, is_whole=is_whole))
    assert svg_of(drawn)
    return drawn


def responds(story: Story) -> None:
    told.has_baseline(story)
    told.has_scan(told.waits_until(story, 28), 28, {"T1": "30", "L1": "9"})


def test_the_pictures_of_the_own_site(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.INFUSED)
    has_crs(story, 3)
    responds(story)
    monkeypatch.setattr("trialsite.clock.now", lambda: story.now)
    client, ward, code = browser_of(story.ward.investigator), story.ward, story.participant.code
    before = [queries_of(client, page) for page in PAGES]
    flow = {row[0]: row[1] for row in rows(picture_of(story, "flow"))}
    assert (flow["Referred"], flow["Enrolled"], flow["Intravenous: infused"]) == (1, 1, 1)
    assert sum(int(str(row[1])) for row in rows(picture_of(story, "enrolment"))) == 1
    assert ("Cytokine release syndrome", "Intravenous", 0, 0, 1, 0, 0) in rows(
        picture_of(story, "adverse-events")
    )
    assert rows(picture_of(story, "toxicities"))[0][:5] == ("CRS", code, "Intravenous", 3, 0)
    (swimmer,) = rows(picture_of(story, "swimmer"))
    (waterfall,) = rows(picture_of(story, "waterfall"))
    responded_on = told.infused_on(story) + timedelta(days=28)
    assert (swimmer[0], swimmer[6], waterfall[4]) == (code, responded_on, "PR")
    assert float(str(waterfall[2])) == float(str(rows(picture_of(story, "spider"))[0][4])) < -30
    assert rows(picture_of(story, "survival"))[0][2:6] == (1, 0, 1, 1.0)
    assert rows(picture_of(story, "contraception"))[-1] == ("All", 1)
    other = participant_at(State.INFUSED, ward=ward)
    has_crs(other)
    assert [queries_of(client, page) for page in PAGES] == before
    for kind, start in (("csv", "\ufeffParticipant".encode()), ("pdf", b"%PDF")):
        assert client.get(f"/pictures/files/swimmer.{kind}").content.startswith(start)
    assert client.get("/pictures/study.pdf").content.startswith(b"%PDF")
    assert ReadEntry.objects.count() == 3
    answer = Program(ward.nurse, story.now).get("pictures/swimmer/").json()
    assert {row["participant"] for row in answer["rows"]} == {code, other.participant.code}


def test_of_the_whole_trial_there_are_no_few_and_nobody_by_code(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.INFUSED)
    has_crs(story)
    ward = make_ward()
    monkeypatch.setattr("trialsite.clock.now", lambda: story.now)
    reader = Program(ward.investigator, story.now)
    for name, one in PICTURES.items():
        answer = reader.get(f"pictures/{name}/", sites="all")
        assert answer.status_code == (404 if one.of_single else 200), name
        assert story.participant.code not in str(answer.content), name
        counted = [
            cell for row in answer.json().get("rows", []) for cell in row.values() if isinstance(cell, int)
        ]
        assert not any(counted), name
        assert reader.get(f"pictures/{name}/").status_code == 200
    client = browser_of(ward.investigator)
    for page in PAGES:
        shown = client.get(f"{page}?sites=all")
        assert (shown.status_code, story.participant.code in shown.text) == (200, False)
    assert WITHHELD in client.get("/pictures/?sites=all").text
    assert client.get("/pictures/files/swimmer.pdf?sites=all").status_code == 404
    assert client.get("/pictures/unknown/").status_code == 404
    assert reader.get("pictures/flow/", sites="some").status_code == 400
