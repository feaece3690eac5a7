from dataclasses import fields, replace
from decimal import Decimal
from itertools import product

import pytest

from infusion.rules.grading import (
    Consciousness,
    IcansDomain,
    IcansFindings,
    IceAnswers,
    PressureSign,
    Seizure,
    assess_icans,
)
from tests.infusion.grading.findings import WELL, icans, ice

ICE_GRADES = {10: 0, 9: 1, 8: 1, 7: 1, 6: 2, 5: 2, 4: 2, 3: 2, 2: 3, 1: 3, 0: 3}
CONSCIOUSNESS_GRADES = {
    Consciousness.AWAKE: 0,
    Consciousness.SPONTANEOUS: 1,
    Consciousness.TO_VOICE: 2,
    Consciousness.TO_TOUCH: 3,
    Consciousness.UNAROUSABLE: 4,
}


@pytest.mark.parametrize(("score", "grade"), ICE_GRADES.items())
def test_the_ice_score_gives_its_grade(score, grade):
    assert ice(score).score == score
    found = assess_icans(icans(ice=ice(score)))
    assert (found.grade, found.rule) == (grade, "ICANS-ICE" if grade else "ICANS-NONE")


@pytest.mark.parametrize("item", [one.name for one in fields(IceAnswers)])
def test_each_item_of_the_ice_is_worth_its_points(item):
    points = 3 if item == "objects_named" else 1
    assert replace(ice(10), **{item: 0 if points == 3 else False}).score == 10 - points
    assert replace(ice(0), **{item: 3 if points == 3 else True}).score == points


@pytest.mark.parametrize("named", [0, 1, 2, 3])
def test_objects_are_counted(named):
    assert replace(ice(10), objects_named=named).score == 7 + named


@pytest.mark.parametrize("item", [one.name for one in fields(IceAnswers)])
def test_an_item_not_tested_gives_no_score(item):
    answers = replace(ice(10), **{item: None})
    found = assess_icans(icans(ice=answers))
    assert answers.score is None
    assert (found.grade, found.missing, found.rule) == (None, (f"ice.{item}",), "ICANS-ICE")


@pytest.mark.parametrize(("consciousness", "grade"), CONSCIOUSNESS_GRADES.items())
def test_consciousness_gives_its_grade(consciousness, grade):
    found = assess_icans(icans(consciousness=consciousness))
    assert (found.grade, found.rule) == (grade, "ICANS-CONSCIOUSNESS" if grade else "ICANS-NONE")


def test_a_score_of_0_is_grade_3_awake_and_grade_4_unarousable():
    assert assess_icans(icans(ice=ice(0))).grade == 3
    found = assess_icans(icans(ice=ice(0), consciousness=Consciousness.UNAROUSABLE))
    assert (found.grade, found.rule) == (4, "ICANS-ICE")
    assert found.domains[0] == ("ice", 4)


@pytest.mark.parametrize("answers", [None, IceAnswers(), replace(ice(0), year=None)])
def test_who_cannot_be_roused_need_not_be_tested(answers):
    found = assess_icans(icans(ice=answers, consciousness=Consciousness.UNAROUSABLE))
    assert (found.grade, found.rule, found.missing) == (4, "ICANS-ICE", ())
    assert found.because == "ICE 0, because the person cannot be roused."


def test_a_score_that_was_reached_stays_what_it_is():
    found = assess_icans(icans(ice=ice(1), consciousness=Consciousness.UNAROUSABLE))
    assert (found.domains[0], found.domains[1], found.grade) == (("ice", 3), ("consciousness", 4), 4)


def test_sleep_by_sedation_makes_no_grade_4_out_of_a_score_of_0():
    sedated = icans(
        ice=ice(0),
        consciousness=Consciousness.UNAROUSABLE,
        due_to_another_cause=frozenset({IcansDomain.CONSCIOUSNESS}),
    )
    assert assess_icans(sedated).grade == 3


CLINICAL, ON_EEG = Seizure.CLINICAL, Seizure.NON_CONVULSIVE


