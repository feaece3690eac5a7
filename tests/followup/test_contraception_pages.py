"""The contraception ledger on pages and through the API: entered, drawn, listed, and shown to whom it concerns."""

from datetime import timedelta

import pytest
from django.urls import reverse

from followup.models import MethodUse
from infusion.models import ConfidentialFollowUp, ConfidentialTest
from participants.models import Obligation
from participants.services.referral import refer_participant
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.api import Program, refused, shown
from tests.factories.journeys import Story, make_ward, participant_at, refer
from tests.participants.web import browser_of, filled, queries_of
from trialsite import clock
from trialsite.accounts.permissions import Role
from trialsite.protocol.types import DueState

pytestmark = pytest.mark.django_db


def on(story: Story, days: int = 0) -> str:
    return clock.local_date("Asia/Shanghai", story.now + timedelta(days=days)).isoformat()


def told(state: State, monkeypatch: pytest.MonkeyPatch) -> Story:
    story = participant_at(state)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    return story


def saves(story: Story, name: str, *args: object, role: str = "coordinator", **entered: object) -> str:
    """Send a form; return where it leads."""
    client = browser_of(getattr(story.ward, role))
    url = reverse(name, args=[story.participant.code, *args])
    assert client.get(url).status_code == 200
    answer = client.post(url, filled(**entered))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def panel(story: Story, role: str = "coordinator") -> str:
    client = browser_of(getattr(story.ward, role))
    return client.get(reverse("panel-contraception", args=[story.participant.code])).text


def test_methods_are_entered_stopped_corrected_and_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    story = told(State.SCREENING, monkeypatch)
    assert "No method is recorded yet" in panel(story)
    client = browser_of(story.ward.nurse)
    cost = queries_of(client, reverse("panel-contraception", args=[story.participant.code]))
    saves(story, "contraceptive-method", method="CM-CONDOM", started_on=on(story, -1))
    use = MethodUse.objects.get()
    drawn = panel(story)
    assert queries_of(client, reverse("panel-contraception", args=[story.participant.code])) == cost
    assert "Covered today, and no end is known" in drawn
    assert 'class="lb-method"' in drawn
    assert "style=" not in drawn
    saves(story, "contraceptive-method-stop", use.pk, stopped_on=on(story, -1), role="nurse")
    assert f'gap since <span class="num">{on(story)}' in panel(story).replace("Not covered today: ", "")
    saves(
        story,
        "contraceptive-method-correct",
        use.pk,
        version="2",
        method="CM-IMPLANT",
        started_on=on(story, -1),
        effective_last_on=on(story, 10),
        reason="read wrongly",
    )
    assert f'Covered today, until <span class="num">{on(story, 10)}' in panel(story)
    last = MethodUse.objects.get(voided_at=None)
    saves(story, "contraceptive-method-void", last.pk, reason="of somebody else")
    assert "No method is recorded yet" in panel(story)

    url = reverse("contraceptive-method", args=[story.participant.code])
    rhythm = client.post(url, filled(method="CM-RHYTHM", started_on=on(story)))
    assert (rhythm.status_code, "alone is not acceptable" in rhythm.text) == (422, True)


def test_tests_are_shown_to_the_staff_alone_and_a_positive_one_leads_to_its_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = told(State.FOLLOW_UP, monkeypatch)
    story.now = story.moment_of("K-D28#1")
    row = Obligation.objects.get(participant=story.participant, key="K-D28#1")
    assert row.title == "Confidential test, day 28"
    home = browser_of(story.ward.coordinator).get("/").text
    assert ("Confidential test, day 28" in home, "pregnan" in home.lower()) == (True, False)

    code = story.participant.code
    leads = saves(
        story, "confidential-test-record", "K-D28#1", taken_on=on(story), specimen="urine", outcome="positive"
    )
    assert leads == reverse("confidential-record", args=[code])
    test = ConfidentialTest.objects.get()
    assert "Positive" in panel(story)
    auditor = make_user(Role.AUDITOR, None, at=story.now)
    seen = browser_of(auditor).get(reverse("panel-contraception", args=[code])).text
    assert ("Positive" in seen, "Day 28" in seen, "ledger-bar" in seen) == (False, False, True)

    leads = saves(
        story,
        "confidential-test-correct",
        test.pk,
        taken_on=on(story),
        specimen="blood",
        outcome="negative",
        reason="misread",
    )
    assert leads == reverse("participant", args=[code])
    saves(story, "confidential-test-void", ConfidentialTest.objects.get(voided_at=None).pk, reason="not hers")
    saves(story, "confidential-test-other", taken_on=on(story), specimen="blood", outcome="unclear")
    assert "Unscheduled" in panel(story)
    saves(story, "confidential-test-ask", asked_at=f"{on(story)}T08:00")
    saves(story, "childbearing-status", is_possible="no", ground="hysterectomy", since_on=on(story))
    assert "Not of childbearing potential since" in panel(story)
    assert "uterus removed" in panel(story)
    assert "None needed" in panel(story)


