"""Celery entry points of the API's own housekeeping."""

from celery import shared_task

from trialsite import clock
from trialsite.api.idempotency import purge_expired


@shared_task
def purge_idempotency_records() -> int:
    """Forget stored answers that nobody will ask for again; return how many."""
    return purge_expired(clock.now())
