-- A trigger function of its own for each table under the trail. It names the table's columns, so that nothing has to be
-- taken apart to find what changed, and PostgreSQL keeps the plans of its statements.
--
-- Rows that are made or removed are told once for a statement, however many they are. Changed rows are told one by one:
-- pairing the two sides of a statement costs a single row more, and a plan kept from single rows goes through all pairs
-- of many.

CREATE FUNCTION public.trail_function(target text) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE WHEN length('trail_of_' || target) < 64 THEN 'trail_of_' || target
        ELSE left('trail_of_' || target, 54) || '_' || left(md5(target), 8) END
$function$;

CREATE FUNCTION public.trail_columns(target text) RETURNS TABLE (place integer, name text, type text)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, public, pg_temp
AS $function$
    SELECT attnum, attname::text, atttypid::regtype::text FROM pg_attribute
    WHERE attrelid = format('public.%I', target)::regclass AND attnum > 0 AND NOT attisdropped
$function$;

CREATE FUNCTION public.trail_comparison(target text, hidden text[]) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, public, pg_temp
AS $function$
-- Returns the statements that gather what differs between OLD and NEW. hidden: columns whose values must not be stored;
-- an empty value stays empty, so that "was set" and "was removed" can be told from "was replaced". Types that know no
-- equality are compared as text.
    SELECT string_agg(format('
        IF NEW.%1$I%2$s IS DISTINCT FROM OLD.%1$I%2$s THEN
            before := before || jsonb_build_object(%1$L, %3$s);
            after := after || jsonb_build_object(%1$L, %4$s);
        END IF;',
            name,
            CASE WHEN type IN ('json', 'xml', 'point') THEN '::text' ELSE '' END,
            format(shown, 'OLD', name),
            format(shown, 'NEW', name)), '' ORDER BY place)
    FROM public.trail_columns(target), LATERAL (
        SELECT CASE WHEN name = ANY (hidden)
            THEN 'CASE WHEN to_jsonb(%1$s.%2$I) #>> ''{}'' IS NOT NULL THEN ''***'' END' ELSE '%1$s.%2$I' END
    ) AS told (shown)
$function$;

