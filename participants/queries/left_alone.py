"""What the sweep leaves alone, because it is frozen or locked."""

from datetime import datetime

from django.db.models import QuerySet

from participants.models import Obligation
from trialsite.signing.models import Lock
from trialsite.signing.queries import is_locked


def due_by(at: datetime) -> QuerySet[Obligation]:
    """Return the obligations whose next change has come at `at`."""
    return Obligation.objects.filter(next_transition_at__lte=at)


def left_alone(at: datetime) -> int:
    """Return how many of them belong to a participant or a site that is locked."""
    if not Lock.objects.in_force().exists():
        return 0
    return due_by(at).filter(is_locked("participant_id", "site_id")).count()
