"""Measured values on the pages: the panel and its lines, the table of rounds, the forms of a round."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from participants.models import Observation, ObservationDomain
from participants.queries.measured_tests import BY_CODE, TESTS, faults_in, written
from participants.queries.measurements import courses_of, table_of
from participants.services.observations import Reading, record_observations
from participants.states import State
from participants.web.sparklines import Span, sparkline
from tests.factories.accounts import make_user
from tests.factories.journeys import START_AT, Story, make_ward, participant_at, refer, there
from tests.participants.web import browser_of, filled, queries_of
from trialsite.accounts.permissions import Role
from trialsite.audit.models import Entry

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def reading(code: str, value: str | None, at: datetime, **change: Any) -> Reading:
    test = BY_CODE[code]
    given = {"unit": test.unit, "not_done": "" if value else "clotted", **change}
    return Reading(
        domain=test.domain, test_code=code, taken_at=at, value=Decimal(value) if value else None, **given
    )


def measures(story: Story, at: datetime, **values: str | None) -> None:
    record_observations(
        participant=story.participant,
        readings=[reading(code, value, at) for code, value in values.items()],
        by=story.ward.nurse,
        at=at + MINUTE,
    )


def page_of(story: Story, where: str = "measurements/", user: Any = None) -> Any:
    return browser_of(user or story.ward.nurse).get(f"/participants/{story.participant.code}/{where}")


def panel_of(story: Story, user: Any = None) -> str:
    response = page_of(story, "panels/measurements/", user)
    assert response.status_code == 200
    return str(response.content.decode())


# ---- Values in words


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [
        pytest.param("5.2000", 2, "5.20", id="filled-up"),
        pytest.param("5.2345", 2, "5.2345", id="nothing-measured-is-cut"),
        pytest.param("150.0000", 0, "150", id="whole"),
        pytest.param("1500", 0, "1500", id="no-exponent"),
        pytest.param("-0.30", 1, "−0.3", id="minus"),
        pytest.param("0.0000", 0, "0", id="zero"),
    ],
)
def test_a_value_is_written_with_the_decimals_of_its_test_and_none_is_lost(
    value: str, places: int, shown: str
) -> None:
    assert written(Decimal(value), places) == shown


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.code)
def test_both_limits_of_a_test_are_still_possible_and_a_step_beyond_is_not(test: Any) -> None:
    step = Decimal("0.0001")
    assert faults_in({test.code: test.least}) == faults_in({test.code: test.most}) == {}
    assert set(faults_in({test.code: test.least - step})) == set(faults_in({test.code: test.most + step}))
    assert test.unit in faults_in({test.code: test.most + step})[test.code]


def test_swapped_pressures_are_noticed() -> None:
    assert "DIABP" in faults_in({"SYSBP": Decimal(80), "DIABP": Decimal(120)})
    assert faults_in({"SYSBP": Decimal(120), "DIABP": Decimal(80)}) == {}


# ---- The line


def test_a_line_runs_over_the_days_with_the_highest_value_on_top() -> None:
    noon = datetime.combine(date(2026, 1, 1), time(12))
    values = [(noon, Decimal(10)), (noon + timedelta(days=9), Decimal(20))]
    drawn = sparkline(values, Span(date(2026, 1, 1), date(2026, 1, 10)), date(2026, 1, 6), "words")
    assert drawn is not None
    assert drawn.points == "12.9,29.0 155.1,5.0"
    assert (drawn.last_x, drawn.last_y, drawn.infusion_x) == ("155.1", "5.0", "84.0")


def test_equal_values_make_a_level_line_and_no_values_make_none() -> None:
    span, noon = Span(date(2026, 1, 1), date(2026, 1, 2)), datetime.combine(date(2026, 1, 1), time(12))
    level = sparkline([(noon, Decimal(5)), (noon + timedelta(days=1), Decimal(5))], span, None, "")
    assert level is not None
    assert {point.split(",")[1] for point in level.points.split()} == {"17.0"}
    assert level.infusion_x == ""
    assert sparkline([], span, None, "") is None


# ---- The course of each test


def test_a_course_has_the_last_value_its_change_and_the_number_of_values() -> None:
    story = participant_at(State.SCREENING)
    measures(story, story.now, PLAT="150", TEMP="36.5")
    measures(story, story.now + timedelta(days=1), PLAT="138")
    courses = courses_of(story.participant)
    assert courses is not None
    assert [group.title for group in courses.groups] == ["Laboratory", "Vital signs"]
    (platelets,), (temperature,) = (group.courses for group in courses.groups)
    assert (platelets.last.text, platelets.delta, platelets.count) == ("138", "−12", 2)
    assert (temperature.last.text, temperature.delta, temperature.count) == ("36.5", "", 1)


def test_tests_stand_in_their_order_and_unlisted_ones_last() -> None:
    story = participant_at(State.SCREENING)
    at = story.now
    other = Reading(
        domain=ObservationDomain.LABORATORY, test_code="CRP", unit="mg/L", taken_at=at, value=Decimal("4")
    )
    rows = [reading("RESP", "16", at), other, reading("CREAT", "80", at), reading("WBC", "5", at)]
    record_observations(participant=story.participant, readings=rows, by=story.ward.nurse, at=at + MINUTE)
    courses = courses_of(story.participant)
    assert courses is not None
    assert [one.code for group in courses.groups for one in group.courses] == ["WBC", "CREAT", "CRP", "RESP"]


def test_a_value_in_another_unit_is_shown_in_the_unit_of_its_test() -> None:
    story = participant_at(State.SCREENING)
    measures(story, story.now, HGB="120")
    at = story.now + timedelta(days=1)
    record_observations(
        participant=story.participant,
        readings=[reading("HGB", "12.1", at, unit="g/dL"), reading("PLAT", "150", at, unit="K/uL")],
        by=story.ward.nurse,
        at=at + MINUTE,
    )
    courses = courses_of(story.participant)
    assert courses is not None
    plat, hgb = sorted(courses.groups[0].courses, key=lambda one: one.code, reverse=True)
    assert (hgb.delta, [one.text for one in hgb.values], hgb.last.unit) == ("+1", ["120", "121"], "g/L")
    assert (plat.last.text, plat.last.unit) == ("150", "10⁹/L")


def test_a_value_that_cannot_be_converted_is_neither_compared_nor_drawn_with_the_rest() -> None:
    story = participant_at(State.SCREENING)
    measures(story, story.now, HGB="120")
    at = story.now + timedelta(days=1)
    record_observations(
        participant=story.participant,
        readings=[reading("HGB", "12.1", at, unit="mmol/L")],
        by=story.ward.nurse,
        at=at + MINUTE,
    )
    courses = courses_of(story.participant)
    assert courses is not None
    course = courses.groups[0].courses[0]
    assert (course.delta, course.count, [one.text for one in course.values]) == ("", 2, ["12.1"])


# ---- The panel


def test_the_panel_shows_values_lines_and_the_infusion() -> None:
    story = participant_at(State.INFUSED)
    measures(story, story.now - timedelta(days=5, minutes=30), PLAT="250")
    measures(story, story.now + timedelta(days=2), PLAT="38")
    shown = panel_of(story)
    story.participant.refresh_from_db()
    infused_on = there(story.participant.infused_on)
    assert f"lowest 38 on {infused_on + timedelta(days=2)}, highest 250" in shown
    assert f"infusion on {infused_on}</title>" in shown
    assert re.search(r'<svg class="spark"[^>]* role="img" aria-label="Platelets, ', shown)
    assert 'class="spark-infusion"' in shown
    assert "−174" in shown  # from the 212 of the re-check
    assert "style=" not in shown


def test_a_test_that_was_last_not_done_shows_a_dash_with_the_reason_and_the_value_before() -> None:
    story = participant_at(State.SCREENING)
    measures(story, story.now, PLAT="150")
    measures(story, story.now + timedelta(days=1), PLAT=None)
    shown = panel_of(story)
    assert '–<span class="quiet small">clotted</span>' in shown
    assert "before 150 10⁹/L" in shown


def test_a_test_without_any_value_has_no_line() -> None:
    story = participant_at(State.SCREENING)
    measures(story, story.now, PLAT=None)
    assert '<svg class="spark"' not in panel_of(story)


def test_without_values_the_panel_says_so_and_offers_the_forms_to_those_who_record() -> None:
    story = refer(make_ward())
    shown = panel_of(story)
    assert "No laboratory value and no vital sign is on record." in shown
    assert f"/participants/{story.participant.code}/measurements/vital-signs/" in shown
    assert "/vital-signs/" not in panel_of(story, make_user(Role.AUDITOR))


def test_what_a_laboratory_wrote_is_shown_as_text() -> None:
    story = participant_at(State.SCREENING)
    record_observations(
        participant=story.participant,
        readings=[reading("PLAT", None, story.now, not_done="<script>alert(1)</script>")],
        by=story.ward.nurse,
        at=story.now + MINUTE,
    )
    assert "<script>" not in panel_of(story)
    assert "<script>alert" not in page_of(story).content.decode()


def test_the_panel_stands_on_the_page_of_the_participant() -> None:
    story = refer(make_ward())
    assert (
        f"/participants/{story.participant.code}/panels/measurements/" in page_of(story, "").content.decode()
    )


@pytest.mark.parametrize("where", ["panels/measurements/", "measurements/", "measurements/laboratory/"])
def test_the_cost_does_not_grow_with_the_values(where: str) -> None:
    story = participant_at(State.SCREENING)
    measures(story, story.now, PLAT="150")
    client = browser_of(story.ward.nurse)
    path = f"/participants/{story.participant.code}/{where}"
    few = queries_of(client, path)
    for day in range(1, 9):
        measures(story, story.now + timedelta(days=day), PLAT="150", WBC="5", TEMP="36.5")
    assert queries_of(client, path) == few


# ---- The table


def test_the_table_has_twelve_rounds_the_newest_first_and_leads_to_the_earlier_ones() -> None:
    story = participant_at(State.SCREENING)
    instants = [story.now + timedelta(days=day) for day in range(15)]
    for number, at in enumerate(instants):
        measures(story, at, PLAT=str(100 + number), TEMP="36.5" if number == 14 else None)
    first = table_of(story.participant)
    second = table_of(story.participant, first.earlier)
    assert [one.taken_at for one in first.rounds] == instants[:2:-1]
    assert [one.taken_at for one in second.rounds] == instants[2::-1]
    assert (first.later, second.earlier) == ("", "")
    assert table_of(story.participant, second.later) == first
    platelets = first.groups[0][1][0]
    assert [cell.text for cell in platelets.cells if cell][:2] == ["114", "113"]


def test_the_table_leaves_a_cell_empty_where_a_test_was_not_part_of_the_round() -> None:
    story = participant_at(State.SCREENING)
    measures(story, story.now, PLAT="150")
    measures(story, story.now + timedelta(days=1), WBC="5.1")
    table = table_of(story.participant)
    cells = {row.code: [cell and cell.text for cell in row.cells] for row in table.groups[0][1]}
    assert cells == {"WBC": ["5.10", None], "PLAT": [None, "150"]}


def test_columns_carry_the_protocol_day() -> None:
    story = participant_at(State.INFUSED)
    measures(story, story.now + timedelta(days=2), PLAT="40")
    assert "day +2" in page_of(story).content.decode()


def test_a_cursor_nobody_gave_out_shows_the_latest_rounds() -> None:
    story = participant_at(State.SCREENING)
    measures(story, story.now, PLAT="150")
    assert page_of(story, "measurements/?cursor=xyz").status_code == 200


def test_a_table_without_values_says_so() -> None:
    assert "Nothing was measured yet" in page_of(refer(make_ward())).content.decode()


def test_another_sites_values_do_not_exist() -> None:
    story, stranger = participant_at(State.SCREENING), make_ward().nurse
    for where in ("panels/measurements/", "measurements/", "measurements/laboratory/"):
        assert page_of(story, where, stranger).status_code == 404


# ---- Entering a round


def enters(story: Story, user: Any = None, form: str = "vital-signs", **entered: Any) -> Any:
    sent = filled(**{"taken_at": "2026-01-05T10:30", "obligation_key": "", "not_done": "", **entered})
    path = f"/participants/{story.participant.code}/measurements/{form}/"
    return browser_of(user or story.ward.nurse).post(path, sent)


def test_a_round_is_recorded_on_the_sites_clock_and_leads_to_the_table() -> None:
    story = refer(make_ward())
    response = enters(story, SYSBP="120", DIABP="80", TEMP="36.75")
    assert (response.status_code, response["Location"]) == (
        303,
        f"/participants/{story.participant.code}/measurements/",
    )
    rows = {row.test_code: row for row in Observation.objects.filter(participant=story.participant)}
    assert set(rows) == {"SYSBP", "DIABP", "TEMP"}
    assert (rows["TEMP"].value, rows["TEMP"].unit, rows["TEMP"].domain) == (Decimal("36.75"), "°C", "VS")
    assert rows["TEMP"].taken_at == START_AT + timedelta(minutes=30)


def test_a_round_belongs_to_the_visit_that_was_chosen() -> None:
    story = participant_at(State.INFUSED)
    assert "Day 1" in page_of(story, "measurements/laboratory/").content.decode()
    response = enters(story, form="laboratory", PLAT="40", obligation_key="V-D1#1")
    assert response.status_code == 303
    assert Observation.objects.get(participant=story.participant, value=40).obligation_key == "V-D1#1"
    assert enters(story, PULSE="70", obligation_key="V-D99#1").status_code == 422


def test_what_was_not_done_is_recorded_with_its_reason() -> None:
    story = refer(make_ward())
    assert enters(story, PULSE="70", missing=["TEMP", "RESP"], not_done="asleep").status_code == 303
    rows = Observation.objects.filter(participant=story.participant, value=None)
    assert {(row.test_code, row.not_done) for row in rows} == {("TEMP", "asleep"), ("RESP", "asleep")}


@pytest.mark.parametrize(
    ("entered", "words"),
    [
        pytest.param({}, "Enter at least one value.", id="nothing"),
        pytest.param({"TEMP": "98.6"}, "Between 30 and 44 °C.", id="fahrenheit"),
        pytest.param({"SYSBP": "80", "DIABP": "120"}, "Are the two swapped?", id="swapped"),
        pytest.param({"TEMP": "36,5"}, "Enter a number.", id="comma"),
        pytest.param({"TEMP": "NaN"}, "Enter a number.", id="not-a-number"),
        pytest.param({"PULSE": "70", "missing": ["PULSE"], "not_done": "asleep"}, "Leave one", id="both"),
        pytest.param({"missing": ["PULSE"]}, "Say why.", id="no-reason"),
        pytest.param({"PULSE": "70", "not_done": "asleep"}, "Mark the tests", id="reason-for-nothing"),
        pytest.param({"PULSE": "70", "taken_at": "2099-01-01T10:00"}, "in the future", id="future"),
        pytest.param({"PULSE": "70", "taken_at": ""}, "Fill this in.", id="no-time"),
    ],
)
def test_a_round_that_cannot_be_right_is_refused_with_what_was_entered_kept(
    entered: dict[str, Any], words: str
) -> None:
    story = refer(make_ward())
    response = enters(story, **entered)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Observation.objects.exists()


def test_a_haemoglobin_in_grams_per_decilitre_is_refused() -> None:
    response = enters(refer(make_ward()), form="laboratory", HGB="13.5")
    assert "Between 20 and 260 g/L. Check the number and the unit." in response.content.decode()


def test_a_second_value_for_the_same_time_is_refused_at_the_time() -> None:
    story = refer(make_ward())
    enters(story, PULSE="70")
    response = enters(story, PULSE="72", TEMP="36.5")
    assert response.status_code == 422
    shown = response.content.decode()
    assert "One of these tests has a value for that time already." in shown
    assert "Somebody saved a change" not in shown
    assert Observation.objects.count() == 1


def test_the_form_shows_the_last_value_beside_the_field() -> None:
    story = participant_at(State.SCREENING)
    measures(story, story.now, PLAT="150")
    measures(story, story.now + timedelta(days=1), PLAT=None)
    shown = page_of(story, "measurements/laboratory/").content.decode()
    assert "Last 150 on 2026-01-0" in shown
    assert 'data-unit="10⁹/L"' in shown


def test_a_round_stands_in_the_trail_under_the_name_of_who_recorded_it() -> None:
    story = refer(make_ward())
    enters(story, PULSE="70")
    entry = Entry.objects.filter(table_name="participants_observation").latest("pk")
    assert (entry.action, entry.actor_label) == (
        "participants.observations_recorded",
        story.ward.nurse.actor_label,
    )


def test_an_auditor_reads_and_records_nothing() -> None:
    story = refer(make_ward())
    assert enters(story, make_user(Role.AUDITOR), PULSE="70").status_code == 403
    assert not Observation.objects.exists()
