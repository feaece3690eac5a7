"""Chain of custody: is a bag within the temperatures allowed for the way it is kept?"""

from decimal import Decimal
from enum import StrEnum

from trialsite.protocol.types import StorageRange


class CustodyStep(StrEnum):
    """What happens to a bag on its way from vein to vein."""

    STORED = "stored"
    HANDED_OVER = "handed_over"
    SHIPPED = "shipped"
    RECEIVED = "received"
    THAWED = "thawed"
    DESTROYED = "destroyed"


BETWEEN_TWO = frozenset({CustodyStep.HANDED_OVER, CustodyStep.SHIPPED, CustodyStep.RECEIVED})


class ExcursionVerdict(StrEnum):
    """What was decided on a temperature excursion."""

    USABLE = "usable"
    NOT_USABLE = "not_usable"


def is_excursion(kept: StorageRange, temperature_c: Decimal | None) -> bool:
    """True if the temperature lies outside the range; both bounds belong to it. None was not measured: False."""
    if temperature_c is None:
        return False
    is_too_cold = kept.lower_c is not None and temperature_c < kept.lower_c
    is_too_warm = kept.upper_c is not None and temperature_c > kept.upper_c
    return is_too_cold or is_too_warm
