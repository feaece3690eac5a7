"""Screening in the browser: start, decision, enrolment, the checklist, the forecast, the panel."""

from datetime import timedelta

import pytest
from django.test import Client

from participants.models import Participant
from participants.states import State
from screening.models import EligibilityDecision, EligibilityEvaluation, ScreeningEpisode
from screening.services.decisions import record_screen_failure
from tests.factories.accounts import make_user
from tests.factories.journeys import Story, make_ward, participant_at
from tests.participants.web import HTMX, as_signed, browser_of, filled, queries_of, stops_clock
from tests.screening import desk
from tests.screening.desk import Form, path, wall
from trialsite import clock
from trialsite.accounts.permissions import Role
from trialsite.demo.evidence import lower_platelets
from trialsite.protocol.types import Arm

pytestmark = pytest.mark.django_db


def state_is(state: State) -> object:
    return lambda story: Participant.objects.get(pk=story.participant.pk).state == state.value


def has_evidence(story: Story) -> None:
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
        prepare=has_evidence,
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
    "re-check": Form(
        tail=lambda story: "screening/recheck/T-RECHECK-INF%231/",
        state=State.LYMPHODEPLETION,
        role="investigator",
        barred="coordinator",
        given=lambda story: {"checked_at": wall(story.now)},
        wrong=({"checked_at": "2031-01-01T10:00"}, "checked_at"),
        proof=lambda story: EligibilityEvaluation.objects.filter(purpose="recheck").count() == 3,
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
    stops_clock(monkeypatch, lambda: found.now)
    return found


def checklist(story: Story, role: str = "coordinator", query: str = "") -> str:
    return desk.desk(story, role).get(path(story, f"screening/{query}")).content.decode()


def test_when_nothing_is_known_everything_is_to_do(story: Story) -> None:
    shown = checklist(story)

    for criterion_id in ("I1", "I10.6", "I13", "E7.4", "E10.SYPHILIS", "E12"):
        assert f'id="criterion-{criterion_id}"' in shown
    assert "签署知情同意当日年满18周岁" in shown
    assert "<strong>Assumed:</strong>" in shown
    assert "Not yet known" in shown
    assert "3 of 36 decided" in shown
    assert f'href="{path(story, "screening/evidence/laboratory/")}#item-plat">Enter Platelets' in shown
    assert "48 answers are owed" in shown
    assert "Not applicable" in shown


def test_an_answer_leaves_the_to_do_list_and_stands_at_its_criterion(story: Story) -> None:
    story.finds("plat", lower_platelets("48")["plat"])

    shown = checklist(story)

    assert "Enter Platelets" not in shown
    assert "48 10^9/L = 48 10⁹/L &gt; 50 10⁹/L: <strong>no</strong>" in shown
    assert "Not met – excludes" in shown
    assert "Not eligible" in shown


def test_an_exclusion_that_is_absent_does_not_read_as_a_failure(story: Story) -> None:
    story.finds("malignancies", {"value": []})

    row = checklist(story).partition('id="criterion-E9"')[2].partition("</li>\n<li")[0]

    assert "Not present" in row
    assert "Not met" not in row


def test_a_unit_that_is_missing_is_asked_back_beside_the_criterion_and_in_the_list(story: Story) -> None:
    story.finds("plat", {"value": {"value": "212"}})

    shown = checklist(story)

    assert "Platelets: The unit is missing." in shown
    assert "Clear up: Platelets" in shown


def test_everything_in_order_shows_until_when(story: Story) -> None:
    story.finds_everything_in_order()

    shown = checklist(story, "investigator")

    assert "Every item that decides is on record." in shown
    assert "evidence lapses on 2026-01-15 (I7, I10.1" in shown
    assert "good until</span>" in shown or "good until 2026-01-14" in shown
    assert path(story, "screening/confirm/") in shown


def test_waiting_alone_may_help(story: Story) -> None:
    on = story.now.date()
    therapy = {
        "name": "osimertinib",
        "kind": "targeted",
        "is_ongoing": False,
        "last_dose_on": (on - timedelta(days=3)).isoformat(),
        "half_life_h": "720",
    }
    story.finds_everything_in_order({"therapies": {"value": [therapy]}})

    shown = checklist(story)

    assert "Present – excludes" in shown
    assert f"waiting alone helps from {(on + timedelta(days=12)).isoformat()}" in shown


def test_a_reader_without_the_role_has_no_way_in(story: Story) -> None:
    shown = browser_of(make_user(Role.AUDITOR)).get(path(story, "screening/")).content.decode()

    assert "To read only." in shown
    assert "screening/evidence/" not in shown


def test_the_coordinator_is_not_led_to_a_judgement(story: Story) -> None:
    to_judge = f'href="{path(story, "screening/evidence/judgement/")}#item-ecog"'

    assert to_judge not in checklist(story)
    assert to_judge in checklist(story, "investigator")


def test_another_site_does_not_find_the_checklist(story: Story) -> None:
    assert browser_of(make_ward().coordinator).get(path(story, "screening/")).status_code == 404


def test_the_checklist_before_screening_offers_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.REFERRED)
    monkeypatch.setattr(clock, "now", lambda: story.now)

    assert path(story, "screening/start/") in checklist(story)