@pytest.mark.parametrize(
    ("seizure", "minutes", "has_resolved", "grade", "missing"),
    [
        (Seizure.NONE, None, None, 0, ()),
        (CLINICAL, "1", True, 3, ()),
        (CLINICAL, "4.9", True, 3, ()),
        (CLINICAL, "5", True, 3, ()),
        (CLINICAL, "5.1", True, 4, ()),
        (CLINICAL, "6", None, 4, ()),
        (CLINICAL, "2", False, 4, ()),
        (CLINICAL, None, False, 4, ()),
        (CLINICAL, "5", None, None, ("has_seizure_resolved",)),
        (CLINICAL, None, True, None, ("seizure_min",)),
        (CLINICAL, None, None, None, ("seizure_min", "has_seizure_resolved")),
        (ON_EEG, None, True, 3, ()),
        (ON_EEG, "5", True, 3, ()),
        (ON_EEG, "5.1", True, 4, ()),
        (ON_EEG, None, False, 4, ()),
        (ON_EEG, None, None, None, ("has_seizure_resolved",)),
        (Seizure.REPETITIVE, None, None, 4, ()),
        (Seizure.REPETITIVE, "1", True, 4, ()),
    ],
)
def test_a_seizure_is_grade_3_or_4_by_its_length_and_end(seizure, minutes, has_resolved, grade, missing):
    found = assess_icans(
        icans(seizure=seizure, seizure_min=minutes and Decimal(minutes), has_seizure_resolved=has_resolved)
    )
    assert (found.grade, found.missing) == (grade, missing)
    assert found.rule == ("ICANS-NONE" if grade == 0 else "ICANS-SEIZURE")
    assert found.at_least == (3 if grade is None else grade)


@pytest.mark.parametrize(("has_weakness", "grade"), [(False, 0), (True, 4)])
def test_deep_focal_weakness_is_grade_4(has_weakness, grade):
    found = assess_icans(icans(has_deep_focal_weakness=has_weakness))
    assert (found.grade, found.rule) == (grade, "ICANS-MOTOR" if grade else "ICANS-NONE")


@pytest.mark.parametrize(
    ("signs", "grade"),
    [
        ((), 0),
        ((PressureSign.FOCAL_OEDEMA,), 3),
        ((PressureSign.DIFFUSE_OEDEMA,), 4),
        ((PressureSign.POSTURING,), 4),
        ((PressureSign.SIXTH_NERVE_PALSY,), 4),
        ((PressureSign.PAPILLOEDEMA,), 4),
        ((PressureSign.CUSHING_TRIAD,), 4),
        ((PressureSign.FOCAL_OEDEMA, PressureSign.PAPILLOEDEMA), 4),
    ],
)
def test_oedema_and_raised_pressure_give_their_grade(signs, grade):
    found = assess_icans(icans(pressure_signs=signs))
    assert (found.grade, found.rule) == (grade, "ICANS-PRESSURE" if grade else "ICANS-NONE")


LEVELS = {
    "ice": [{"ice": ice(score)} for score in (10, 7, 3, 0)],
    "consciousness": [{"consciousness": one} for one in list(Consciousness)[:4]],
    "seizure": [{}, {"seizure": ON_EEG, "has_seizure_resolved": True}, {"seizure": Seizure.REPETITIVE}],
}


@pytest.mark.parametrize("picked", [*product(*LEVELS.values())])
def test_the_most_severe_domain_decides(picked):
    changes = {name: one for level in picked for name, one in level.items()}
    found = assess_icans(icans(**changes))
    alone = [assess_icans(icans(**level)).grade for level in picked]
    assert (found.grade, found.at_least, found.at_most) == (max(alone),) * 3
    assert [grade for _, grade in found.domains[:3]] == alone


RULES = {"has_deep_focal_weakness": "MOTOR", "pressure_signs": "PRESSURE"}


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"ice": None}, "ice"),
        ({"consciousness": None}, "consciousness"),
        ({"seizure": None}, "seizure"),
        ({"has_deep_focal_weakness": None}, "has_deep_focal_weakness"),
        ({"pressure_signs": None}, "pressure_signs"),
    ],
)
def test_a_domain_not_documented_leaves_the_grade_open_unless_another_gives_4(change, missing):
    assert assess_icans(icans(**change)).grade is None
    assert assess_icans(icans(**change)).missing == (missing,)
    assert assess_icans(icans(**change)).rule == f"ICANS-{RULES.get(missing, missing.upper())}"
    severe = {"seizure": Seizure.REPETITIVE} if missing != "seizure" else {"has_deep_focal_weakness": True}
    found = assess_icans(icans(**severe, **change))
    assert (found.grade, found.missing) == (4, (missing,))
    if missing != "consciousness":
        touch = assess_icans(icans(consciousness=Consciousness.TO_TOUCH, **change))
        assert (touch.grade, touch.at_least, touch.at_most) == (None, 3, 4)


