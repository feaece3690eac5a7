"""Tests that women of childbearing potential owe. Judge: clinical rules 6.4 and 5.3."""

from dataclasses import replace
from datetime import date

import pytest

from tests.protocol.engine import K, event, facts, infused, midnight, planned
from trialsite.protocol.due import due_state
from trialsite.protocol.findings import finding_for
from trialsite.protocol.registry import resolve
from trialsite.protocol.schedule import plan
from trialsite.protocol.scheduled_tests import owed_tests
from trialsite.protocol.types import ContraceptiveMethod, DueState, Event, Obligation, ObligationKind, Offset
from trialsite.protocol.validate import ProtocolInvalid, validate

V = resolve("1.0")
SCREENED = event(K.SCREENING_STARTED, "2026-01-07")
PLANNED = planned("2026-02-20", "2026-03-10")
DOSE = event(K.LYMPHODEPLETION_DOSE_GIVEN, "2026-03-04", item="V-LD1#1")
INFUSED = infused("2026-03-10")


def needed(when: str, answer: str = "yes", ref: str = "s1") -> Event:
    return event(K.TEST_NEED_STATED, when, ref=ref, is_needed=answer)


def has_result(when: str, key: str = "", ref: str = "t1") -> Event:
    return event(K.TEST_DONE, when, item=key, ref=ref)


def owed(*events: Event) -> dict[str, Obligation]:
    found = owed_tests(V, sorted(events, key=lambda one: one.at), facts())
    return {one.key: one for one in found}


def windows(*events: Event) -> dict[str, tuple[str, str, str]]:
    return {
        key: (one.opens_on.isoformat(), one.target_on.isoformat(), str(one.closes_on))
        for key, one in owed(*events).items()
    }


def test_every_test_of_6_4_is_owed_in_its_window() -> None:
    assert windows(needed("2026-01-07"), SCREENED, PLANNED, DOSE, INFUSED) == {
        "K-SCR#1": ("2025-12-31", "2026-01-07", "2026-02-04"),
        "K-LD#1": ("2026-03-01", "2026-03-04", "2026-03-04"),
        "K-D28#1": ("2026-04-05", "2026-04-07", "2026-04-09"),
        "K-M2#1": ("2026-05-03", "2026-05-10", "2026-05-17"),
        "K-M3#1": ("2026-06-03", "2026-06-10", "2026-06-17"),
        "K-M6#1": ("2026-08-27", "2026-09-10", "2026-09-24"),
        "K-M9#1": ("2026-11-26", "2026-12-10", "2026-12-24"),
        "K-M12#1": ("2027-02-24", "2027-03-10", "2027-03-24"),
    }


def test_before_the_first_dose_the_window_is_counted_from_the_planned_infusion() -> None:
    assert windows(needed("2026-01-07"), PLANNED)["K-LD#1"] == ("2026-03-02", "2026-03-05", "2026-03-05")


@pytest.mark.parametrize("stated", [[], [needed("2026-01-07", "no")]])
def test_nothing_is_owed_without_childbearing_potential(stated: list[Event]) -> None:
    assert owed(SCREENED, PLANNED, INFUSED, *stated) == {}


def test_a_need_that_ends_leaves_the_tests_behind_it_out() -> None:
    sterilised = needed("2026-06-10", "no", ref="s2")
    assert list(owed(needed("2026-01-07"), INFUSED, sterilised)) == ["K-D28#1", "K-M2#1"]
    assert "K-M3#1" in owed(
        needed("2026-01-07"), INFUSED, replace(sterilised, on=date(2026, 6, 11), at=midnight("2026-06-11"))
    )


def test_what_is_stated_late_holds_for_the_time_before() -> None:
    assert "K-D28#1" in owed(INFUSED, needed("2026-05-01"))


def test_a_test_that_was_done_stays_when_the_need_turns_out_to_be_none() -> None:
    kept = owed(needed("2026-01-07", "no"), INFUSED, has_result("2026-04-07"))
    assert {key: one.fulfilled_ref for key, one in kept.items()} == {"K-D28#1": "t1"}


@pytest.mark.parametrize(
    ("when", "key", "state"),
    [
        ("2026-04-05", "", DueState.DONE),
        ("2026-04-09", "", DueState.DONE),
        ("2026-04-04", "", None),
        ("2026-04-10", "", None),
        ("2026-04-04", "K-D28#1", DueState.DONE_EARLY),
        ("2026-04-10", "K-D28#1", DueState.DONE_LATE),
        ("2026-04-07", "K-M2#1", None),
    ],
)
def test_a_result_answers_the_test_it_names_or_the_window_it_lies_in(
    when: str, key: str, state: DueState | None
) -> None:
    one = owed(needed("2026-01-07"), INFUSED, has_result(when, key))["K-D28#1"]
    assert (due_state(one, midnight("2026-04-20")) if one.fulfilled_at else None) is state


