"""Celery entry points: thin, without arguments that matter, safe to run twice and at once."""

import logging
import time
from uuid import UUID

from celery import shared_task

from participants.models import Participant
from participants.queries.left_alone import left_alone
from participants.services.data_checks import BATCH, check_participants
from participants.services.delivery import deliver_once, settle_expired_claims
from participants.services.notices import sweep_notices
from participants.services.obligations import reconcile_participant
from participants.services.sweep import sweep_once
from trialsite import clock
from trialsite.accounts.permissions import SystemActor
from trialsite.signing.queries import is_locked

log = logging.getLogger("participants.tasks")
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
    if skipped := left_alone(clock.now()):
        log.info("sweep: %d obligations are frozen or locked and were left alone", skipped)
    settle_expired_claims(by=SWEEP, at=clock.now())
    began = time.monotonic()
    while time.monotonic() - began < DELIVERS_FOR_SECONDS and deliver_once(by=SWEEP, at=clock.now()):
        continue
    return total


@shared_task
def reconcile_everybody() -> int:
    """Compare every participant's stored obligations with the plan, nightly; return how many differed."""
    differed = 0
    free = Participant.objects.exclude(is_locked("pk", "site"))
    if skipped := Participant.objects.count() - free.count():
        log.info("reconcile: %d participants are frozen or locked and were left alone", skipped)
    for participant_id in free.order_by("id").values_list("id", flat=True).iterator():
        differed += reconcile_participant(participant_id=participant_id, by=SWEEP, at=clock.now())
    return differed


@shared_task
def check_data_of_everybody() -> int:
    """Ask what the data rules ask of everybody who is not locked, nightly; return how many questions changed."""
    changed, last = 0, None
    while ids := _next_participants(last):
        changed += check_participants(participant_ids=ids, by=SWEEP, at=clock.now())
        last = ids[-1]
    return changed


def _next_participants(after: UUID | None) -> list[UUID]:
    rows = Participant.objects.exclude(is_locked("pk", "site")).order_by("id")
    rows = rows.filter(id__gt=after) if after else rows
    return list(rows.values_list("id", flat=True)[:BATCH])
