"""Direct identifiers: recorded sealed; opened for a purpose, logged, given once."""

from datetime import datetime
from typing import Any

from participants.api.serializers.identity import (
    IdentityIn,
    IdentityOpenIn,
    IdentityStoredOut,
    OpenedIdentityOut,
)
from participants.models import Participant
from participants.services.identities import DirectIdentifiers, open_identity, record_identity
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.steps import UnderCommand

_NOTHING: dict[str, None] = dict.fromkeys(DirectIdentifiers.__slots__)


class RecordIdentity(UnderCommand):
    """Seal and store the direct identifiers; the answer shows none of them."""

    required_permission = Permission.EDIT_IDENTITY
    model = Participant
    takes, gives = IdentityIn, IdentityStoredOut

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Participant:
        reason = given.pop("reason")
        identifiers = DirectIdentifiers(**given)
        record_identity(participant=target, identifiers=identifiers, by=by, at=at, reason=reason)
        return target


class OpenIdentity(UnderCommand):
    """Open the direct identifiers for a purpose. Every opening is logged before anything is read.

    The answer is given once and not kept: repeating the key is refused, a new key is a new opening.
    """

    required_permission = Permission.VIEW_IDENTITY
    model = Participant
    takes, gives = IdentityOpenIn, OpenedIdentityOut
    stores_reply = False

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> object:
        return open_identity(participant=target, by=by, at=at, **given) or _NOTHING
