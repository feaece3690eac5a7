from decimal import Decimal

import pytest

from infusion.rules.grading import (
    FeverFindings,
    HypotensionCare,
    HypoxiaFindings,
    grade_fever,
    grade_hypotension,
    grade_hypoxia,
)
from trialsite.protocol.units import celsius


def fever(temperature: str | None, hours: str | None = None) -> FeverFindings:
    return FeverFindings(
        highest_temperature_c=temperature and Decimal(temperature), hours_above_40=hours and Decimal(hours)
    )


@pytest.mark.parametrize(
    ("temperature", "hours", "grade"),
    [
        ("36.5", None, 0),
        ("37.9", None, 0),
        ("38.0", None, 1),
        ("38.1", None, 1),
        ("39.0", None, 1),
        ("39.1", None, 2),
        ("40.0", None, 2),
        ("40.0", "30", 2),
        ("40.1", "1", 3),
        ("40.1", "24", 3),
        ("40.1", "24.1", 4),
        ("41", "48", 4),
    ],
)
def test_fever_by_its_height_and_above_40_by_its_hours(temperature, hours, grade):
    found = grade_fever(fever(temperature, hours))
    assert (found.grade, found.rule, found.missing) == (grade, "CTCAE-FEVER", ())


def test_a_temperature_in_fahrenheit_is_the_same_fever():
    at_limit = celsius(Decimal("100.4"), "°F")
    assert grade_fever(FeverFindings(highest_temperature_c=at_limit)).grade == 1
    below = celsius(Decimal("100.3"), "°F")
    assert grade_fever(FeverFindings(highest_temperature_c=below)).grade == 0


def test_above_40_without_its_hours_is_3_or_4():
    found = grade_fever(fever("40.1"))
    assert (found.grade, found.missing, found.at_least, found.at_most) == (None, ("hours_above_40",), 3, 4)
    assert (found.rule, found.domains) == ("CTCAE-FEVER", (("fever", None),))
    assert found.because == "40.1 °C is above 40.0 °C; for how many hours is not documented."


def test_without_a_temperature_there_is_no_grade_of_fever():
    found = grade_fever(fever(None))
    assert (found.grade, found.missing, found.at_least) == (None, ("highest_temperature_c",), 0)
    assert found.rule == "CTCAE-FEVER"
    assert found.because == "The highest temperature is not documented."


@pytest.mark.parametrize(
    ("care", "grade"),
    [
        (HypotensionCare.NO_HYPOTENSION, 0),
        (HypotensionCare.NO_INTERVENTION, 1),
        (HypotensionCare.NON_URGENT, 2),
        (HypotensionCare.TREATMENT_OR_HOSPITAL, 3),
        (HypotensionCare.LIFE_THREATENING, 4),
    ],
)
def test_hypotension_by_what_it_needed(care, grade):
    found = grade_hypotension(care)
    assert (found.grade, found.rule, found.inputs) == (grade, "CTCAE-HYPOTENSION", care)
    assert found.term == "HYPOTENSION"
    assert found.domains == (("hypotension", grade),)


def test_hypotension_is_open_where_nobody_wrote_what_it_needed():
    found = grade_hypotension(None)
    assert (found.grade, found.missing, found.rule) == (None, ("care",), "CTCAE-HYPOTENSION")
    assert found.because == "What the hypotension needed is not documented."


def hypoxia(**given: object) -> HypoxiaFindings:
    numbers = {name: Decimal(one) if isinstance(one, str) else one for name, one in given.items()}
    normal = {"spo2_at_rest_percent": Decimal(97), "spo2_on_exertion_percent": Decimal(95)}
    return HypoxiaFindings(**{**normal, "is_airway_compromised": False, **numbers})


@pytest.mark.parametrize(
    ("given", "grade", "rule"),
    [
        ({}, 0, "CTCAE-HYPOXIA-NONE"),
        ({"spo2_on_exertion_percent": "88"}, 0, "CTCAE-HYPOXIA-NONE"),
        ({"spo2_on_exertion_percent": "87.9"}, 2, "CTCAE-HYPOXIA-EXERTION"),
        ({"needs_intermittent_oxygen": True}, 2, "CTCAE-HYPOXIA-EXERTION"),
        ({"needs_intermittent_oxygen": False}, 0, "CTCAE-HYPOXIA-NONE"),
        ({"needs_intermittent_oxygen": False, "spo2_on_exertion_percent": "80"}, 2, "CTCAE-HYPOXIA-EXERTION"),
        ({"needs_intermittent_oxygen": False, "spo2_on_exertion_percent": None}, 0, "CTCAE-HYPOXIA-NONE"),
        ({"spo2_at_rest_percent": "88"}, 0, "CTCAE-HYPOXIA-NONE"),
        ({"spo2_at_rest_percent": "87.9"}, 3, "CTCAE-HYPOXIA-REST"),
        ({"pao2_mmhg": "55"}, 3, "CTCAE-HYPOXIA-REST"),
        ({"pao2_mmhg": "55.1"}, 0, "CTCAE-HYPOXIA-NONE"),
        ({"pao2_mmhg": "55.1", "spo2_at_rest_percent": "87"}, 3, "CTCAE-HYPOXIA-REST"),
        ({"pao2_mmhg": "80", "spo2_at_rest_percent": None}, 0, "CTCAE-HYPOXIA-NONE"),
        ({"is_airway_compromised": True}, 4, "CTCAE-HYPOXIA-AIRWAY"),
    ],
)
def test_hypoxia_by_the_worst_of_rest_exercise_and_airway(given, grade, rule):
    found = grade_hypoxia(hypoxia(**given))
    assert (found.grade, found.rule, found.missing) == (grade, rule, ())


