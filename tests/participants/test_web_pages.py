"""Home, list and participant page: whole and in part, for every role, the same cost for 2 and for 30 rows."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from participants.models import DispositionKind, Obligation, Participant
from participants.queries.home import Place, due_today
from participants.queries.pages import participant_page
from participants.services.consents import correct_consent
from participants.services.versions import activate_icf
from participants.states import State
from participants.web import actions
from participants.web.actions import by_key, by_ref, href_for, register_action
from participants.web.lines import time_left
from tests.factories.accounts import make_user
from tests.factories.journeys import START_AT, make_ward, new_icf, participant_at, refer
from tests.participants.web import HTMX, browser_of, queries_of
from trialsite.accounts.permissions import Access, Permission, Role
from trialsite.protocol.codes import make_code
from trialsite.protocol.types import DueState, Epoch, ObligationKind, Source
from trialsite.protocol.types import Obligation as Owed

pytestmark = pytest.mark.django_db
ROLES = [role.value for role in Role if role is not Role.AUDITOR]


def _owed(**more: object) -> Owed:
    opens_at = datetime(2026, 3, 1, tzinfo=UTC)
    values: dict[str, object] = {
        "key": "V-D28#1",
        "item_id": "V-D28",
        "kind": ObligationKind.VISIT,
        "title": "Day 28 visit",
        "opens_at": opens_at,
        "opens_on": opens_at.date(),
        "target_on": opens_at.date(),
        "closes_at": opens_at + timedelta(days=5),
        "closes_on": opens_at.date() + timedelta(days=4),
        "source": Source.ASSUMED,
        "version": "1.0",
        "epoch": Epoch.FOLLOW_UP,
        "ladder": "visit",
        **more,
    }
    return Owed(**values)  # type: ignore[arg-type]


# ---- Home


def test_home_groups_what_is_overdue_due_and_soon_with_counts() -> None:
    ward = make_ward()
    story = participant_at(State.SCREENING, ward=ward, at=START_AT)
    late, now = refer(ward, at=START_AT), START_AT + timedelta(days=15)
    rows = Obligation.objects.unsettled()

    groups = {group.name: group for group in due_today(rows, now=now).groups}

    assert [line.code for line in groups["overdue"].lines] == [late.participant.code]
    assert story.participant.code in {line.code for line in groups["due"].lines}
    assert groups["overdue"].count_words == "1"


def test_home_pages_go_through_every_line_once_across_the_groups() -> None:
    ward = make_ward()
    for day in range(4):
        refer(ward, at=START_AT + timedelta(days=day * 4))
    rows, now = Obligation.objects.unsettled(), START_AT + timedelta(days=20)
    whole = [line.code for group in due_today(rows, now=now).groups for line in group.lines]

    seen: list[str] = []
    after: Place | None = None
    for _ in range(4):
        page = due_today(rows, now=now, after=after, size=1)
        seen += [line.code for group in page.groups for line in group.lines]
        after = page.following

    assert (seen, after) == (whole, None)
    assert len(seen) == 4


@pytest.mark.parametrize("role", ROLES)
def test_home_shows_lines_with_code_zone_and_the_assumed_mark(role: str) -> None:
    ward = make_ward()
    story = refer(ward, at=datetime.now(UTC) - timedelta(days=1))
    client = browser_of(getattr(ward, role))

    page = client.get("/")
    part = client.get("/", headers=HTMX)

    for response in (page, part):
        text = response.content.decode()
        assert story.participant.code in text
        assert "Asia/Shanghai" in text
        assert "assumed" in text
    assert "<html" in page.content.decode()
    assert "<html" not in part.content.decode()


def test_one_click_leads_to_the_form_that_fulfils_only_for_who_may_do_it() -> None:
    ward = make_ward()
    story = refer(ward, at=datetime.now(UTC) - timedelta(days=1))
    form = f"/participants/{story.participant.code}/consent/"

    assert form in browser_of(ward.coordinator).get("/").content.decode()
    assert form not in browser_of(ward.nurse).get("/").content.decode()


def test_a_line_the_reader_may_not_do_says_for_whom_it_is() -> None:
    ward = make_ward()
    story = refer(ward, at=datetime.now(UTC) - timedelta(days=1))
    words = "for coordinator or investigator"

    for page in ("/", f"/participants/{story.participant.code}/"):
        assert words in browser_of(ward.nurse).get(page).content.decode()
        assert words not in browser_of(ward.coordinator).get(page).content.decode()


def test_an_empty_home_says_what_to_do_next() -> None:
    ward = make_ward()

    assert "/refer/" in browser_of(ward.coordinator).get("/").content.decode()
    assert "Open the participants" in browser_of(ward.nurse).get("/").content.decode()


@pytest.mark.parametrize(
    "query", ["group=due&at=x&id=1", "group=x", "kind=nothing", "site=%00", "at=2026-13-01"]
)
def test_home_reads_a_broken_query_as_none(query: str) -> None:
    assert browser_of(make_ward().coordinator).get(f"/?{query}").status_code == 200


def test_home_is_filtered_by_kind_and_by_site() -> None:
    ward = make_ward()
    story = refer(ward, at=datetime.now(UTC) - timedelta(days=1))
    client = browser_of(ward.coordinator)

    def shows(query: str) -> bool:
        return story.participant.code in client.get(f"/?{query}").content.decode()

    assert shows("kind=task")
    assert not shows("kind=visit")
    assert shows(f"site={ward.site.code}")
    assert not shows("site=XX99")


# ---- The list


def test_the_list_finds_by_a_part_of_the_code_stage_and_arm() -> None:
    ward = make_ward()
    one, two = refer(ward), participant_at(State.SCREENING, ward=ward)
    client = browser_of(ward.nurse)

    def found(query: str) -> set[str]:
        text = client.get(f"/participants/?{query}", headers=HTMX).content.decode()
        return {story.participant.code for story in (one, two) if story.participant.code in text}

    assert found(f"code={one.participant.code.split('-')[1].lower()}") == {one.participant.code}
    assert found("state=screening") == {two.participant.code}
    assert found("arm=intrapleural") == set()
    assert found("code=nobody") == set()
    assert found("cursor=forged") == {one.participant.code, two.participant.code}


def test_the_list_pages_forward_and_back() -> None:
    ward = make_ward()
    for _ in range(52):
        refer(ward)
    client = browser_of(ward.nurse)
    codes = sorted(Participant.objects.values_list("code", flat=True))

    first = client.get("/participants/")
    second = client.get("/participants/" + first.context["pages"].next)
    back = client.get("/participants/" + second.context["pages"].previous)

    assert [row.code for row in first.context["rows"]] == codes[:50]
    assert [row.code for row in second.context["rows"]] == codes[50:]
    assert [row.code for row in back.context["rows"]] == codes[:50]


@pytest.mark.parametrize("path", ["/", "/participants/", "/deviations/"])
def test_a_list_costs_the_same_for_2_and_for_30_participants(path: str) -> None:
    ward = make_ward()
    client = browser_of(ward.coordinator)
    recently = datetime.now(UTC) - timedelta(days=20)
    for _ in range(2):
        refer(ward, at=recently)
    few = queries_of(client, path)
    for _ in range(28):
        refer(ward, at=recently)

    assert queries_of(client, path) == few <= 12


# ---- The participant


@pytest.mark.parametrize("role", [*ROLES, "auditor"])
def test_the_participant_page_opens_for_every_role_whole_and_in_part(role: str) -> None:
    story = participant_at(State.FOLLOW_UP)
    user = make_user(Role.AUDITOR) if role == "auditor" else getattr(story.ward, role)
    client, path = browser_of(user), story.participant.get_absolute_url()

    page, part = client.get(path), client.get(path, headers=HTMX)

    for heading in ("What is due", "Timeline of windows", "What happened", "Contraception"):
        assert heading in page.content.decode()
        assert heading in part.content.decode()
    assert "Research participant" in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]


def test_the_participant_page_costs_at_most_10_queries_at_every_stage() -> None:
    ward = make_ward()
    counts = {
        state: queries_of(
            browser_of(ward.coordinator), participant_at(state, ward=ward).participant.get_absolute_url()
        )
        for state in (State.REFERRED, State.ENROLLED, State.COMPLETED)
    }

    assert len(set(counts.values())) == 1
    assert max(counts.values()) <= 10


@pytest.mark.parametrize(
    "tail", ["", "consent/", "withdraw/", "panels/consent/", "panels/deviations/", "identity/"]
)
def test_another_sites_participant_looks_like_one_that_does_not_exist(tail: str) -> None:
    story, stranger = refer(make_ward()), make_ward().coordinator
    client = browser_of(stranger)

    there_is = client.get(f"/participants/{story.participant.code}/{tail}")
    there_is_not = client.get(f"/participants/{make_code('WH', '23456')}/{tail}")

    assert (there_is.status_code, there_is_not.status_code) == (404, 404)
    assert there_is.content == there_is_not.content


@pytest.mark.parametrize("code", ["%00", "%ED%A0%80", "a b", "x" * 300, "中文"])
def test_an_impossible_code_is_a_404(code: str) -> None:
    assert browser_of(make_ward().coordinator).get(f"/participants/{code}/").status_code == 404


def test_a_corrected_event_stays_struck_through_beside_the_new_one() -> None:
    story = participant_at(State.SCREENING)
    consent = story.consent
    assert consent is not None
    correct_consent(
        consent=consent,
        signed_at=consent.signed_at - timedelta(hours=5),
        by=story.ward.coordinator,
        at=story.now,
        reason="misread",
    )
    story.participant.refresh_from_db()
    happened = [
        one
        for one in participant_page(story.participant, story.now).happened
        if one.title == "Consent signed"
    ]

    assert [(one.voided_at is not None, one.is_correction) for one in happened] == [
        (True, False),
        (False, True),
    ]
    assert (
        "misread" in browser_of(story.ward.nurse).get(story.participant.get_absolute_url()).content.decode()
    )


def test_the_days_of_a_participant_who_died_are_counted_to_the_death() -> None:
    story = participant_at(State.INFUSED)
    story.wait(9).leaves(DispositionKind.DIED, cause_of_death="unknown")
    client = browser_of(story.ward.coordinator)

    page = client.get(f"/participants/{story.participant.code}/")
    form = client.get(f"/participants/{story.participant.code}/deviation/")
    panel = client.get(reverse("panel-contraception", args=[story.participant.code]))

    assert (page.context["banner"].day, form.context["banner"].day) == (9, 9)
    assert "– 2026-02-22" in panel.content.decode()


def test_an_open_reconsent_is_a_hold_in_the_banner() -> None:
    story = participant_at(State.ENROLLED)
    icf = new_icf(story.ward.site, story.ward.admin, at=story.now)
    activate_icf(
        site=story.ward.site,
        icf=icf,
        approved_on=story.now.date(),
        activated_at=story.now,
        by=story.ward.admin,
        at=story.now,
    )

    page = participant_page(story.participant, story.now + timedelta(hours=1))

    assert page.banner.holds == (f"Re-consent to ICF {icf.number} is owed before the next study procedure.",)
    assert page.banner.consent_version == story.ward.icf.number


def test_long_term_follow_up_is_folded_and_the_open_epoch_is_not() -> None:
    story = participant_at(State.FOLLOW_UP)
    groups = {group.epoch: group for group in participant_page(story.participant, story.now).epochs}

    assert not groups[Epoch.LONG_TERM_FOLLOW_UP].is_open
    assert groups[Epoch.FOLLOW_UP].is_open
    assert not groups[Epoch.SCREENING].is_open


# ---- One click


def test_the_longest_beginning_of_an_item_decides_then_the_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "_actions", {})
    everything = Access(granted=frozenset(Permission))
    site_id = make_ward().site.pk
    register_action("X-", "participant", Permission.VIEW_TRIAL)
    register_action("X-LD", "consent-record", Permission.VIEW_TRIAL)

    def href(item: str, state: DueState = DueState.DUE) -> str:
        one = _owed(item_id=item, key=f"{item}#1", kind=ObligationKind.PERIOD)
        return href_for(one, state, "WH-1", everything, site_id)

    assert href("X-LD2") == "/participants/WH-1/consent/"
    assert href("X-OTHER") == "/participants/WH-1/"
    assert href("Y-OTHER") == ""
    assert href("X-LD2", DueState.DONE) == ""


def test_a_route_gives_the_key_or_the_record_of_an_obligation() -> None:
    assert by_key(_owed()) == {"key": "V-D28#1"}
    assert by_ref(_owed(key="C-SAE:7")) == {"ref": "7"}


@pytest.mark.parametrize(
    ("state", "day", "words"),
    [
        (DueState.UPCOMING, -1, "opens in 2 days"),
        (DueState.DUE, 1, "3 days left"),
        (DueState.DUE, 4, "closes today"),
        (DueState.OVERDUE, 5, "1 day late"),
        (DueState.OVERDUE, 9, "5 days late"),
        (DueState.DONE, 9, ""),
    ],
)
def test_the_time_left_is_counted_in_days_of_the_site(state: DueState, day: int, words: str) -> None:
    now = datetime(2026, 3, 1, 2, tzinfo=UTC) + timedelta(days=day)
    now -= timedelta(days=1) if state is DueState.UPCOMING else timedelta(0)

    assert (
        time_left(_owed(opens_on=datetime(2026, 3, 1, tzinfo=UTC).date()), state, "Asia/Shanghai", now)
        == words
    )


def test_the_time_left_of_a_clock_is_counted_in_hours() -> None:
    clock = _owed(kind=ObligationKind.CLOCK)
    assert clock.closes_at is not None

    assert time_left(clock, DueState.DUE, "Asia/Shanghai", clock.closes_at - timedelta(hours=6)) == (
        "6 h left, until 08:00"
    )
    assert time_left(clock, DueState.OVERDUE, "UTC", clock.closes_at + timedelta(days=4)) == (
        "4 days late, was due 00:00"
    )
