"""What a reader of the trail does not see there, because the record itself is closed to them.

The trail holds no confidential result of the safety record at all (`AddTrail(redact=...)`). What remains are the
sealed identifiers, whose ciphertext nobody needs to read, and answers about childbearing, which are open to the staff
of the trial and to nobody else (docs/decisions/0014-confidential-tests.md).
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission

SEALED, CONFIDENTIAL = "sealed", "confidential"
CONFIDENTIAL_COLUMNS: Mapping[str, frozenset[str]] = {
    "followup_childbearingstatus": frozenset({"is_possible", "ground", "note", "void_reason"}),
    "infusion_confidentialcase": frozenset({"concerns", "expected_on", "void_reason"}),
}
CONFIDENTIAL_ITEMS = frozenset({"childbearing_potential", "pregnancy_test", "breastfeeding"})
_EVIDENCE = "screening_evidence"


def concealed(table: str, values: Mapping[str, Any], *, may_read_confidential: bool) -> dict[str, str]:
    """Return the columns of one row that stay closed, each with the word that stands for it."""
    closed = {name: SEALED for name in values if name.endswith("_sealed")}
    if may_read_confidential:
        return closed
    for name in CONFIDENTIAL_COLUMNS.get(table, ()):
        if values.get(name) not in (None, ""):
            closed[name] = CONFIDENTIAL
    if table == _EVIDENCE and values.get("item") in CONFIDENTIAL_ITEMS:
        closed |= dict.fromkeys({"entry", "source_document", "void_reason"} & values.keys(), CONFIDENTIAL)
    return closed


def may_read_confidential(user: User, site_id: UUID | None) -> bool:
    """Return whether the answers about childbearing are open to the user, at the site or (None) at every site."""
    return user.access.may(Permission.RECORD_SAFETY, site_id)
