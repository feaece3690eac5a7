"""The statement of the sweep, and the protocol's rules as the rows it joins.

Everything the statement knows comes from the pure core: rungs from the ladders, findings from `finding_for` asked
once for every kind and state. What is left to SQL is comparing instants, which is tested against the core.
"""

from datetime import UTC, date, datetime
from functools import cache
from itertools import product
from typing import Any

from participants.rules import RECORDED_AFTERWARDS, SETTLED
from trialsite.protocol.findings import Finding, finding_in
from trialsite.protocol.registry import shipped
from trialsite.protocol.types import DueState, Epoch, Obligation, ObligationKind, Source

SWEEP = """
WITH due AS (
    SELECT id, participant_id, site_id, key, kind, title, opens_at, opens_on, target_on, closes_at, closes_on,
        missed_at, fulfilled_at, ended_at, protocol_version, ladder, is_important, is_protocol_window, rung_at,
        swept_through_at
    FROM participants_obligation
    WHERE next_transition_at <= %(at)s
    ORDER BY next_transition_at, id
    LIMIT %(size)s
    FOR NO KEY UPDATE SKIP LOCKED
), judged AS MATERIALIZED (
    SELECT due.*,
        CASE
            WHEN kind <> 'period' AND fulfilled_at < opens_at THEN 'done_early'
            WHEN kind <> 'period' AND fulfilled_at >= closes_at THEN 'done_late'
            WHEN kind <> 'period' AND fulfilled_at IS NOT NULL THEN 'done'
            WHEN ended_at IS NOT NULL AND (NOT is_protocol_window OR closes_at IS NULL OR ended_at < closes_at)
                THEN 'not_required'
            WHEN %(at)s < opens_at THEN 'upcoming'
            WHEN closes_at IS NULL OR %(at)s < closes_at THEN 'due'
            WHEN kind = 'period' THEN 'done'
            WHEN missed_at <= %(at)s THEN 'missed'
            ELSE 'overdue'
        END AS state
    FROM due
), rungs AS MATERIALIZED (
    SELECT version, ladder, position, rung, level, string_to_array(roles, ' ') AS roles, is_critical
    FROM unnest(%(versions)s::text[], %(ladders)s::text[], %(positions)s::bigint[], %(rungs)s::text[],
        %(levels)s::smallint[], %(roles)s::text[], %(criticals)s::boolean[])
        AS r(version, ladder, position, rung, level, roles, is_critical)
), reached AS MATERIALIZED (
    SELECT judged.id, judged.site_id, judged.protocol_version, judged.ladder,
        judged.opens_on, judged.target_on, judged.closes_on, judged.closes_at, at.instant AS due_at, at.position
    FROM judged CROSS JOIN LATERAL unnest(judged.rung_at) WITH ORDINALITY AS at(instant, position)
    WHERE judged.state IN ('upcoming', 'due', 'overdue') AND judged.kind <> 'period'
        AND at.instant > judged.swept_through_at AND at.instant <= %(at)s
), passed AS (
    SELECT DISTINCT ON (r.id) r.*, rungs.rung, rungs.level, rungs.roles, rungs.is_critical
    FROM reached AS r
    JOIN rungs ON rungs.version = r.protocol_version AND rungs.ladder = r.ladder AND rungs.position = r.position
    ORDER BY r.id, r.due_at DESC, rungs.rung COLLATE "C" DESC
), members AS MATERIALIZED (
    SELECT m.site_id, m.role, u.id AS user_id, u.email <> '' AS has_address
    FROM accounts_membership AS m JOIN accounts_user AS u ON u.id = m.user_id
    WHERE u.is_active AND m.site_id IS NOT NULL
), told AS (
    INSERT INTO participants_reminder (id, recorded_at, version, obligation_id, ladder, rung, level,
        is_safety_critical, due_at, opens_on, target_on, closes_on, recipient_id, role, channel, status,
        next_attempt_at, sent_at, attempts, outcome, note)
    SELECT encode(substr(sha256(uuid_send(p.id) || timestamptz_send(p.due_at) || uuid_send(m.user_id)
            || convert_to(c.channel || p.rung, 'UTF8')), 1, 16), 'hex')::uuid,  -- the unique key, at a third of a random id's price
        %(at)s, 1, p.id, p.ladder, p.rung, p.level, p.is_critical, p.due_at, p.opens_on,
        p.target_on, p.closes_on, m.user_id, m.role, c.channel,
        CASE c.channel WHEN 'mail' THEN 'planned' ELSE 'sent' END,
        CASE c.channel WHEN 'mail' THEN CASE WHEN p.is_critical THEN %(at)s ELSE coalesce(q.leaves_at, %(at)s) END END,
        CASE c.channel WHEN 'mail' THEN NULL ELSE %(at)s END,
        0, '', ''
    FROM passed AS p
    JOIN members AS m ON m.site_id = p.site_id AND m.role = ANY (p.roles)
    JOIN (VALUES ('in_app'), ('mail')) AS c(channel) ON c.channel = 'in_app' OR m.has_address
    LEFT JOIN unnest(%(quiet_sites)s::uuid[], %(quiet_versions)s::text[], %(quiet_ends)s::timestamptz[])
        AS q(site_id, version, leaves_at) ON q.site_id = p.site_id AND q.version = p.protocol_version
    WHERE p.level = 0 OR p.is_critical OR p.closes_at IS NULL OR NOT EXISTS (
        SELECT FROM participants_reminder AS a
        WHERE a.obligation_id = p.id AND a.acknowledged_at >= p.closes_at)
    ORDER BY p.id, m.role
    ON CONFLICT DO NOTHING
), found AS (
    SELECT judged.id, judged.participant_id, judged.site_id, judged.key, judged.title,
        coalesce(judged.closes_at, %(at)s) AS occurred_at, f.rule_id, f.category, f.words, f.proposes_important
    FROM judged
    JOIN unnest(%(kinds)s::text[], %(states)s::text[], %(in_window)s::boolean[], %(important)s::boolean[],
        %(rule_ids)s::text[], %(categories)s::text[], %(words)s::text[], %(proposed)s::boolean[])
        AS f(kind, state, in_window, important, rule_id, category, words, proposes_important)
        ON f.kind = judged.kind AND f.state = judged.state AND f.in_window = judged.is_protocol_window
            AND f.important = judged.is_important
), reopened AS (
    UPDATE participants_deviation AS d
    SET status = 'open', closed_at = NULL, closing_note = '', occurred_at = found.occurred_at, version = d.version + 1
    FROM found
    WHERE d.participant_id = found.participant_id AND d.rule_id = found.rule_id AND d.subject = found.key
        AND d.status = 'closed' AND (d.closing_note = %(settled)s OR starts_with(d.closing_note, %(recorded)s))
), departed AS (
    INSERT INTO participants_deviation (id, recorded_at, version, participant_id, site_id, rule_id, subject, category,
        description, reason, proposed_important, occurred_at, detected_at, detected_by, status, closing_note)
    SELECT gen_random_uuid(), %(at)s, 1, participant_id, site_id, rule_id, key, category,
        title || words, '', proposes_important, occurred_at, %(at)s, 'system', 'open', ''
    FROM found
    ON CONFLICT DO NOTHING
), moved AS (
    UPDATE participants_obligation AS o
    SET is_settled = judged.state NOT IN ('upcoming', 'due', 'overdue'),
        rung_at = CASE WHEN judged.state IN ('upcoming', 'due', 'overdue') THEN o.rung_at ELSE '{}' END,
        next_transition_at = CASE WHEN judged.state IN ('upcoming', 'due', 'overdue') THEN least((SELECT min(instant) FROM unnest(judged.rung_at) AS ahead(instant) WHERE instant > %(at)s),
                CASE WHEN judged.opens_at > %(at)s THEN judged.opens_at END,
                CASE WHEN judged.closes_at > %(at)s THEN judged.closes_at END,
                CASE WHEN judged.kind <> 'period' AND judged.missed_at > %(at)s THEN judged.missed_at END) END,
        swept_through_at = %(at)s, version = o.version + 1
    FROM judged WHERE o.id = judged.id
)
SELECT count(*) FROM judged
"""


