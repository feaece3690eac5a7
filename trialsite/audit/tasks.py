"""The trail's own nightly work."""

from celery import shared_task
from django.db import connection

MONTHS_AHEAD = 4


@shared_task
def make_trail_partitions() -> int:
    """Make the partitions of this month and the coming ones; return how many are new. A second run makes none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT trail_partitions(current_date, %s)", [MONTHS_AHEAD])
        row = cursor.fetchone()
    return int(row[0]) if row else 0
