"""Follow-up in the browser: visits on schedule or not, their correction, the end of the year, the panel."""

from datetime import timedelta

import pytest

from followup.models import Visit
from participants.models import Deviation, Disposition, Obligation
from participants.services.versions import activate_icf
from participants.states import State
from participants.web.actions import action_for, href_for
from tests.factories.journeys import FIRST_SERIES, Story, make_ward, new_icf, participant_at
from tests.participants.web import HTMX, browser_of, filled, queries_of
from tests.screening import desk
from tests.screening.desk import Form, path, wall
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.protocol.due import due_state
from trialsite.protocol.types import ObligationKind

pytestmark = pytest.mark.django_db


def has_had_every_visit(story: Story) -> None:
    for key in FIRST_SERIES[10:]:
        story.comes_on_target(key)


def one_day_on(story: Story) -> None:
    story.wait(1)


FORMS = {
    "visit": Form(
        tail=lambda story: "visits/V-D1%231/record/",
        state=State.INFUSED,
        role="nurse",
        barred="admin",
        prepare=one_day_on,
        given=lambda story: {
            "performed_at": wall(story.now),
            "mode": "on_site",
            "not_done": "CEA: tube broken",
        },
        wrong=({"mode": "by_pigeon"}, "mode"),
        proof=lambda story: Visit.objects.filter(
            obligation_key="V-D1#1", not_done="CEA: tube broken"
        ).exists(),
    ),
    "unscheduled visit": Form(
        tail=lambda story: "visits/unscheduled/",
        state=State.INFUSED,
        role="nurse",
        barred="admin",
        given=lambda story: {"performed_at": wall(story.now), "mode": "remote", "note": "Called about fever"},
        wrong=({"performed_at": "2031-01-01T10:00"}, "performed_at"),
        proof=lambda story: Visit.objects.filter(obligation_key="", mode="remote").exists(),
    ),
    "correct visit": Form(
        tail=lambda story: f"visits/{Visit.objects.get(obligation_key='V-D21#1').pk}/correct/",
        state=State.FOLLOW_UP,
        role="nurse",
        barred="admin",
        given=lambda story: {
            "performed_at": wall(story.now - timedelta(days=1)),
            "previewed": wall(story.now - timedelta(days=1)),
            "reason": "Typed a day late",
        },
        wrong=({"reason": ""}, "reason"),
        proof=lambda story: Visit.objects.get(obligation_key="V-D21#1").version > 1,
    ),
    "completion": Form(
        tail=lambda story: "complete/",
        state=State.FOLLOW_UP,
        role="coordinator",
        barred="nurse",
        prepare=has_had_every_visit,
        given=lambda story: {"completed_at": wall(story.now)},
        wrong=({"completed_at": "2031-01-01T10:00"}, "completed_at"),
        proof=lambda story: Disposition.objects.filter(kind="completed").exists(),
    ),
    "completion elsewhere": Form(
        tail=lambda story: "complete/elsewhere/",
        state=State.FOLLOW_UP,
        role="coordinator",
        barred="nurse",
        given=lambda story: {"completed_at": wall(story.now), "reason": "Site closed by the sponsor"},
        wrong=({"reason": ""}, "reason"),
        proof=lambda story: Disposition.objects.filter(kind="completed").exists(),
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


# ---- A visit and its window


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "1 day before the window. It is accepted and becomes a deviation"),
        (1, "Within the window."),
        (3, "2 days after the window. It is accepted and becomes a deviation"),
    ],
)
def test_the_window_says_beside_the_form_what_the_time_means(
    days: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = participant_at(State.INFUSED)
    infused_at = story.now
    story.wait(5)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    url = path(story, "visits/V-D1%231/record/beside/")
    given = {"performed_at": wall(infused_at + timedelta(days=days)), "mode": "on_site"}
    client = desk.desk(story, "nurse")

    response = client.post(url, given, headers=HTMX)

    form = client.get(path(story, "visits/V-D1%231/record/")).content.decode()
    assert f'hx-post="{url}"' in form
    assert words in response.content.decode()
    assert "Vital signs at least three times" in form
    assert not Visit.objects.filter(obligation_key="V-D1#1").exists()


def test_a_late_visit_is_saved_and_becomes_the_deviation_that_was_foretold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = participant_at(State.FOLLOW_UP)
    row = Obligation.objects.get(key="V-D28#1")
    story.wait((row.closes_on - story.now.date()).days + 1)
    monkeypatch.setattr(clock, "now", lambda: story.now)

    given = filled(performed_at=wall(story.now), mode="on_site")
    response = desk.desk(story, "nurse").post(path(story, "visits/V-D28%231/record/"), given)

    assert response.status_code == 303
    assert Deviation.objects.filter(rule_id="WINDOW-LATE", participant=story.participant).exists()


def test_while_a_new_consent_is_owed_the_visit_asks_for_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    story = desk.story_for(FORMS["visit"], monkeypatch)
    icf = new_icf(story.ward.site, story.ward.admin, at=story.now)
    activate_icf(
        site=story.ward.site,
        icf=icf,
        approved_on=story.now.date(),
        activated_at=story.now,
        by=story.ward.admin,
        at=story.now,
    )
    client = desk.desk(story, "nurse")

    shown = client.get(path(story, "visits/V-D1%231/record/")).content.decode()
    refused = desk.send(story, FORMS["visit"], client)
    saved = desk.send(story, FORMS["visit"], client, reason="Signs tomorrow; bloods could not wait")

    assert "1 check does not pass" in shown
    assert "reason" in refused.context["form"].errors
    assert saved.status_code == 303


def test_a_visit_recorded_already_is_corrected_and_not_entered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    story = desk.story_for(FORMS["visit"], monkeypatch)
    client = desk.desk(story, "nurse")
    desk.send(story, FORMS["visit"], client)

    assert "Correct it instead" in client.get(path(story, "visits/V-D1%231/record/")).content.decode()
    assert desk.send(story, FORMS["visit"], client).status_code == 422
    assert client.get(path(story, "visits/V-D99%231/record/")).status_code == 404


def test_an_early_completion_is_foretold_beside_the_form_and_saved_with_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = desk.story_for(FORMS["completion"], monkeypatch)
    client = desk.desk(story, "coordinator")
    early = wall(story.now - timedelta(days=100))

    beside = client.post(path(story, "complete/beside/"), filled(completed_at=early)).content.decode()
    in_time = client.post(path(story, "complete/beside/"), filled(completed_at=wall(story.now)))
    refused = client.post(path(story, "complete/"), filled(completed_at=early))
    saved = client.post(path(story, "complete/"), filled(completed_at=early, reason="As on the form"))

    assert "The year is not over: it may end from" in beside
    assert "Every check passes." in in_time.content.decode()
    assert "reason" in refused.context["form"].errors
    assert saved.status_code == 303


def test_a_visit_before_the_new_consent_was_owed_is_not_held_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    story = desk.story_for(FORMS["visit"], monkeypatch)
    icf = new_icf(story.ward.site, story.ward.admin, at=story.now)
    since = story.now - timedelta(hours=1)
    activate_icf(
        site=story.ward.site,
        icf=icf,
        approved_on=since.date(),
        activated_at=since,
        by=story.ward.admin,
        at=story.now,
    )
    client = desk.desk(story, "nurse")

    def beside(tail: str, hours: int) -> str:
        given = filled(performed_at=wall(since + timedelta(hours=hours)), mode="on_site")
        return str(client.post(path(story, f"visits/{tail}/beside/"), given).content.decode())

    for tail in ("V-D1%231/record", "unscheduled"):
        assert "does not pass" not in beside(tail, -1)
        assert "1 check does not pass" in beside(tail, 1)


def test_the_preview_names_what_keeps_its_dates_and_what_becomes_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = participant_at(State.FOLLOW_UP)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    visit = Visit.objects.get(obligation_key="V-D21#1")
    on = visit.performed_at.date()

    shown = desk.desk(story, "nurse").get(
        path(story, f"visits/{visit.pk}/correct/preview/"),
        {"performed_at": wall(visit.performed_at - timedelta(days=1))},
    )

    assert f"done {on - timedelta(days=1)} instead of {on}" in shown.content.decode()
    assert [line.title for line in shown.context["preview"].settled] == ["Day 21 visit"]


def test_completion_is_disabled_with_the_open_visits_named(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.FOLLOW_UP)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    client = desk.desk(story, "coordinator")

    shown = client.get(path(story, "complete/")).content.decode()
    response = client.post(path(story, "complete/"), filled(completed_at=wall(story.now)))

    assert "Still open: Day 28 visit, Month 2 visit" in shown
    assert path(story, "complete/elsewhere/") in shown
    assert response.status_code == 422


# ---- The panel, and one click from what is due


def test_the_panel_costs_the_same_at_every_stage() -> None:
    ward = make_ward()
    client = browser_of(ward.coordinator)
    states = (State.REFERRED, State.INFUSED, State.COMPLETED)
    counts = {queries_of(client, path(participant_at(s, ward=ward), "panels/visits/")) for s in states}

    assert len(counts) == 2  # signatures and lock are asked for where a visit is on record
    assert max(counts) <= 11


def test_the_panel_sets_planned_beside_actual(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.FOLLOW_UP)
    monkeypatch.setattr(clock, "now", lambda: story.now)

    response = desk.desk(story, "nurse").get(path(story, "panels/visits/"))

    rows = {row.obligation.key: (row, href) for row, href in response.context["rows"]}
    assert rows["V-D1#1"][0].visit is not None
    assert rows["V-D1#1"][0].days_off_target == 0
    assert rows["V-D28#1"][1] == path(story, "visits/V-D28%231/record/")
    assert rows["V-M12#1"][1] == ""
    assert len(response.context["later"]) == 18
    shown = browser_of(make_ward().coordinator).get(path(story, "panels/visits/"))
    assert shown.status_code == 404


@pytest.mark.parametrize(
    "state", [State.REFERRED, State.ELIGIBLE, State.LEUKAPHERESIS, State.LYMPHODEPLETION, State.FOLLOW_UP]
)
def test_everything_that_is_owed_leads_in_one_click_to_a_form_that_opens(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = participant_at(state)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    investigator: User = story.ward.investigator
    client = browser_of(investigator)

    for row in Obligation.objects.unsettled().filter(participant=story.participant):
        value = row.to_value()
        if value.kind is ObligationKind.RECONSENT:
            continue
        assert action_for(value) is not None, value.key
        href = href_for(
            value,
            due_state(value, story.now),
            story.participant.code,
            investigator.access,
            story.ward.site.id,
        )
        response = client.get(href, follow=True)
        assert response.status_code == 200, value.key
