-- A trigger function of its own for each table under the trail. It names the table's columns, so that PostgreSQL plans
-- its statements once, and runs once for a statement, however many rows that writes.
--
-- The two sides of an update are paired by the order in which they were written, not by the key, which may change too.
-- Nested loops are off there: a plan that was kept when single rows were updated would go through all pairs of many.

CREATE FUNCTION public.trail_function(target text) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE WHEN length('trail_of_' || target) < 64 THEN 'trail_of_' || target
        ELSE left('trail_of_' || target, 54) || '_' || left(md5(target), 8) END
$function$;

CREATE FUNCTION public.trail_differences(target text, hidden text[], side text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, public, pg_temp
AS $function$
-- Returns the expression for the columns in which `was` and `now` differ, with the values of one of them, as an object.
-- hidden: columns whose values must not be stored. An empty value stays empty, so that "was set" and "was removed" can
-- be told from "was replaced". Types that know no equality are compared as text.
    SELECT '(''{'' || array_to_string(ARRAY[' || string_agg(
        format('CASE WHEN was.%1$I%2$s IS DISTINCT FROM now.%1$I%2$s THEN %3$L || %4$s END',
            attname,
            CASE WHEN atttypid::regtype::text IN ('json', 'xml', 'point') THEN '::text' ELSE '' END,
            to_json(attname::text)::text || ': ',
            format(
                CASE WHEN attname = ANY (hidden)
                    THEN 'CASE WHEN to_jsonb(%1$s.%2$I) #>> ''{}'' IS NULL THEN ''null'' ELSE ''"***"'' END'
                    ELSE 'coalesce(to_jsonb(%1$s.%2$I)::text, ''null'')' END,
                side, attname)),
        ', ' ORDER BY attnum) || '], '', '') || ''}'')::jsonb'
    FROM pg_attribute
    WHERE attrelid = format('public.%I', target)::regclass AND attnum > 0 AND NOT attisdropped
$function$;

CREATE FUNCTION public.trail_insertion(target text, key text, old text, new text, origin text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, public, pg_temp
AS $function$
-- Returns the statement that writes one entry for each row of `origin`, where the row is called `now`.
    WITH columns AS (
        SELECT attname FROM pg_attribute
        WHERE attrelid = format('public.%I', target)::regclass AND attnum > 0 AND NOT attisdropped
    )
    SELECT format('INSERT INTO public.audit_entry (recorded_at, acted_at, actor_id, actor_label, role, action, reason, request_id,
            table_name, row_id, participant_id, site_id, op, old, new, txid, site_zone, through)
        SELECT clock_timestamp(), instant::timestamptz, actor,
            coalesce(current_setting(''trialsite.actor_label'', true), ''''),
            coalesce(current_setting(''trialsite.role'', true), ''''), deed,
            coalesce(current_setting(''trialsite.reason'', true), ''''),
            coalesce(current_setting(''trialsite.request_id'', true), ''''),
            %L, to_jsonb(now.%I) #>> ''{}'', %s, %s, TG_OP, %s, %s, txid_current(),
            coalesce(current_setting(''trialsite.site_zone'', true), ''''),
            coalesce(current_setting(''trialsite.through'', true), '''')
        FROM %s;',
        target,
        key,
        CASE WHEN target = 'participants_participant' THEN 'now.id::text'
            WHEN 'participant_id' IN (SELECT attname FROM columns) THEN 'coalesce(now.participant_id::text, '''')'
            ELSE '''''' END,
        CASE WHEN target = 'accounts_site' THEN 'now.id::text'
            WHEN 'site_id' IN (SELECT attname FROM columns) THEN 'coalesce(now.site_id::text, '''')'
            ELSE '''''' END,
        old,
        new,
        origin)
$function$;

CREATE FUNCTION public.trail_source(target text, key text, hidden text[]) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, public, pg_temp
AS $function$
-- Returns the body of the trigger function of a table, for the columns that it has now.
DECLARE
    whole text := (
        SELECT 'to_jsonb(now)' || coalesce(string_agg(format(
            ' || CASE WHEN to_jsonb(now.%1$I) #>> ''{}'' IS NULL THEN ''{}'' ELSE jsonb_build_object(%1$L, ''***'') END',
            one), ''), '')
        FROM unnest(hidden) AS one
    );
    before text := public.trail_differences(target, hidden, 'was');
    after text := public.trail_differences(target, hidden, 'now');
BEGIN
    RETURN format($source$
DECLARE
    actor text := current_setting('trialsite.actor_id', true);
    deed text := current_setting('trialsite.action', true);
    instant text := current_setting('trialsite.acted_at', true);
    written bigint;
BEGIN
    IF coalesce(actor, '') = '' OR coalesce(deed, '') = '' OR coalesce(instant, '') = '' THEN
        IF TG_OP = 'DELETE' THEN PERFORM FROM old_rows; ELSE PERFORM FROM new_rows; END IF;
        IF NOT FOUND THEN RETURN NULL; END IF;
        RAISE EXCEPTION USING
            ERRCODE = 'TS001',
            MESSAGE = format('%%s on %%s refused: nobody is named as acting', TG_OP, TG_TABLE_NAME),
            HINT = 'Write inside audit.acting(by=..., at=..., action=..., reason=...). In SQL set trialsite.actor_id, '
                'trialsite.actor_label, trialsite.action, trialsite.reason and trialsite.acted_at with '
                'set_config(..., true) in the same transaction.';
    END IF;
    IF TG_OP = 'INSERT' THEN
        %1$s
    ELSIF TG_OP = 'DELETE' THEN
        %2$s
    ELSE
        SELECT count(*) INTO written FROM (SELECT FROM new_rows LIMIT 2) AS found;
        IF written = 1 THEN
        %3$s
        ELSE
        %4$s
        END IF;
    END IF;
    RETURN NULL;
END
$source$,
        public.trail_insertion(target, key, 'NULL', whole, 'new_rows AS now'),
        public.trail_insertion(target, key, whole, 'NULL', 'old_rows AS now'),
        public.trail_insertion(target, key, before, after, 'old_rows AS was, new_rows AS now'),
        public.trail_insertion(target, key, before, after,
            '(SELECT row_number() OVER () AS "trail at", * FROM old_rows) AS was JOIN '
            '(SELECT row_number() OVER () AS "trail at", * FROM new_rows) AS now ON was."trail at" = now."trail at"'));
END
$function$;

CREATE FUNCTION public.trail_install(target text, key text, hidden text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp
AS $function$
-- Puts a table under the trail, or makes its function anew.
DECLARE
    name text := public.trail_function(target);
    arguments text := (SELECT string_agg(quote_literal(one), ', ') FROM unnest(key || hidden) AS one);
    event text[];
BEGIN
    EXECUTE format('CREATE OR REPLACE FUNCTION public.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER '
        'SET search_path = pg_catalog, public, pg_temp SET timezone = ''UTC'' SET bytea_output = ''hex'' '
        'SET extra_float_digits = 1 SET intervalstyle = ''iso_8601'' SET enable_nestloop = off AS %L',
        name, public.trail_source(target, key, hidden));
    FOREACH event SLICE 1 IN ARRAY ARRAY[
        ['trail_created', 'INSERT', 'NEW TABLE AS new_rows'],
        ['trail_changed', 'UPDATE', 'OLD TABLE AS old_rows NEW TABLE AS new_rows'],
        ['trail_removed', 'DELETE', 'OLD TABLE AS old_rows']
    ] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON public.%I REFERENCING %s FOR EACH STATEMENT '
            'EXECUTE FUNCTION public.%I(%s)', event[1], event[2], target, event[3], name, arguments);
        EXECUTE format('ALTER TABLE public.%I ENABLE ALWAYS TRIGGER %I', target, event[1]);
    END LOOP;
    EXECUTE format('CREATE OR REPLACE TRIGGER trail_no_truncate BEFORE TRUNCATE ON public.%I '
        'FOR EACH STATEMENT EXECUTE FUNCTION public.trail_refuse()', target);
    EXECUTE format('ALTER TABLE public.%I ENABLE ALWAYS TRIGGER trail_no_truncate', target);
    EXECUTE format('DROP TRIGGER IF EXISTS trail_write ON public.%I', target);
END
$function$;

CREATE FUNCTION public.trail_remove(target text) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['trail_no_truncate', 'trail_created', 'trail_changed', 'trail_removed'] LOOP
        EXECUTE format('DROP TRIGGER %I ON public.%I', name, target);
    END LOOP;
    EXECUTE format('DROP FUNCTION public.%I()', public.trail_function(target));
END
$function$;

REVOKE EXECUTE ON FUNCTION public.trail_install(text, text, text[]), public.trail_remove(text) FROM PUBLIC;

DO $convert$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT relname::text AS name, array_remove(string_to_array(encode(tgargs, 'escape'), '\000'), '') AS args
        FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        WHERE tgname = 'trail_write' AND relnamespace = 'public'::regnamespace
    LOOP
        PERFORM public.trail_install(found.name, found.args[1], found.args[2:]);
    END LOOP;
END
$convert$;
DROP FUNCTION public.trail_write();
