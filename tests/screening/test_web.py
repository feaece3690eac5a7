"""Screening in the browser: start, the checklist, the decision, enrolment, the panel."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from participants.models import Participant
from participants.states import State
from screening.models import EligibilityFinding, ScreeningEpisode
from screening.services.decisions import record_screen_failure
from tests.factories.accounts import make_user
from tests.factories.journeys import Story, make_ward, participant_at
from tests.participants.web import HTMX, browser_of, filled, queries_of
from tests.screening import desk
from tests.screening.desk import Form, path, wall
from trialsite import clock
from trialsite.accounts.permissions import Role
from trialsite.protocol.criteria import CriterionStatus
from trialsite.protocol.types import Arm

pytestmark = pytest.mark.django_db


def state_is(state: State) -> object:
    return lambda story: Participant.objects.get(pk=story.participant.pk).state == state.value


def has_findings(story: Story) -> None:
    story.finds_everything_in_order()


FORMS = {
    "start": Form(
        tail=lambda story: "screening/start/",
        state=State.REFERRED,
        role="coordinator",
        barred="nurse",
        prepare=lambda story: story.wait(1).signs(),
        given=lambda story: {"started_at": wall(story.now), "intended_arm": "intrapleural"},
        wrong=({"started_at": "2031-01-01T10:00"}, "started_at"),
        proof=state_is(State.SCREENING),
    ),
    "start before consent": Form(
        tail=lambda story: "screening/start/",
        state=State.REFERRED,
        role="coordinator",
        barred="nurse",
        given=lambda story: {
            "started_at": wall(story.now),
            "intended_arm": "intravenous",
            "reason": "Night admission",
        },
        wrong=({"reason": ""}, "reason"),
        proof=state_is(State.SCREENING),
    ),
    "confirm": Form(
        tail=lambda story: "screening/confirm/",
        state=State.SCREENING,
        role="investigator",
        barred="coordinator",
        prepare=has_findings,
        given=lambda story: {"decided_at": wall(story.now)},
        wrong=({"decided_at": "yesterday"}, "decided_at"),
        proof=state_is(State.ELIGIBLE),
    ),
    "fail": Form(
        tail=lambda story: "screening/fail/",
        state=State.SCREENING,
        role="investigator",
        barred="coordinator",
        given=lambda story: {"decided_at": wall(story.now), "reason": "Changed her mind"},
        wrong=({"reason": "  "}, "reason"),
        proof=state_is(State.SCREEN_FAILED),
    ),
    "enrol": Form(
        tail=lambda story: "enrol/",
        state=State.ELIGIBLE,
        role="coordinator",
        barred="nurse",
        given=lambda story: {"enrolled_at": wall(story.now), "dose_level": "DL-IV-1"},
        wrong=({"dose_level": "DL-IP-1"}, "dose_level"),
        proof=state_is(State.ENROLLED),
    ),
    "enrol elsewhere": Form(
        tail=lambda story: "enrol/intrapleural/elsewhere/",
        state=State.SCREENING,
        role="coordinator",
        barred="nurse",
        given=lambda story: {
            "enrolled_at": wall(story.now),
            "dose_level": "DL-IP-2",
            "reason": "Done by telephone",
        },
        wrong=({"reason": ""}, "reason"),
        proof=state_is(State.ENROLLED),
    ),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_form_saves_and_leads_on(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.is_saved_and_leads_on(form, monkeypatch)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_refusal_stands_at_its_field(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.is_refused_at_its_field_and_loses_nothing(form, monkeypatch)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_another_site_finds_nothing(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.is_not_found_from_another_site(form, monkeypatch)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_wrong_role_is_refused(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.is_refused_to_the_wrong_role(form, monkeypatch)


# ---- The checklist


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    found = participant_at(State.SCREENING)
    monkeypatch.setattr(clock, "now", lambda: found.now)
    return found


def test_the_checklist_shows_every_criterion_and_what_is_open(story: Story) -> None:
    response = desk.desk(story, "coordinator").get(path(story, "screening/"))

    shown = response.content.decode()
    for criterion_id in ("I1", "I10.6", "I13", "E7.4", "E10.SYPHILIS", "E12"):
        assert f'id="criterion-{criterion_id}"' in shown
    assert "签署知情同意当日年满18周岁" in shown
    assert "investigator&#x27;s judgement" in shown or "investigator's judgement" in shown
    assert "0 of 36 decided" in shown
    assert "Incomplete" in shown


def test_a_finding_is_recorded_in_place_and_the_verdict_follows(story: Story) -> None:
    client = desk.desk(story, "coordinator")
    given = filled(status="not_met", evidence_on=story.now.date().isoformat(), note="WBC 1.4")

    response = client.post(path(story, "screening/findings/I10.1/"), given, headers=HTMX)

    shown = response.content.decode()
    found = EligibilityFinding.objects.get()
    assert (found.criterion_id, found.status, found.note) == ("I10.1", "not_met", "WBC 1.4")
    assert response.status_code == 200
    assert "Ineligible" in shown
    assert 'id="verdict-line" role="status" hx-swap-oob="true"' in shown
    assert 'id="derived-I10" hx-swap-oob="true"' in shown
    assert "<html" not in shown


def test_without_script_the_finding_leads_back_to_its_row(story: Story) -> None:
    client = desk.desk(story, "coordinator")

    response = client.post(path(story, "screening/findings/I1/"), filled(status="met"))

    assert response.status_code == 303
    assert response.headers["Location"] == path(story, "screening/#criterion-I1")


def test_a_changed_finding_asks_for_its_reason_in_the_row_and_keeps_what_was_pressed(story: Story) -> None:
    client = desk.desk(story, "coordinator")
    url = path(story, "screening/findings/I1/")
    client.post(url, filled(status="met"), headers=HTMX)

    refused = client.post(url, filled(status="not_met", note="born 2009"), headers=HTMX)

    shown = refused.content.decode()
    assert refused.status_code == 422
    assert 'name="reason"' in shown
    assert 'value="born 2009"' in shown
    assert EligibilityFinding.objects.get().status == "met"
    saved = client.post(
        url, filled(status="not_met", note="born 2009", reason="Wrong year read"), headers=HTMX
    )
    assert saved.status_code == 200
    assert EligibilityFinding.objects.get().status == "not_met"


def test_evidence_added_later_to_the_same_answer_needs_no_reason(story: Story) -> None:
    client = desk.desk(story, "coordinator")
    url = path(story, "screening/findings/I2/")
    client.post(url, filled(status="met"), headers=HTMX)

    response = client.post(url, filled(status="met", note="Biopsy 3"), headers=HTMX)

    assert response.status_code == 200
    assert EligibilityFinding.objects.get().note == "Biopsy 3"
    assert client.post(url, filled(status="met", note="Biopsy 4"), headers=HTMX).status_code == 422


@pytest.mark.parametrize(
    "wrong", [{"evidence_on": "2031-01-01"}, {"evidence_on": "soon"}, {"status": "perhaps"}]
)
def test_a_wrong_entry_is_refused_in_its_row(story: Story, wrong: dict[str, str]) -> None:
    given = filled(**{"status": "met", "note": "kept", **wrong})

    for headers in (HTMX, {}):
        response = desk.desk(story, "coordinator").post(
            path(story, "screening/findings/I3/"), given, headers=headers
        )
        assert response.status_code == 422
        assert 'value="kept"' in response.content.decode()
    assert not EligibilityFinding.objects.exists()


@pytest.mark.parametrize("criterion_id", ["I10", "I99"])
def test_only_criteria_that_are_answered_by_themselves_take_a_finding(
    story: Story, criterion_id: str
) -> None:
    url = path(story, f"screening/findings/{criterion_id}/")
    assert desk.desk(story, "coordinator").post(url, filled(status="met")).status_code == 404


def test_findings_are_not_entered_by_a_nurse_nor_from_another_site(story: Story) -> None:
    url = path(story, "screening/findings/I1/")
    stranger = browser_of(make_ward().coordinator)

    assert desk.desk(story, "nurse").post(url, filled(status="met")).status_code == 403
    assert stranger.post(url, filled(status="met")).status_code == 404
    assert stranger.get(path(story, "screening/")).status_code == 404
    assert not EligibilityFinding.objects.exists()


def test_an_auditor_reads_the_checklist_and_can_press_nothing(story: Story) -> None:
    shown = browser_of(make_user(Role.AUDITOR)).get(path(story, "screening/")).content.decode()

    assert "To read only." in shown
    assert shown.count('<fieldset class="answers" disabled>') == 36


def test_confirm_is_disabled_with_the_exact_criteria_until_they_are_answered(story: Story) -> None:
    story.finds("E5", CriterionStatus.MET)
    client = desk.desk(story, "investigator")

    shown = client.get(path(story, "screening/confirm/")).content.decode()
    response = client.post(path(story, "screening/confirm/"), filled(decided_at=wall(story.now)))

    assert "Not eligible by E5" in shown
    assert "disabled" in shown
    assert response.status_code == 422
    assert "Not eligible by E5" in str(response.context["form"].errors)


def test_enrolment_is_worked_out_for_the_arm_and_disabled_with_reasons(story: Story) -> None:
    client = desk.desk(story, "coordinator")

    shown = client.get(path(story, "enrol/intrapleural/")).content.decode()

    assert "The investigator has not confirmed eligibility" in shown
    assert "DL-IP-1" in shown
    assert "DL-IV-1" not in shown
    assert path(story, "enrol/intrapleural/elsewhere/") in shown
    assert client.get(path(story, "enrol/oral/")).status_code == 404


def test_a_screen_failure_is_screened_again_under_a_new_number(story: Story) -> None:
    record_screen_failure(
        episode=story.episode, decided_at=story.now, by=story.ward.investigator, at=story.now, reason="ECOG 3"
    )
    story.wait(1)
    client = desk.desk(story, "coordinator")

    panel = client.get(path(story, "panels/screening/")).content.decode()
    given = filled(started_at=wall(story.now), intended_arm="intravenous")
    response = client.post(path(story, "screening/start/"), given)

    assert "Screen again" in panel
    assert response.headers["Location"] == path(story, "screening/")
    assert ScreeningEpisode.objects.get(number=2).state == "open"
    assert ScreeningEpisode.objects.get(number=1).state == "failed"


def test_a_second_episode_is_refused_while_one_is_open(story: Story) -> None:
    client = desk.desk(story, "coordinator")
    given = filled(started_at=wall(story.now), intended_arm="intravenous")

    assert (
        "A screening episode is open already" in client.get(path(story, "screening/start/")).content.decode()
    )
    assert client.post(path(story, "screening/start/"), given).status_code == 422


def test_what_the_start_would_mean_is_shown_beside_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.REFERRED)
    story.wait(1).signs()
    monkeypatch.setattr(clock, "now", lambda: story.now)
    client = desk.desk(story, "coordinator")
    url = path(story, "screening/start/beside/")

    before = client.post(
        url, {"started_at": wall(story.now - timedelta(hours=3))}, headers=HTMX
    ).content.decode()
    after = client.post(url, {"started_at": wall(story.now)}, headers=HTMX).content.decode()

    assert "Informed consent is not on record" in before
    assert "Every check passes." in after
    assert client.get(url).status_code == 405


# ---- The panel


@pytest.mark.parametrize("arm", Arm)
def test_the_panel_costs_the_same_at_every_stage(arm: Arm) -> None:
    ward = make_ward()
    client = browser_of(ward.coordinator)
    states = (State.REFERRED, State.SCREENING, State.ELIGIBLE, State.FOLLOW_UP)
    stories = [participant_at(state, ward=ward, arm=arm) for state in states]
    counts = [queries_of(client, path(story, "panels/screening/")) for story in stories]

    assert max(counts) <= 11
    assert len(set(counts[1:])) == 1


def test_the_checklist_costs_the_same_with_and_without_findings(story: Story) -> None:
    client = desk.desk(story, "coordinator")
    empty = queries_of(client, path(story, "screening/"))
    story.finds_everything_in_order()

    assert queries_of(client, path(story, "screening/")) == empty
    assert empty <= 14


def test_the_row_alone_is_sent_back_after_a_finding(story: Story) -> None:
    client = desk.desk(story, "coordinator")
    client.post(path(story, "screening/findings/I1/"), filled(status="met"), headers=HTMX)
    with CaptureQueriesContext(connection) as captured:
        client.post(path(story, "screening/findings/I3/"), filled(status="met"), headers=HTMX)

    assert len(captured.captured_queries) <= 40
