"""Decisions about the journey, on both sides of every boundary."""

from datetime import date, timedelta

import pytest

from participants.rules import (
    SETTLED,
    IcfInForce,
    assess_event,
    consent_checks,
    departures,
    judge_plan,
    require_approved,
    require_past,
    require_reason,
    settle,
    state_before,
)
from participants.states import State
from tests.protocol.engine import INSTANT, event, local, midnight, obligation, utc
from trialsite.errors import RuleViolated
from trialsite.protocol.findings import Category
from trialsite.protocol.gates import Gate, Outcome, check, gate
from trialsite.protocol.schedule import diff
from trialsite.protocol.types import Act, EventKind, Obligation

K = EventKind
NOW = utc("2026-03-10T04:00")


@pytest.mark.parametrize(
    ("ahead", "is_refused"),
    [
        pytest.param(-timedelta(days=400), False, id="long ago"),
        pytest.param(timedelta(0), False, id="this instant"),
        pytest.param(timedelta(minutes=5), False, id="five minutes ahead, a clock that runs fast"),
        pytest.param(timedelta(minutes=5) + INSTANT, True, id="a moment more than five minutes ahead"),
        pytest.param(timedelta(days=1), True, id="tomorrow"),
    ],
)
def test_only_what_has_happened_can_be_recorded(ahead: timedelta, is_refused: bool) -> None:
    if not is_refused:
        require_past(NOW + ahead, NOW)
        return
    with pytest.raises(RuleViolated) as refused:
        require_past(NOW + ahead, NOW, "given_at")
    assert (refused.value.code, refused.value.field) == ("in-the-future", "given_at")


@pytest.mark.parametrize(
    ("activated_on", "is_refused"),
    [("2026-03-09", True), ("2026-03-10", False), ("2026-03-11", False)],
    ids=["the day before approval", "the day of approval", "the day after"],
)
def test_a_version_is_put_in_force_from_the_day_of_approval_on(activated_on: str, is_refused: bool) -> None:
    if not is_refused:
        require_approved(date(2026, 3, 10), date.fromisoformat(activated_on))
        return
    with pytest.raises(RuleViolated) as refused:
        require_approved(date(2026, 3, 10), date.fromisoformat(activated_on))
    assert (refused.value.code, refused.value.field) == ("not-approved-yet", "activated_at")


@pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
def test_blanks_are_no_reason(reason: str) -> None:
    with pytest.raises(RuleViolated) as refused:
        require_reason(reason, "a value is changed", {"act": "visit"})
    assert (refused.value.code, refused.value.field) == ("reason-required", "reason")
    assert refused.value.params == {"act": "visit"}


def test_any_word_is_a_reason() -> None:
    require_reason("typing error", "a value is changed")


JOURNEY = [
    event(K.REFERRED, "2026-01-01"),
    event(K.CONSENTED, "2026-01-02", ref="consent"),
    event(K.SCREENING_STARTED, "2026-01-03", ref="episode"),
    event(K.ELIGIBILITY_CONFIRMED, "2026-01-04", ref="decision"),
    event(K.ENROLLED, "2026-01-05", ref="enrolment"),
]


@pytest.mark.parametrize(
    ("when", "state"),
    [
        ("2025-12-31", State.REFERRED),
        ("2026-01-03", State.SCREENING),  # another start at the same instant was there first
        ("2026-01-03T09:59", State.REFERRED),
        ("2026-01-03T10:01", State.SCREENING),
        ("2026-01-05T09:59", State.ELIGIBLE),
        ("2026-01-06", State.ENROLLED),
    ],
)
def test_the_state_before_an_event_counts_what_happened_earlier(when: str, state: State) -> None:
    assert state_before(JOURNEY[::-1], event(K.SCREENING_STARTED, when)) is state


def test_an_event_in_order_after_consent_departs_from_nothing() -> None:
    for number, one in enumerate(JOURNEY):
        assert assess_event(JOURNEY[:number], one) == ()


