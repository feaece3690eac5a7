"""Neurotoxicity (ICANS) of adults by ASTCT 2019: the most severe of five domains. Source: Lee et al. 2019; rules 2.2.

Tremor, myoclonus and intracranial haemorrhage do not count here; they are graded by CTCAE.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from infusion.rules.grading.grading import (
    DEATH,
    NOTHING_COUNTS,
    Domain,
    Grading,
    Scale,
    graded,
    undocumented,
    worst_of,
)
from infusion.rules.grading.ice import ICE_POINTS, IceAnswers

ICANS = "ICANS"
ICANS_VERSION = "2019"
PROLONGED_MIN = Decimal(5)  # a seizure of exactly 5 minutes is not prolonged


class IcansDomain(StrEnum):
    ICE = "ice"
    CONSCIOUSNESS = "consciousness"
    SEIZURE = "seizure"
    MOTOR = "motor"
    PRESSURE = "pressure"


class Consciousness(StrEnum):
    """How the person wakes."""

    AWAKE = "awake"
    SPONTANEOUS = "spontaneous"
    TO_VOICE = "to_voice"
    TO_TOUCH = "to_touch"
    UNAROUSABLE = "unarousable"  # vigorous or repeated stimuli needed, unarousable, stupor, coma


class Seizure(StrEnum):
    NONE = "none"
    CLINICAL = "clinical"  # focal or generalised
    NON_CONVULSIVE = "non_convulsive"  # on EEG
    REPETITIVE = "repetitive"  # clinical or electrical, without return to baseline in between


class PressureSign(StrEnum):
    FOCAL_OEDEMA = "focal_oedema"
    DIFFUSE_OEDEMA = "diffuse_oedema"
    POSTURING = "posturing"
    SIXTH_NERVE_PALSY = "sixth_nerve_palsy"
    PAPILLOEDEMA = "papilloedema"
    CUSHING_TRIAD = "cushing_triad"


# Lowest score of each grade, mildest first.
_ICE_GRADES: tuple[tuple[int, int], ...] = ((10, 0), (7, 1), (3, 2), (0, 3))
_CONSCIOUSNESS: Mapping[Consciousness, tuple[int, str]] = {
    Consciousness.AWAKE: (0, "Awake."),
    Consciousness.SPONTANEOUS: (1, "Awakens spontaneously."),
    Consciousness.TO_VOICE: (2, "Awakens to voice."),
    Consciousness.TO_TOUCH: (3, "Awakens only to touch."),
    Consciousness.UNAROUSABLE: (4, "Needs vigorous or repeated stimuli, or cannot be roused."),
}
_SIGN_WORDS: Mapping[PressureSign, str] = {
    PressureSign.FOCAL_OEDEMA: "focal oedema on imaging",
    PressureSign.DIFFUSE_OEDEMA: "diffuse oedema on imaging",
    PressureSign.POSTURING: "posturing",
    PressureSign.SIXTH_NERVE_PALSY: "palsy of the sixth cranial nerve",
    PressureSign.PAPILLOEDEMA: "papilloedema",
    PressureSign.CUSHING_TRIAD: "Cushing triad",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IcansFindings:
    """What is known of one assessment. None = not documented.

    seizure_min: length of the longest seizure. pressure_signs: () = none found. due_to_another_cause: domains whose
    findings somebody attributed to something else, such as sedation or a metastasis. has_died_of_icans: grade 5.
    """

    ice: IceAnswers | None = None
    consciousness: Consciousness | None = None
    seizure: Seizure | None = None
    seizure_min: Decimal | None = None
    has_seizure_resolved: bool | None = None
    has_deep_focal_weakness: bool | None = None
    pressure_signs: tuple[PressureSign, ...] | None = None
    due_to_another_cause: frozenset[IcansDomain] = frozenset()
    has_died_of_icans: bool = False


def assess_icans(findings: IcansFindings) -> Grading:
    """Return the grade that the findings amount to. rule: ICANS- and the domain that decided."""
    domains = {
        one: NOTHING_COUNTS if one in findings.due_to_another_cause else assess(findings)
        for one, assess in _DOMAINS.items()
    }
    decided = worst_of(tuple(domains.values()), "ICANS-NONE", "ICE 10 and every domain normal.")
    if findings.has_died_of_icans:
        decided = graded("ICANS-DEATH", DEATH, "Death from ICANS.")
    return Grading(
        term=ICANS,
        scale=Scale.ASTCT,
        scale_version=ICANS_VERSION,
        grade=decided.grade,
        rule=decided.rule,
        because=decided.because,
        inputs=findings,
        missing=decided.missing,
        at_least=decided.at_least,
        at_most=decided.at_most,
        domains=tuple((one.value, domain.grade) for one, domain in domains.items()),
    )


def _rule(domain: IcansDomain) -> str:
    return f"ICANS-{domain.name}"


def _ice(findings: IcansFindings) -> Domain:
    """A person who cannot be roused is not tested: the score is then 0, and grade 4."""
    rule = _rule(IcansDomain.ICE)
    score = None if findings.ice is None else findings.ice.score
    if _is_unarousable(findings) and not score:
        return graded(rule, 4, "ICE 0, because the person cannot be roused.")
    if score is None:
        untested = () if findings.ice is None else findings.ice.untested
        names = tuple(f"ice.{one}" for one in untested) or ("ice",)
        return undocumented(rule, *names, because="The ICE score is not complete.")
    grade = next(grade for least, grade in _ICE_GRADES if score >= least)
    return graded(rule, grade, f"ICE {score} of {ICE_POINTS}.")


def _is_unarousable(findings: IcansFindings) -> bool:
    is_attributed = IcansDomain.CONSCIOUSNESS in findings.due_to_another_cause
    return findings.consciousness is Consciousness.UNAROUSABLE and not is_attributed


def _consciousness(findings: IcansFindings) -> Domain:
    rule = _rule(IcansDomain.CONSCIOUSNESS)
    if findings.consciousness is None:
        return undocumented(rule, "consciousness", because="Consciousness is not documented.")
    return graded(rule, *_CONSCIOUSNESS[findings.consciousness])


def _seizure(findings: IcansFindings) -> Domain:
    rule = _rule(IcansDomain.SEIZURE)
    minutes, has_resolved = findings.seizure_min, findings.has_seizure_resolved
    match findings.seizure:
        case None:
            return undocumented(rule, "seizure", because="Whether there was a seizure is not documented.")
        case Seizure.NONE:
            return NOTHING_COUNTS
        case Seizure.REPETITIVE:
            return graded(rule, 4, "Repetitive seizures without return to baseline.")
    if minutes is not None and minutes > PROLONGED_MIN:
        return graded(rule, 4, f"A seizure of {minutes:f} minutes, more than 5.")
    if has_resolved is False:
        return graded(rule, 4, "A seizure that has not resolved.")
    missing = _of_seizure(findings)
    if missing:
        words = "A seizure whose length or end is not documented."
        return undocumented(rule, *missing, because=words, at_least=3)
    return graded(rule, 3, "A seizure that resolved; it is not known to have lasted more than 5 minutes.")


def _of_seizure(findings: IcansFindings) -> tuple[str, ...]:
    """A non-convulsive one is seen on the EEG and not timed at the bedside: that it resolved is enough."""
    missing = () if findings.has_seizure_resolved else ("has_seizure_resolved",)
    if findings.seizure is Seizure.CLINICAL and findings.seizure_min is None:
        return ("seizure_min", *missing)
    return missing


def _motor(findings: IcansFindings) -> Domain:
    rule = _rule(IcansDomain.MOTOR)
    match findings.has_deep_focal_weakness:
        case None:
            words = "Whether there is deep focal weakness is not documented."
            return undocumented(rule, "has_deep_focal_weakness", because=words)
        case True:
            return graded(rule, 4, "Deep focal weakness, such as hemiparesis or paraparesis.")
    return NOTHING_COUNTS


def _pressure(findings: IcansFindings) -> Domain:
    rule, signs = _rule(IcansDomain.PRESSURE), findings.pressure_signs
    if signs is None:
        words = "Whether there are signs of raised pressure or oedema is not documented."
        return undocumented(rule, "pressure_signs", because=words)
    severe = [sign for sign in signs if sign is not PressureSign.FOCAL_OEDEMA]
    if not signs:
        return NOTHING_COUNTS
    named = ", ".join(_SIGN_WORDS[sign] for sign in severe or signs)
    return graded(rule, 4 if severe else 3, f"Raised pressure or oedema: {named}.")


_DOMAINS = {
    IcansDomain.ICE: _ice,
    IcansDomain.CONSCIOUSNESS: _consciousness,
    IcansDomain.SEIZURE: _seizure,
    IcansDomain.MOTOR: _motor,
    IcansDomain.PRESSURE: _pressure,
}
