-- The trail in partitions, one for each month of the database's clock, and a last one for whatever has no month, so
-- that no write is ever refused for want of a partition. Two columns more: the site's time zone, and the task or
-- command through which somebody acted.
--
-- A statement that names a partition fires the statement triggers of that partition only. So each has its own.

ALTER TABLE public.audit_entry RENAME TO audit_entry_former;
ALTER SEQUENCE public.audit_entry_id_seq RENAME TO audit_entry_former_id_seq;
DO $rename$
DECLARE name text;
BEGIN
    FOR name IN SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND tablename = 'audit_entry_former' LOOP
        EXECUTE format('ALTER INDEX public.%I RENAME TO %I', name, left('former_' || name, 60));
    END LOOP;
END
$rename$;

CREATE SEQUENCE public.audit_entry_id_seq AS bigint;
CREATE TABLE public.audit_entry (
    id bigint NOT NULL DEFAULT nextval('public.audit_entry_id_seq'),
    recorded_at timestamptz NOT NULL,
    acted_at timestamptz NOT NULL,
    actor_id text NOT NULL,
    actor_label text NOT NULL,
    role text NOT NULL,
    action text NOT NULL,
    reason text NOT NULL,
    request_id text NOT NULL,
    table_name text NOT NULL,
    row_id text NOT NULL,
    participant_id text NOT NULL,
    site_id text NOT NULL,
    op text NOT NULL,
    old jsonb,
    new jsonb,
    txid bigint NOT NULL,
    site_zone text NOT NULL DEFAULT '',
    through text NOT NULL DEFAULT '',
    PRIMARY KEY (id, recorded_at)
) PARTITION BY RANGE (recorded_at);
ALTER SEQUENCE public.audit_entry_id_seq OWNED BY public.audit_entry.id;
CREATE INDEX audit_entry_row ON public.audit_entry (table_name, row_id, id);
CREATE INDEX audit_entry_participant ON public.audit_entry (participant_id, id);
CREATE INDEX audit_entry_actor ON public.audit_entry (actor_id, id);
-- Rows arrive in the order of these columns: block ranges find them at a fraction of what a B-tree adds to a write.
CREATE INDEX audit_entry_recorded ON public.audit_entry USING brin (recorded_at, txid) WITH (pages_per_range = 32);
-- Deletions are rare and looked for by replay; nothing else is in this index.
CREATE INDEX audit_entry_deleted ON public.audit_entry (table_name) WHERE op = 'DELETE';

CREATE FUNCTION public.trail_guard(guarded text) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp
AS $function$
-- Closes one table of the trail, a partition as well as the whole: triggers for everybody, and no right to write for
-- roles that get rights on every new table.
DECLARE
    holder record;
