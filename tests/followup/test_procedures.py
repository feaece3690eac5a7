"""What was done at a visit: recorded with it or later, corrected with a reason; service, API and page."""

from datetime import timedelta

import pytest

from followup.models import Visit, VisitProcedure
from followup.queries.visits import follow_up_of
from followup.rules.procedures import ProcedureEntry
from followup.services.procedures import record_procedures
from followup.services.visits import correct_visit, record_visit
from followup.states import ProcedureOutcome, VisitMode
from participants.models import Deviation
from participants.states import State
from tests.factories.api import Program
from tests.factories.journeys import Story, participant_at
from tests.factories.traces import refused
from tests.followup.test_web import path, wall
from tests.screening import desk
from trialsite import clock
from trialsite.audit.models import Entry

pytestmark = pytest.mark.django_db
DONE, NOT_DONE = ProcedureOutcome.DONE, ProcedureOutcome.NOT_DONE
NOT_APPLICABLE = ProcedureOutcome.NOT_APPLICABLE


def said(procedure: str, outcome: ProcedureOutcome, reason: str = "") -> ProcedureEntry:
    return ProcedureEntry(procedure=procedure, outcome=outcome, reason=reason)


def comes(
    story: Story, *procedures: ProcedureEntry, key: str = "V-D1#1", mode: VisitMode = VisitMode.ON_SITE
) -> Visit:
    return record_visit(
        participant=story.participant,
        obligation_key=key,
        performed_at=story.now,
        mode=mode,
        procedures=procedures,
        by=story.ward.nurse,
        at=story.now,
    )


def findings(story: Story) -> list[tuple[str, str, str]]:
    rows = Deviation.objects.filter(participant=story.participant, rule_id="PROCEDURE-NOT-DONE")
    return [(one.subject, one.category, one.status) for one in rows.order_by("subject")]


def test_each_procedure_is_answered_and_what_was_not_done_is_a_deviation() -> None:
    story = participant_at(State.INFUSED).wait(1)

    visit = comes(
        story,
        said("PR-VS-3", DONE),
        said("PR-CYTOKINES", NOT_DONE, "tube broken"),
        said("PR-CAR", NOT_APPLICABLE, "drawn on day 2 as agreed with the laboratory"),
    )

    rows = {one.procedure_id: one for one in VisitProcedure.objects.filter(visit=visit)}
    assert {name: one.outcome for name, one in rows.items()} == {
        "PR-VS-3": "done",
        "PR-CYTOKINES": "not_done",
        "PR-CAR": "not_applicable",
    }
    assert rows["PR-CYTOKINES"].protocol_version == "1.0"
    assert findings(story) == [("V-D1#1:PR-CYTOKINES", "procedure", "draft")]
    deviation = Deviation.objects.get(rule_id="PROCEDURE-NOT-DONE")
    assert (deviation.proposed_important, deviation.occurred_at) == (False, story.now)
    line = next(row for row in follow_up_of(story.participant, story.now).planned if row.visit == visit)
    assert (line.done_count, len(line.answered), len(line.departing)) == (1, 3, 2)
    assert line.open_procedures == [
        "CRS grade and ICE score at least twice",
        "Laboratory tests",
        "Adverse events and other medication",
        "Contraception agreement confirmed",
    ]


def test_a_visit_whose_answer_lacks_its_reason_is_not_recorded_at_all() -> None:
    story = participant_at(State.INFUSED).wait(1)
    with refused("procedure-reason-required", field="procedures"):
        comes(story, said("PR-VS-3", DONE), said("PR-LAB", NOT_DONE))
    with refused("unknown-procedure", field="procedures"):
        comes(story, said("PR-CT", DONE))
    assert not Visit.objects.filter(participant=story.participant, obligation_key="V-D1#1").exists()


def test_remote_and_unscheduled_visits_carry_procedures_too() -> None:
    story = participant_at(State.INFUSED).wait(1)
    remote = comes(story, said("PR-AE", DONE), mode=VisitMode.REMOTE)
    unscheduled = comes(story, said("PR-CT", NOT_DONE, "scanner broken"), key="")
    assert VisitProcedure.objects.filter(visit__in=[remote, unscheduled]).count() == 2
    assert findings(story) == []  # nothing is owed at an unscheduled visit
    line = next(row for row in follow_up_of(story.participant, story.now).planned if row.obligation is None)
    assert [one.title for one in line.departing] == ["CT and response by RECIST 1.1"]
    assert line.open_procedures == []