@pytest.mark.parametrize(
    ("consented_at", "is_found"),
    [("2026-01-03T09:59", False), ("2026-01-03T10:00", False), ("2026-01-03T10:01", True)],
    ids=["a minute before", "at the same minute", "a minute after"],
)
def test_a_procedure_before_the_signature_is_an_important_deviation(
    consented_at: str, is_found: bool
) -> None:
    found = assess_event([JOURNEY[0], event(K.CONSENTED, consented_at)], JOURNEY[2])

    assert [(one.rule_id, one.category, one.is_important) for one in found] == (
        [("CONSENT-BEFORE-PROCEDURE", Category.CONSENT, True)] if is_found else []
    )


@pytest.mark.parametrize(
    ("kind", "is_important"),
    [(K.ENROLLED, True), (K.INFUSED, True), (K.MANUFACTURING_STARTED, False), (K.PRODUCT_RELEASED, False)],
)
def test_what_touches_the_participant_out_of_order_is_important(kind: EventKind, is_important: bool) -> None:
    (found,) = assess_event(JOURNEY[:3], event(kind, "2026-01-06", ref="lot"))

    assert (found.rule_id, found.subject) == (f"ORDER-{kind.value}", "lot")
    assert (found.category, found.is_important) == (Category.PROCEDURE, is_important)
    assert found.title.endswith('at the stage "screening"')


def test_out_of_order_and_before_consent_are_two_departures() -> None:
    found = assess_event([JOURNEY[0]], event(K.INFUSED, "2026-01-06"))

    assert [one.rule_id for one in found] == ["ORDER-infused", "CONSENT-BEFORE-PROCEDURE"]


class TestDepartures:
    """What the whole journey departs from, judged again after every entry and correction."""

    def test_a_regular_journey_has_none(self) -> None:
        assert departures(JOURNEY[::-1]) == {}

    def test_they_are_those_of_each_event_with_its_instant(self) -> None:
        events = [*JOURNEY, event(K.INFUSED, "2026-01-06", ref="infusion")]

        found = departures(events)

        assert found == {
            ("ORDER-infused", "infusion"): (assess_event(JOURNEY, events[-1])[0], local("2026-01-06T10:00"))
        }

    def test_a_death_entered_late_puts_what_followed_out_of_order(self) -> None:
        late = event(K.DIED, "2026-01-04T12:00", ref="death")

        assert ("ORDER-enrolled", "enrolment") in departures([*JOURNEY, late])

    def test_a_consent_form_found_later_heals_what_it_precedes(self) -> None:
        without = [one for one in JOURNEY if one.kind is not K.CONSENTED]

        assert {subject for rule, subject in departures(without) if rule == "CONSENT-BEFORE-PROCEDURE"} == {
            "episode",
            "decision",
            "enrolment",
        }
        assert departures([*without, JOURNEY[1]]) == {}

    def test_a_signature_of_the_same_instant_comes_first(self) -> None:
        signed = event(K.CONSENTED, "2026-01-03", ref="consent")

        assert departures([JOURNEY[0], JOURNEY[2], signed]) == {}

    def test_of_the_same_departure_the_first_instant_counts(self) -> None:
        twice = [event(K.COMPLETED, "2026-01-03"), event(K.COMPLETED, "2026-01-04")]

        assert [at for _, at in departures(twice).values()] == [local("2026-01-03T10:00")]


def gate_with(passed: bool | None) -> Gate:
    return gate(Act.ENROL, [check("eligible", passed, "Not eligible by I1", Category.ELIGIBILITY)])


def test_a_gate_that_passes_lets_the_act_go_ahead_without_a_reason() -> None:
    assert settle(gate_with(True), happened=False, reason="") == ()
    assert settle(gate_with(True), happened=True, reason="") == ()


@pytest.mark.parametrize(("passed", "outcome"), [(False, Outcome.FAIL), (None, Outcome.UNKNOWN)])
def test_an_act_to_come_is_refused_whatever_the_reason(passed: bool | None, outcome: Outcome) -> None:
    with pytest.raises(RuleViolated, match="Not eligible by I1") as refused:
        settle(gate_with(passed), happened=False, reason="the sponsor agreed")

    assert refused.value.code == "gate-failed"
    assert refused.value.params["outcome"] == outcome.value
    assert refused.value.params["act"] == "enrol"


