"""The days that look-backs count from, and the catalogue as criteria see it."""

from datetime import date

import pytest

from screening.rules.evidence import Anchors, Purpose
from screening.rules.items import BY_ID, BY_TEST_CODE, ITEMS, items_for
from tests.screening.rules.desk import VERSION

CONSENT, SCREENING, ENROLMENT, TODAY = (date(2026, 6, n) for n in (1, 3, 20, 25))


def anchors(**given):
    return Anchors(**{"consent_on": CONSENT, "screening_on": SCREENING, "as_of": TODAY, **given})


@pytest.mark.parametrize(
    ("given", "decision", "look_back", "enrolment_look_back", "is_provisional"),
    [
        pytest.param({}, TODAY, SCREENING, SCREENING, True, id="not enrolled"),
        pytest.param(
            {"screening_on": None}, TODAY, CONSENT, CONSENT, True, id="consent stands in for screening"
        ),
        pytest.param(
            {"screening_on": None, "consent_on": None}, TODAY, None, None, True, id="nothing to count from"
        ),
        pytest.param({"enrolment_on": ENROLMENT}, ENROLMENT, SCREENING, ENROLMENT, False, id="enrolled"),
        pytest.param({"purpose": Purpose.RECHECK}, TODAY, TODAY, TODAY, False, id="a re-check"),
        pytest.param(
            {"purpose": Purpose.RECHECK, "enrolment_on": ENROLMENT},
            TODAY,
            TODAY,
            TODAY,
            False,
            id="after enrolment",
        ),
    ],
)
def test_what_counts_from_which_day(given, decision, look_back, enrolment_look_back, is_provisional):
    one = anchors(**given)
    assert one.decision_on == decision
    assert one.look_back_on == look_back
    assert one.enrolment_look_back_on == enrolment_look_back
    assert one.is_provisional is is_provisional


def test_every_criterion_that_is_assessed_has_items_and_every_item_a_criterion():
    parents = {one.parent for one in VERSION.criteria}
    finest = {one.id for one in VERSION.criteria} - parents
    assert {name for name in finest if not items_for(name)} == set()
    assert {name for item in ITEMS for name in item.criteria} == finest


def test_items_are_found_by_id_by_laboratory_code_and_by_criterion_in_their_order():
    assert [item.id for item in items_for("I10.1")] == ["wbc", "neut", "lym", "plat", "hgb"]
    assert BY_ID["plat"] is BY_TEST_CODE["PLAT"]
    assert len(BY_ID) == len(ITEMS)


def test_what_has_a_validity_needs_its_date():
    assert [item.id for item in ITEMS if item.validity and not item.needs_date] == []