def test_an_answer_is_corrected_with_a_reason_and_the_first_one_stays() -> None:
    story = participant_at(State.INFUSED).wait(1)
    visit = comes(story, said("PR-LAB", NOT_DONE, "no veins"), said("PR-VS-3", DONE))
    nurse, at = story.ward.nurse, story.now + timedelta(hours=2)
    new = [said("PR-LAB", DONE), said("PR-VS-3", NOT_DONE, "twice only"), said("PR-CYTOKINES", DONE)]

    with refused("reason-required", field="reason"):
        record_procedures(visit=visit, procedures=new, by=nurse, at=at)
    record_procedures(visit=visit, procedures=new, by=nurse, at=at, reason="entered for another person")

    first = VisitProcedure.objects.get(visit=visit, procedure_id="PR-LAB", voided_at__isnull=False)
    assert (first.outcome, first.reason, first.void_reason) == (
        "not_done",
        "no veins",
        "entered for another person",
    )
    assert VisitProcedure.objects.in_force().get(visit=visit, procedure_id="PR-LAB").corrects == first
    assert findings(story) == [
        ("V-D1#1:PR-LAB", "procedure", "closed"),
        ("V-D1#1:PR-VS-3", "procedure", "draft"),
    ]
    entries = Entry.objects.filter(action="followup.procedures_recorded")
    assert {one.reason for one in entries} == {"entered for another person"}

    same = VisitProcedure.objects.count()
    record_procedures(visit=visit, procedures=new, by=nurse, at=at)
    assert VisitProcedure.objects.count() == same

    back = [said("PR-LAB", NOT_DONE, "no veins"), said("PR-VS-3", NOT_DONE, "once only")]
    record_procedures(visit=visit, procedures=back, by=nurse, at=at, reason="it was right before")
    assert [status for _, _, status in findings(story)] == ["draft", "draft"]


def test_what_was_found_about_procedures_is_dated_by_the_corrected_visit() -> None:
    story = participant_at(State.INFUSED).wait(1)
    visit = comes(story, said("PR-LAB", NOT_DONE, "no veins"))
    earlier = story.now - timedelta(hours=1)
    correct_visit(visit=visit, performed_at=earlier, by=story.ward.nurse, at=story.now, reason="misread")
    assert Deviation.objects.get(subject="V-D1#1:PR-LAB").occurred_at == earlier


def test_through_the_api_they_are_given_listed_and_corrected() -> None:
    story = participant_at(State.INFUSED).wait(1)
    program = Program(story.ward.nurse, now=story.now)
    path_of = f"participants/{story.participant.code}/visits/"
    given = {
        "obligation_key": "V-D1#1",
        "performed_at": story.now.isoformat(),
        "procedures": [{"procedure": "PR-LAB", "outcome": "not_done", "reason": "no veins"}],
    }
    wrong = program.post(path_of, {**given, "procedures": [{"procedure": "PR-LAB", "outcome": "perhaps"}]})
    assert wrong.status_code == 400
    visit = program.post(path_of, given).json()
    mine = f"visits/{visit['id']}/procedures/"
    lacking = program.patch(mine, {"procedures": [{"procedure": "PR-LAB"}]}, match=f'"{visit["version"]}"')
    assert (lacking.status_code, lacking.json()["errors"][0]["field"]) == (400, "procedures.0.outcome")
    changed = {"procedures": [{"procedure": "PR-LAB", "outcome": "done"}], "reason": "other person"}
    program.now += timedelta(hours=1)
    answer = program.patch(mine, changed, match=f'"{visit["version"]}"')
    assert (answer.status_code, answer.json()["version"]) == (200, visit["version"] + 1)
    listed = program.get(mine).json()["results"]
    assert [(one["outcome"], one["void_reason"]) for one in listed] == [
        ("not_done", "other person"),
        ("done", ""),
    ]


def test_the_form_asks_for_each_procedure_and_fills_the_rest_in(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.INFUSED).wait(1)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    client = desk.desk(story, "nurse")
    url = path(story, "visits/V-D1%231/record/")
    given = {"performed_at": wall(story.now), "mode": "on_site", "rest_is_done": "on", "PR-LAB": "not_done"}

    lacking = client.post(url, given)
    assert lacking.status_code == 422
    assert "Say why." in lacking.content.decode()
    unsaid = client.post(url, {**given, "PR-LAB": "", "why-PR-LAB": "no veins"})
    assert "Say whether it was done." in unsaid.content.decode()
    assert client.post(url, {**given, "why-PR-LAB": "no veins"}).status_code == 303

    visit = Visit.objects.get(participant=story.participant, obligation_key="V-D1#1")
    rows = dict(VisitProcedure.objects.filter(visit=visit).values_list("procedure_id", "outcome"))
    assert rows.pop("PR-LAB") == "not_done"
    assert set(rows.values()) == {"done"}
    assert len(rows) == 6
    again = client.get(path(story, f"visits/{visit.pk}/procedures/")).content.decode()
    assert "no veins" in again
    panel = client.get(path(story, "panels/visits/")).content.decode()
    assert "6 of 7 procedures done" in panel