@pytest.mark.parametrize(
    ("given", "missing", "at_least", "at_most"),
    [
        ({"is_airway_compromised": None}, "is_airway_compromised", 0, 4),
        ({"is_airway_compromised": None, "pao2_mmhg": "50"}, "is_airway_compromised", 3, 4),
        ({"spo2_at_rest_percent": None}, "spo2_at_rest_percent", 0, 3),
        ({"spo2_at_rest_percent": None, "needs_intermittent_oxygen": True}, "spo2_at_rest_percent", 2, 3),
        ({"spo2_on_exertion_percent": None}, "spo2_on_exertion_percent", 0, 2),
    ],
)
def test_hypoxia_is_open_where_something_is_not_documented(given, missing, at_least, at_most):
    found = grade_hypoxia(hypoxia(**given))
    assert (found.grade, found.missing) == (None, (missing,))
    assert (found.at_least, found.at_most) == (at_least, at_most)
    assert (
        found.rule
        == {
            "is_airway_compromised": "CTCAE-HYPOXIA-AIRWAY",
            "spo2_at_rest_percent": "CTCAE-HYPOXIA-REST",
            "spo2_on_exertion_percent": "CTCAE-HYPOXIA-EXERTION",
        }[missing]
    )


def test_a_worse_finding_decides_although_exercise_is_not_documented():
    found = grade_hypoxia(hypoxia(spo2_on_exertion_percent=None, spo2_at_rest_percent="80"))
    assert (found.grade, found.missing) == (3, ("spo2_on_exertion_percent",))


@pytest.mark.parametrize(
    ("grade", "findings", "words"),
    [
        (grade_fever, fever("39.5"), "39.5 °C is > 39.0, ≤ 40.0 °C."),
        (grade_fever, fever("40.5", "25"), "40.5 °C, above 40.0 °C for 25 hours."),
        (grade_hypotension, HypotensionCare.NO_HYPOTENSION, "No hypotension."),
        (grade_hypotension, HypotensionCare.NON_URGENT, "Hypotension that needs treatment, not urgently."),
        (grade_hypoxia, hypoxia(), "No hypoxia, neither at rest nor with exercise."),
        (grade_hypoxia, hypoxia(pao2_mmhg="50"), "PaO₂ 50 mmHg at rest, not above 55."),
        (grade_hypoxia, hypoxia(spo2_at_rest_percent="80"), "Saturation 80 % at rest, below 88."),
        (
            grade_hypoxia,
            hypoxia(spo2_on_exertion_percent="80"),
            "Saturation falls to 80 % with exercise, below 88.",
        ),
        (grade_hypoxia, hypoxia(needs_intermittent_oxygen=True), "Intermittent oxygen is needed."),
        (
            grade_hypoxia,
            hypoxia(is_airway_compromised=True),
            "Airway compromise that needs urgent intervention.",
        ),
        (
            grade_hypoxia,
            hypoxia(is_airway_compromised=None),
            "Whether the airway is compromised is not documented.",
        ),
        (
            grade_hypoxia,
            hypoxia(spo2_at_rest_percent=None),
            "Neither saturation nor PaO₂ at rest is documented.",
        ),
        (
            grade_hypoxia,
            hypoxia(spo2_on_exertion_percent=None),
            "Neither the saturation with exercise nor the need for oxygen is documented.",
        ),
    ],
)
def test_the_reason_is_one_plain_sentence(grade, findings, words):
    assert grade(findings).because == words


@pytest.mark.parametrize(
    ("grade", "findings", "term"),
    [
        (grade_fever, fever("38"), "FEVER"),
        (grade_hypotension, None, "HYPOTENSION"),
        (grade_hypoxia, hypoxia(), "HYPOXIA"),
    ],
)
def test_scale_version_and_inputs_stay_with_the_grade(grade, findings, term):
    found = grade(findings)
    assert found.inputs is findings
    assert (found.term, found.scale, found.scale_version) == (term, "CTCAE", "5.0")
    assert found.flags == ()


def test_each_domain_of_hypoxia_is_shown_with_its_grade():
    found = grade_hypoxia(hypoxia(pao2_mmhg="50", spo2_on_exertion_percent=None, is_airway_compromised=None))
    assert found.domains == (
        ("airway", None),
        ("rest", 3),
        ("exertion", None),
    )
    assert found.missing == ("is_airway_compromised", "spo2_on_exertion_percent")
    assert [one for _, one in grade_hypoxia(hypoxia()).domains] == [0, 0, 0]
