"""Re-consent to a new ICF version. Judge: clinical rules 5.3 (outdated version) and 5.5."""

from dataclasses import replace
from datetime import datetime

import pytest

from tests.protocol.engine import (
    INSTANT,
    K,
    activated,
    by_key,
    consented,
    event,
    facts,
    infused,
    local,
    midnight,
    on,
    protocol,
    row,
    visited,
)
from trialsite.protocol.due import due_state
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import (
    Act,
    DueState,
    Event,
    IcfActivation,
    Limit,
    Obligation,
    ObligationKind,
    ProtocolVersion,
    Source,
)

# One visit far away, so that the limit of 28 days closes the window unless a test wants it otherwise.
FAR = protocol(row("V-FAR", days=300))
V1 = activated("1.0", "2026-01-01")
V2 = activated("2.0", "2026-03-01")
V3 = activated("3.0", "2026-03-15")
SIGNED_1 = consented("1.0", "2026-01-05")
CLOSES = midnight("2026-03-30")  # 1 March + 28 days, the last day included


def owed(
    *events: Event, icfs: tuple[IcfActivation, ...] = (V1, V2), version: ProtocolVersion = FAR
) -> dict[str, Obligation]:
    found = by_key(plan(version, [SIGNED_1, *events], facts(*icfs)))
    return {key: one for key, one in found.items() if one.kind is ObligationKind.RECONSENT}


def state(found: dict[str, Obligation], icf: str, now: str) -> DueState:
    return due_state(found[f"RECONSENT:{icf}"], local(now))


def test_before_the_first_consent_nothing_is_owed() -> None:
    assert plan(FAR, [event(K.REFERRED, "2026-01-02")], facts(V1, V2)) == ()


def test_a_substantive_version_in_force_owes_a_new_signature() -> None:
    found = owed()["RECONSENT:2.0"]
    assert (found.opens_at, found.opens_on) == (V2.activated_at, on("2026-03-01"))
    assert (found.closes_at, found.closes_on, found.target_on) == (CLOSES, on("2026-03-29"), on("2026-03-29"))
    assert found.holds == frozenset(Act) - {Act.RELEASE_PRODUCT, Act.PLAN_INFUSION}  # work on paper goes on
    assert (found.is_important, found.source) == (True, Source.ASSUMED)


def test_the_state_of_a_reconsent_over_time() -> None:
    found = owed()["RECONSENT:2.0"]
    assert due_state(found, V2.activated_at - INSTANT) is DueState.UPCOMING
    assert due_state(found, V2.activated_at) is DueState.DUE
    assert due_state(found, CLOSES - INSTANT) is DueState.DUE
    assert due_state(found, CLOSES) is DueState.OVERDUE
    assert due_state(found, local("2030-01-01")) is DueState.OVERDUE


def test_an_editorial_version_owes_nothing() -> None:
    assert owed(icfs=(V1, replace(V2, is_substantive=False))) == {}


@pytest.mark.parametrize(
    ("since", "is_owed"),
    [
        pytest.param(V1.activated_at - INSTANT, False, id="older than the version signed"),
        pytest.param(V1.activated_at, False, id="as old"),
        pytest.param(V1.activated_at + INSTANT, True, id="newer, in force before the signature"),
        pytest.param(SIGNED_1.at, True, id="in force at the instant of the signature"),
        pytest.param(SIGNED_1.at + INSTANT, True, id="in force right after the signature"),
    ],
)
def test_what_is_newer_than_the_version_signed_is_owed(since: datetime, is_owed: bool) -> None:
    other = IcfActivation(version="other", is_substantive=True, activated_at=since)
    assert ("RECONSENT:other" in owed(icfs=(other, V1))) is is_owed


def test_without_a_record_of_the_version_signed_its_date_decides() -> None:
    assert set(owed(icfs=(activated("0.9", "2026-01-04"), V2))) == {"RECONSENT:2.0"}


def test_who_signed_an_outdated_version_owes_the_current_one_from_then_on() -> None:
    late = consented("1.0", "2026-03-05")
    found = by_key(plan(FAR, [late], facts(V1, V2)))["RECONSENT:2.0"]
    assert found.opens_at == late.at
    assert found.closes_on == on("2026-04-02")


def test_a_version_signed_the_day_before_it_came_into_force_is_signed() -> None:
    found = by_key(plan(FAR, [consented("2.0", "2026-02-28")], facts(V1, V2)))["RECONSENT:2.0"]
    assert due_state(found, local("2026-03-02")) is DueState.DONE_EARLY