@pytest.mark.parametrize("domain", list(IcansDomain))
def test_a_domain_with_another_cause_does_not_count_and_need_not_be_documented(domain):
    silent = {
        IcansDomain.ICE: {"ice": None},
        IcansDomain.CONSCIOUSNESS: {"consciousness": None},
        IcansDomain.SEIZURE: {"seizure": None},
        IcansDomain.MOTOR: {"has_deep_focal_weakness": None},
        IcansDomain.PRESSURE: {"pressure_signs": None},
    }[domain]
    severe = {
        IcansDomain.ICE: {"ice": ice(0)},
        IcansDomain.CONSCIOUSNESS: {"consciousness": Consciousness.TO_TOUCH},
        IcansDomain.SEIZURE: {"seizure": Seizure.REPETITIVE},
        IcansDomain.MOTOR: {"has_deep_focal_weakness": True},
        IcansDomain.PRESSURE: {"pressure_signs": (PressureSign.POSTURING,)},
    }[domain]
    for change in (silent, severe):
        found = assess_icans(icans(**change, due_to_another_cause=frozenset({domain})))
        assert (found.grade, found.missing, found.rule) == (0, (), "ICANS-NONE")


def test_nothing_documented_is_undeterminable():
    found = assess_icans(IcansFindings())
    assert (found.grade, found.at_least, found.at_most) == (None, 0, 4)
    assert found.missing == ("ice", "consciousness", "seizure", "has_deep_focal_weakness", "pressure_signs")


def test_death_from_icans_is_grade_5():
    found = assess_icans(IcansFindings(has_died_of_icans=True))
    assert (found.grade, found.rule, found.because) == (5, "ICANS-DEATH", "Death from ICANS.")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "ICE 10 and every domain normal."),
        ({"ice": ice(7)}, "ICE 7 of 10."),
        ({"ice": None}, "The ICE score is not complete."),
        ({"consciousness": Consciousness.TO_VOICE}, "Awakens to voice."),
        ({"consciousness": None}, "Consciousness is not documented."),
        (
            {"seizure": CLINICAL, "seizure_min": Decimal("5.5")},
            "A seizure of 5.5 minutes, more than 5.",
        ),
        ({"seizure": CLINICAL, "has_seizure_resolved": False}, "A seizure that has not resolved."),
        ({"seizure": CLINICAL}, "A seizure whose length or end is not documented."),
        (
            {"seizure": ON_EEG, "has_seizure_resolved": True},
            "A seizure that resolved; it is not known to have lasted more than 5 minutes.",
        ),
        ({"seizure": Seizure.REPETITIVE}, "Repetitive seizures without return to baseline."),
        ({"seizure": None}, "Whether there was a seizure is not documented."),
        (
            {"has_deep_focal_weakness": True},
            "Deep focal weakness, such as hemiparesis or paraparesis.",
        ),
        ({"has_deep_focal_weakness": None}, "Whether there is deep focal weakness is not documented."),
        (
            {"pressure_signs": (PressureSign.FOCAL_OEDEMA,)},
            "Raised pressure or oedema: focal oedema on imaging.",
        ),
        (
            {
                "pressure_signs": (
                    PressureSign.FOCAL_OEDEMA,
                    PressureSign.POSTURING,
                    PressureSign.CUSHING_TRIAD,
                )
            },
            "Raised pressure or oedema: posturing, Cushing triad.",
        ),
        (
            {"pressure_signs": None},
            "Whether there are signs of raised pressure or oedema is not documented.",
        ),
    ],
)
def test_the_reason_is_one_plain_sentence(changes, words):
    assert assess_icans(icans(**changes)).because == words


def test_scale_version_and_inputs_stay_with_the_grade():
    found = assess_icans(WELL)
    assert (found.term, found.scale, found.scale_version) == ("ICANS", "ASTCT", "2019")
    assert found.inputs is WELL