def test_agreement_and_contact_are_recorded_and_the_page_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    story = told(State.FOLLOW_UP, monkeypatch)
    saves(story, "contraception-agreement", confirmed_on=on(story), is_agreed="no", note="wants a child")
    assert "does not agree" in panel(story)
    saves(story, "contact-refuse", refused_at=f"{on(story)}T08:00")
    assert "no reminders; the period runs on" in panel(story)
    assert "Contact was refused" in (
        browser_of(story.ward.coordinator).get(reverse("contact-refuse", args=[story.participant.code])).text
    )
    saves(story, "contact-allow", reason="asked to be called again")
    page = browser_of(story.ward.coordinator).get(
        reverse("contraception-ledger", args=[story.participant.code])
    )
    assert ("Contraception ledger" in page.text, "last infusion" in page.text) == (True, True)


def test_a_man_has_a_ledger_and_no_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    story = refer(make_ward())
    monkeypatch.setattr(clock, "now", lambda: story.now)
    story.participant = refer_participant(
        site=story.ward.site, referred_at=story.now, by=story.ward.coordinator, at=story.now, sex="male"
    )
    assert "begins with the first consent" in panel(story)
    story.wait(1).signs()
    text = panel(story)
    assert ("ledger-bar" in text, "Pregnancy tests" in text, "Ask for a test" in text) == (True, False, False)
    client = browser_of(story.ward.coordinator)
    blocked = client.get(reverse("childbearing-status", args=[story.participant.code])).text
    assert "is a man" in blocked


def test_the_list_of_the_site_puts_gaps_first_in_a_constant_number_of_queries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ward = make_ward()
    first = refer(ward)
    monkeypatch.setattr(clock, "now", lambda: first.now)
    first.wait(1).signs()
    client = browser_of(ward.nurse)
    assert "No method recorded" in client.get("/contraception/").text
    alone = queries_of(client, "/contraception/")
    for days in (None, 10, 400):
        other = refer(ward, at=first.now)
        other.signs()
        saves(
            other,
            "contraceptive-method",
            method="CM-INJECTION" if days else "CM-CONDOM",
            started_on=on(other),
            effective_last_on=on(other, days) if days else "",
        )
    assert queries_of(client, "/contraception/") == alone
    page = client.get("/contraception/").text
    assert page.index("No method recorded") < page.index("Ends soon") < page.index("All others")

    api = Program(ward.nurse, first.now)
    lines = api.get("contraception/").json()["results"]
    assert [one["standing"] for one in lines] == ["nothing_recorded", "ending", "covered", "covered"]


def test_a_program_keeps_the_ledger_too() -> None:
    story = participant_at(State.FOLLOW_UP)
    api, one = Program(story.ward.coordinator, story.now), f"participants/{story.participant.code}/"
    today = on(story)
    method = api.post(
        f"{one}contraceptive-methods/", {"method": "CM-CONDOM", "started_on": on(story, -400), "note": ""}
    ).json()
    assert api.get(f"{one}contraception/ledger/").json()["gaps"] == []
    stopped = api.post(f"contraceptive-methods/{method['id']}/stop/", {"stopped_on": on(story, -3)})
    assert stopped.status_code == 200
    ledger = api.get(f"{one}contraception/ledger/").json()
    assert (ledger["open_gap"]["first_on"], ledger["basis"]) == (on(story, -2), "infusion")
    corrected = api.post(
        f"contraceptive-methods/{method['id']}/corrections/",
        {"method": "CM-CONDOM", "started_on": on(story, -400), "reason": "goes on"},
    ).json()
    assert corrected["corrects"] == method["id"]
    assert api.get(f"contraceptive-methods/{corrected['id']}/").json() == corrected
    taken_back = api.post(f"contraceptive-methods/{corrected['id']}/void/", {"reason": "not hers"}).json()
    assert taken_back["voided_at"]
    assert refused(api.post(f"contraceptive-methods/{corrected['id']}/void/", {"reason": "again"})) == (
        409,
        "voided-already",
    )
    refusal = api.post(f"{one}contraceptive-methods/", {"method": "CM-RHYTHM", "started_on": today})
    assert refused(refusal) == (422, "method-alone")

    status = api.post(f"{one}childbearing-statuses/", {"is_possible": True, "since_on": today}).json()
    assert api.post(f"childbearing-statuses/{status['id']}/void/", {"reason": "twice"}).status_code == 200
    answer = api.post(f"{one}contraception-agreements/", {"confirmed_on": today, "is_agreed": True}).json()
    assert answer in api.get(f"{one}contraception-agreements/").json()["results"]
    assert api.post(f"contraception-agreements/{answer['id']}/void/", {"reason": "x"}).status_code == 200
    assert api.get(f"{one}childbearing-statuses/").json()["results"][0]["voided_at"]
    assert api.post(f"{one}contact-refusals/", {"refused_at": shown(story.now)}).status_code == 200
    assert api.get(f"{one}contraception/ledger/").json()["contact_refused_on"] == today
    assert api.post(f"{one}contact-refusals/taken-back/", {"reason": "again"}).status_code == 200


