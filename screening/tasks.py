"""Celery entry points of screening: thin, ids only, safe to run twice."""

from uuid import UUID

from celery import shared_task, signature

from screening.models import ResultImport
from screening.queries.result_files import stalled
from screening.services.result_files import check_file, import_file
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.errors import InvalidTransition


@shared_task(soft_time_limit=3_400, time_limit=3_600)  # a million rows
def check_result_file(result_import_id: str, user_id: str) -> None:
    """Look at a file that was received."""
    found, user = _loaded(result_import_id, user_id)
    try:
        check_file(result_import=found, by=user, at=clock.now())
    except InvalidTransition:
        return  # another worker has it, or had it


@shared_task(soft_time_limit=3_400, time_limit=3_600)  # a million rows
def import_result_file(result_import_id: str, user_id: str) -> None:
    """Import a file that was checked."""
    found, user = _loaded(result_import_id, user_id)
    try:
        import_file(result_import=found, by=user, at=clock.now())
    except InvalidTransition:
        return  # another worker has it, or had it


@shared_task
def resume_result_files() -> int:
    """Take up the check of files whose worker died or whose message was lost; return how many there were."""
    taken_up = 0
    for found in stalled(clock.now()):
        signature(
            "screening.tasks.check_result_file", args=[str(found.pk), str(found.uploaded_by_id)]
        ).delay()
        taken_up += 1
    return taken_up


def _loaded(result_import_id: str, user_id: str) -> tuple[ResultImport, User]:
    return (
        ResultImport.objects.get(pk=UUID(result_import_id)),
        User.objects.get(pk=UUID(user_id), is_active=True),
    )
