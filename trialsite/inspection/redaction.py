"""Which columns of the trail need more than the permission to read the trail.

Identifiers are ciphertext there already and are never shown, and what the trail must not hold at all its trigger leaves
out (`AddTrail(redact=…)`). This is for values that staff may read and an auditor or admin may not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from trialsite.accounts.permissions import Access, Permission

SEALED = "_sealed"
WITHHELD = "withheld"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """concerns(values): whether the row is one of those meant; `values` are the columns the entry speaks of."""

    columns: frozenset[str]
    permission: Permission
    concerns: Callable[[Row], bool]


_hidden: dict[str, Hidden] = {}


def hide(
    table: str, *columns: str, needs: Permission, concerns: Callable[[Row], bool] = lambda values: True
) -> None:
    """Show these columns of `table` only to those who hold `needs` at the row's site; registered again, it replaces."""
    _hidden[table] = Hidden(columns=frozenset(columns), permission=needs, concerns=concerns)


def withheld(table: str, values: Row, access: Access, site_id: UUID | None) -> frozenset[str]:
    """Return the columns of one entry that this reader is not shown.

    site_id: of the row; None where it hangs on no site, and then the permission must be held everywhere.
    """
    rule = _hidden.get(table)
    if rule is None or access.may(rule.permission, site_id) or not rule.concerns(values):
        return frozenset()
    return rule.columns


def is_sealed(column: str) -> bool:
    """Return whether a column holds ciphertext of a direct identifier."""
    return column.endswith(SEALED)