CREATE FUNCTION public.trail_reference(target text, itself text, reference text, side text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, public, pg_temp
AS $function$
-- Returns the expression for the participant or the site of a row. itself: the table of which each row is one.
    SELECT CASE WHEN target = itself THEN side || '.id::text'
        WHEN EXISTS (SELECT FROM public.trail_columns(target) WHERE name = reference)
            THEN format('coalesce(%s.%I::text, '''')', side, reference)
        ELSE '''''' END
$function$;

CREATE FUNCTION public.trail_text(target text, key text, side text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, public, pg_temp
AS $function$
-- Returns the expression for the key as it stands in the JSON of the row.
    SELECT format(CASE WHEN type IN ('uuid', 'integer', 'bigint', 'text', 'character varying')
        THEN '%s.%I::text' ELSE 'to_jsonb(%s.%I) #>> ''{}''' END, side, key)
    FROM public.trail_columns(target) WHERE name = key
$function$;

CREATE FUNCTION public.trail_insertion(target text, key text, side text, old text, new text, origin text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, public, pg_temp
AS $function$
-- Returns the statement that writes the entries. side: what the row is called.
    SELECT format('
        INSERT INTO public.audit_entry (recorded_at, acted_at, actor_id, actor_label, role, action, reason, request_id,
            table_name, row_id, participant_id, site_id, op, old, new, txid, site_zone, through)
        SELECT clock_timestamp(), instant::timestamptz, actor,
            coalesce(current_setting(''trialsite.actor_label'', true), ''''),
            coalesce(current_setting(''trialsite.role'', true), ''''), deed,
            coalesce(current_setting(''trialsite.reason'', true), ''''),
            coalesce(current_setting(''trialsite.request_id'', true), ''''),
            %1$L, %2$s, %3$s, %4$s, TG_OP, %5$s, %6$s, txid_current(),
            coalesce(current_setting(''trialsite.site_zone'', true), ''''),
            coalesce(current_setting(''trialsite.through'', true), '''')%7$s;',
        target, public.trail_text(target, key, side),
        public.trail_reference(target, 'participants_participant', 'participant_id', side),
        public.trail_reference(target, 'accounts_site', 'site_id', side),
        old, new, origin)
$function$;

CREATE FUNCTION public.trail_source(target text, key text, hidden text[]) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, public, pg_temp
AS $function$
-- Returns the body of the trigger function of a table, for the columns that it has now.
    SELECT format($source$
DECLARE
    actor text := current_setting('trialsite.actor_id', true);
    deed text := current_setting('trialsite.action', true);
    instant text := current_setting('trialsite.acted_at', true);
    before jsonb := '{}';
    after jsonb := '{}';
BEGIN
    IF coalesce(actor, '') = '' OR coalesce(deed, '') = '' OR coalesce(instant, '') = '' THEN
        IF TG_OP = 'INSERT' THEN PERFORM FROM new_rows; END IF;
        IF TG_OP = 'DELETE' THEN PERFORM FROM old_rows; END IF;
        IF TG_LEVEL = 'STATEMENT' AND NOT FOUND THEN RETURN NULL; END IF;
        RAISE EXCEPTION USING
            ERRCODE = 'TS001',
            MESSAGE = format('%%s on %%s refused: nobody is named as acting', TG_OP, TG_TABLE_NAME),
            HINT = 'Write inside audit.acting(by=..., at=..., action=..., reason=...). In SQL set trialsite.actor_id, '
                'trialsite.actor_label, trialsite.action, trialsite.reason and trialsite.acted_at with '
                'set_config(..., true) in the same transaction.';
    END IF;
    IF TG_OP = 'UPDATE' THEN%1$s%2$s
    ELSIF TG_OP = 'INSERT' THEN%3$s
    ELSE%4$s
    END IF;
    RETURN NULL;
END
$source$,
        public.trail_comparison(target, hidden),
        public.trail_insertion(target, key, 'NEW', 'before', 'after', ''),
        public.trail_insertion(target, key, 'made', 'NULL', 'to_jsonb(made)' || hiding, ' FROM new_rows AS made'),
        public.trail_insertion(target, key, 'made', 'to_jsonb(made)' || hiding, 'NULL', ' FROM old_rows AS made'))
    FROM (
        SELECT coalesce(string_agg(format(
            ' || CASE WHEN to_jsonb(made.%1$I) #>> ''{}'' IS NULL THEN ''{}'' ELSE jsonb_build_object(%1$L, ''***'') END',
            one), ''), '')
        FROM unnest(hidden) AS one
    ) AS told (hiding)
$function$;

CREATE FUNCTION public.trail_formats(target text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, public, pg_temp
AS $function$
-- Returns the formats to be fixed, so that an entry reads the same whatever the session has set. Each costs every write
-- a little, so a table gets those of its types.
    SELECT coalesce(string_agg(' SET ' || setting, '' ORDER BY setting), '')
    FROM (VALUES
        ('bytea', 'bytea_output = ''hex'''),
        ('real|double precision', 'extra_float_digits = 1'),
        ('interval', 'intervalstyle = ''iso_8601''')
    ) AS known (types, setting)
    WHERE EXISTS (SELECT FROM public.trail_columns(target) WHERE type ~ types)
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
        'SET search_path = pg_catalog, public, pg_temp SET timezone = ''UTC''%s AS %L',
        name, public.trail_formats(target), public.trail_source(target, key, hidden));
    FOREACH event SLICE 1 IN ARRAY ARRAY[
        ['trail_created', 'INSERT', 'REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT'],
        ['trail_changed', 'UPDATE', 'FOR EACH ROW'],
        ['trail_removed', 'DELETE', 'REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT']
    ] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON public.%I %s EXECUTE FUNCTION public.%I(%s)',
            event[1], event[2], target, event[3], name, arguments);
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
