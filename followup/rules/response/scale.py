"""What RECIST 1.1 fixes: its responses and its numbers. What the protocol chooses comes from its limits.

Source: clinical rules 4; Eisenhauer et al., Eur J Cancer 2009;45:228-247.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from trialsite.protocol.types import ProtocolVersion

RECIST_VERSION = "1.1"

LEAST_MM = Decimal(10)  # longest diameter on CT or MRI in thin slices, or by calliper
LEAST_ON_CHEST_X_RAY_MM = Decimal(20)
THIN_SLICE_MM = Decimal(5)
LEAST_NODE_MM = Decimal(15)  # short axis
NORMAL_NODE_MM = Decimal(10)  # a shorter axis is a normal node
TOO_SMALL_MM = Decimal(5)  # what a lesion counts that is seen and cannot be measured
PROGRESSION_FACTOR = Decimal("1.20")
PROGRESSION_MM = Decimal(5)
PARTIAL_FACTOR = Decimal("0.70")


class Response(StrEnum):
    """Of the targets, of one time point, or the best of all. NE: not evaluable."""

    CR = "CR"
    PR = "PR"
    SD = "SD"
    PD = "PD"
    NE = "NE"


class NonTargetResponse(StrEnum):
    """NONE: there was nothing but targets at baseline."""

    CR = "CR"
    NON_CR_NON_PD = "non-CR/non-PD"
    PD = "PD"
    NE = "NE"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseLimits:
    """What the protocol chooses. Days include both ends of what they are compared with.

    missed_assessments: so many planned ones in a row without a scan take an event out of sight.
    """

    most_targets: int
    most_per_organ: int
    baseline_days: int
    confirmation_days: int
    stable_days: int
    missed_assessments: int


def limits_of(version: ProtocolVersion) -> ResponseLimits:
    """Return the limits of response that a protocol version states."""
    limits = {one.id: one.value for one in version.limits}
    return ResponseLimits(
        most_targets=limits["L-RECIST-TARGETS"],
        most_per_organ=limits["L-RECIST-PER-ORGAN"],
        baseline_days=limits["L-RECIST-BASELINE"],
        confirmation_days=limits["L-RECIST-CONFIRM"],
        stable_days=limits["L-RECIST-SD"],
        missed_assessments=limits["L-RECIST-MISSED"],
    )


def mm(size: Decimal) -> str:
    """Return a length as it is written: without an exponent, without needless zeros."""
    text = format(size, "f")
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} mm"
