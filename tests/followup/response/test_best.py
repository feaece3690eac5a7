import pytest

from followup.rules.response import Dated, Response, best_confirmed, best_unconfirmed
from tests.followup.response.courses import INFUSED_ON, LIMITS, answer, day, scan


def dated(said):
    """`28 PR, 60 PR` as responses by day."""
    pairs = [one.split() for one in said.split(", ")] if said else []
    return [Dated(day(int(number)), Response(response)) for number, response in pairs]


def best(said, rule=best_confirmed):
    found = rule(dated(said), INFUSED_ON, LIMITS)
    return str(found.response), found.rule.removeprefix("RECIST-BEST-")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("28 PR", ("PR", "PR")),
        ("28 SD, 60 CR, 90 PD", ("CR", "CR")),
        ("28 PR, 60 CR, 90 PD", ("CR", "CR")),
        ("42 SD", ("SD", "SD")),
        ("41 SD", ("NE", "NE-EARLY")),
        ("28 SD", ("NE", "NE-EARLY")),  # the D28 scan alone never makes SD
        ("28 SD, 60 PD", ("PD", "PD")),
        ("28 SD, 42 SD, 60 PD", ("SD", "SD")),
        ("28 NE, 60 NE", ("NE", "NE")),
        ("28 NE, 60 PD", ("PD", "PD")),
        ("", ("NE", "NE")),
    ],
)
def test_without_confirmation_the_best_counts(said, found):
    assert best(said, best_unconfirmed) == found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("42 CR, 70 CR", ("CR", "CONFIRMED-CR")),  # exactly 28 days
        ("42 CR, 69 CR", ("SD", "UNCONFIRMED-SD")),
        ("42 PR, 70 PR", ("PR", "CONFIRMED-PR")),
        ("42 PR, 69 PR", ("SD", "UNCONFIRMED-SD")),
        ("42 PR, 69 PR, 70 PR", ("PR", "CONFIRMED-PR")),
        ("42 PR, 70 CR", ("PR", "CONFIRMED-PR")),
        ("28 PR, 42 CR, 84 CR", ("CR", "CONFIRMED-CR")),
        ("28 CR, 42 CR, 70 CR", ("CR", "CONFIRMED-CR")),
        ("42 PR, 60 NE, 90 PR", ("PR", "CONFIRMED-PR")),  # one NE is accepted
        ("42 PR, 60 NE, 70 NE, 90 PR", ("SD", "UNCONFIRMED-SD")),
        ("42 PR, 50 NE, 60 PR, 70 NE, 90 PR", ("PR", "CONFIRMED-PR")),  # 60 and 90: one NE between
        ("42 CR, 60 NE, 90 CR", ("CR", "CONFIRMED-CR")),
        ("42 CR, 60 NE, 70 NE, 90 CR", ("SD", "UNCONFIRMED-SD")),
        ("42 PR, 60 SD, 90 PR", ("SD", "UNCONFIRMED-SD")),  # PR-SD-PR is not confirmed
        ("42 PR, 60 SD, 90 PR, 120 PR", ("PR", "CONFIRMED-PR")),
        ("42 PR, 90 PD", ("SD", "UNCONFIRMED-SD")),
        ("28 PR, 60 PD", ("PD", "PD")),  # too early to count as SD
        ("41 CR, 90 PD", ("PD", "PD")),
        ("41 PR", ("NE", "NE-EARLY")),
        ("42 PR", ("SD", "UNCONFIRMED-SD")),
        ("28 SD, 60 PD", ("PD", "PD")),
        ("28 SD", ("NE", "NE-EARLY")),  # then lost
        ("28 SD, 60 NE", ("NE", "NE-EARLY")),
        ("28 PR, 42 SD", ("SD", "SD")),
        ("", ("NE", "NE")),
    ],
)
def test_with_confirmation_a_second_assessment_is_needed(said, found):
    assert best(said) == found


def test_it_says_when_it_was_first_seen_and_what_confirmed_it():
    found = best_confirmed(dated("28 NE, 42 PR, 90 PR, 120 PR"), INFUSED_ON, LIMITS)
    assert (found.on, found.confirmed_on) == (day(42), day(90))
    assert best_confirmed(dated("42 PR"), INFUSED_ON, LIMITS).confirmed_on is None


def test_what_follows_the_first_progression_does_not_count():
    found = answer(scan(42, "50"), scan(60, "70"), scan(90, "30"), scan(130, "30"))
    assert (str(found.best.response), found.progressed_on) == ("SD", day(60))
    assert [one.unused for one in found.points] == [None, None, "after_progression", "after_progression"]


def test_assessments_on_and_after_the_start_of_a_new_therapy_do_not_count():
    points = (scan(42, "50"), scan(90, "30"))
    assert str(answer(*points, new_therapy_on=day(91)).best.response) == "PR"
    found = answer(*points, new_therapy_on=day(90))
    assert str(found.best.response) == "SD"
    assert [one.unused for one in found.points] == [None, "new_therapy"]
    assert str(found.points[-1].assessment.overall.response) == "PR"


def test_a_scan_under_a_new_therapy_does_not_date_progression_back():
    points = (scan(42, "30", new={"X": False}), scan(90, "30", new={"X": True}))
    assert str(answer(*points).best.response) == "PD"
    found = answer(*points, new_therapy_on=day(60))
    assert (str(found.best.response), found.progressed_on) == ("PR", None)
    assert [str(one.assessment.overall.response) for one in found.points] == ["PR", "PD"]


def test_a_new_lesion_confirmed_later_ends_the_course_at_its_first_sight():
    found = answer(scan(42, "50"), scan(60, "30", new={"X": False}), scan(120, "30", new={"X": True}))
    assert (str(found.best.response), found.progressed_on) == ("SD", day(60))


def test_scans_up_to_the_day_of_the_infusion_do_not_count_and_leave_the_nadir_alone():
    found = answer(scan(-3, "10"), scan(0, "10"), scan(42, "50"))
    assert [one.unused for one in found.points] == ["before_treatment", "before_treatment", None]
    assert [one.assessment is None for one in found.points] == [True, True, False]
    assert str(found.best.response) == "SD"


def test_scans_after_the_data_cut_off_do_not_count():
    points = (scan(42, "50"), scan(90, "30"))
    assert str(answer(*points, as_of=90).best.response) == "PR"
    found = answer(*points, as_of=89)
    assert (str(found.best.response), found.points[-1].unused) == ("SD", "after_cut_off")


@pytest.mark.parametrize(
    ("recorded", "found"),
    [(50, ("SD", 50)), (60, ("SD", 60)), (61, ("PR", 61)), (-1, ("PR", None))],
)
def test_a_recorded_progression_ends_the_course_as_well(recorded, found):
    got = answer(scan(42, "50"), scan(60, "50"), scan(61, "30"), progressed_on=day(recorded))
    assert (str(got.best.response), got.progressed_on) == (
        found[0],
        None if found[1] is None else day(found[1]),
    )


def test_a_recorded_progression_alone_is_progression():
    assert str(answer(progressed_on=day(20)).best_confirmed.response) == "PD"


def test_a_progression_recorded_under_a_new_therapy_or_after_the_cut_off_is_not_looked_at():
    assert answer(progressed_on=day(20), new_therapy_on=day(20)).progressed_on is None
    assert answer(progressed_on=day(20), as_of=19).progressed_on is None


def test_a_progression_recorded_for_the_day_of_its_scan_counts_once():
    found = answer(scan(42, "50"), scan(60, "70"), progressed_on=day(60))
    assert (str(found.best.response), found.progressed_on) == ("SD", day(60))
