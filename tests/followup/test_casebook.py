"""The casebook matrix: what each cell says and opens, whose rows, and what a page costs."""

from datetime import timedelta

import pytest
from django.urls import reverse

from followup.models import Visit
from followup.queries.casebook import Part, casebook_rows, columns_of
from followup.rules.procedures import ProcedureEntry
from followup.services.visits import record_visit
from followup.states import ProcedureOutcome
from participants.services.sweep import sweep_once
from participants.states import State
from tests.factories.api import ROOT, Program, statements
from tests.factories.journeys import Story, make_ward, participant_at
from tests.participants.web import browser_of, queries_of
from tests.screening import desk
from tests.screening.desk import path
from trialsite import clock
from trialsite.accounts.permissions import SystemActor
from trialsite.protocol.types import DueState

pytestmark = pytest.mark.django_db
PAGE = "/casebook/"
FIRST_DAY = ("PR-VS-3", "PR-CRS-ICE-2", "PR-LAB", "PR-CYTOKINES", "PR-CAR", "PR-AE", "PR-CONTRA")


def comes(story: Story, key: str, *procedures: str) -> Visit:
    done = [ProcedureEntry(procedure=one, outcome=ProcedureOutcome.DONE) for one in procedures]
    return record_visit(
        participant=story.participant,
        obligation_key=key,
        performed_at=story.now,
        procedures=done,
        by=story.ward.nurse,
        at=story.now,
        reason="on the day after" if key == "V-D2#1" else "",
    )


def test_columns_are_the_visits_of_the_protocol_in_two_parts() -> None:
    year = [one.short for one in columns_of(Part.YEAR)]
    assert year == [
        "BL",
        *(f"D{day}" for day in (1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28)),
        "M2",
        "M3",
        "M6",
        "M9",
        "M12",
    ]
    later = [one.short for one in columns_of(Part.LONG_TERM)]
    assert (later[0], later[-1], len(later)) == ("M18", "Y15", 18)


def test_a_cell_says_what_became_of_the_visit_and_opens_its_form_or_its_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = participant_at(State.INFUSED)
    whole = comes(story.wait(1), "V-D1#1", *FIRST_DAY)
    partial = comes(story.wait(2), "V-D2#1", "PR-LAB")
    monkeypatch.setattr(clock, "now", lambda: story.now)
    story.participant.refresh_from_db()

    (row,) = casebook_rows([story.participant], story.now)
    states = {name: cell.state for name, cell in row.cells.items()}
    assert states["V-D1"] is DueState.DONE
    assert states["V-D2"] is DueState.DONE_LATE
    assert states["V-D3"] is DueState.DUE
    assert states["V-Y15"] is DueState.UPCOMING
    assert (row.cells["V-D1"].open_procedures, row.cells["V-D2"].open_procedures) == (0, 6)
    assert row.cells["V-D2"].open_deviations == 1
    assert (row.day, row.series) == (3, 1)

    shown = desk.desk(story, "nurse").get(PAGE).content.decode()
    assert f'href="{path(story, f"visits/{whole.pk}/procedures/")}"' in shown
    assert f'href="{path(story, f"visits/{partial.pk}/procedures/")}"' in shown
    assert f'href="{path(story, "visits/V-D3%231/record/")}"' in shown
    assert "done late, on" in shown
    assert "6 procedures without an answer; open deviation" in shown
    assert "Long-term follow-up" in shown
    later = desk.desk(story, "nurse").get(PAGE, {"part": "long_term"}).content.decode()
    assert "Year 15 long-term follow-up: upcoming" in later
    assert f'href="{story.participant.get_absolute_url()}#panel-visits"' in later
    admin = desk.desk(story, "admin").get(PAGE).content.decode()
    assert path(story, "visits/V-D3%231/record/") not in admin


def test_a_missed_visit_carries_its_open_deviation() -> None:
    story = participant_at(State.INFUSED)
    later = story.now + timedelta(days=3)
    sweep_once(by=SystemActor("sweep"), at=later)
    (row,) = casebook_rows([story.participant], later)
    assert row.cells["V-D1"].state is DueState.MISSED
    assert row.cells["V-D1"].open_deviations == 1


def test_only_the_own_site_is_shown_and_a_page_costs_the_same_for_any_number_of_rows() -> None:
    ward = make_ward()
    participant_at(State.LYMPHODEPLETION, ward=ward)
    client = browser_of(ward.nurse)
    one = queries_of(client, PAGE)
    story = participant_at(State.INFUSED, ward=ward)
    comes(story.wait(1), "V-D1#1", "PR-LAB")
    assert queries_of(client, PAGE) == one
    shown = client.get(PAGE, {"code": story.participant.code}).content.decode()
    assert shown.count('scope="row"') == 1
    assert browser_of(make_ward().nurse).get(PAGE).context["rows"] == []
    assert client.get(PAGE, {"code": "nobody"}).context["is_narrowed"]
    assert reverse("casebook") == PAGE


def test_the_api_says_the_same_page_by_page_for_the_own_site_at_a_constant_cost() -> None:
    ward = make_ward()
    first = participant_at(State.LYMPHODEPLETION, ward=ward)
    program = Program(ward.nurse, now=first.now)
    one = statements(program, "casebook/")
    story = participant_at(State.INFUSED, ward=ward)
    visit = comes(story.wait(1), "V-D1#1", "PR-LAB")
    program = Program(ward.nurse, now=story.now)
    assert statements(program, "casebook/") == one
    page = program.get("casebook/", limit=1).json()
    rows = [*page["results"], *program.get(page["next"].partition(ROOT)[2]).json()["results"]]
    assert [row["participant"] for row in rows] == sorted([first.participant.code, story.participant.code])
    row = next(one for one in rows if one["participant"] == story.participant.code)
    cells = {cell["item_id"]: cell for cell in row["cells"]}
    assert (row["participant"], row["site"], row["day"]) == (story.participant.code, ward.site.code, 1)
    assert list(cells) == [one.item_id for one in columns_of(Part.YEAR)]
    day = cells["V-D1"]
    assert (day["state"], day["visit_id"], day["open_procedures"]) == ("done", str(visit.pk), 6)
    later = program.get("casebook/", part="long_term", code=story.participant.code).json()["results"]
    assert [cell["item_id"] for cell in later[0]["cells"]][-1] == "V-Y15"
    assert program.get("casebook/", arm="intrapleural").json()["results"] == []
    assert program.get("casebook/", part="decade").status_code == 400
    assert program.get("casebook/", stage="x").status_code == 400
    assert Program(make_ward().nurse, now=story.now).get("casebook/").json()["results"] == []
