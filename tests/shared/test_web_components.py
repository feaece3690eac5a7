"""The components as they reach the page."""

from datetime import UTC, date, datetime

import pytest
from django.template import engines
from django.test import override_settings

from participants.states import State
from trialsite.protocol.types import DueState, Source
from trialsite.web.components import (
    DUE_STATUS,
    JOURNEY_STATUS,
    Banner,
    DueLine,
    Evidence,
    Pages,
    TimelineEvent,
    status_of,
)
from trialsite.web.templatetags.web import act_words


def draw(tag: str, **values: object) -> str:
    return engines["django"].from_string("{% load web %}{% " + tag + " %}").render(values)


def line(**changes: object) -> DueLine:
    values: dict[str, object] = {
        "title": "Day 28 visit",
        "state": DueState.DUE,
        "opens_on": date(2026, 11, 20),
        "target_on": date(2026, 11, 22),
        "closes_on": date(2026, 11, 25),
        "zone": "Asia/Shanghai",
        "source": Source.SEED,
        **changes,
    }
    return DueLine(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", DueState)
def test_every_due_state_has_words_a_letter_and_a_shape(state: DueState) -> None:
    drawn = draw("status_badge state", state=state)
    status = DUE_STATUS[state]
    assert status.words in drawn
    assert f">{status.letter}</text>" in drawn
    assert f"sign-{status.shape}" in drawn


@pytest.mark.parametrize("state", State)
def test_every_journey_state_has_its_own_sign(state: State) -> None:
    assert state.value in JOURNEY_STATUS


def test_two_states_of_one_table_never_share_shape_and_letter() -> None:
    for table in (DUE_STATUS, JOURNEY_STATUS):
        signs = [(status.shape, status.letter) for status in table.values()]  # type: ignore[attr-defined]
        assert len(signs) == len(set(signs))


def test_compact_badge_keeps_its_words_for_screen_readers() -> None:
    drawn = draw("status_badge state compact=True", state=DueState.OVERDUE)
    assert '<span class="visually-hidden">Overdue</span>' in drawn


def test_a_state_nobody_listed_is_shown_by_its_own_words() -> None:
    assert status_of("handed_over").words == "Handed over"


def test_due_line_shows_window_target_zone_and_form() -> None:
    drawn = draw("obligation_line line", line=line(href="/x/", source=Source.ASSUMED, is_important=True))
    for expected in (
        "2026-11-20 – 2026-11-25",
        "target 2026-11-22",
        "Asia/Shanghai",
        'href="/x/"',
        "assumed",
        "important",
    ):
        assert expected in drawn


def test_due_line_of_the_record_carries_no_assumed_mark_and_no_empty_link() -> None:
    drawn = draw("obligation_line line", line=line())
    assert "assumed" not in drawn
    assert "href" not in drawn


def test_due_line_without_end_says_so() -> None:
    assert "2026-11-20 – no end" in draw("obligation_line line", line=line(closes_on=None))


def test_banner_says_research_participant_day_and_first_hold() -> None:
    banner = Banner(
        code="WH-4K7Q2",
        href="/p/",
        state="follow_up",
        arm="Intravenous",
        site="WUH01",
        zone="Asia/Shanghai",
        day=28,
        consent_version="2.0",
        holds=("Re-consent is owed.", "Second."),
    )
    drawn = draw("participant_banner banner", banner=banner)
    for expected in ("Research participant", "WH-4K7Q2", "+28", "ICF 2.0", "Re-consent is owed.", "+1 more"):
        assert expected in drawn
    assert "Second." not in drawn


def test_banner_before_infusion_counts_no_days() -> None:
    banner = Banner(code="A", href="/p/", state="screening", arm="", site="S", zone="UTC")
    assert "not infused" in draw("participant_banner banner", banner=banner)


def test_a_negative_protocol_day_has_a_minus_sign() -> None:
    template = engines["django"].from_string(
        "{% load web %}{{ a|signed_day }} {{ b|signed_day }} {{ c|signed_day }}"
    )
    assert template.render({"a": -5, "b": 0, "c": 28}) == "−5 0 +28"


def test_moment_shows_site_time_with_zone_and_utc_behind_it() -> None:
    drawn = draw("moment at zone", at=datetime(2026, 11, 22, 17, 5, tzinfo=UTC), zone="Asia/Shanghai")
    assert "2026-11-23 01:05" in drawn
    assert 'title="2026-11-22 17:05 UTC"' in drawn


@override_settings(TIME_ZONE="America/New_York")
def test_moment_does_not_depend_on_the_zone_of_the_server() -> None:
    drawn = draw("moment at zone", at=datetime(2026, 11, 22, 17, 5, tzinfo=UTC), zone="Asia/Shanghai")
    assert 'title="2026-11-22 17:05 UTC"' in drawn


def test_missing_evidence_says_missing_and_lapsed_says_lapsed() -> None:
    assert "missing" in draw("evidence_chip e", e=Evidence(title="Echo"))
    lapsed = Evidence(title="IHC", on=date(2026, 7, 2), expires_on=date(2026, 10, 2), is_lapsed=True)
    assert "lapsed 2026-10-02" in draw("evidence_chip e", e=lapsed)


def test_assumed_mark_names_who_must_confirm() -> None:
    assert "sponsor must confirm" in draw("source_mark source", source=Source.ASSUMED)
    assert draw("source_mark source", source=Source.SEED).strip() == ""


def test_empty_state_offers_the_next_thing_to_do() -> None:
    drawn = draw('empty_state "Nothing is due" "Add one." "/add/" "Add participant"')
    assert 'href="/add/"' in drawn
    assert "Add participant" in drawn


def test_blocked_act_is_a_disabled_button_with_its_reason() -> None:
    drawn = draw('act_button "/enrol/" "Enrol" reason="Evidence lapsed"')
    assert "disabled" in drawn
    assert "Evidence lapsed" in drawn
    assert "/enrol/" not in drawn


def test_timeline_lists_event_date_and_person() -> None:
    event = TimelineEvent(title="Infusion", on=date(2026, 10, 25), by="Lin Wei", detail="lot 1")
    drawn = draw("timeline events", events=[event])
    for expected in ("Infusion", "2026-10-25", "Lin Wei", "lot 1"):
        assert expected in drawn


def test_pages_offer_only_the_links_there_are() -> None:
    both = draw("pagination pages", pages=Pages(previous="?a", next="?b", shown=25))
    assert both.count("<a ") == 2
    assert "<a " not in draw("pagination pages", pages=Pages(shown=3))


def test_a_page_among_others_says_that_it_counts_its_own_rows() -> None:
    assert "25 participants on this page" in draw(
        "pagination pages", pages=Pages(next="?b", shown=25, noun="participants")
    )
    assert "on this page" not in draw("pagination pages", pages=Pages(shown=3))


@pytest.mark.parametrize(
    ("noun", "one"),
    [("entries", "1 entry"), ("queries", "1 query"), ("people", "1 person"), ("deviations", "1 deviation")],
)
def test_one_row_is_counted_as_one(noun: str, one: str) -> None:
    drawn = draw("pagination pages", pages=Pages(shown=1, noun=noun))
    assert f">{one}</span>" in drawn
    assert f">2 {noun}</span>" in draw("pagination pages", pages=Pages(shown=2, noun=noun))


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("participants.icf_activated", "ICF activated"),
        ("infusion.product_released", "Product released"),
    ],
)
def test_an_act_is_named_as_people_read_it(action: str, words: str) -> None:
    assert act_words(action) == words


def test_text_from_a_record_is_escaped() -> None:
    assert "<script>" not in draw("obligation_line line", line=line(title="<script>x</script>"))


def test_icon_with_a_title_is_read_aloud_and_without_one_is_hidden() -> None:
    assert 'aria-label="Held"' in draw('icon "lock" "Held"')
    assert 'aria-hidden="true"' in draw('icon "lock"')
