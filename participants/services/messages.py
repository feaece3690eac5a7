"""What a mail says: subject codes, items and links. No name, diagnosis or title, and nothing a subject line tells."""

import hashlib
from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage

from participants.models import Obligation, Reminder


def message_for(reminders: Sequence[Reminder]) -> EmailMessage:
    """Build one mail to the recipient of all `reminders`, one or a digest, in the order of codes and items.

    Its Message-ID follows from the rows, so that a repeat is recognisable; the rows are named in a header.
    """
    rows = sorted(reminders, key=lambda row: (row.obligation.participant.code, row.obligation.item_id))
    keys = sorted(str(row.pk) for row in rows)
    digest = hashlib.sha256(" ".join(keys).encode()).hexdigest()[:32]
    return EmailMessage(
        subject=_subject(rows),
        body="\n".join(_paragraph(row) for row in rows),
        to=[rows[0].recipient.email],
        headers={
            "Message-ID": f"<{digest}@trialsite>",
            "Auto-Submitted": "auto-generated",
            "X-Trialsite-Reminders": " ".join(keys),
        },
    )


def _subject(rows: Sequence[Reminder]) -> str:
    if len(rows) > 1:
        return f"trialsite: {len(rows)} reminders"
    (row,) = rows
    return f"trialsite: {row.obligation.participant.code} {row.obligation.item_id} ({row.rung})"


def _paragraph(row: Reminder) -> str:
    obligation = row.obligation
    code = obligation.participant.code
    return (
        f"{code}: {obligation.item_id} ({row.rung})\nWindow: {_window(obligation)} ({obligation.site.time_zone})\n"
        f"{settings.PUBLIC_URL}/participants/{code}/\n"
    )


def _window(obligation: Obligation) -> str:
    window = obligation.opens_on.isoformat()
    return window if obligation.closes_on is None else f"{window} to {obligation.closes_on.isoformat()}"
