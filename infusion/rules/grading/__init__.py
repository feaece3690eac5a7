"""Toxicity grades from findings: CRS, ICANS and IEC-HS by ASTCT, laboratory values and signs by CTCAE 5.0.

Pure and stateless: frozen findings in, a `Grading` out, always with its scale and version. The grade is a proposal; a
person confirms or overrides it. Source: clinical rules 2 and 3; the decisions taken stand in docs/algorithms/grading.md.
"""

from infusion.rules.grading.crs import (
    CrsComponent,
    CrsFindings,
    Hypotension,
    IntubationReason,
    OxygenDevice,
    assess_crs,
)
from infusion.rules.grading.ctcae import LaboratoryFindings, grade_laboratory
from infusion.rules.grading.ctcae_clinical import (
    FeverFindings,
    HypotensionCare,
    HypoxiaFindings,
    grade_fever,
    grade_hypotension,
    grade_hypoxia,
)
from infusion.rules.grading.ctcae_tables import CTCAE_VERSION, LABORATORY_TESTS
from infusion.rules.grading.grading import Flag, Grading, Scale
from infusion.rules.grading.icans import (
    Consciousness,
    IcansDomain,
    IcansFindings,
    PressureSign,
    Seizure,
    assess_icans,
)
from infusion.rules.grading.ice import IceAnswers
from infusion.rules.grading.iec_hs import IecHsAlert, IecHsFindings, IecHsSign, alert_iec_hs
from infusion.rules.grading.vasopressors import Vasopressor

__all__ = [
    "CTCAE_VERSION",
    "LABORATORY_TESTS",
    "Consciousness",
    "CrsComponent",
    "CrsFindings",
    "FeverFindings",
    "Flag",
    "Grading",
    "Hypotension",
    "HypotensionCare",
    "HypoxiaFindings",
    "IcansDomain",
    "IcansFindings",
    "IceAnswers",
    "IecHsAlert",
    "IecHsFindings",
    "IecHsSign",
    "IntubationReason",
    "LaboratoryFindings",
    "OxygenDevice",
    "PressureSign",
    "Scale",
    "Seizure",
    "Vasopressor",
    "alert_iec_hs",
    "assess_crs",
    "assess_icans",
    "grade_fever",
    "grade_hypotension",
    "grade_hypoxia",
    "grade_laboratory",
]
