from decimal import Decimal

import pytest

from followup.rules.response import Censoring, EndEvent, PlannedScan, ResponseCourse, assess_response
from tests.followup.response.courses import INFUSED_ON, LIMITS, answer, course, day, scan

PROGRESSION, DEATH = EndEvent.PROGRESSION, EndEvent.DEATH
STABLE, GROWN = scan(60, "50"), scan(120, "70")
RESPONSES = (scan(42, "30"), scan(90, "30"))


def seen(one):
    return (one.event or one.censoring, (one.until_on - INFUSED_ON).days)


@pytest.mark.parametrize(
    ("points", "fate", "found"),
    [
        ((STABLE, GROWN), {}, (PROGRESSION, 120)),
        ((STABLE, GROWN), {"died_on": day(200)}, (PROGRESSION, 120)),
        ((STABLE,), {"died_on": day(100)}, (DEATH, 100)),
        ((STABLE, GROWN), {"died_on": day(120)}, (PROGRESSION, 120)),
        ((), {"died_on": day(20)}, (DEATH, 20)),
        ((STABLE,), {"progressed_on": day(90)}, (PROGRESSION, 90)),
        ((STABLE,), {}, (Censoring.CUT_OFF, 60)),
        ((STABLE,), {"lost_on": day(200)}, (Censoring.LOST, 60)),
        ((STABLE,), {"withdrawn_on": day(200)}, (Censoring.WITHDRAWN, 60)),
        ((STABLE,), {"lost_on": day(1001)}, (Censoring.CUT_OFF, 60)),
        ((STABLE,), {"died_on": day(1001)}, (Censoring.CUT_OFF, 60)),
        ((STABLE, GROWN), {"withdrawn_on": day(70)}, (PROGRESSION, 120)),
        ((), {}, (Censoring.NO_ASSESSMENT, 0)),
        ((scan(60),), {"lost_on": day(70)}, (Censoring.NO_ASSESSMENT, 0)),
        ((STABLE, scan(90)), {}, (Censoring.CUT_OFF, 60)),  # not evaluable at day 90
        ((STABLE, GROWN), {"new_therapy_on": day(121)}, (PROGRESSION, 120)),
        ((STABLE, GROWN), {"new_therapy_on": day(120)}, (Censoring.NEW_THERAPY, 60)),
        ((STABLE,), {"new_therapy_on": day(80), "died_on": day(100)}, (Censoring.NEW_THERAPY, 60)),
        ((STABLE,), {"new_therapy_on": day(60), "died_on": day(100)}, (Censoring.NEW_THERAPY, 0)),
        ((STABLE,), {"new_therapy_on": day(100), "died_on": day(100)}, (Censoring.NEW_THERAPY, 60)),
        ((STABLE,), {"new_therapy_on": day(101), "died_on": day(100)}, (DEATH, 100)),
        ((STABLE,), {"new_therapy_on": day(1001)}, (Censoring.CUT_OFF, 60)),
    ],
)
def test_progression_free_survival_ends_with_progression_or_death_or_is_censored(points, fate, found):
    assert seen(answer(*points, **fate).pfs) == found


def planned(*spans):
    return tuple(PlannedScan(first_on=day(first), last_on=day(last)) for first, last in spans)


@pytest.mark.parametrize(
    ("spans", "found"),
    [
        (((65, 75), (90, 100)), (Censoring.MISSED_ASSESSMENTS, 60)),
        (((65, 75), (90, 119)), (Censoring.MISSED_ASSESSMENTS, 60)),
        (((65, 75), (90, 120)), (PROGRESSION, 120)),  # the second could have been this one
        (((60, 75), (90, 100)), (PROGRESSION, 120)),  # the first was this one
        (((65, 75),), (PROGRESSION, 120)),
        (((10, 20), (30, 40)), (PROGRESSION, 120)),
    ],
)
def test_two_planned_assessments_missed_before_the_event_hide_it(spans, found):
    assert seen(answer(STABLE, GROWN, planned=planned(*spans)).pfs) == found


def test_missed_assessments_hide_a_death_from_progression_free_survival_only():
    found = answer(STABLE, died_on=day(400), planned=planned((80, 90), (170, 180)))
    assert seen(found.pfs) == (Censoring.MISSED_ASSESSMENTS, 60)
    assert seen(found.os) == (DEATH, 400)


@pytest.mark.parametrize(
    ("fate", "found"),
    [
        ({"died_on": day(400)}, (DEATH, 400)),
        ({"died_on": day(1000)}, (DEATH, 1000)),
        ({"died_on": day(1001), "last_alive_on": day(900)}, (Censoring.CUT_OFF, 900)),
        ({"last_alive_on": day(300)}, (Censoring.CUT_OFF, 300)),
        ({"last_alive_on": day(300), "lost_on": day(320)}, (Censoring.LOST, 300)),
        ({"last_alive_on": day(300), "withdrawn_on": day(300)}, (Censoring.WITHDRAWN, 300)),
        ({"last_alive_on": day(-5)}, (Censoring.CUT_OFF, 0)),
        ({"last_alive_on": day(1001)}, (Censoring.CUT_OFF, 0)),
        ({}, (Censoring.CUT_OFF, 0)),
        ({"new_therapy_on": day(30), "died_on": day(400)}, (DEATH, 400)),
    ],
)
def test_overall_survival_ends_with_death_or_with_the_last_day_known_alive(fate, found):
    assert seen(answer(STABLE, **fate).os) == found


def test_the_duration_of_response_runs_from_the_first_sight_of_a_confirmed_one():
    found = answer(*RESPONSES, scan(150, "60")).dor
    assert (found.from_on, found.until_on, found.event) == (day(42), day(150), PROGRESSION)
    assert found.days == 109


def test_a_partial_response_that_becomes_complete_counts_from_the_partial_one():
    found = answer(scan(42, "30"), scan(90, "absent"), scan(130, "absent"))
    assert str(found.best_confirmed.response) == "CR"
    assert (found.dor.from_on, seen(found.dor)) == (day(42), (Censoring.CUT_OFF, 130))


def test_without_a_confirmed_response_there_is_no_duration():
    assert answer(scan(42, "30"), scan(60, "30")).dor is None


def test_the_duration_is_censored_as_progression_free_survival_is():
    found = answer(*RESPONSES, scan(150, "60"), new_therapy_on=day(120)).dor
    assert seen(found) == (Censoring.NEW_THERAPY, 90)


def test_without_a_baseline_nothing_is_assessed():
    bare = course(STABLE, died_on=None)
    found = assess_response(
        ResponseCourse(infused_on=INFUSED_ON, fate=bare.fate, baseline=None, points=(STABLE,)), LIMITS
    )
    assert seen(found.pfs) == (Censoring.NO_BASELINE, 0)
    assert [one.code for one in found.remarks] == ["no-baseline"]
    assert found.points[0].assessment is None
    assert str(found.best.response) == "NE"


@pytest.mark.parametrize(
    ("until", "days", "months"), [(0, 1, "0.0"), (30, 31, "1.0"), (364, 365, "12.0"), (45, 46, "1.5")]
)
def test_first_and_last_day_both_count_and_a_month_has_30_4375_days(until, days, months):
    found = answer(died_on=day(until)).os
    assert (found.days, found.months) == (days, Decimal(months))
