"""What holds for every series of scans, and the same answers as a second, plainer implementation."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from followup.rules.response import Reading, Seen, assess_points, assess_response
from tests.followup.response import simple
from tests.followup.response.courses import LIMITS, baseline, course, day, node, other, scan, target

EXAMPLES = settings(max_examples=100, deadline=None)
TARGETS, NODES = ("T1", "T2", "L1"), {"L1"}
DISEASE = (target("T1", "40"), target("T2", "20"), node("L1", "20"))
# near the bounds more often than by chance: sums around 0.7 × 80, 1.2 × nadir, a node around 10
sizes = st.one_of(
    st.none(),
    st.sampled_from([Decimal(one) for one in ("0", "5", "9.9", "10", "16", "20", "24", "40", "48")]),
    st.decimals(Decimal(0), Decimal(60), places=1),
)
found_others = st.sampled_from(["absent", "present", "not_assessed"] * 3 + ["progressed"])
one_scan = st.tuples(
    st.fixed_dictionaries(dict.fromkeys(TARGETS, sizes)),
    found_others,
    st.integers(0, 9).map(lambda one: one == 0),
)


@st.composite
def series(draw):
    """Scans in the order of their days, each with sizes, the other lesion, and whether a new one is there."""
    drawn = draw(st.lists(one_scan, min_size=1, max_size=7))
    steps = draw(
        st.lists(st.sampled_from([7, 13, 14, 28, 41, 42, 60]), min_size=len(drawn), max_size=len(drawn))
    )
    days = [sum(steps[: index + 1]) for index in range(len(steps))]
    has_other = draw(st.booleans())
    return [
        (number, found, others if has_other else None, new)
        for number, (found, others, new) in zip(days, drawn, strict=True)
    ]


def said(size):
    return "ne" if size is None else "absent" if size == 0 else str(size)


def points_of(scans):
    return [
        scan(
            number,
            {name: said(size) for name, size in found.items()},
            others={"N1": others} if others else None,
            new={"X": True} if new else None,
        )
        for number, found, others, new in scans
    ]


def disease_of(scans):
    return baseline(*DISEASE, *((other("N1"),) if scans[0][2] else ()))


@EXAMPLES
@given(series())
def test_every_time_point_and_the_best_response_are_as_plainly_written(scans):
    points, disease = points_of(scans), disease_of(scans)
    plain = [
        (number, {name: None if one is None else Fraction(one) for name, one in found.items()}, others, new)
        for number, found, others, new in scans
    ]
    expected = simple.overall_responses(plain, NODES, Fraction(80))
    assert [str(one.overall.response) for one in assess_points(disease, points)] == expected
    answer = assess_response(course(*points, at_baseline=disease), LIMITS)
    dated = [(number, response) for (number, *_), response in zip(scans, expected, strict=True)]
    assert str(answer.best.response) == simple.best(dated, is_confirmation_needed=False)
    assert str(answer.best_confirmed.response) == simple.best(dated, is_confirmation_needed=True)
    sums = [None if None in found.values() else sum(found.values()) for _, found, _, _ in scans]
    assert [one.assessment.target.sum_mm for one in answer.points] == sums


@EXAMPLES
@given(series(), st.randoms())
def test_the_order_of_entry_is_irrelevant(scans, dice):
    points, disease = points_of(scans), disease_of(scans)
    shuffled = [
        replace(one, readings=tuple(dice.sample(one.readings, len(one.readings))))
        for one in dice.sample(points, len(points))
    ]
    lesions = replace(disease, lesions=tuple(dice.sample(disease.lesions, len(disease.lesions))))
    first = assess_response(course(*points, at_baseline=disease), LIMITS)
    second = assess_response(course(*shuffled, at_baseline=lesions), LIMITS)
    assert [one.assessment.overall.response for one in first.points] == [
        one.assessment.overall.response for one in second.points
    ]
    assert (first.best, first.best_confirmed, first.pfs, first.dor) == (
        second.best,
        second.best_confirmed,
        second.pfs,
        second.dor,
    )


RANK = {"CR": 0, "PR": 1, "SD": 2, "PD": 3}


@EXAMPLES
@given(
    series(), st.integers(0, 6), st.sampled_from(TARGETS), st.decimals(Decimal("0.1"), Decimal(30), places=1)
)
def test_a_larger_lesion_never_improves_the_response_of_its_scan(scans, position, lesion, more):
    number, found, others, new = scans[position % len(scans)]
    if found[lesion] is None:
        return
    grown = list(scans)
    grown[position % len(scans)] = (number, found | {lesion: found[lesion] + more}, others, new)
    before, after = (
        str(assess_points(disease_of(scans), points_of(one))[position % len(scans)].overall.response)
        for one in (scans, grown)
    )
    if before == "NE":
        assert after in {"NE", "PD"}
    else:
        assert RANK[after] >= RANK[before]


@EXAMPLES
@given(series(), st.integers(0, 6), st.sampled_from(TARGETS))
def test_a_reading_taken_away_makes_no_response(scans, position, lesion):
    index = position % len(scans)
    points = points_of(scans)
    readings = tuple(
        Reading(lesion=one.lesion, seen=Seen.NOT_ASSESSED) if one.lesion == lesion else one
        for one in points[index].readings
    )
    fewer = [*points[:index], replace(points[index], readings=readings), *points[index + 1 :]]
    before, after = (
        str(assess_points(disease_of(scans), one)[index].target.response) for one in (points, fewer)
    )
    assert after in {"NE", "PD"}
    assert before == "PD" or after == "NE"


@EXAMPLES
@given(series(), st.integers(1, 500))
def test_a_new_therapy_leaves_what_was_before_it_as_it_was(scans, number):
    points = points_of(scans)
    earlier = [one for one in points if one.on < day(number)]
    disease = disease_of(scans)
    cut = assess_response(course(*points, at_baseline=disease, new_therapy_on=day(number)), LIMITS)
    alone = assess_response(course(*earlier, at_baseline=disease), LIMITS)
    assert (cut.best, cut.best_confirmed) == (alone.best, alone.best_confirmed)


@EXAMPLES
@given(series())
def test_every_answer_names_its_rule_and_why(scans):
    found = assess_response(course(*points_of(scans), at_baseline=disease_of(scans)), LIMITS)
    for one in (found.best, found.best_confirmed, *(one.assessment.overall for one in found.points)):
        assert one.rule.startswith("RECIST-")
        assert one.because
    assert found.pfs.days >= 1
    assert found.pfs.until_on <= found.os.until_on or found.os.censoring
