from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from trialsite.protocol.amendments import Amendment, apply, find
from trialsite.protocol.registry import (
    Activation,
    ConsentedVersion,
    chain,
    in_force,
    reconsent_step,
    resolve,
    version_for,
)
from trialsite.protocol.types import (
    ClockDefinition,
    Criterion,
    CriterionKind,
    DoseLevel,
    Ladder,
    Limit,
    ScheduledItem,
    Source,
)
from trialsite.protocol.validate import ProtocolInvalid, validate

FIRST = resolve("1.0")
DAY_21 = replace(find(FIRST, ScheduledItem, "V-D21"), upper_days=3, source=Source.AMENDMENT)
NEW_CRITERION = Criterion(
    id="E13",
    kind=CriterionKind.EXCLUSION,
    text="Known allergy to albumin.",
    plain="Allergic to albumin.",
    plain_zh="对白蛋白过敏。",
    source=Source.AMENDMENT,
)
SECOND = Amendment(
    number="1.1",
    title="Version 1.1 (fictitious)",
    approved_on=date(2026, 3, 1),
    requires_reconsent=True,
    summary=("Day 21 may be a day later.", "Allergy to albumin excludes.", "Third dose levels dropped."),
    replace={"V-D21": DAY_21},
    add=(NEW_CRITERION,),
    retire=("DL-IV-3", "DL-IP-3"),
)
EDITORIAL = Amendment(
    number="1.2",
    requires_reconsent=False,
    summary=("Sponsor's status.",),
    trial=replace(FIRST.trial, status="Active, not recruiting"),
)
FOURTH = Amendment(
    number="1.10",
    requires_reconsent=True,
    summary=("Longer stagger.",),
    cohort_rule=replace(FIRST.cohort_rule, stagger_days=21, source=Source.AMENDMENT),
)
VERSIONS = chain(FIRST, [SECOND, EDITORIAL, FOURTH])


def amendment(**changes):
    return replace(Amendment(number="1.1", requires_reconsent=False, summary=("Something.",)), **changes)


def refused(previous, change):
    with pytest.raises(ProtocolInvalid) as refusal:
        apply(previous, change)
    return [(fault.code, fault.item_id) for fault in refusal.value.faults]


def test_an_amendment_changes_what_it_names_and_nothing_else():
    second = apply(FIRST, SECOND)
    assert validate(second) is None
    assert (second.number, second.title, second.approved_on) == (
        "1.1",
        "Version 1.1 (fictitious)",
        date(2026, 3, 1),
    )
    assert second.requires_reconsent
    assert second.summary_of_changes == SECOND.summary
    assert second.retired == ("DL-IV-3", "DL-IP-3")
    assert [row.id for row in second.schedule] == [row.id for row in FIRST.schedule]
    assert set(second.schedule) - set(FIRST.schedule) == {DAY_21}
    assert second.criteria == (*FIRST.criteria, NEW_CRITERION)
    assert [level.id for level in second.dose_levels] == ["DL-IV-1", "DL-IV-2", "DL-IP-1", "DL-IP-2"]
    assert (second.clocks, second.ladders, second.limits) == (FIRST.clocks, FIRST.ladders, FIRST.limits)
    assert (second.trial, second.cohort_rule) == (FIRST.trial, FIRST.cohort_rule)


def test_the_previous_version_stays_as_it_was():
    before = find(FIRST, ScheduledItem, "V-D21")
    apply(FIRST, SECOND)
    assert find(FIRST, ScheduledItem, "V-D21") is before
    assert FIRST.retired == ()


def test_a_chain_keeps_every_version_and_all_retired_ids():
    assert [version.number for version in VERSIONS] == ["1.0", "1.1", "1.2", "1.10"]
    assert VERSIONS[2].title == "Version 1.2"
    assert VERSIONS[2].trial.status == "Active, not recruiting"
    assert VERSIONS[3].trial.status == "Active, not recruiting"
    assert VERSIONS[3].cohort_rule.stagger_days == 21
    assert VERSIONS[3].retired == ("DL-IV-3", "DL-IP-3")


@pytest.mark.parametrize(
    ("kind", "item_id"),
    [
        (Criterion, "I10.4"),
        (ScheduledItem, "V-D28"),
        (ClockDefinition, "C-SAE"),
        (Ladder, "visit"),
        (DoseLevel, "DL-IP-2"),
        (Limit, "L-CONTRA"),
    ],
)
def test_every_kind_of_item_is_found_by_its_id(kind, item_id):
    found = find(FIRST, kind, item_id)
    assert isinstance(found, kind)
    assert found.id == item_id