@pytest.mark.parametrize("passed", [False, None])
def test_what_happened_is_recorded_with_a_reason(passed: bool | None) -> None:
    with pytest.raises(RuleViolated) as refused:
        settle(gate_with(passed), happened=True, reason=" ")
    assert refused.value.code == "reason-required"

    (found,) = settle(gate_with(passed), happened=True, reason="done at the weekend")

    assert (found.rule_id, found.is_important) == ("GATE-enrol-eligible", True)


def icf(version: str, approved: str, activated: str | None) -> IcfInForce:
    at = local(f"{activated}T10:00") if activated else None
    return IcfInForce(version=version, approved_on=date.fromisoformat(approved), activated_at=at)


FIRST = icf("1.0", "2026-01-01", "2026-01-05")
SECOND = icf("2.0", "2026-02-01", "2026-02-05")
ONLY_APPROVED = icf("3.0", "2026-03-01", None)


@pytest.mark.parametrize(
    ("number", "signed_at", "codes"),
    [
        pytest.param("1.0", "2026-01-10T10:00", [], id="the version in force"),
        pytest.param("1.0", "2026-01-01T00:00", [], id="the first minute of the day of approval"),
        pytest.param("1.0", "2025-12-31T23:59", ["icf-approved"], id="the day before approval"),
        pytest.param("1.0", "2026-02-05T09:59", [], id="a minute before the next version"),
        pytest.param("1.0", "2026-02-05T10:00", ["icf-current"], id="the minute of the next version"),
        pytest.param("2.0", "2026-02-05T10:00", [], id="the next version from its first minute"),
        pytest.param("3.0", "2026-03-02T10:00", [], id="approved, not yet in force"),
        pytest.param("9.9", "2026-03-02T10:00", ["icf-approved"], id="never approved here"),
    ],
)
def test_only_an_approved_and_current_version_is_signed_without_a_question(
    number: str, signed_at: str, codes: list[str]
) -> None:
    at = local(signed_at)
    found = consent_checks([FIRST, SECOND, ONLY_APPROVED], number, at, date.fromisoformat(signed_at[:10]))

    assert [one.code for one in found if one.outcome is not Outcome.PASS] == codes


def test_an_outdated_form_names_the_newer_ones() -> None:
    found = consent_checks([FIRST, SECOND], "1.0", local("2026-03-01T10:00"), date(2026, 3, 1))

    assert found[1].reason == "A newer ICF version was in force: 2.0"


MISSED_AT = midnight("2026-03-20")
OPEN_VISIT = obligation(missed_at=MISSED_AT)
LATE_VISIT = obligation(missed_at=MISSED_AT, fulfilled_at=midnight("2026-03-16"))
DONE_VISIT = obligation(missed_at=MISSED_AT, fulfilled_at=midnight("2026-03-12"))


@pytest.mark.parametrize(
    ("before", "after", "found", "gone"),
    [
        pytest.param([], [OPEN_VISIT], [("WINDOW-MISSED", "2026-03-15")], {}, id="missed from the beginning"),
        pytest.param([OPEN_VISIT], [LATE_VISIT], [("WINDOW-LATE", "2026-03-16")], {"WINDOW-MISSED": "done on 2026-03-16"}, id="late after all"),
        pytest.param([OPEN_VISIT], [DONE_VISIT], [], {"WINDOW-MISSED": "done on 2026-03-12"}, id="written up late"),
        pytest.param([LATE_VISIT], [DONE_VISIT], [], {"WINDOW-LATE": SETTLED}, id="corrected"),
        pytest.param([LATE_VISIT], [], [], {"WINDOW-LATE": SETTLED}, id="not in the plan any more"),
        pytest.param([DONE_VISIT], [], [], {}, id="nothing was found"),
    ],
)  # fmt: skip
def test_a_new_plan_is_judged_against_the_former(
    before: list[Obligation], after: list[Obligation], found: list[tuple[str, str]], gone: dict[str, str]
) -> None:
    judged = judge_plan(diff(before, after), MISSED_AT)
    assert [(one.rule_id, at) for one, at in judged.found] == [(rule, midnight(on)) for rule, on in found]
    assert {rule for rule, _ in judged.gone} == set(gone)
    for (rule, _), note in judged.gone.items():
        assert gone[rule] in note
