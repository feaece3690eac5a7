from dataclasses import replace
from decimal import Decimal

import pytest

from followup.rules.response import (
    Found,
    NewLesion,
    NonTargetReading,
    Reading,
    Seen,
    TimePoint,
    baseline_faults,
    days_repeated,
    point_faults,
)
from tests.followup.response.courses import baseline, day, node, other, scan, target

DISEASE = baseline(target("T1"), target("T2"), other("N1"), node("N2", "12", is_target=False), on=-14)
SOUND = scan(30, {"T1": "40", "T2": "small"}, others={"N1": "present", "N2": "present"}, new={"X": False})


def faults(point):
    return [(".".join(map(str, one.path)), one.code) for one in point_faults(DISEASE, point)]


def with_readings(*readings):
    return replace(SOUND, readings=readings)


def measured(lesion="T1", *sizes, **more):
    given = {"seen": Seen.MEASURED, "parts_mm": tuple(Decimal(one) for one in sizes)} | more
    return Reading(lesion=lesion, **given)


def test_a_sound_time_point_and_baseline_have_no_faults():
    assert not faults(SOUND)
    assert not list(baseline_faults(DISEASE))
    merged = scan(30, {"T1": "70", "T2": "=T1"})
    assert not faults(merged)


@pytest.mark.parametrize(
    ("point", "found"),
    [
        (replace(SOUND, on=day(-14)), ("on", "not-after-baseline")),
        (with_readings(measured("X", "1")), ("readings.0.lesion", "unknown-lesion")),
        (with_readings(measured("N1", "1")), ("readings.0.lesion", "unknown-lesion")),
        (with_readings(measured("T1", "1"), measured("T1", "2")), ("readings.1.lesion", "repeated")),
        (with_readings(measured("T1")), ("readings.0.size_mm", "required")),
        (with_readings(measured("T1", "0")), ("readings.0.size_mm", "required")),
        (with_readings(measured("T1", "4", "0")), ("readings.0.size_mm", "required")),
        (with_readings(measured("T1", "4", seen=Seen.ABSENT)), ("readings.0.size_mm", "not-measured")),
        (with_readings(measured("T1", "4", merged_into="T2")), ("readings.0.merged_into", "not-merged")),
        (with_readings(measured("T1", seen=Seen.MERGED)), ("readings.0.merged_into", "no-whole")),
        (
            with_readings(
                measured("T1", seen=Seen.MERGED, merged_into="T2"), measured("T2", seen=Seen.ABSENT)
            ),
            ("readings.0.merged_into", "no-whole"),
        ),
        (
            replace(SOUND, non_targets=(NonTargetReading(lesion="T1", found=Found.ABSENT),)),
            ("non_targets.0.lesion", "unknown-lesion"),
        ),
        (
            replace(
                SOUND,
                non_targets=(NonTargetReading(lesion="N1", found=Found.PRESENT, short_axis_mm=Decimal(9)),),
            ),
            ("non_targets.0.short_axis_mm", "not-a-node"),
        ),
        (
            replace(SOUND, new_lesions=(NewLesion(id="X", is_unequivocal=True),) * 2),
            ("new_lesions.1.id", "repeated"),
        ),
    ],
)
def test_what_cannot_be_true_of_a_time_point_is_named_at_its_place(point, found):
    assert faults(point) == [found]


def test_the_short_axis_of_a_node_is_in_order():
    sight = NonTargetReading(lesion="N2", found=Found.PRESENT, short_axis_mm=Decimal(9))
    assert not faults(replace(SOUND, non_targets=(sight,)))


@pytest.mark.parametrize("size", [None, "0", "-1"])
def test_a_target_needs_a_size_at_baseline(size):
    assert [(one.path, one.code) for one in baseline_faults(baseline(target(size=size)))] == [
        (("lesions", 0, "size_mm"), "required")
    ]


def test_every_lesion_has_an_id_of_its_own():
    found = list(baseline_faults(baseline(target(), target())))
    assert [(one.path, one.code) for one in found] == [(("lesions", 1, "id"), "repeated")]


def test_a_day_has_one_time_point():
    assert list(days_repeated([SOUND, TimePoint(on=day(31)), SOUND])) == [2]
