"""Celery entry points: safe to run twice and at once."""

from celery import shared_task

from trialsite import clock
from trialsite.accounts.permissions import SystemActor
from trialsite.signing.services.signing import recheck

_CHECKS = SystemActor("signatures")


@shared_task
def recheck_signatures() -> int:
    """Each minute: notice the signatures that a change of the last minutes broke."""
    return recheck(by=_CHECKS, at=clock.now())


@shared_task
def recheck_every_signature() -> int:
    """Each night: look at all of them, whatever the trail says."""
    return recheck(by=_CHECKS, at=clock.now(), whole=True)
