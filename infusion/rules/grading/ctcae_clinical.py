"""Fever, hypotension and hypoxia by CTCAE 5.0, from measurements and from what was needed. Source: clinical rules 3.

These are not the components of CRS: ASTCT asks for the treatment, CTCAE for how bad it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from infusion.rules.grading.ctcae_tables import CTCAE_VERSION, FEVER_ROWS, Row
from infusion.rules.grading.grading import (
    NOTHING_COUNTS,
    Domain,
    Grading,
    Scale,
    graded,
    undocumented,
    worst_of,
)
from trialsite.protocol.criteria import Truth
from trialsite.protocol.results import Operator, compare

FEVER, HYPOTENSION, HYPOXIA = "FEVER", "HYPOTENSION", "HYPOXIA"
HIGH_FEVER_HOURS = Decimal(24)  # exactly 24 hours above 40.0 °C is still grade 3
LOW_SPO2_PERCENT = Decimal(88)
LOW_PAO2_MMHG = Decimal(55)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeverFindings:
    """hours_above_40: how long the temperature stayed above 40.0 °C; asked for only where it did."""

    highest_temperature_c: Decimal | None = None
    hours_above_40: Decimal | None = None


class HypotensionCare(StrEnum):
    """What the hypotension needed."""

    NO_HYPOTENSION = "no_hypotension"
    NO_INTERVENTION = "no_intervention"
    NON_URGENT = "non_urgent"
    TREATMENT_OR_HOSPITAL = "treatment_or_hospital"
    LIFE_THREATENING = "life_threatening"  # urgent


@dataclass(frozen=True, slots=True, kw_only=True)
class HypoxiaFindings:
    """None = not documented. Saturation in %, measured without oxygen; PaO₂ in mmHg, at rest."""

    spo2_at_rest_percent: Decimal | None = None
    pao2_mmhg: Decimal | None = None
    spo2_on_exertion_percent: Decimal | None = None
    needs_intermittent_oxygen: bool | None = None
    is_airway_compromised: bool | None = None


_CARE: Mapping[HypotensionCare, tuple[int, str]] = {
    HypotensionCare.NO_HYPOTENSION: (0, "No hypotension."),
    HypotensionCare.NO_INTERVENTION: (1, "Hypotension that needs no intervention."),
    HypotensionCare.NON_URGENT: (2, "Hypotension that needs treatment, not urgently."),
    HypotensionCare.TREATMENT_OR_HOSPITAL: (3, "Hypotension that needs treatment or hospitalisation."),
    HypotensionCare.LIFE_THREATENING: (4, "Life-threatening hypotension that needs urgent treatment."),
}


def grade_fever(findings: FeverFindings) -> Grading:
    decided = _fever(findings)
    return _grading(FEVER, findings, decided, {"fever": decided})


def grade_hypotension(care: HypotensionCare | None) -> Grading:
    """Return the grade by what the hypotension needed; the pressure alone gives none."""
    decided = _hypotension(care)
    return _grading(HYPOTENSION, care, decided, {"hypotension": decided})


def grade_hypoxia(findings: HypoxiaFindings) -> Grading:
    """Return the grade of hypoxia: 0 or 2 to 4, there is no grade 1."""
    domains = {
        "airway": _compromised(findings),
        "rest": _at_rest(findings),
        "exertion": _on_exertion(findings),
    }
    words = "No hypoxia, neither at rest nor with exercise."
    decided = worst_of(tuple(domains.values()), "CTCAE-HYPOXIA-NONE", words)
    return _grading(HYPOXIA, findings, decided, domains)


def _grading(term: str, inputs: object, decided: Domain, domains: Mapping[str, Domain]) -> Grading:
    return Grading(
        term=term,
        scale=Scale.CTCAE,
        scale_version=CTCAE_VERSION,
        grade=decided.grade,
        rule=decided.rule,
        because=decided.because,
        inputs=inputs,
        missing=decided.missing,
        at_least=decided.at_least,
        at_most=decided.at_most,
        domains=tuple((name, one.grade) for name, one in domains.items()),
    )


def _hypotension(care: HypotensionCare | None) -> Domain:
    rule = "CTCAE-HYPOTENSION"
    if care is None:
        return undocumented(rule, "care", because="What the hypotension needed is not documented.")
    return graded(rule, *_CARE[care])


def _fever(findings: FeverFindings) -> Domain:
    rule, highest, hours = "CTCAE-FEVER", findings.highest_temperature_c, findings.hours_above_40
    if highest is None:
        words = "The highest temperature is not documented."
        return undocumented(rule, "highest_temperature_c", because=words)
    row = next(one for one in FEVER_ROWS if _is_in(one, highest))
    if row.grade < 3:
        return graded(rule, row.grade, f"{highest:f} °C is {row.text} °C.")
    if hours is None:
        words = f"{highest:f} °C is above 40.0 °C; for how many hours is not documented."
        return undocumented(rule, "hours_above_40", because=words, at_least=3)
    grade = 4 if hours > HIGH_FEVER_HOURS else 3
    return graded(rule, grade, f"{highest:f} °C, above 40.0 °C for {hours:f} hours.")


def _is_in(row: Row, temperature_c: Decimal) -> bool:
    return all(
        compare(temperature_c, Operator.EQUAL, bound.sign, bound.times) is Truth.TRUE for bound in row.bounds
    )


def _compromised(findings: HypoxiaFindings) -> Domain:
    rule = "CTCAE-HYPOXIA-AIRWAY"
    if findings.is_airway_compromised is None:
        words = "Whether the airway is compromised is not documented."
        return undocumented(rule, "is_airway_compromised", because=words)
    if findings.is_airway_compromised:
        return graded(rule, 4, "Airway compromise that needs urgent intervention.")
    return NOTHING_COUNTS


def _at_rest(findings: HypoxiaFindings) -> Domain:
    rule = "CTCAE-HYPOXIA-REST"
    spo2, pao2 = findings.spo2_at_rest_percent, findings.pao2_mmhg
    if pao2 is not None and pao2 <= LOW_PAO2_MMHG:
        return graded(rule, 3, f"PaO₂ {pao2:f} mmHg at rest, not above 55.")
    if spo2 is not None and spo2 < LOW_SPO2_PERCENT:
        return graded(rule, 3, f"Saturation {spo2:f} % at rest, below 88.")
    if spo2 is None and pao2 is None:
        words = "Neither saturation nor PaO₂ at rest is documented."
        return undocumented(rule, "spo2_at_rest_percent", because=words, at_most=3)
    return NOTHING_COUNTS


def _on_exertion(findings: HypoxiaFindings) -> Domain:
    rule, spo2 = "CTCAE-HYPOXIA-EXERTION", findings.spo2_on_exertion_percent
    if findings.needs_intermittent_oxygen:
        return graded(rule, 2, "Intermittent oxygen is needed.")
    if spo2 is not None and spo2 < LOW_SPO2_PERCENT:
        return graded(rule, 2, f"Saturation falls to {spo2:f} % with exercise, below 88.")
    if findings.needs_intermittent_oxygen is None and spo2 is None:
        words = "Neither the saturation with exercise nor the need for oxygen is documented."
        return undocumented(rule, "spo2_on_exertion_percent", because=words, at_most=2)
    return NOTHING_COUNTS
