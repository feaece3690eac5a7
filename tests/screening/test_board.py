"""The screening board: today's verdict, what blocks, what is most urgent, who may do what next."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from participants.models import DispositionKind, Participant
from participants.states import State
from screening.models import EligibilityEvaluation
from screening.queries.board import NOT_STARTED, BoardRow, Countdown, NextStep, board_rows
from screening.queries.episodes import screening_of
from screening.queries.underway import underway, with_screening
from screening.services.evidence import void_evidence
from tests.factories.accounts import BOOTSTRAP, make_user
from tests.factories.journeys import START_AT, Story, make_ward, participant_at, refer, there
from tests.participants.web import HTMX, browser_of, queries_of
from tests.screening.desk import desk
from trialsite import clock
from trialsite.accounts.permissions import Role
from trialsite.audit.acting import acting
from trialsite.demo.evidence import lower_platelets
from trialsite.protocol.types import Arm

pytestmark = pytest.mark.django_db


def rows_of(story: Story) -> tuple[BoardRow, ...]:
    rows = with_screening(Participant.objects.filter(site=story.ward.site))
    return board_rows(underway(rows, story.now))


def row_of(story: Story) -> BoardRow:
    return next(row for row in rows_of(story) if row.code == story.participant.code)


def screened(**but: object) -> Story:
    """Return a story whose evidence was all entered on the fifth day of screening, but for `but`."""
    story = participant_at(State.SCREENING)
    story.wait(5).finds_everything_in_order(but)  # type: ignore[arg-type]
    return story


# ---- Who is on it


def test_who_has_consented_is_on_the_board_until_enrolment() -> None:
    story = refer(make_ward())
    assert rows_of(story) == ()

    story.wait(1).signs()
    assert (row_of(story).verdict, row_of(story).step) == (NOT_STARTED, NextStep.START)

    story.wait(1).starts_screening()
    assert (row_of(story).verdict, row_of(story).step) == ("incomplete", NextStep.COMPLETE)

    story.wait(5).finds_everything_in_order()
    assert (row_of(story).verdict, row_of(story).step) == ("eligible", NextStep.CONFIRM)

    story.is_confirmed()
    assert (row_of(story).step, row_of(story).is_confirmed) == (NextStep.ENROL, True)

    story.wait(1).enrols()
    assert rows_of(story) == ()


@pytest.mark.parametrize("kind", [DispositionKind.WITHDRAWN_FROM_VISITS, DispositionKind.LOST_TO_FOLLOW_UP])
def test_who_has_left_is_not_on_the_board(kind: DispositionKind) -> None:
    story = participant_at(State.SCREENING)
    story.leaves(kind, contact_attempts=3)

    assert rows_of(story) == ()


def test_a_screen_failure_leaves_the_board_and_a_rescreening_starts_afresh() -> None:
    story = screened(**lower_platelets())
    assert (row_of(story).failed, row_of(story).step) == (("I10.1",), NextStep.FAIL)
    story.fails_screening("Platelets 48")
    assert rows_of(story) == ()

    story.wait(20).starts_screening()

    row = row_of(story)
    assert (row.number, row.day, row.failed) == (2, 0, ())
    assert row.window is not None
    assert row.window.left == 28


# ---- What it says


def test_the_verdict_is_that_of_the_checklist_on_every_later_day() -> None:
    story = screened()
    seen = set()
    for _ in range(40):
        participant = Participant.objects.select_related("site").get(pk=story.participant.pk)
        checklist = screening_of(participant, story.now).verdict()
        row = row_of(story)
        assert (row.verdict, row.failed, row.open_criteria) == (
            checklist.status.value,
            checklist.failed,
            checklist.missing,
        )
        seen.add(row.verdict)
        story.wait(1)
    assert seen == {"eligible", "incomplete"}


def test_what_is_known_from_the_referral_and_the_consent_is_not_owed() -> None:
    story = participant_at(State.SCREENING)

    row = row_of(story)

    assert "I13" not in row.open_criteria
    assert "I1" not in row.open_criteria  # born in 1961
    assert {"Sex", "Date of birth", "Consent form signed"}.isdisjoint(row.owed)
    assert row.more > 20


def test_it_names_the_first_answers_that_are_owed_and_counts_the_rest() -> None:
    story = screened(ecog=None, survival_weeks=None, psychiatric=None, hbsag=None)

    row = row_of(story)

    assert row.verdict == "incomplete"
    assert row.open_criteria == ("I7", "I8", "I9", "E10.HBV")
    assert (len(row.owed), row.more, row.owed_count) == (3, 1, 4)


def test_evidence_that_has_lapsed_since_is_named_with_the_day_it_held_last() -> None:
    story = screened()
    entered_on = row_of(story).today
    holding = row_of(story)
    assert holding.evidence is not None
    assert holding.evidence.last_on == entered_on + timedelta(days=7)  # laboratory results
    assert (holding.evidence.left, holding.evidence.tone, holding.lapsed) == (7, "calm", ())
    assert "I10.1" in holding.lapsing

    story.wait(4)
    nearly = row_of(story).evidence
    assert nearly is not None
    assert (nearly.left, nearly.tone, nearly.words) == (3, "warn", "3 days left")
    story.wait(3)
    last = row_of(story).evidence
    assert last is not None
    assert (last.left, last.tone, last.words) == (0, "bad", "last day")
    assert row_of(story).verdict == "eligible"

    story.wait(1)
    gone = row_of(story)
    assert gone.verdict == "incomplete"
    assert {"I10.1", "I10.3", "I10.4", "I10.5"} <= set(gone.lapsed)
    assert gone.evidence == Countdown(last_on=entered_on + timedelta(days=7), left=-1)
    assert gone.evidence.words == "1 day past"


def test_who_was_confirmed_and_is_not_eligible_any_more_has_evidence_to_renew() -> None:
    story = screened()
    story.is_confirmed()
    assert row_of(story).step is NextStep.ENROL

    story.wait(8)

    assert (row_of(story).step, row_of(story).is_confirmed) == (NextStep.RENEW, True)


def test_an_excluded_participant_waits_for_no_evidence_and_is_told_when_waiting_helps() -> None:
    therapy = {
        "name": "pemetrexed",
        "kind": "chemotherapy",
        "is_ongoing": False,
        "last_dose_on": START_AT.date().isoformat(),
        "half_life_h": "240",
    }
    story = screened(therapies={"value": [therapy]})

    row = row_of(story)

    assert (row.verdict, row.failed, row.evidence) == ("ineligible", ("E4",), None)
    assert row.waiting_helps_on == START_AT.date() + timedelta(days=15)


def test_the_window_ends_twenty_eight_days_after_screening_began_as_the_decision_is_due() -> None:
    story = participant_at(State.SCREENING)
    story.wait(10)

    row = row_of(story)

    assert row.day == 10
    assert row.window is not None
    assert row.window == row.due  # T-ELIG
    assert (row.window.left, row.window.words) == (18, "18 days left")


def test_the_most_urgent_comes_first() -> None:
    ward = make_ward()
    late = participant_at(State.SCREENING, ward=ward)
    fresh = participant_at(State.SCREENING, ward=ward, at=START_AT + timedelta(days=20))
    lapsing = participant_at(State.SCREENING, ward=ward, at=START_AT + timedelta(days=10))
    lapsing.goes_to(fresh.now - timedelta(days=6)).finds_everything_in_order()

    codes = [row.code for row in rows_of(fresh)]

    # 1 day until the results lapse, 8 days until the window closes, 28 days.
    assert codes == [one.participant.code for one in (lapsing, late, fresh)]


def test_evidence_stored_in_a_form_that_is_gone_leads_to_the_checklist_instead_of_an_error() -> None:
    story = screened()
    with acting(by=BOOTSTRAP, at=story.now, action="tests.planted", reason=""):
        EligibilityEvaluation.objects.update(inputs={"as_of": "2026-01-12", "evidence": {"old": {}}})

    row = row_of(story)

    assert (row.verdict, row.step) == ("", NextStep.OPEN)


def test_an_answer_that_was_taken_back_is_owed_again() -> None:
    story = screened()
    ecog = story.episode.evidence.get(item="ecog")  # type: ignore[union-attr]
    story.wait(hours=1)
    void_evidence(
        episode=there(story.episode),
        answer=ecog,
        by=story.ward.investigator,
        at=story.now,
        reason="Of another visit",
    )

    assert row_of(story).open_criteria == ("I7",)


# ---- The page


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    found = screened()
    monkeypatch.setattr(clock, "now", lambda: found.now)
    return found


def test_the_page_shows_verdict_deadline_and_the_next_step_to_whom_it_belongs(story: Story) -> None:
    code = story.participant.code

    investigator = desk(story, "investigator").get("/screening/").content.decode()
    coordinator = desk(story, "coordinator").get("/screening/").content.decode()

    assert f'href="/participants/{code}/screening/confirm/"' in investigator
    assert f'href="/participants/{code}/screening/confirm/"' not in coordinator
    assert "Confirm eligibility: investigator" in coordinator
    for shown in (investigator, coordinator):
        assert code in shown
        assert "status-good" in shown
        assert "23 days left" in shown
        assert "7 days left" in shown


@pytest.mark.parametrize("role", ["nurse", "admin"])
def test_who_may_only_read_is_led_to_the_checklist(story: Story, role: str) -> None:
    shown = desk(story, role).get("/screening/").content.decode()

    assert f'href="/participants/{story.participant.code}/screening/"' in shown
    assert "/screening/confirm/" not in shown


def test_an_empty_board_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    story = refer(make_ward())
    monkeypatch.setattr(clock, "now", lambda: story.now)

    assert "record it" in desk(story, "coordinator").get("/screening/").content.decode()
    assert "Open the participants" not in desk(story, "nurse").get("/screening/").content.decode()


def test_another_site_sees_nothing_of_it(story: Story) -> None:
    stranger = browser_of(make_user(Role.COORDINATOR, make_ward().site))

    assert story.participant.code not in stranger.get("/screening/").content.decode()


@pytest.mark.parametrize(
    ("query", "is_shown"),
    [
        ("verdict=eligible", True),
        ("verdict=incomplete", False),
        ("arm=intravenous", True),
        ("arm=intrapleural", False),
        ("verdict=eligible&arm=intrapleural", False),
        ("verdict=nonsense", True),
    ],
)
def test_filters_narrow_the_rows_and_come_as_a_fragment(story: Story, query: str, is_shown: bool) -> None:
    response = desk(story, "coordinator").get(f"/screening/?{query}", headers=HTMX)
    shown = response.content.decode()

    assert "<html" not in shown
    assert (story.participant.code in shown) is is_shown
    if not is_shown:
        assert "Nobody fits" in shown


def test_a_code_and_a_site_narrow_the_board(story: Story) -> None:
    client = desk(story, "coordinator")
    code, site = story.participant.code, story.ward.site.code

    assert code in client.get(f"/screening/?code={code[:4].lower()}&site={site}").content.decode()
    assert code not in client.get("/screening/?code=ZZZZZZ").content.decode()
    assert code not in client.get("/screening/?site=XX9").content.decode()


def test_more_participants_cost_no_more_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    ward = make_ward()
    story = participant_at(State.SCREENING, ward=ward)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    client = desk(story, "coordinator")
    one = queries_of(client, "/screening/")
    for arm in Arm:
        more = participant_at(State.SCREENING, ward=ward, arm=arm)
        more.finds_everything_in_order()
    refer(ward).signs()

    assert queries_of(client, "/screening/") == one
    assert one <= 8


def test_the_rows_themselves_take_two_statements(story: Story) -> None:
    with CaptureQueriesContext(connection) as captured:
        rows_of(story)

    assert len(captured.captured_queries) == 2