@pytest.mark.parametrize("item_id", ["V-D28", "L-NONE"])
def test_an_id_of_another_kind_or_of_nothing_is_not_found(item_id):
    with pytest.raises(ProtocolInvalid) as refusal:
        find(FIRST, Limit, item_id)
    assert refusal.value.code == "id-unknown"


@pytest.mark.parametrize("number", ["1.0", "0.9", "1", "x"])
def test_an_amendment_must_follow_the_version_it_amends(number):
    assert refused(FIRST, amendment(number=number)) == [("number-not-later", "")]


def test_version_1_10_follows_1_9_and_not_1_1():
    ninth = apply(FIRST, amendment(number="1.9"))
    assert apply(ninth, amendment(number="1.10")).number == "1.10"
    assert refused(apply(ninth, amendment(number="1.10")), amendment()) == [("number-not-later", "")]


def test_an_amendment_without_a_summary_is_refused():
    assert refused(FIRST, amendment(summary=())) == [("summary-missing", "")]


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"replace": {"V-D99": replace(DAY_21, id="V-D99")}}, [("id-unknown", "V-D99")]),
        ({"replace": {"V-D28": DAY_21}}, [("id-mismatch", "V-D28")]),
        ({"replace": {"V-D21": replace(NEW_CRITERION, id="V-D21")}}, [("kind-changed", "V-D21")]),
        (
            {"replace": {"V-D21": find(FIRST, ScheduledItem, "V-D21")}},
            [("nothing-changed", "V-D21"), ("source-not-amendment", "V-D21")],
        ),
        ({"replace": {"V-D21": DAY_21}, "retire": ("V-D21",)}, [("id-twice", "V-D21")]),
        ({"replace": {"V-D21": replace(DAY_21, source=Source.SEED)}}, [("source-not-amendment", "V-D21")]),
        ({"add": (replace(NEW_CRITERION, source=Source.SEED),)}, [("source-not-amendment", "E13")]),
        ({"add": (replace(NEW_CRITERION, id="E12"),)}, [("id-duplicate", "E12")]),
        ({"add": (replace(NEW_CRITERION, id="V-D21"),)}, [("id-duplicate", "V-D21")]),
        ({"add": (NEW_CRITERION, NEW_CRITERION)}, [("id-duplicate", "E13"), ("id-duplicate", "E13")]),
        ({"add": (replace(NEW_CRITERION, id="E12"),), "retire": ("E12",)}, [("id-retired", "E12")]),
        ({"retire": ("V-D99",)}, [("id-unknown", "V-D99")]),
        ({"retire": ("V-D21", "V-D21")}, [("id-twice", "V-D21")]),
    ],
)
def test_an_amendment_that_contradicts_the_version_is_refused(changes, faults):
    assert refused(FIRST, amendment(**changes)) == faults


def test_an_id_retired_by_an_earlier_amendment_is_never_used_again():
    again = replace(FIRST.dose_levels[2], source=Source.AMENDMENT)
    assert refused(VERSIONS[2], amendment(number="1.3", add=(again,))) == [("id-retired", "DL-IV-3")]


def test_a_ladder_has_no_source_and_may_be_replaced():
    shorter = replace(find(FIRST, Ladder, "visit"), rungs=find(FIRST, Ladder, "daily").rungs)
    assert find(apply(FIRST, amendment(replace={"visit": shorter})), Ladder, "visit") == shorter


def test_all_faults_of_an_amendment_are_listed_at_once():
    faults = refused(FIRST, amendment(number="0.1", summary=(), retire=("V-D99",)))
    assert faults == [("number-not-later", ""), ("summary-missing", ""), ("id-unknown", "V-D99")]


# Which version is in force

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def active(number, at):
    return Activation(number=number, activated_at=at)


def signed(number, at):
    return ConsentedVersion(number=number, signed_at=at)


def day(number):
    return NOON + timedelta(days=number)


START = active("1.0", day(-100))


@pytest.mark.parametrize(
    ("at", "number"),
    [(NOON - INSTANT, "1.0"), (NOON, "1.1"), (NOON + INSTANT, "1.1")],
    ids=["before", "at", "after"],
)
def test_before_any_consent_the_site_s_latest_activation_applies_from_its_instant(at, number):
    assert in_force(VERSIONS, (START, active("1.1", NOON)), (), at) == number


