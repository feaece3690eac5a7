"""What is sent to be graded by CTCAE: one form for each term. Source: clinical rules 3."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infusion.rules.grading.ctcae import grade_laboratory
from infusion.rules.grading.ctcae_clinical import (
    FEVER,
    HYPOTENSION,
    HYPOXIA,
    FeverFindings,
    HypotensionCare,
    HypoxiaFindings,
    grade_fever,
    grade_hypotension,
    grade_hypoxia,
)
from infusion.rules.grading.ctcae_tables import LABORATORY_TESTS, LaboratoryTest
from infusion.rules.grading.grading import Grading
from infusion.rules.grading.wire.members import Form, Member, code, flag, number, temperature
from screening.rules.items import ITEMS
from screening.rules.vocabulary import Item, Kind
from screening.rules.wire.entries import result_reader
from screening.rules.wire.schema import described, result


@dataclass(frozen=True, slots=True)
class TermForm:
    """How one term is sent, and how it is graded from what was read."""

    term: str
    title: str
    form: Form
    grade: Callable[[dict[str, Any]], Grading]


# The catalogue of evidence knows which results are possible and which units are accepted.
_ITEMS: Mapping[str, Item] = {item.test_code: item for item in ITEMS if item.kind is Kind.RESULT}


def _result(code_: str, title: str, about: str) -> Member:
    item = _ITEMS[code_]
    return Member(result_reader(item), {**described(title, about), **result(item)})


def _laboratory(test: LaboratoryTest) -> TermForm:
    baseline = "The last value before the first study intervention, with the limits of its own time. " + (
        "Left out: graded as normal, and flagged." if test.needs_baseline else "Not used for this term."
    )
    form = {
        "result": _result(test.code, "Result", f"{test.title} as reported, with the limits of this result."),
        "baseline": _result(test.code, "Baseline", baseline),
    }
    return TermForm(
        test.code,
        test.term,
        form,
        lambda found: grade_laboratory(test.code, found.get("result"), found.get("baseline")),
    )


def _percent(name: str, title: str, about: str) -> Member:
    return number(name, title, about, "%", "1", "100")


_CLINICAL = (
    TermForm(
        FEVER,
        "Fever",
        {
            "highest_temperature": temperature("Highest temperature", "38.0 °C is grade 1 already."),
            "hours_above_40": number(
                "hours_above_40",
                "Hours above 40.0 °C",
                "Asked for only where it was; exactly 24 is still grade 3.",
                "h",
                "0",
                "1000",
            ),
        },
        lambda found: grade_fever(
            FeverFindings(
                highest_temperature_c=found.get("highest_temperature"),
                hours_above_40=found.get("hours_above_40"),
            )
        ),
    ),
    TermForm(
        HYPOTENSION,
        "Hypotension",
        {
            "care": code(
                "What it needed",
                "The pressure alone gives no grade.",
                {
                    HypotensionCare.NO_HYPOTENSION: "there was none",
                    HypotensionCare.NO_INTERVENTION: "no intervention",
                    HypotensionCare.NON_URGENT: "treatment, not urgent",
                    HypotensionCare.TREATMENT_OR_HOSPITAL: "treatment or hospitalisation",
                    HypotensionCare.LIFE_THREATENING: "life-threatening, urgent treatment",
                },
            )
        },
        lambda found: grade_hypotension(found.get("care")),
    ),
    TermForm(
        HYPOXIA,
        "Hypoxia",
        {
            "spo2_at_rest_percent": _percent(
                "spo2_at_rest_percent", "Saturation at rest", "Without oxygen; below 88 is grade 3."
            ),
            "pao2_mmhg": number(
                "pao2_mmhg", "PaO₂", "At rest, without oxygen; 55 or less is grade 3.", "mmHg", "10", "700"
            ),
            "spo2_on_exertion_percent": _percent(
                "spo2_on_exertion_percent", "Saturation with exercise", "Below 88 is grade 2."
            ),
            "needs_intermittent_oxygen": flag(
                "needs_intermittent_oxygen", "Intermittent oxygen", "It is needed; grade 2."
            ),
            "is_airway_compromised": flag(
                "is_airway_compromised", "Airway compromised", "Urgent intervention needed; grade 4."
            ),
        },
        lambda found: grade_hypoxia(HypoxiaFindings(**found)),
    ),
)
TERM_FORMS: Mapping[str, TermForm] = {
    one.term: one for one in (*(_laboratory(test) for test in LABORATORY_TESTS.values()), *_CLINICAL)
}
