"""Finding the participant a command is about, with the permission it needs."""

from uuid import UUID

from participants.models import Participant
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor


def find_participant(by: Actor, participant_id: UUID, permission: Permission) -> Participant:
    """Return the participant with its site. Raises NotPermitted without `permission` at that site."""
    participant = Participant.objects.select_related("site").get(pk=participant_id)
    require(by, permission, participant.site_id)
    return participant
