"""The sweep: what changed by the mere passing of time. Its cost follows what is due, not what exists.

Safe to run anywhere and at once: rows are claimed with SKIP LOCKED, everything written has a unique key.
"""

from datetime import datetime
from itertools import product
from typing import Any

from django.db import connection

from participants.services.deviations import notice_due_on
from participants.services.sweep_sql import SWEEP, rule_rows
from trialsite.accounts.models import Site
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.protocol.registry import shipped
from trialsite.protocol.reminding import not_before

# Large enough for the statement to cost nothing beside its rows, small enough that their rows are found by index.
BATCH_SIZE = 1000


def sweep_once(*, by: Actor, at: datetime) -> int:
    """Deal with up to BATCH_SIZE obligations whose moment has passed; return how many. Needs RUN_SWEEP.

    Each gets the reminders of the latest rung passed since its last sweep, as rows in the inbox and to be mailed, its
    deviation where a window closed undone, and its next moment. The same two statements whatever the number;
    `due_state`, `finding_in` and the ladders are what they follow. Call again until it returns 0.
    """
    require(by, Permission.RUN_SWEEP, None)
    if not _is_anything_due(at):
        return 0
    with acting(by=by, at=at, action="participants.swept"), connection.cursor() as cursor:
        cursor.execute(SWEEP, {"at": at, "size": BATCH_SIZE, **rule_rows(), **_rows_of_sites(at)})
        (count,) = cursor.fetchone()
    return int(count)


def _is_anything_due(at: datetime) -> bool:
    """One look into an index: most minutes there is nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM participants_obligation WHERE next_transition_at <= %s)", [at]
        )
        (found,) = cursor.fetchone()
    return bool(found)


def _rows_of_sites(at: datetime) -> dict[str, Any]:
    """By site and version: until when routine mail has to wait, and by when an important deviation is reported."""
    pairs = list(product(Site.objects.all(), shipped()))
    waits = [
        (site.pk, version.number, leaves_at)
        for site, version in pairs
        if (leaves_at := not_before(at, site.time_zone, version.quiet_hours)) > at
    ]
    return {
        "quiet_sites": [one for one, _, _ in waits],
        "quiet_versions": [one for _, one, _ in waits],
        "quiet_ends": [one for _, _, one in waits],
        "notice_sites": [site.pk for site, _ in pairs],
        "notice_versions": [version.number for _, version in pairs],
        "notice_ends": [notice_due_on(site, at, version) for site, version in pairs],
    }
