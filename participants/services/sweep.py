"""The sweep: what changed by the mere passing of time. Its cost follows what is due, not what exists.

Safe to run anywhere and at once: rows are claimed with SKIP LOCKED, everything written has a unique key.
"""

from datetime import datetime
from itertools import product
from typing import Any

from django.db import connection

from participants.services.sweep_sql import SWEEP, rule_rows
from trialsite.accounts.models import Site
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.protocol.registry import shipped
from trialsite.protocol.reminding import not_before

# Large enough for planning the statement to cost little beside its rows, small enough that nobody waits long for one.
BATCH_SIZE = 2500


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
        cursor.execute(SWEEP, {"at": at, "size": BATCH_SIZE, **rule_rows(), **_quiet_rows(at)})
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


def _quiet_rows(at: datetime) -> dict[str, Any]:
    """Where routine mail has to wait, by site and version, and until when."""
    sites, versions, ends = [], [], []
    for (site, zone), version in product(Site.objects.values_list("id", "time_zone"), shipped()):
        leaves_at = not_before(at, zone, version.quiet_hours)
        if leaves_at > at:
            sites.append(site)
            versions.append(version.number)
            ends.append(leaves_at)
    return {"quiet_sites": sites, "quiet_versions": versions, "quiet_ends": ends}