def found_at(now: str, *events: Event) -> list[tuple[str, str, bool]]:
    findings = [finding_for(one, midnight(now)) for one in owed(*events).values()]
    return [(one.subject, one.rule_id, one.is_important) for one in findings if one]


def test_a_missed_test_is_a_deviation_and_the_second_in_a_row_an_important_one() -> None:
    base = [needed("2026-01-07"), INFUSED]
    first, second = ("K-D28#1", "TEST-MISSED", False), ("K-M2#1", "TEST-MISSED-AGAIN", True)
    assert found_at("2026-05-02", *base) == []  # overdue until the next one opens
    assert found_at("2026-05-03", *base) == [first]
    assert found_at("2026-06-03", *base) == [first, second]
    done = has_result("2026-04-07")
    assert found_at("2026-06-03", *base, done) == [("K-M2#1", "TEST-MISSED", False)]
    again = [*base, done, has_result("2026-06-10", ref="t2")]
    assert found_at("2026-11-26", *again) == [
        ("K-M2#1", "TEST-MISSED", False),
        ("K-M6#1", "TEST-MISSED", False),
    ]


def test_the_last_test_is_missed_thirty_days_after_its_window() -> None:
    base = [needed("2026-01-07"), INFUSED]
    assert ("K-M12#1", "TEST-MISSED-AGAIN", True) not in found_at("2027-04-23", *base)
    assert ("K-M12#1", "TEST-MISSED-AGAIN", True) in found_at("2027-04-24", *base)


def test_what_a_criterion_or_a_gate_judges_is_no_deviation_here() -> None:
    assert found_at("2026-12-01", needed("2026-01-07"), SCREENED, PLANNED, DOSE) == []


def test_death_and_a_new_infusion_end_what_was_open() -> None:
    died = owed(needed("2026-01-07"), INFUSED, event(K.DIED, "2026-05-05"))
    assert due_state(died["K-M2#1"], midnight("2026-05-06")) is DueState.NOT_REQUIRED
    again = owed(needed("2026-01-07"), INFUSED, infused("2026-08-30"))
    assert (again["K-M6#1"].ended_reason, "K-M9#1" in again) == ("superseded", False)
    assert again["K-M9#2"].target_on == date(2027, 5, 30)


def test_a_suspicion_is_owed_by_everybody_of_whom_it_is_recorded() -> None:
    asked = owed(event(K.TEST_ASKED, "2026-05-20", ref="a1"))
    assert [(key, one.closes_on) for key, one in asked.items()] == [("K-ASKED#1", date(2026, 5, 23))]
    assert not asked["K-ASKED#1"].is_important


def test_refused_contact_stops_the_reminders_and_nothing_else() -> None:
    found = owed(needed("2026-01-07"), INFUSED, event(K.CONTACT_REFUSED, "2026-04-20"))
    assert {key: one.ladder for key, one in found.items()}["K-D28#1"] == "procedure"
    assert {one.ladder for key, one in found.items() if key != "K-D28#1"} == {"none"}


def test_the_plan_has_them_and_no_name_says_what_they_are() -> None:
    planned_now = plan(V, [needed("2026-01-07"), INFUSED], facts())
    tests = [one for one in planned_now if one.kind is ObligationKind.TEST]
    assert len(tests) == 6
    assert all(one.title.startswith("Confidential test") for one in tests)


@pytest.mark.parametrize(
    ("section", "change", "code"),
    [
        ("scheduled_tests", {"lower_days": -1}, "window-unsound"),
        ("scheduled_tests", {"missed_after_days": -1}, "window-unsound"),
        ("scheduled_tests", {"offset": Offset(months=1, days=1)}, "offset-mixed"),
        ("scheduled_tests", {"before_item": "V-GONE"}, "procedure-unknown"),
        ("scheduled_tests", {"title": "Pregnancy test, day 28"}, "title-telling"),
        ("scheduled_tests", {"title_zh": ""}, "text-missing"),
        ("scheduled_tests", {"ladder": "gone"}, "ladder-unknown"),
        ("contraceptive_methods", {"title": ""}, "text-missing"),
        ("contraceptive_methods", {"source": "assumed "}, "source-missing"),
    ],
)
def test_unsound_items_are_found(section: str, change: dict[str, object], code: str) -> None:
    first, *others = getattr(V, section)
    broken = replace(V, **{section: (replace(first, **change), *others)})
    with pytest.raises(ProtocolInvalid) as refused:
        validate(broken)
    assert code in {fault.code for fault in refused.value.faults}


def test_a_version_in_which_no_method_counts_is_unsound() -> None:
    none: tuple[ContraceptiveMethod, ...] = tuple(
        replace(one, is_effective=False) for one in V.contraceptive_methods
    )
    with pytest.raises(ProtocolInvalid, match="no method counts"):
        validate(replace(V, contraceptive_methods=none))