# ---- Decisions


def test_confirm_shows_the_copy_and_is_refused_with_the_exact_criteria(story: Story) -> None:
    story.finds_everything_in_order(
        {"infection": {"value": {"is_active": True, "needs_systemic_treatment": True}, "reason": "Pneumonia"}}
    )
    client = desk.desk(story, "investigator")

    shown = client.get(path(story, "screening/confirm/")).content.decode()
    url = path(story, "screening/confirm/")
    response = client.post(url, as_signed(client, url, decided_at=wall(story.now)))

    assert "The copy that will be signed" in shown
    assert 'data-blocks="Not eligible by E5"' in shown
    assert response.status_code == 422
    assert "Not eligible by E5" in str(response.context["form"].errors)


def test_a_decision_that_was_reopened_says_by_what(story: Story) -> None:
    story.finds_everything_in_order()
    story.is_confirmed()
    story.wait(hours=1)
    story.finds("plat", lower_platelets()["plat"])

    shown = checklist(story)
    confirm = desk.desk(story, "investigator").get(path(story, "screening/confirm/")).content.decode()

    assert EligibilityDecision.objects.get().reopened_at == story.now
    assert "I10.1 was met, is not met" in shown
    assert "I10.1 was met, is not met" in confirm


def test_what_is_signed_is_judged_at_the_time_that_is_entered(story: Story) -> None:
    story.finds_everything_in_order()
    then = story.now
    story.wait(9)  # the laboratory results have lapsed since
    client = desk.desk(story, "investigator")

    now = client.post(path(story, "screening/confirm/beside/"), {"decided_at": wall(story.now)}, headers=HTMX)
    before = client.post(path(story, "screening/confirm/beside/"), {"decided_at": wall(then)}, headers=HTMX)

    assert "data-blocks" in now.content.decode()
    assert "data-blocks" not in before.content.decode()
    url = path(story, "screening/confirm/")
    saved = client.post(url, as_signed(client, url, decided_at=wall(then)))
    assert saved.status_code == 303


def test_an_enrolment_entered_late_is_judged_at_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.ELIGIBLE)
    then = story.now + timedelta(hours=2)
    story.wait(10)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    client = desk.desk(story, "coordinator")

    page = client.get(path(story, "enrol/")).content.decode()
    beside = client.post(path(story, "enrol/beside/"), {"enrolled_at": wall(then)}, headers=HTMX)
    saved = client.post(path(story, "enrol/"), filled(enrolled_at=wall(then), dose_level="DL-IV-1"))

    assert 'data-blocks="Not yet known' in page
    assert 'id="blocked-reason"' not in page
    assert "Every check passes." in beside.content.decode()
    assert saved.status_code == 303
    assert Participant.objects.get(pk=story.participant.pk).state == State.ENROLLED


def test_enrolment_is_worked_out_for_the_arm_and_disabled_with_reasons(story: Story) -> None:
    client = desk.desk(story, "coordinator")

    shown = client.get(path(story, "enrol/intrapleural/")).content.decode()

    assert "The investigator has not confirmed eligibility" in shown
    assert 'id="blocked-reason"' in shown
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


