"""Days are counted in the zone of the treating site; a transfer changes it from its instant on."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from tests.protocol.engine import INSTANT, WUHAN, K, by_key, event, facts, infused, local, visited
from trialsite.protocol.due import due_state
from trialsite.protocol.registry import resolve
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import DueState, Event, IcfActivation
from trialsite.protocol.zones import zone_at, zone_of_window

NEW_YORK = "America/New_York"
SITE = facts(zone=NEW_YORK)  # where they are treated now


def moved(when: str, *, to: str = NEW_YORK, since: str = WUHAN) -> Event:
    return event(K.TRANSFERRED, when, from_zone=since, to_zone=to)


MOVE = moved("2026-06-01T12:00")
AT = local("2026-06-01T12:00")


@pytest.mark.parametrize(("at", "zone"), [(AT - INSTANT, WUHAN), (AT, NEW_YORK), (AT + INSTANT, NEW_YORK)])
def test_the_instant_of_a_transfer_belongs_to_the_receiving_site(at: datetime, zone: str) -> None:
    assert zone_at([MOVE], SITE, at) == zone
    assert zone_at([], SITE, at) == NEW_YORK


def test_there_and_back_again() -> None:
    back = moved("2026-08-01T12:00", to=WUHAN, since=NEW_YORK)
    events = [back, MOVE]
    zones = [zone_at(events, facts(), local(f"2026-{month}-15T12:00")) for month in ("05", "07", "09")]
    assert zones == [WUHAN, NEW_YORK, WUHAN]


@pytest.mark.parametrize(
    ("last_on", "done_at", "zone"),
    [
        ("2026-05-20", None, WUHAN),
        ("2026-06-20", None, NEW_YORK),
        ("2026-06-20", AT - INSTANT, WUHAN),
        ("2026-05-20", AT, NEW_YORK),
        ("2026-05-31", None, WUHAN),  # over in Wuhan before the transfer
        ("2026-06-01", None, NEW_YORK),
    ],
)
def test_a_window_belongs_to_the_site_of_its_visit_or_of_its_end(
    last_on: str, done_at: datetime | None, zone: str
) -> None:
    on = date.fromisoformat(last_on)
    assert zone_of_window([MOVE], SITE, on, done_at) == zone


def test_what_was_done_before_a_transfer_stays_in_time_and_what_follows_is_counted_at_the_new_site() -> None:
    first = visited("V-M2#1", "2026-05-08T09:00")  # the first day of its window, in Wuhan
    late = event(K.VISIT_PERFORMED, "2026-06-22T23:30", item="V-M3#1", zone=NEW_YORK)  # the last, in New York
    found = by_key(plan(resolve("1.0"), [infused("2026-03-15"), first, MOVE, late], SITE))
    now = local("2026-07-01")
    assert found["V-M2#1"].opens_at == local("2026-05-08T00:00")
    assert due_state(found["V-M2#1"], now) is DueState.DONE
    assert found["V-M3#1"].opens_at == local("2026-06-08T00:00", NEW_YORK)
    assert due_state(found["V-M3#1"], now) is DueState.DONE
    assert found["V-M12#1"].opens_at == local("2027-03-01T00:00", NEW_YORK)
    assert str(found["V-M12#1"].target_on) == "2027-03-15"  # day 0 stays the civil date in Wuhan


def test_a_test_done_before_a_transfer_stays_in_time_and_the_next_is_counted_at_the_new_site() -> None:
    need = event(K.TEST_NEED_STATED, "2026-01-02", is_needed="yes")
    done = event(K.TEST_DONE, "2026-05-08T09:00", item="K-M2#1")  # the first day of its window, in Wuhan
    found = by_key(plan(resolve("1.0"), [need, infused("2026-03-15"), done, MOVE], SITE))
    assert due_state(found["K-M2#1"], local("2026-07-01")) is DueState.DONE
    assert found["K-M12#1"].opens_at == local("2027-03-01T00:00", NEW_YORK)


def test_what_was_owed_about_a_case_before_a_transfer_stays_in_time() -> None:
    owed = event(K.SAFETY_TASK_OWED, "2026-05-20", item="T-SAE-FU", ref="case")
    answer = event(K.SAFETY_TASK_DONE, "2026-05-27T09:00", item="T-SAE-FU", ref="r", case="case")
    found = by_key(plan(resolve("1.0"), [infused("2026-03-15"), owed, answer, MOVE], SITE))
    first = found["T-SAE-FU:case#1"]
    assert first.closes_at == local("2026-05-28T00:00")  # the end of the day in Wuhan
    assert found["T-SAE-FU:case#2"].closes_at == local("2026-06-04T00:00", NEW_YORK)


def test_the_contraception_period_begins_on_the_day_of_consent_where_it_was_signed() -> None:
    consent = event(K.CONSENTED, "2026-01-02T08:00", item="1.0")  # still the day before in New York
    found = by_key(plan(resolve("1.0"), [consent, infused("2026-03-15"), MOVE], SITE))
    assert str(found["P-CONTRA"].opens_on) == "2026-01-02"
    assert found["P-CONTRA"].closes_at == local("2027-03-16T00:00", NEW_YORK)


def test_a_signature_of_before_a_transfer_stays_in_time_and_what_follows_is_counted_at_the_new_site() -> None:
    first = event(K.CONSENTED, "2026-01-02", item="1.0")
    signed = event(K.CONSENTED, "2026-05-08T09:00", item="2.0")  # the last day of its window, in Wuhan
    icfs = tuple(
        IcfActivation(version=version, is_substantive=True, activated_at=local(since))
        for version, since in (
            ("1.0", "2026-01-01"),
            ("2.0", "2026-05-01T08:00"),  # still the day before in New York
            ("3.0", "2026-06-02T08:00"),  # as well, and the transfer is over
        )
    )
    visits = [infused("2026-03-15"), visited("V-M2#1", "2026-05-01T07:00")]
    site = facts(*icfs, zone=NEW_YORK)
    found = by_key(plan(resolve("1.0"), [first, *visits, signed, MOVE], site))
    before, after = found["RECONSENT:2.0"], found["RECONSENT:3.0"]
    assert (str(before.opens_on), str(before.closes_on)) == ("2026-05-01", "2026-05-29")
    assert before.closes_at == local("2026-05-30T00:00")
    assert (str(after.opens_on), after.closes_at) == ("2026-06-01", local("2026-06-23T00:00", NEW_YORK))


def test_an_absence_before_a_transfer_is_measured_in_the_zone_of_before() -> None:
    first = event(K.CONSENTED, "2026-01-02", item="1.0")
    icfs = (
        IcfActivation(version="1.0", is_substantive=True, activated_at=local("2026-01-01")),
        IcfActivation(version="2.0", is_substantive=True, activated_at=local("2026-02-01T08:00")),
    )
    lost = event(
        K.LOST_TO_FOLLOW_UP, "2026-03-02T06:00"
    )  # its window ended with 1 March in Wuhan, not in New York
    back = visited("", "2026-04-10")
    site = facts(*icfs, zone=NEW_YORK)
    found = by_key(plan(resolve("1.0"), [first, lost, back, MOVE], site))
    assert str(found["RECONSENT:2.0"].opens_on) == "2026-02-01"  # late before the absence stays late


def test_a_clock_that_ran_out_before_a_transfer_is_dated_where_it_ran() -> None:
    aware = event(K.SAFETY_EVENT_AWARE, "2026-05-20T10:00", item="C-SAE", ref="case")
    (clock,) = (
        one
        for one in plan(resolve("1.0"), [infused("2026-03-15"), aware, MOVE], SITE)
        if one.key == "C-SAE:case"
    )
    assert (clock.closes_at, str(clock.closes_on)) == (local("2026-05-21T10:00"), "2026-05-21")


def test_evidence_is_renewed_by_the_days_of_the_site_that_screens() -> None:
    screened = event(K.SCREENING_STARTED, "2026-05-10")
    site = replace(SITE, evidence_lapses_on=date(2026, 5, 21))
    found = by_key(plan(resolve("1.0"), [screened, MOVE], site))
    assert found["T-EVID#1"].closes_at == local("2026-05-21T00:00")
