"""Many participants, quickly: one real participant, copied set-wise with everything that is due."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from trialsite.accounts.permissions import SystemActor
from trialsite.audit.acting import acting

BENCH = SystemActor("sweep")


def copy_participant(template: UUID, start: int, copies: int, *, at: datetime, batch: int = 1000) -> None:
    """Insert participants number `start` to `copies` like `template`, minutes apart, with all that is due.

    Written as SQL because services take about 12 ms each; the trail triggers stay on.
    """
    for first in range(start, copies, batch):
        with acting(by=BENCH, at=at, action="bench.participants_copied"), connection.cursor() as cursor:
            cursor.execute(
                _COPY, {"template": template, "first": first, "last": min(first + batch, copies) - 1}
            )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does in a database that grows at its own pace


_COPY = """
WITH copies AS (
    SELECT n, gen_random_uuid() AS id FROM generate_series(%(first)s::int, %(last)s::int) AS n
), people AS (
    INSERT INTO participants_participant (id, recorded_at, version, code, site_id, state, arm, intended_arm,
        dose_level, sex, birth_year, referral_source, infused_on)
    SELECT c.id, p.recorded_at + c.n * interval '7 minutes', 1,
        left(p.code, 3) || 'B' || lpad(c.n::text, 7, '0'), p.site_id, p.state, p.arm, p.intended_arm,
        p.dose_level, p.sex, p.birth_year, p.referral_source, p.infused_on
    FROM participants_participant p, copies c WHERE p.id = %(template)s
    RETURNING id
), events AS (
    INSERT INTO participants_journeyevent (id, recorded_at, version, participant_id, kind, occurred_at,
        occurred_on, item, ref, facts, reason, recorded_by, void_reason)
    SELECT gen_random_uuid(), e.recorded_at, 1, c.id, e.kind, e.occurred_at, e.occurred_on, e.item, e.ref,
        e.facts, e.reason, e.recorded_by, e.void_reason
    FROM participants_journeyevent e, copies c WHERE e.participant_id = %(template)s
    RETURNING id
)
INSERT INTO participants_obligation (id, recorded_at, version, participant_id, site_id, key, item_id, kind,
    title, opens_at, opens_on, target_on, closes_at, closes_on, missed_at, fulfilled_at, fulfilled_on,
    fulfilled_ref, ended_at, ended_reason, source, protocol_version, epoch, ladder, is_important,
    is_protocol_window, holds, is_settled, rung_at, next_transition_at, swept_through_at, cancelled_at)
SELECT gen_random_uuid(), o.recorded_at, 1, c.id, o.site_id, o.key, o.item_id, o.kind, o.title,
    o.opens_at + c.n * interval '7 minutes', o.opens_on, o.target_on, o.closes_at + c.n * interval '7 minutes',
    o.closes_on, o.missed_at, o.fulfilled_at, o.fulfilled_on, o.fulfilled_ref, o.ended_at, o.ended_reason,
    o.source, o.protocol_version, o.epoch, o.ladder, o.is_important, o.is_protocol_window, o.holds,
    o.is_settled, o.rung_at, o.next_transition_at, o.swept_through_at, o.cancelled_at
FROM participants_obligation o, copies c WHERE o.participant_id = %(template)s
"""