# ---- Looking ahead, and the re-check


def test_a_day_that_is_typed_in_says_what_to_repeat_and_saves_nothing(story: Story) -> None:
    story.finds_everything_in_order()

    shown = checklist(story, query="?infusion=2026-04-20&lymphodepletion=&leukapheresis=")

    assert "2026-04-13 to 2026-04-20" in shown
    assert "last 2026-01-07" in shown
    assert "infusion 2026-04-20: lapsed by then" in shown.lower()


@pytest.mark.parametrize(
    ("typed", "said"), [("soon", "Enter a date like"), ("2026-01-01", "This day is past.")]
)
def test_a_day_that_cannot_be_looked_at_is_refused_at_its_field(story: Story, typed: str, said: str) -> None:
    shown = checklist(story, query=f"?infusion={typed}")

    assert said in shown
    assert f'value="{typed}"' in shown


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> Story:
    """Somebody whose lymphodepletion is to begin within days."""
    found = participant_at(State.MANUFACTURING)
    found.wait(13).has_lot_released()
    found.wait(1).has_infusion_planned((found.now + timedelta(days=13)).date())
    found.wait(7)
    monkeypatch.setattr(clock, "now", lambda: found.now)
    return found


def test_the_re_check_shows_what_is_owed_and_is_recorded_as_it_is_found(planned: Story) -> None:
    client = desk.desk(planned, "investigator")
    url = path(planned, "screening/recheck/T-RECHECK-LD%231/")

    shown = client.get(url).content.decode()
    response = client.post(url, filled(checked_at=wall(planned.now)))

    assert "Enter Platelets" in shown
    assert "Judge: ECOG performance status" in shown
    assert response.status_code == 303
    assert EligibilityEvaluation.objects.latest("recorded_at").verdict == "incomplete"
    assert "Re-check eligibility before lymphodepletion" in checklist(planned, "investigator")


def test_the_checklist_lists_what_an_open_re_check_asks_for(planned: Story) -> None:
    before = checklist(planned)
    planned.renews_evidence()

    assert "Enter Platelets" in before
    assert "as of the enrolment on" in before
    assert "No re-check is open that asks for anything." in checklist(planned)


@pytest.mark.parametrize("key", ["T-RECHECK-LD%232", "T-ENROL%231", "V-LD1%231"])
def test_only_a_re_check_of_the_plan_is_found(planned: Story, key: str) -> None:
    url = path(planned, f"screening/recheck/{key}/")

    assert desk.desk(planned, "investigator").get(url).status_code == 404


# ---- What it costs


@pytest.mark.parametrize("arm", Arm)
def test_the_panel_costs_the_same_at_every_stage(arm: Arm) -> None:
    ward = make_ward()
    client = browser_of(ward.coordinator)
    states = (State.REFERRED, State.SCREENING, State.ELIGIBLE, State.FOLLOW_UP)
    stories = [participant_at(state, ward=ward, arm=arm) for state in states]
    counts = [queries_of(client, path(story, "panels/screening/")) for story in stories]

    assert max(counts) <= 11
    assert len(set(counts[1:])) == 1


PAGES = (
    "screening/",
    "screening/confirm/",
    "screening/evidence/laboratory/",
    "screening/evidence/history/",
    "screening/items/plat/",
    "screening/items/therapies/",
)


@pytest.mark.parametrize("tail", PAGES)
def test_a_page_costs_the_same_with_and_without_evidence(story: Story, tail: str) -> None:
    client: Client = desk.desk(story, "investigator")
    empty = queries_of(client, path(story, tail))
    story.finds_everything_in_order()

    assert queries_of(client, path(story, tail)) == empty
    assert empty <= 15


def test_the_panel_says_how_long_the_evidence_holds(story: Story) -> None:
    story.finds_everything_in_order()
    story.wait(6)

    shown = desk.desk(story, "coordinator").get(path(story, "panels/screening/")).content.decode()

    assert "evidence holds 2 more days" in shown
