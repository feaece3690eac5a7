"""The fingerprint of whatever could silence the trail: triggers, functions, owners, rights, policies and roles.

The version of a catalogue row (`xmin`) is part of it, so that a trigger switched off and on again leaves a trace. The
monthly partitions are told as one, or each new month would look like a change.
"""

import hashlib

import psycopg

_PARTITION = r"^audit_entry_\d{4}_\d{2}$"
_NAME = f"regexp_replace(c.relname, '{_PARTITION}', 'audit_entry_<month>')"
_IS_PARTITION = f"c.relname ~ '{_PARTITION}'"
DEFINITIONS_SQL = f"""
    SELECT line FROM (
        SELECT DISTINCT concat_ws(' ', 'trigger', {_NAME}, t.tgname, t.tgenabled::text, t.tgtype::text,
            t.tgfoid::regprocedure::text, encode(t.tgargs, 'hex'), coalesce(pg_get_expr(t.tgqual, t.tgrelid), ''),
            CASE WHEN {_IS_PARTITION} THEN '' ELSE t.xmin::text END) AS line
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace
    UNION ALL
        SELECT concat_ws(' ', 'function', p.oid::regprocedure::text, p.proowner::regrole::text, p.prosecdef::text,
            coalesce(p.proacl::text, ''), md5(p.prosrc || coalesce(p.proconfig::text, '')), p.oid::text, p.xmin::text)
        FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
            AND (p.proname LIKE 'trail\\_%' OR p.oid IN (SELECT tgfoid FROM pg_trigger WHERE NOT tgisinternal))
    UNION ALL
        SELECT DISTINCT concat_ws(' ', 'table', {_NAME}, c.relowner::regrole::text, coalesce(c.relacl::text, ''),
            c.relrowsecurity::text, c.relforcerowsecurity::text)
        FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
    UNION ALL
        SELECT concat_ws(' ', 'rule', r.ev_class::regclass::text, r.rulename, r.ev_enabled::text)
        FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
        WHERE c.relnamespace = 'public'::regnamespace AND r.rulename <> '_RETURN'
    UNION ALL
        SELECT concat_ws(' ', 'policy', p.polrelid::regclass::text, p.polname, p.polcmd::text, p.xmin::text)
        FROM pg_policy p
    UNION ALL
        SELECT concat_ws(' ', 'event trigger', e.evtname, e.evtevent, e.evtenabled::text) FROM pg_event_trigger e
    UNION ALL
        SELECT concat_ws(' ', 'role', r.rolname, r.rolsuper::text, r.rolbypassrls::text, r.rolcreaterole::text,
            r.rolreplication::text, r.rolcanlogin::text)
        FROM pg_roles r WHERE r.rolname NOT LIKE 'pg\\_%'
    UNION ALL
        SELECT concat_ws(' ', 'member', m.member::regrole::text, 'of', m.roleid::regrole::text) FROM pg_auth_members m
        WHERE m.roleid::regrole::text NOT LIKE 'pg\\_%'
    ) AS found ORDER BY line COLLATE "C"
"""  # noqa: S608  (names of this file)


def definitions_text(connection: psycopg.Connection) -> str:
    """Return the definitions, one on each line, in an order that no setting of the server changes."""
    return "\n".join(row[0] for row in connection.execute(DEFINITIONS_SQL).fetchall())


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
