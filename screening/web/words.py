"""How numbers of cells and doses are written on pages: 1.2 × 10⁶."""

from decimal import Decimal

from trialsite.protocol.types import DoseLevel

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def in_powers(count: Decimal | int, digits: int = 3) -> str:
    """Return a positive number with `digits` significant digits and a power of ten; below 1000 as it is."""
    number = Decimal(count)
    if number < 1000:
        return f"{number:f}"
    power = number.adjusted()
    mantissa = round(number.scaleb(-power), digits - 1)
    if mantissa >= 10:
        power, mantissa = power + 1, mantissa / 10
    text = f"{mantissa:f}".rstrip("0").rstrip(".") if "." in f"{mantissa:f}" else f"{mantissa:f}"
    return f"{text} × 10{str(power).translate(_RAISED)}"


def dose_in_words(level: DoseLevel) -> str:
    """Return `Dose level 1 · 1 × 10⁶ cells/kg`."""
    return f"{level.title} · {in_powers(level.nominal_cells_per_kg)} cells/kg"


def range_in_words(level: DoseLevel) -> str:
    """Return the inclusive range of a dose level, per kilogram."""
    return f"{in_powers(level.lower_cells_per_kg)} to {in_powers(level.upper_cells_per_kg)} cells/kg"
