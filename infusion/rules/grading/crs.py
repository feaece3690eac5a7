"""Cytokine release syndrome by ASTCT 2019. Source: Lee et al. 2019; clinical rules 2.1.

The grade is the worse of hypotension and hypoxia, 1 for fever alone. What is graded is the treatment that is needed,
not the number that is measured: a normal pressure on one vasopressor is grade 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from infusion.rules.grading.grading import (
    DEATH,
    NOTHING_COUNTS,
    WORST,
    Domain,
    Flag,
    Grading,
    Scale,
    graded,
    undocumented,
    worst_of,
)
from infusion.rules.grading.vasopressors import Vasopressor, distinct_agents
from trialsite.protocol.criteria import Truth, all_of, any_of, truth

CRS = "CRS"
CRS_VERSION = "2019"
FEVER_C = Decimal("38.0")
LOW_FLOW_L_PER_MIN = Decimal(6)  # exactly 6 by cannula is still low flow


class CrsComponent(StrEnum):
    FEVER = "fever"
    HYPOTENSION = "hypotension"
    HYPOXIA = "hypoxia"


class Hypotension(StrEnum):
    NONE = "none"
    WITHOUT_VASOPRESSOR = "without_vasopressor"  # fluids or nothing
    VASOPRESSORS = "vasopressors"


class OxygenDevice(StrEnum):
    ROOM_AIR = "room_air"
    NASAL_CANNULA = "nasal_cannula"
    BLOW_BY = "blow_by"
    HIGH_FLOW_CANNULA = "high_flow_cannula"
    SIMPLE_MASK = "simple_mask"
    VENTURI_MASK = "venturi_mask"
    NON_REBREATHER_MASK = "non_rebreather_mask"
    OTHER_MASK = "other_mask"
    CPAP = "cpap"
    BIPAP = "bipap"
    VENTILATION = "ventilation"  # through a tube


class IntubationReason(StrEnum):
    """All but hypoxia: without hypoxia, and then no grade of CRS."""

    HYPOXIA = "hypoxia"
    AIRWAY_PROTECTION = "airway_protection"
    SEIZURE = "seizure"
    PROCEDURE = "procedure"


# The device decides before the flow does; only the plain cannula is graded by its flow.
_DEVICES: Mapping[OxygenDevice, tuple[int, str]] = {
    OxygenDevice.BLOW_BY: (2, "Blow-by oxygen is needed."),
    OxygenDevice.HIGH_FLOW_CANNULA: (3, "Oxygen by high-flow cannula is needed."),
    OxygenDevice.SIMPLE_MASK: (3, "Oxygen by simple mask is needed."),
    OxygenDevice.VENTURI_MASK: (3, "Oxygen by Venturi mask is needed."),
    OxygenDevice.NON_REBREATHER_MASK: (3, "Oxygen by non-rebreather mask is needed."),
    OxygenDevice.OTHER_MASK: (3, "Oxygen by mask is needed."),
    OxygenDevice.CPAP: (4, "Positive pressure (CPAP) is needed."),
    OxygenDevice.BIPAP: (4, "Positive pressure (BiPAP) is needed."),
    OxygenDevice.VENTILATION: (4, "Mechanical ventilation is needed."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CrsFindings:
    """What is known of one assessment period. None = not documented, which is neither zero nor "no".

    highest_temperature_c: of the period, as measured. vasopressors: agents by name; any agent outweighs `hypotension`.
    intubation_reason: for ventilation; not stated counts as hypoxia. due_to_another_cause: components that somebody
    attributed to something else than CRS; they do not count. is_established: CRS was already diagnosed in this episode.
    antipyretic_given, anticytokine_given, steroid_given: since that diagnosis. has_died_of_crs: grade 5.
    """

    highest_temperature_c: Decimal | None = None
    hypotension: Hypotension | None = None
    vasopressors: tuple[str, ...] = ()
    oxygen_device: OxygenDevice | None = None
    oxygen_flow_l_per_min: Decimal | None = None
    intubation_reason: IntubationReason | None = None
    due_to_another_cause: frozenset[CrsComponent] = frozenset()
    is_established: bool | None = None
    antipyretic_given: bool | None = None
    anticytokine_given: bool | None = None
    steroid_given: bool | None = None
    has_died_of_crs: bool = False


def assess_crs(findings: CrsFindings) -> Grading:
    """Return the grade that the findings amount to. rule: CRS- and the component or the reason that decided."""
    fever, hypotension, hypoxia = _fever(findings), _hypotension(findings), _hypoxia(findings)
    waived = _is_fever_waived(findings)
    decided = _decided(findings, (fever, hypotension, hypoxia), waived)
    flags = (Flag.FEVER_WAIVED,) if waived is Truth.TRUE and fever.grade != 1 else ()
    return Grading(
        term=CRS,
        scale=Scale.ASTCT,
        scale_version=CRS_VERSION,
        grade=decided.grade,
        rule=decided.rule,
        because=decided.because,
        inputs=findings,
        missing=decided.missing,
        flags=flags,
        at_least=decided.at_least,
        at_most=decided.at_most,
        domains=(
            (CrsComponent.FEVER.value, fever.grade),
            (CrsComponent.HYPOTENSION.value, hypotension.grade),
            (CrsComponent.HYPOXIA.value, hypoxia.grade),
        ),
    )


def _decided(findings: CrsFindings, domains: tuple[Domain, Domain, Domain], waived: Truth) -> Domain:
    if findings.has_died_of_crs:
        return graded("CRS-DEATH", DEATH, "Death from CRS.")
    fever = domains[0]
    worst = worst_of(domains, "CRS-NONE", "No fever, no hypotension, no hypoxia that counts as CRS.")
    if fever.grade == 1 or waived is Truth.TRUE:
        return worst
    if fever.grade is None:
        return worst if worst.grade == WORST else _open(fever, worst)
    if waived is Truth.FALSE:
        words = "No fever of 38.0 °C or more that counts, and no established episode in which it is waived."
        return Domain(rule="CRS-NO-FEVER", at_least=0, at_most=0, because=words, missing=worst.missing)
    return _if_waiver_is_open(findings, worst)


def _open(fever: Domain, worst: Domain) -> Domain:
    """Without a temperature it may be no CRS at all, whatever the other components are."""
    return undocumented(fever.rule, *worst.missing, because=fever.because)


def _if_waiver_is_open(findings: CrsFindings, worst: Domain) -> Domain:
    """Nobody wrote whether fever may be missing; it matters only where something else is found."""
    if worst.grade in {0, WORST}:
        return worst
    names = ("is_established", "antipyretic_given", "anticytokine_given", "steroid_given")
    unknown = [name for name in names if getattr(findings, name) is None]
    return undocumented(
        "CRS-WAIVER",
        *worst.missing,
        *unknown,
        because="No fever; whether it is waived in an established episode is not documented.",
    )


def _is_fever_waived(findings: CrsFindings) -> Truth:
    return all_of(
        truth(findings.is_established),
        any_of(
            truth(findings.antipyretic_given),
            truth(findings.anticytokine_given),
            truth(findings.steroid_given),
        ),
    )


def _fever(findings: CrsFindings) -> Domain:
    rule = "CRS-FEVER"
    if CrsComponent.FEVER in findings.due_to_another_cause:
        return NOTHING_COUNTS
    highest = findings.highest_temperature_c
    if highest is None:
        words = "The highest temperature of the period is not documented."
        return undocumented(rule, "highest_temperature_c", because=words, at_most=1)
    if highest >= FEVER_C:
        return graded(rule, 1, f"Fever of {highest:f} °C without hypotension or hypoxia that counts.")
    return NOTHING_COUNTS


def _hypotension(findings: CrsFindings) -> Domain:
    rule = "CRS-HYPOTENSION"
    if CrsComponent.HYPOTENSION in findings.due_to_another_cause:
        return NOTHING_COUNTS
    agents = distinct_agents(findings.vasopressors)
    if agents:
        return _on_vasopressors(rule, agents)
    match findings.hypotension:
        case None:
            return undocumented(
                rule, "hypotension", because="Whether there is hypotension is not documented."
            )
        case Hypotension.NONE:
            return NOTHING_COUNTS
        case Hypotension.WITHOUT_VASOPRESSOR:
            return graded(rule, 2, "Hypotension that needs no vasopressor.")
    words = "Which vasopressors are given is not documented."
    return undocumented(rule, "vasopressors", because=words, at_least=3)


def _on_vasopressors(rule: str, agents: tuple[str, ...]) -> Domain:
    """Vasopressin is not counted beside others; alone it is one vasopressor."""
    counted = [agent for agent in agents if agent != Vasopressor.VASOPRESSIN]
    named = ", ".join(agents)
    if len(counted) > 1:
        return graded(rule, 4, f"Several vasopressors are needed: {named}.")
    note = ", vasopressin not counted beside it" if len(agents) > 1 else ""
    return graded(rule, 3, f"One vasopressor is needed{note}: {named}.")


def _hypoxia(findings: CrsFindings) -> Domain:
    rule = "CRS-HYPOXIA"
    if CrsComponent.HYPOXIA in findings.due_to_another_cause:
        return NOTHING_COUNTS
    device = findings.oxygen_device
    if device is None:
        return undocumented(rule, "oxygen_device", because="Whether oxygen is needed is not documented.")
    if device is OxygenDevice.NASAL_CANNULA:
        return _by_cannula(rule, findings.oxygen_flow_l_per_min)
    if device is OxygenDevice.VENTILATION and findings.intubation_reason not in {
        None,
        IntubationReason.HYPOXIA,
    }:
        return NOTHING_COUNTS
    return NOTHING_COUNTS if device is OxygenDevice.ROOM_AIR else graded(rule, *_DEVICES[device])


def _by_cannula(rule: str, flow_l_per_min: Decimal | None) -> Domain:
    if flow_l_per_min is None:
        words = "The flow of oxygen by nasal cannula is not documented."
        return undocumented(rule, "oxygen_flow_l_per_min", because=words, at_least=2, at_most=3)
    if flow_l_per_min <= LOW_FLOW_L_PER_MIN:
        return graded(rule, 2, f"Oxygen by nasal cannula at {flow_l_per_min:f} L/min, not above 6.")
    return graded(rule, 3, f"Oxygen by nasal cannula at {flow_l_per_min:f} L/min, above 6.")
