"""The pulse: beat asks, a worker answers and asks the mail server."""

from smtplib import SMTPException

from celery import shared_task
from django.core.mail import get_connection

from trialsite import clock
from trialsite.health.rules import Part
from trialsite.health.services import note_alive, note_failing, raise_alarms


@shared_task
def pulse() -> int:
    """Note that a worker works, and whether the mail server takes a connection; return how many alarms that made."""
    note_alive(Part.WORKER, at=clock.now())
    try:
        connection = get_connection()
        connection.open()
        connection.close()
    except (SMTPException, OSError) as failure:
        note_failing(Part.DELIVERY, reason=type(failure).__name__, at=clock.now())
    else:
        note_alive(Part.DELIVERY, at=clock.now())
    return len(raise_alarms(clock.now(), about=[Part.DELIVERY]))
