"""Celery entry points: thin, without arguments that matter, safe to run twice and at once."""

import time

from celery import shared_task

from participants.models import Participant
from participants.services.delivery import deliver_once, settle_expired_claims
from participants.services.notices import sweep_notices
from participants.services.obligations import reconcile_participant
from participants.services.sweep import sweep_once
from trialsite import clock
from trialsite.accounts.permissions import SystemActor

SWEEP = SystemActor("sweep")
DELIVERS_FOR_SECONDS = 40  # a slow mail server does not keep every worker busy; the next minute goes on


@shared_task
def sweep() -> int:
    """Deal with everything whose moment has passed, then send what is pending."""
    total = 0
    while count := sweep_once(by=SWEEP, at=clock.now()):
        total += count
    while sweep_notices(by=SWEEP, at=clock.now()):
        continue
    settle_expired_claims(by=SWEEP, at=clock.now())
    began = time.monotonic()
    while time.monotonic() - began < DELIVERS_FOR_SECONDS and deliver_once(by=SWEEP, at=clock.now()):
        continue
    return total


@shared_task
def reconcile_everybody() -> int:
    """Compare every participant's stored obligations with the plan, nightly; return how many differed."""
    differed = 0
    for participant_id in Participant.objects.order_by("id").values_list("id", flat=True).iterator():
        differed += reconcile_participant(participant_id=participant_id, by=SWEEP, at=clock.now())
    return differed
