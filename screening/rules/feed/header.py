"""The columns that are read, under their names in SDTM LB, whatever their order and case."""

from collections.abc import Sequence

from screening.rules.feed.faults import FileRefused

REQUIRED = ("USUBJID", "LBTESTCD", "LBORRES", "LBORRESU", "LBORNRLO", "LBORNRHI", "LBDTC")
OPTIONAL = ("LBSTAT", "LBREASND", "LBNAM", "LBMETHOD", "LBREFID", "LBSPEC", "LBCAT")
COLUMNS = (*REQUIRED, *OPTIONAL)
MOST_COLUMNS = 400


def positions(names: Sequence[str]) -> tuple[int | None, ...]:
    """Return where each of COLUMNS stands in the file, None for an optional one that is not there.

    Raises FileRefused("too-many-columns", "duplicate-column", "missing-column").
    """
    if len(names) > MOST_COLUMNS:
        raise FileRefused("too-many-columns", f"There are more than {MOST_COLUMNS} columns.", 1)
    found: dict[str, int] = {}
    for place, name in enumerate(canonical(names)):
        if name in found:
            raise FileRefused("duplicate-column", f"The column {_shown(name)} is there twice.", 1)
        if name:
            found[name] = place
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise FileRefused("missing-column", _missing_words(missing, found), 1)
    return tuple(found.get(name) for name in COLUMNS)


def canonical(names: Sequence[str]) -> list[str]:
    return [name.strip().upper() for name in names]


def _missing_words(missing: Sequence[str], found: dict[str, int]) -> str:
    if len(missing) == len(REQUIRED):
        first = ", ".join(_shown(name) for name in list(found)[:3]) or "nothing"
        return f"This is no table of laboratory results in the shape of SDTM LB. It begins with: {first}."
    many = "columns are" if len(missing) > 1 else "column is"
    return f"The {many} missing: {', '.join(missing)}."


def _shown(name: str) -> str:
    return repr(name if len(name) <= 40 else f"{name[:40]}…")
