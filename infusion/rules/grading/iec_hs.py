"""Alert for hyperinflammation after immune effector cells (IEC-HS, ASTCT 2023). Source: Hines et al. 2023; rules 2.3.

It only alerts. The grade, 1 to 5 by the treatment needed, is entered by the investigator.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from infusion.rules.grading.ctcae import grade_laboratory
from infusion.rules.grading.grading import Scale
from infusion.rules.grading.measured import Measured, measured
from trialsite.protocol.criteria import Truth, any_of, truth
from trialsite.protocol.results import Result
from trialsite.protocol.types import Sign
from trialsite.protocol.units import FERRITIN, FIBRINOGEN, Quantity, UnitUnusable

IEC_HS = "IEC-HS"
IEC_HS_VERSION = "2023"
FERRITIN_TIMES = Decimal(2)
ENZYME_GRADE = 3
FIBRINOGEN_G_PER_L = Decimal("1.5")
_ONE = Decimal(1)


class IecHsSign(StrEnum):
    """What is often seen as well and decides nothing alone; triglycerides above 265 mg/dL, fasting."""

    LDH_RAISED = "ldh_raised"
    CLOTTING_PROLONGED = "clotting_prolonged"  # PT or PTT
    DIRECT_BILIRUBIN_RAISED = "direct_bilirubin_raised"
    NEW_SPLENOMEGALY = "new_splenomegaly"
    FEVER = "fever"  # new or persistent
    NEUROTOXICITY = "neurotoxicity"
    LUNG_SIGNS = "lung_signs"
    RENAL_INSUFFICIENCY = "renal_insufficiency"
    TRIGLYCERIDES_RAISED = "triglycerides_raised"


@dataclass(frozen=True, slots=True, kw_only=True)
class IecHsFindings:
    """None = not documented. Results with their own limits; the baselines are the last before the first intervention.

    has_cytopenia: new, worsening or refractory, grade 4. is_explained_otherwise: somebody found another cause.
    """

    ferritin: Result | None = None
    ferritin_baseline: Result | None = None
    is_ferritin_rising_rapidly: bool | None = None
    alt: Result | None = None
    alt_baseline: Result | None = None
    ast: Result | None = None
    ast_baseline: Result | None = None
    fibrinogen: Result | None = None
    has_haemophagocytosis: bool | None = None
    has_cytopenia: bool | None = None
    signs: frozenset[IecHsSign] = frozenset()
    is_explained_otherwise: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IecHsAlert:
    """is_raised: somebody should look for IEC-HS. ferritin: whether the required criterion holds.

    common, other: features that are present. missing: what is not documented and would count.
    """

    is_raised: bool
    ferritin: Truth
    common: tuple[str, ...]
    other: tuple[str, ...]
    missing: tuple[str, ...]
    because: str
    inputs: IecHsFindings
    scale: Scale = Scale.ASTCT
    scale_version: str = IEC_HS_VERSION


def alert_iec_hs(findings: IecHsFindings) -> IecHsAlert:
    """Return whether the findings call for a second look: ferritin and at least one common feature."""
    ferritin, features = _ferritin(findings), _common(findings)
    common = tuple(name for name, answer in features.items() if answer is Truth.TRUE)
    unknown = tuple(name for name, answer in features.items() if answer is Truth.UNKNOWN)
    missing = ("ferritin", *unknown) if ferritin is Truth.UNKNOWN else unknown
    is_raised = ferritin is Truth.TRUE and bool(common) and not findings.is_explained_otherwise
    return IecHsAlert(
        is_raised=is_raised,
        ferritin=ferritin,
        common=common,
        other=tuple(sign.value for sign in IecHsSign if sign in findings.signs),
        missing=missing,
        because=_because(findings, ferritin, common),
        inputs=findings,
    )


def _because(findings: IecHsFindings, ferritin: Truth, common: tuple[str, ...]) -> str:
    if findings.is_explained_otherwise:
        return "The findings have another explanation."
    match ferritin:
        case Truth.FALSE:
            return "Ferritin is neither above twice its limit or baseline nor rising rapidly."
        case Truth.UNKNOWN:
            return "Ferritin, which the criteria require, is not documented."
    if not common:
        return "Ferritin is raised; no common feature of IEC-HS is documented."
    return f"Ferritin is raised, with {', '.join(common)}."


def _ferritin(findings: IecHsFindings) -> Truth:
    """The required criterion. Whether it rises rapidly is asked for only where there is no value."""
    value = _measured(findings.ferritin, FERRITIN)
    baseline = _measured(findings.ferritin_baseline, FERRITIN)
    is_rising = truth(findings.is_ferritin_rising_rapidly)
    if value is None:
        return any_of(is_rising, Truth.UNKNOWN)
    return any_of(
        Truth.FALSE if is_rising is Truth.UNKNOWN else is_rising,
        value.holds(Sign.ABOVE, FERRITIN_TIMES, value.upper),
        Truth.FALSE
        if baseline is None
        else value.holds(Sign.ABOVE, FERRITIN_TIMES, baseline.value if baseline.is_exact else None),
    )


def _common(findings: IecHsFindings) -> dict[str, Truth]:
    return {
        "transaminases": any_of(
            _enzyme("ALT", findings.alt, findings.alt_baseline),
            _enzyme("AST", findings.ast, findings.ast_baseline),
        ),
        "fibrinogen": _fibrinogen(findings.fibrinogen),
        "haemophagocytosis": truth(findings.has_haemophagocytosis),
        "cytopenia": truth(findings.has_cytopenia),
    }


def _enzyme(test_code: str, result: Result | None, baseline: Result | None) -> Truth:
    """Above 5 times the limit, or 5 times an abnormal baseline: where CTCAE begins grade 3."""
    grading = grade_laboratory(test_code, result, baseline)
    if grading.at_least >= ENZYME_GRADE:
        return Truth.TRUE
    return Truth.FALSE if grading.at_most < ENZYME_GRADE else Truth.UNKNOWN


def _fibrinogen(result: Result | None) -> Truth:
    value = _measured(result, FIBRINOGEN)
    if value is None:
        return Truth.UNKNOWN
    is_low = value.holds(Sign.BELOW, FIBRINOGEN_G_PER_L, _ONE)
    return is_low if value.lower is None else any_of(is_low, value.holds(Sign.BELOW, _ONE, value.lower))


def _measured(result: Result | None, quantity: Quantity) -> Measured | None:
    """Return the result in its base unit; one whose unit says nothing is as good as none."""
    try:
        return None if result is None else measured(result, quantity)
    except UnitUnusable:
        return None
