"""The statement of the sweep, and the protocol's rules as the rows it joins.

Everything the statement knows comes from the pure core: rungs from the ladders, findings from `finding_for` asked
once for every kind and state. What is left to SQL is comparing instants, which is tested against the core.
"""

from datetime import UTC, date, datetime
from functools import cache
from itertools import product
from typing import Any

from participants.services.deviations import RETURNED
from trialsite.protocol.deviation_rules import rule_of
from trialsite.protocol.findings import Finding, finding_in
from trialsite.protocol.registry import shipped
from trialsite.protocol.types import DeviationRule, DueState, Epoch, Obligation, ObligationKind, Source

SWEEP = """
WITH due AS (
    SELECT id, participant_id, site_id, key, kind, title, opens_at, opens_on, target_on, closes_at, closes_on,
        missed_at, fulfilled_at, ended_at, protocol_version, ladder, is_important, is_protocol_window, rung_at,
        swept_through_at
    FROM participants_obligation
    WHERE next_transition_at <= %(at)s AND NOT EXISTS (
        SELECT FROM signing_lock AS l
        WHERE l.unlocked_at IS NULL AND (l.target_id IN (participant_id, site_id) OR l.scope = 'trial'))
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
        coalesce(judged.closes_at, %(at)s) AS occurred_at, f.rule_id, f.revision, f.category, f.words,
        f.proposes_important, n.last_on AS notice_due_on
    FROM judged
    JOIN unnest(%(ruled)s::text[], %(kinds)s::text[], %(states)s::text[], %(in_window)s::boolean[],
        %(important)s::boolean[], %(rule_ids)s::text[], %(revisions)s::smallint[], %(applies)s::date[],
        %(categories)s::text[], %(words)s::text[], %(proposed)s::boolean[])
        AS f(version, kind, state, in_window, important, rule_id, revision, applies_from, category, words,
            proposes_important)
        ON f.version = judged.protocol_version AND f.kind = judged.kind AND f.state = judged.state
            AND f.in_window = judged.is_protocol_window AND f.important = judged.is_important
            AND (f.applies_from IS NULL OR f.applies_from <= coalesce(judged.closes_on, judged.target_on))
    LEFT JOIN unnest(%(notice_sites)s::uuid[], %(notice_versions)s::text[], %(notice_ends)s::date[])
        AS n(site_id, version, last_on)
        ON f.proposes_important AND n.site_id = judged.site_id AND n.version = judged.protocol_version
), reopened AS (
    UPDATE participants_deviation AS d
    SET status = 'draft', closed_at = NULL, closing_note = '', is_important = NULL, assessed_at = NULL,
        occurred_at = found.occurred_at, version = d.version + 1
    FROM found
    WHERE d.participant_id = found.participant_id AND d.rule_id = found.rule_id AND d.subject = found.key
        AND d.status = 'closed' AND 'settle' = (SELECT s.step FROM participants_deviationstep AS s
            WHERE s.deviation_id = d.id ORDER BY s.recorded_at DESC, s.number DESC, s.id DESC LIMIT 1)
    RETURNING d.id, d.participant_id, d.version
), returned AS (
    INSERT INTO participants_deviationstep (id, recorded_at, version, deviation_id, participant_id, step, before, after,
        note, recorded_by, number)
    SELECT gen_random_uuid(), %(at)s, 1, id, participant_id, 'return', 'closed', 'draft', %(returned)s, 'system', version
    FROM reopened
), departed AS (
    INSERT INTO participants_deviation (id, recorded_at, version, participant_id, site_id, rule_id, rule_revision,
        subject, category, description, reason, proposed_important, occurred_at, detected_at, detected_by, status,
        notice_due_on, cause, immediate_action, reported_by, reporter_id, assessed_by, assessment_reason, closing_note)
    SELECT gen_random_uuid(), %(at)s, 1, participant_id, site_id, rule_id, revision, key, category,
        title || words, '', proposes_important, occurred_at, %(at)s, 'system', 'draft', notice_due_on, '', '', '', '', '', '', ''
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
            (
                "ruled",
                "kinds",
                "states",
                "in_window",
                "important",
                "rule_ids",
                "revisions",
                "applies",
                "categories",
                "words",
                "proposed",
            ),
            _finding_rows(),
        ),
        "returned": RETURNED,
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
        for version in shipped() if finding else ():
            rule = rule_of(version, finding.rule_id) if finding else None
            if finding and rule:
                known = (version.number, kind.value, state.value, in_window, important)
                rows.append((*known, *_said(finding, rule)))
    return rows


def _said(finding: Finding, rule: DeviationRule) -> tuple[object, ...]:
    """The rule decides on category and importance, the finding has the words."""
    judged = (rule.id, rule.revision, rule.applies_from, rule.category.value)
    return *judged, finding.title, rule.is_important


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