@cache
def rule_rows() -> dict[str, Any]:
    """Return the ladders of every version and the findings of every state, as columns for `SWEEP`."""
    return {
        **_columns(
            ("versions", "ladders", "positions", "rungs", "levels", "roles", "criticals"), _rung_rows()
        ),
        **_columns(
            ("kinds", "states", "in_window", "important", "rule_ids", "categories", "words", "proposed"),
            _finding_rows(),
        ),
        "settled": SETTLED,
        "recorded": RECORDED_AFTERWARDS,
    }


def _columns(names: tuple[str, ...], rows: list[tuple[object, ...]]) -> dict[str, Any]:
    return {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}


def _rung_rows() -> list[tuple[object, ...]]:
    return [
        (
            version.number,
            ladder.id,
            position,
            rung.id,
            rung.level,
            " ".join(sorted(rung.roles)),
            ladder.is_safety_critical,
        )
        for version in shipped()
        for ladder in version.ladders
        for position, rung in enumerate(ladder.rungs, start=1)
    ]


def _finding_rows() -> list[tuple[object, ...]]:
    """What `finding_in` says about an obligation without a title, for all that it depends on."""
    rows: list[tuple[object, ...]] = []
    for kind, state, in_window, important in product(ObligationKind, DueState, (True, False), (True, False)):
        finding = finding_in(_nameless(kind, in_window=in_window, important=important), state)
        if finding is not None:
            rows.append((kind.value, state.value, in_window, important, *_said(finding)))
    return rows


def _said(finding: Finding) -> tuple[object, ...]:
    return finding.rule_id, finding.category.value, finding.title, finding.is_important


def _nameless(kind: ObligationKind, *, in_window: bool, important: bool) -> Obligation:
    return Obligation(
        key="",
        item_id="",
        kind=kind,
        title="",
        opens_at=datetime(2026, 1, 1, tzinfo=UTC),
        opens_on=date(2026, 1, 1),
        target_on=date(2026, 1, 1),
        closes_at=None,
        closes_on=None,
        source=Source.ASSUMED,
        version="",
        epoch=Epoch.TREATMENT,
        ladder="none",
        is_important=important,
        is_protocol_window=in_window,
    )
