"""Who read what: a line in the trail before the bytes leave, or nothing leaves."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import Error, transaction

from trialsite.audit.acting import Actor, acting
from trialsite.audit.models import ReadEntry
from trialsite.errors import Unavailable


class ReadKind(StrEnum):
    IDENTITY = "identity"  # direct identifiers in clear
    EXPORT = "export"  # a file that leaves: CSV, PDF, JSON, a print
    TRAIL = "trail"  # the audit trail itself
    AS_KNOWN_AT = "as_known_at"  # a record rebuilt from the trail


def note_read(
    *,
    kind: ReadKind,
    what: str,
    by: Actor,
    at: datetime,
    participant_ids: Collection[UUID] = (),
    site_ids: Collection[UUID] = (),
    fields: Collection[str] = (),
    row_count: int | None = None,
    purpose: str = "",
) -> ReadEntry:
    """Store that `by` reads `what`; call it before the first byte leaves, and let its error refuse the read.

    what: name of the file or page, such as "screening-log.csv"; never a name or a value of anybody.
    participant_ids, site_ids: whose data it is; empty where it is everything the reader may see. fields: which.
    It is committed on return; inside a larger transaction it raises RuntimeError, because a rollback would forget
    a read that happened. Raises Unavailable("read-not-recorded") where it cannot be stored.
    """
    entry = ReadEntry(
        kind=ReadKind(kind).value,
        what=what,
        actor_id=by.actor_id,
        actor_label=by.actor_label,
        participant_id=next(iter(participant_ids)) if len(participant_ids) == 1 else None,
        site_id=next(iter(site_ids)) if len(site_ids) == 1 else None,
        participant_ids=sorted(str(one) for one in participant_ids),
        site_ids=sorted(str(one) for one in site_ids),
        fields=sorted(fields),
        row_count=row_count,
        purpose=purpose.strip(),
        recorded_at=at,
    )
    try:
        with (
            transaction.atomic(durable=True),
            acting(by=by, at=at, action=f"audit.{entry.kind}_read", reason=entry.purpose),
        ):
            entry.save_new()
    except Error as failure:
        raise Unavailable(
            "read-not-recorded",
            "Who reads this could not be recorded, so it is not shown. Try again; if it stays, tell the administrator.",
        ) from failure
    return entry