# What fulfils it


@pytest.mark.parametrize(
    ("signed_at", "expected"),
    [
        pytest.param("2026-03-01T10:00", DueState.DONE, id="at once"),
        pytest.param("2026-03-29T23:59:59.999999", DueState.DONE, id="at the last instant"),
        pytest.param("2026-03-30T00:00", DueState.DONE_LATE, id="at the closing instant"),
    ],
)
def test_signing_fulfils_it(signed_at: str, expected: DueState) -> None:
    signature = consented("2.0", signed_at)
    found = owed(signature)["RECONSENT:2.0"]
    assert due_state(found, local("2026-06-01")) is expected
    assert (found.fulfilled_at, found.fulfilled_on) == (signature.at, signature.on)
    assert found.fulfilled_ref == signature.ref


def test_signing_the_old_version_again_fulfils_nothing() -> None:
    assert state(owed(consented("1.0", "2026-03-10")), "2.0", "2026-03-11") is DueState.DUE


def test_signing_a_newer_substantive_version_fulfils_the_older() -> None:
    found = owed(consented("3.0", "2026-03-20"), icfs=(V1, V2, V3))
    assert state(found, "2.0", "2026-04-01") is DueState.DONE
    assert state(found, "3.0", "2026-04-01") is DueState.DONE


def test_signing_a_newer_editorial_version_fulfils_the_substantive_one_before_it() -> None:
    editorial = activated("2.1", "2026-03-10", is_substantive=False)
    found = owed(consented("2.1", "2026-03-12"), icfs=(V1, V2, editorial))
    assert set(found) == {"RECONSENT:2.0"}
    assert state(found, "2.0", "2026-04-01") is DueState.DONE


def test_signing_the_older_version_does_not_fulfil_the_newer() -> None:
    found = owed(consented("2.0", "2026-03-20"), icfs=(V1, V2, V3))
    assert state(found, "2.0", "2026-03-21") is DueState.DONE
    assert state(found, "3.0", "2026-03-21") is DueState.DUE


def test_a_newer_version_in_force_replaces_one_that_is_still_open() -> None:
    found = owed(icfs=(V1, V2, V3))
    assert found["RECONSENT:2.0"].ended_reason == "superseded"
    assert found["RECONSENT:2.0"].ended_at == V3.activated_at
    assert state(found, "2.0", "2026-03-16") is DueState.NOT_REQUIRED
    assert state(found, "3.0", "2026-03-16") is DueState.DUE


def test_an_editorial_version_replaces_nothing() -> None:
    found = owed(icfs=(V1, V2, activated("2.1", "2026-03-10", is_substantive=False)))
    assert found["RECONSENT:2.0"].ended_at is None


def test_one_that_was_overdue_is_missed_when_a_newer_version_replaces_it() -> None:
    newer = activated("3.0", "2026-04-15")
    found = owed(icfs=(V1, V2, newer))["RECONSENT:2.0"]
    assert due_state(found, newer.activated_at - INSTANT) is DueState.OVERDUE
    assert due_state(found, newer.activated_at) is DueState.MISSED


def test_the_order_in_which_versions_are_listed_is_irrelevant() -> None:
    assert owed(icfs=(V3, V1, V2)) == owed(icfs=(V1, V2, V3))


def test_a_version_put_in_force_twice_is_owed_once_from_the_first_time() -> None:
    found = owed(icfs=(V1, replace(V2, activated_at=V3.activated_at), V2))
    assert list(found) == ["RECONSENT:2.0"]
    assert found["RECONSENT:2.0"].opens_at == V2.activated_at


# When it closes


def test_the_limit_of_the_protocol_version_is_used() -> None:
    limit = Limit(id="L-RECONSENT", value=14, unit="days", title="", source=Source.AMENDMENT)
    strict = protocol(row("V-FAR", days=300), limits=(replace(limit, id="L-OTHER", value=3), limit))
    assert owed(version=strict)["RECONSENT:2.0"].closes_on == on("2026-03-15")


