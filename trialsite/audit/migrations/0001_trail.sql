-- The audit trail. The database writes it; nothing above the database can forget or avoid it.
--
-- Both functions run as their owner with a fixed search_path that names pg_temp last, so that neither a
-- temporary table nor a schema of the caller can stand in for the trail, and an application role needs no
-- right to write audit_entry itself. The other settings make the recorded text independent of the session.

CREATE FUNCTION public.trail_write() RETURNS trigger
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
        table_name, row_id, participant_id, site_id, op, old, new, txid
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
        txid_current()
    );
    RETURN NULL;
END
$function$;

CREATE FUNCTION public.trail_refuse() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'TS002',
        MESSAGE = format('%s on %s refused: the audit trail allows no such statement', TG_OP, TG_TABLE_NAME),
        HINT = 'Correct a record by changing it with a reason. The trail itself is never changed.';
END
$function$;

CREATE TRIGGER trail_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON public.audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION public.trail_refuse();
ALTER TABLE public.audit_entry ENABLE ALWAYS TRIGGER trail_unchangeable;

-- An entry comes from a trigger of a domain table or not at all.
CREATE TRIGGER trail_unforgeable BEFORE INSERT ON public.audit_entry
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION public.trail_refuse();
ALTER TABLE public.audit_entry ENABLE ALWAYS TRIGGER trail_unforgeable;