def test_a_program_records_tests_and_follows_a_case_to_the_child() -> None:
    story = participant_at(State.FOLLOW_UP)
    story.now = story.moment_of("K-D28#1")
    api, one = Program(story.ward.coordinator, story.now), f"participants/{story.participant.code}/"
    given = {"taken_on": on(story), "specimen": "urine", "outcome": "unclear"}
    test = api.post(f"{one}confidential-tests/", {**given, "obligation_key": "K-D28#1"}).json()
    change = {**given, "outcome": "positive", "reason": "repeated"}
    second = api.post(f"confidential-tests/{test['id']}/corrections/", change).json()
    assert second["corrects"] == test["id"]
    assert api.get(f"confidential-tests/{second['id']}/").json() == second
    assert api.post(f"{one}confidential-tests/asked/", {"asked_at": shown(story.now)}).status_code == 200
    assert api.post(f"confidential-tests/{second['id']}/void/", {"reason": "not hers"}).status_code == 200
    assert len(api.get(f"{one}confidential-tests/").json()["results"]) == 2

    case = api.post(
        f"{one}confidential-cases/",
        {"concerns": "partner", "aware_at": shown(story.now), "expected_on": on(story, 200)},
    ).json()
    key = f"T-CONF-OUT:{case['id']}#1"
    row = Obligation.objects.get(key=key)
    assert row.closes_on.isoformat() == on(story, 228)
    child = {"finding": "child_healthy", "found_on": on(story)}
    url = f"confidential-cases/{case['id']}/follow-ups/"
    assert refused(api.post(url, child)) == (422, "outcome-first")

    story.wait(210)
    api.now = story.now
    born = api.post(url, {"finding": "live_birth", "found_on": on(story, -3)}).json()
    assert refused(api.post(url, {"finding": "miscarriage", "found_on": on(story)})) == (
        409,
        "recorded-already",
    )
    states = story.due_states()
    assert states[key] is DueState.DONE
    assert states[f"T-CONF-CHILD:{case['id']}#1"] is DueState.DUE
    assert refused(api.post(url, {**child, "found_on": on(story, -4)})) == (422, "before-outcome")
    assert refused(api.post(url, {**child, "found_on": on(story, 2)})) == (422, "in-the-future")
    child["found_on"] = on(story)
    assert api.post(url, child).status_code == 201

    assert api.post(f"confidential-follow-ups/{born['id']}/void/", {"reason": "wrong"}).status_code == 200
    assert ConfidentialFollowUp.objects.filter(voided_at=None).count() == 0
    assert story.due_states()[key] is DueState.DUE
    assert f"T-CONF-CHILD:{case['id']}#1" not in story.due_states()
    ended = api.post(url, {"finding": "miscarriage", "found_on": on(story)})
    assert ended.status_code == 201
    assert api.post(f"confidential-cases/{case['id']}/void/", {"reason": "was none"}).status_code == 200
    assert not [name for name in story.due_states() if "CONF" in name]
    assert refused(api.post(url, child)) == (409, "voided-already")


def test_a_case_is_followed_up_and_taken_back_on_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    story = told(State.FOLLOW_UP, monkeypatch)
    code = story.participant.code
    saves(story, "confidential-record", concerns="participant", aware_at=f"{on(story)}T08:00")
    case = story.participant.confidential_cases.get()
    href = reverse("confidential-follow-up", args=[code, case.pk])
    page = browser_of(story.ward.coordinator).get(reverse("panel-confidential", args=[code])).text
    assert href in page
    saves(story, "confidential-follow-up", case.pk, finding="live_birth", found_on=on(story))
    entry = ConfidentialFollowUp.objects.get()
    form = browser_of(story.ward.coordinator).get(href).text
    assert ("Healthy" in form, "Miscarriage" in form) == (True, False)
    saves(story, "confidential-follow-up-void", entry.pk, reason="too early")
    saves(story, "confidential-void", case.pk, reason="was none")
    page = browser_of(story.ward.coordinator).get(reverse("panel-confidential", args=[code])).text
    assert ("was none" in page, href in page) == (True, False)
    assert "was taken back" in browser_of(story.ward.coordinator).get(href).text