@pytest.mark.parametrize(
    ("infused_on", "closes_on"),
    [
        pytest.param("2026-02-27", "2026-03-03", id="next visit opens after it came into force"),
        pytest.param("2026-02-25", "2026-03-01", id="next visit closes that very day"),
        pytest.param("2026-02-24", "2026-03-10", id="that visit's window is over: the one after"),
        pytest.param("2026-01-25", "2026-03-29", id="no visit in reach: the limit"),
    ],
)
def test_it_closes_with_the_window_of_the_next_visit(infused_on: str, closes_on: str) -> None:
    visits = protocol(row("V-A", days=2, lower=2, upper=2), row("V-B", days=14))
    assert owed(infused(infused_on), version=visits)["RECONSENT:2.0"].closes_on == on(closes_on)


@pytest.mark.parametrize(
    ("done_at", "closes_on"),
    [
        pytest.param("2026-03-01T09:59:59.999999", "2026-03-11", id="done just before: the next one"),
        pytest.param("2026-03-01T10:00", "2026-03-03", id="done as it came into force"),
        pytest.param("2026-03-02T09:00", "2026-03-03", id="done after"),
    ],
)
def test_a_visit_done_before_is_not_the_next_one(done_at: str, closes_on: str) -> None:
    visits = protocol(row("V-A", days=2, lower=2, upper=2), row("V-B", days=12))
    found = owed(infused("2026-02-27"), visited("V-A#1", done_at), version=visits)
    assert found["RECONSENT:2.0"].closes_on == on(closes_on)


def test_a_visit_called_off_before_its_window_closed_is_not_the_next_one() -> None:
    visits = protocol(row("V-A", days=20, lower=10, upper=2), row("V-B", days=100))
    course = [infused("2026-02-15"), infused("2026-03-05")]
    found = by_key(plan(visits, [SIGNED_1, *course], facts(V1, V2)))
    assert found["V-A#1"].ended_reason == "superseded"
    assert found["RECONSENT:2.0"].closes_on == on("2026-03-27")


@pytest.mark.parametrize(
    ("second_at", "closes_on"),
    [("2026-03-08T23:59:59.999999", "2026-03-24"), ("2026-03-09T00:00", "2026-03-08")],
    ids=["called off at its last instant", "called off as its window closed"],
)
def test_a_visit_counts_unless_it_was_called_off_before_its_window_closed(
    second_at: str, closes_on: str
) -> None:
    visits = protocol(row("V-A", days=14, lower=2, upper=2))  # first series: 4 to 8 March
    found = owed(infused("2026-02-20"), infused(second_at), version=visits)["RECONSENT:2.0"]
    assert found.closes_on == on(closes_on)


def test_a_visit_that_was_overdue_when_called_off_keeps_closing_it() -> None:
    visits = protocol(row("V-A", days=14, lower=2, upper=2))
    course = [infused("2026-02-20"), event(K.WITHDRAWN_FROM_VISITS, "2026-03-20")]
    found = owed(*course, version=visits)["RECONSENT:2.0"]
    assert found.closes_on == on("2026-03-08")
    assert due_state(found, local("2026-03-19")) is DueState.OVERDUE


def test_a_procedure_counts_as_much_as_a_visit_and_a_task_does_not() -> None:
    anchor = event(K.ENROLLED, "2026-03-01T08:00")
    for kind, closes_on in [
        (ObligationKind.PROCEDURE, "2026-03-04"),
        (ObligationKind.VISIT, "2026-03-04"),
        (ObligationKind.TASK, "2026-03-29"),
        (ObligationKind.PERIOD, "2026-03-29"),
    ]:
        version = protocol(row("V-P", kind=kind, anchor=K.ENROLLED, days=3))
        assert owed(anchor, version=version)["RECONSENT:2.0"].closes_on == on(closes_on)


# Who left, who came back


LEAVING = [K.SCREEN_FAILED, K.WITHDRAWN_FROM_VISITS, K.WITHDRAWN_FROM_DATA_USE, K.LOST_TO_FOLLOW_UP, K.DIED]


@pytest.mark.parametrize("departure", LEAVING)
@pytest.mark.parametrize(
    ("left_at", "is_owed"),
    [("2026-02-20T10:00", False), ("2026-03-01T10:00", False), ("2026-03-01T10:00:00.000001", True)],
    ids=["long before", "as it came into force", "right after"],
)
def test_who_left_before_it_came_into_force_owes_nothing(departure: K, left_at: str, is_owed: bool) -> None:
    assert ("RECONSENT:2.0" in owed(event(departure, left_at))) is is_owed


