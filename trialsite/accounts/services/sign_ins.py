"""The log of the door. Written by the sign-in pages; kept under the trail like every other table."""

from datetime import datetime

from django.conf import settings

from trialsite.accounts.models import SignInOutcome, SignInRecord, User
from trialsite.accounts.permissions import Actor
from trialsite.accounts.rules import name_hash
from trialsite.audit.acting import acting


def record_sign_in(
    *,
    outcome: SignInOutcome,
    typed_name: str,
    user: User | None,
    ip_address: str | None,
    by: Actor,
    at: datetime,
) -> SignInRecord:
    """Keep one event of the door. Needs no permission: whoever stands at the door is recorded.

    user: whose account the name belongs to, if anybody's.
    """
    record = SignInRecord(
        user=user,
        name_hash=name_hash(typed_name, settings.SECRET_KEY),
        ip_address=ip_address,
        outcome=outcome.value,
        recorded_at=at,
    )
    with acting(by=by, at=at, action=f"accounts.{outcome.value}"):
        record.save_new()
    return record
