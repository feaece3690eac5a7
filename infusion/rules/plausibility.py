"""What vital signs of a person in bed usually lie between: outside, somebody measures again before it is kept. Pure.

The limits are this system's own, wider than any reference range and narrower than what is impossible
(`faults_in`): a reading beyond them is true often enough in a CRS, and as often a slip of the hand.
"""

from collections.abc import Mapping
from decimal import Decimal

# By test code: the lowest and the highest that needs no second look, in the standard unit of the test.
USUAL: Mapping[str, tuple[Decimal, Decimal]] = {
    "TEMP": (Decimal("35.0"), Decimal("40.5")),
    "PULSE": (Decimal(45), Decimal(150)),
    "RESP": (Decimal(8), Decimal(35)),
    "SYSBP": (Decimal(80), Decimal(200)),
    "DIABP": (Decimal(40), Decimal(120)),
    "OXYSAT": (Decimal(88), Decimal(100)),
}


def unusual_in(values: Mapping[str, Decimal]) -> dict[str, str]:
    """Return which values want a second look, by test code, with the reason. Both limits are usual."""
    return {
        code: f"{value:f} is {'below' if value < USUAL[code][0] else 'above'} what is usual."
        for code, value in values.items()
        if code in USUAL and not USUAL[code][0] <= value <= USUAL[code][1]
    }