@pytest.mark.parametrize("departure", LEAVING)
@pytest.mark.parametrize(
    ("left_at", "expected"),
    [("2026-03-29T23:59:59.999999", DueState.NOT_REQUIRED), ("2026-03-30T00:00", DueState.MISSED)],
    ids=["in time", "when it was overdue"],
)
def test_leaving_calls_off_what_was_open_and_leaves_what_was_overdue(
    departure: K, left_at: str, expected: DueState
) -> None:
    found = owed(event(departure, left_at))
    assert found["RECONSENT:2.0"].ended_reason == "left"
    assert state(found, "2.0", "2026-06-01") is expected


@pytest.mark.parametrize("departure", [K.WITHDRAWN_FROM_TREATMENT, K.COMPLETED, K.PROGRESSED])
def test_who_stays_in_follow_up_still_owes_it(departure: K) -> None:
    assert state(owed(event(departure, "2026-02-20")), "2.0", "2026-03-02") is DueState.DUE


def test_the_signature_stays_when_the_participant_leaves_later() -> None:
    found = owed(consented("2.0", "2026-03-10"), event(K.DIED, "2026-03-12"))
    assert found["RECONSENT:2.0"].ended_at is None
    assert state(found, "2.0", "2026-06-01") is DueState.DONE


@pytest.mark.parametrize(
    ("departure", "back"),
    [
        pytest.param(K.SCREEN_FAILED, event(K.SCREENING_STARTED, "2026-06-01"), id="screened again"),
        pytest.param(K.LOST_TO_FOLLOW_UP, visited("V-FAR#1", "2026-06-01"), id="found again"),
    ],
)
@pytest.mark.parametrize("left_on", ["2026-02-20", "2026-03-10"], ids=["before it", "while it was open"])
def test_who_comes_back_owes_it_from_the_return(departure: K, back: Event, left_on: str) -> None:
    found = owed(event(departure, left_on), back)["RECONSENT:2.0"]
    assert (found.opens_at, found.closes_on) == (back.at, on("2026-06-29"))
    assert due_state(found, back.at) is DueState.DUE


def test_screened_again_with_the_current_version_is_in_time() -> None:
    found = owed(
        event(K.SCREEN_FAILED, "2026-02-20"),
        consented("2.0", "2026-06-01"),
        event(K.SCREENING_STARTED, "2026-06-02"),
    )
    assert state(found, "2.0", "2026-06-03") is DueState.DONE


def test_an_absence_that_was_over_before_changes_nothing() -> None:
    absent = [event(K.SCREEN_FAILED, "2026-02-01"), event(K.SCREENING_STARTED, "2026-02-10")]
    assert owed(*absent) == owed()


def test_what_was_overdue_before_the_absence_stays_late() -> None:
    found = owed(
        event(K.LOST_TO_FOLLOW_UP, "2026-04-10"),
        visited("V-FAR#1", "2026-06-01"),
        consented("2.0", "2026-06-01T11:00"),
    )
    assert found["RECONSENT:2.0"].opens_at == V2.activated_at
    assert state(found, "2.0", "2026-06-03") is DueState.DONE_LATE


@pytest.mark.parametrize(
    ("lost_at", "opens_at"),
    [
        pytest.param("2026-03-29T23:59:59.999999", "2026-06-01T10:00", id="lost at its last instant"),
        pytest.param("2026-03-30T00:00", "2026-03-01T10:00", id="lost as it closed"),
    ],
)
def test_it_opens_anew_on_return_only_if_it_was_not_late_before(lost_at: str, opens_at: str) -> None:
    found = owed(event(K.LOST_TO_FOLLOW_UP, lost_at), visited("V-FAR#1", "2026-06-01"))
    assert found["RECONSENT:2.0"].opens_at == local(opens_at)


def test_who_signs_and_leaves_at_the_same_instant_signed_in_time() -> None:
    found = owed(
        consented("2.0", "2026-03-10T10:00"),
        event(K.SCREEN_FAILED, "2026-03-10T10:00"),
        event(K.SCREENING_STARTED, "2026-06-01"),
    )
    assert state(found, "2.0", "2026-06-02") is DueState.DONE


def test_of_two_versions_that_came_during_an_absence_the_newer_is_owed() -> None:
    found = owed(
        event(K.SCREEN_FAILED, "2026-02-20"), event(K.SCREENING_STARTED, "2026-06-01"), icfs=(V1, V2, V3)
    )
    assert state(found, "2.0", "2026-06-02") is DueState.NOT_REQUIRED
    assert state(found, "3.0", "2026-06-02") is DueState.DUE