BEGIN
    FOR holder IN
        SELECT DISTINCT coalesce(quote_ident(rolname), 'PUBLIC') AS name
        FROM pg_class, aclexplode(relacl) AS held LEFT JOIN pg_roles ON pg_roles.oid = held.grantee
        WHERE pg_class.oid = format('public.%I', guarded)::regclass AND held.grantee <> relowner
    LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER ON public.%I FROM %s', guarded, holder.name);
    END LOOP;
    EXECUTE format('CREATE TRIGGER trail_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON public.%I
        FOR EACH STATEMENT EXECUTE FUNCTION public.trail_refuse()', guarded);
    EXECUTE format('ALTER TABLE public.%I ENABLE ALWAYS TRIGGER trail_unchangeable', guarded);
    EXECUTE format('CREATE TRIGGER trail_unforgeable BEFORE INSERT ON public.%I
        FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION public.trail_refuse()', guarded);
    EXECUTE format('ALTER TABLE public.%I ENABLE ALWAYS TRIGGER trail_unforgeable', guarded);
END
$function$;

CREATE FUNCTION public.trail_partitions(since date, months integer) RETURNS integer
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
    SET timezone = 'UTC'
AS $function$
-- Makes the partitions of `months` months from that of `since` on, at most 36, and returns how many are new. A month
-- of which the last partition already holds rows stays there: moving them would mean deleting from the trail.
DECLARE
    month date := date_trunc('month', since);
    made integer := 0;
    name text;
BEGIN
    FOR step IN 1 .. least(months, 36) LOOP
        name := 'audit_entry_' || to_char(month, 'YYYY_MM');
        IF to_regclass('public.' || name) IS NULL AND NOT EXISTS (
            SELECT FROM public.audit_entry_rest WHERE recorded_at >= month AND recorded_at < month + interval '1 month'
        ) THEN
            EXECUTE format('CREATE TABLE public.%I PARTITION OF public.audit_entry FOR VALUES FROM (%L) TO (%L)',
                name, month::timestamptz, (month + interval '1 month')::timestamptz);
            PERFORM public.trail_guard(name);
            made := made + 1;
        END IF;
        month := month + interval '1 month';
    END LOOP;
    RETURN made;
END
$function$;

CREATE TABLE public.audit_entry_rest PARTITION OF public.audit_entry DEFAULT;
SELECT public.trail_partitions(first::date, 4 + (extract(year FROM age(now(), first)) * 12 + extract(month FROM age(now(), first)))::integer)
    FROM (SELECT coalesce(min(recorded_at), now()) AS first FROM public.audit_entry_former) AS known;
INSERT INTO public.audit_entry (
    id, recorded_at, acted_at, actor_id, actor_label, role, action, reason, request_id,
    table_name, row_id, participant_id, site_id, op, old, new, txid
) SELECT
    id, recorded_at, acted_at, actor_id, actor_label, role, action, reason, request_id,
    table_name, row_id, participant_id, site_id, op, old, new, txid
FROM public.audit_entry_former;
SELECT setval('public.audit_entry_id_seq', greatest((SELECT max(id) FROM public.audit_entry_former), 1),
    EXISTS (SELECT FROM public.audit_entry_former));
DROP TABLE public.audit_entry_former;
SELECT public.trail_guard('audit_entry'), public.trail_guard('audit_entry_rest');
REVOKE EXECUTE ON FUNCTION public.trail_guard(text), public.trail_partitions(date, integer) FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.trail_write() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
    SET timezone = 'UTC'
    SET bytea_output = 'hex'
    SET extra_float_digits = 1
    SET intervalstyle = 'iso_8601'
AS $function$
-- Arguments: the key column, then the columns whose values must not be stored.
DECLARE
    actor text := current_setting('trialsite.actor_id', true);
    deed text := current_setting('trialsite.action', true);
    instant text := current_setting('trialsite.acted_at', true);
    before jsonb;
    after jsonb;
    whole jsonb;
    hidden text;
BEGIN
    IF coalesce(actor, '') = '' OR coalesce(deed, '') = '' OR coalesce(instant, '') = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TS001',
            MESSAGE = format('%s on %s refused: nobody is named as acting', TG_OP, TG_TABLE_NAME),
            HINT = 'Write inside audit.acting(by=..., at=..., action=..., reason=...). In SQL set trialsite.actor_id, '
                'trialsite.actor_label, trialsite.action, trialsite.reason and trialsite.acted_at with '
                'set_config(..., true) in the same transaction.';
    END IF;

    IF TG_OP = 'UPDATE' THEN
        whole := to_jsonb(NEW);
        SELECT jsonb_object_agg(was.key, was.value), jsonb_object_agg(was.key, whole -> was.key)
            INTO before, after
            FROM jsonb_each(to_jsonb(OLD)) AS was
            WHERE was.value IS DISTINCT FROM whole -> was.key;
        before := coalesce(before, '{}');
        after := coalesce(after, '{}');
    ELSIF TG_OP = 'INSERT' THEN
        whole := to_jsonb(NEW);
        after := whole;
    ELSE
        whole := to_jsonb(OLD);
        before := whole;
    END IF;

    IF TG_NARGS > 1 THEN
        FOREACH hidden IN ARRAY TG_ARGV[1:] LOOP
            -- An empty value stays empty, so that "was set" and "was removed" can be told from "was replaced".
            IF before ->> hidden IS NOT NULL THEN
                before := before || jsonb_build_object(hidden, '***');
            END IF;
            IF after ->> hidden IS NOT NULL THEN
                after := after || jsonb_build_object(hidden, '***');
            END IF;
        END LOOP;
    END IF;

    INSERT INTO public.audit_entry (
        recorded_at, acted_at, actor_id, actor_label, role, action, reason, request_id,
        table_name, row_id, participant_id, site_id, op, old, new, txid, site_zone, through
    ) VALUES (
        clock_timestamp(),
        instant::timestamptz,
        actor,
        coalesce(current_setting('trialsite.actor_label', true), ''),
        coalesce(current_setting('trialsite.role', true), ''),
        deed,
        coalesce(current_setting('trialsite.reason', true), ''),
        coalesce(current_setting('trialsite.request_id', true), ''),
        TG_TABLE_NAME,
        whole ->> TG_ARGV[0],
        coalesce(whole ->> CASE TG_TABLE_NAME WHEN 'participants_participant' THEN 'id' ELSE 'participant_id' END, ''),
        coalesce(whole ->> CASE TG_TABLE_NAME WHEN 'accounts_site' THEN 'id' ELSE 'site_id' END, ''),
        TG_OP,
        before,
        after,
        txid_current(),
        coalesce(current_setting('trialsite.site_zone', true), ''),
        coalesce(current_setting('trialsite.through', true), '')
    );
    RETURN NULL;
END
$function$;

