"""The kind of the locks themselves: a lock and its end are signed like any record."""

from typing import Any

from django.urls import reverse

from trialsite.accounts.permissions import Permission
from trialsite.signing.content import row
from trialsite.signing.kinds import Kind, Owner, Shown
from trialsite.signing.models import Lock
from trialsite.signing.rules import Meaning

_ENDING = ("unlocked_at", "unlocked_by", "unlock_reason", "unlock_signature_id")


def _shown(lock: Any) -> Shown:
    return Shown(
        heading=f"Lock of {lock.name}",
        lines=(
            ("Locked by", lock.locked_by),
            ("Locked at", f"{lock.locked_at:%Y-%m-%d %H:%M} UTC"),
            ("Reason", lock.reason),
        ),
    )


LOCK_KIND = Kind(
    name="lock",
    title="Lock",
    model=Lock,
    permission=Permission.FREEZE_DATA,
    meanings=(Meaning.LOCKING, Meaning.UNLOCKING),
    contents={1: lambda lock: {"lock": row(lock, *_ENDING)}},
    shown=_shown,
    owner=lambda lock: Owner(site=lock.present_site, participant_id=lock.participant_id),
    href=lambda lock: reverse("locks"),
    tables=("signing_lock",),
    rows=lambda locks: locks.select_related("site"),
    has_page=False,
)