@pytest.mark.parametrize(
    ("at", "number"),
    [(day(5) - INSTANT, "1.0"), (day(5), "1.1"), (day(5) + INSTANT, "1.1")],
    ids=["before", "at", "after"],
)
def test_who_consented_earlier_moves_to_a_new_version_at_the_instant_of_re_consent(at, number):
    activations = (START, active("1.1", NOON))
    assert in_force(VERSIONS, activations, (signed("1.0", day(-9)), signed("1.1", day(5))), at) == number


@pytest.mark.parametrize(
    ("at", "number"),
    [(day(5) - INSTANT, "1.1"), (day(5), "1.0"), (day(5) + INSTANT, "1.0")],
    ids=["before", "at", "after"],
)
def test_signing_an_outdated_version_binds_to_it_from_the_instant_of_signing(at, number):
    activations = (START, active("1.1", NOON))
    assert in_force(VERSIONS, activations, (signed("1.0", day(5)),), at) == number


@pytest.mark.parametrize(
    ("at", "number"),
    [(NOON - INSTANT, "1.1"), (NOON, "1.2"), (NOON + INSTANT, "1.2")],
    ids=["before", "at", "after"],
)
def test_a_version_without_re_consent_applies_to_all_who_signed_the_one_before_it(at, number):
    activations = (START, active("1.1", day(-50)), active("1.2", NOON))
    assert in_force(VERSIONS, activations, (signed("1.1", day(-20)),), at) == number


def test_an_editorial_version_does_not_smuggle_in_one_that_was_never_signed():
    activations = (START, active("1.1", day(-50)), active("1.2", day(-40)))
    assert in_force(VERSIONS, activations, (signed("1.0", day(-60)),), NOON) == "1.0"
    assert in_force(VERSIONS, (START, active("1.2", day(-40))), (signed("1.0", day(-60)),), NOON) == "1.0"


def test_signing_a_version_before_the_site_activated_it_waits_for_the_activation():
    activations = (START, active("1.1", NOON))
    consents = (signed("1.0", day(-60)), signed("1.1", day(-1)))
    assert in_force(VERSIONS, activations, consents, NOON - INSTANT) == "1.0"
    assert in_force(VERSIONS, activations, consents, NOON) == "1.1"


def test_signing_a_later_version_covers_the_earlier_ones():
    activations = (START, active("1.1", day(-50)))
    consents = (signed("1.0", day(-60)), signed("1.10", day(-1)))
    assert in_force(VERSIONS, activations, consents, NOON) == "1.1"


def test_going_back_to_an_older_version_is_possible_and_order_of_entry_does_not_matter():
    activations = (active("1.0", NOON), active("1.2", day(-10)), START)
    assert in_force(VERSIONS, activations, (), NOON) == "1.0"
    assert in_force(VERSIONS, activations, (), NOON - INSTANT) == "1.2"


def test_of_two_activations_at_one_instant_the_later_version_counts():
    assert in_force(VERSIONS, (active("1.10", NOON), active("1.2", NOON)), (), NOON) == "1.10"


def test_who_signed_only_a_version_that_the_site_never_activated_keeps_it():
    activations = (active("1.1", day(-50)),)
    assert in_force(VERSIONS, activations, (signed("1.0", day(-60)),), NOON) == "1.0"
    assert in_force(VERSIONS, (), (signed("1.0", day(-60)),), NOON) == "1.0"


def test_with_neither_activation_nor_consent_no_version_is_in_force():
    with pytest.raises(ProtocolInvalid) as refusal:
        in_force(VERSIONS, (active("1.0", NOON),), (signed("1.0", NOON),), NOON - INSTANT)
    assert refusal.value.code == "none-in-force"


def test_the_re_consent_step_is_the_newest_version_so_far_that_needs_it():
    assert [reconsent_step(VERSIONS, index) for index in range(4)] == [0, 1, 1, 3]


def test_shipped_versions_answer_the_same_question():
    assert version_for((START,), (signed("1.0", day(-9)),), NOON) == "1.0"
    with pytest.raises(ProtocolInvalid, match="no protocol version has this number"):
        version_for((active("7.0", day(-1)),), (), NOON)
