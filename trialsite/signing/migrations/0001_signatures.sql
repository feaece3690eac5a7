-- What the database itself holds about signatures and locks, whichever way a write comes.

-- A signature and a statement are never changed and never deleted.
CREATE FUNCTION public.signing_unchangeable() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'TS004',
        MESSAGE = format('%s on %s refused: what was signed stays as it is', TG_OP, TG_TABLE_NAME),
        HINT = 'Withdraw the signature with a reason; both stay on record.';
END
$function$;

CREATE TRIGGER signature_unchangeable BEFORE UPDATE OR DELETE ON public.signing_signature
    FOR EACH ROW EXECUTE FUNCTION public.signing_unchangeable();
ALTER TABLE public.signing_signature ENABLE ALWAYS TRIGGER signature_unchangeable;
CREATE TRIGGER statement_unchangeable BEFORE UPDATE OR DELETE ON public.signing_signingstatement
    FOR EACH ROW EXECUTE FUNCTION public.signing_unchangeable();
ALTER TABLE public.signing_signingstatement ENABLE ALWAYS TRIGGER statement_unchangeable;

-- A lock changes once, by its unlocking under a signature of that very lock; nothing else of it changes.
CREATE FUNCTION public.signing_lock_ends_once() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    free text[] := ARRAY['unlocked_at', 'unlocked_by', 'unlock_reason', 'unlock_signature_id', 'version'];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.unlocked_at IS NULL AND to_jsonb(OLD) - free = to_jsonb(NEW) - free
        AND EXISTS (SELECT FROM public.signing_signature AS s
            WHERE s.id = NEW.unlock_signature_id AND s.record_id = OLD.id AND s.reason <> '')
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'TS004',
        MESSAGE = format('%s on %s refused: a lock ends by a signed unlock alone', TG_OP, TG_TABLE_NAME),
        HINT = 'Unlock it with a reason and a signature.';
END
$function$;

CREATE TRIGGER lock_ends_once BEFORE UPDATE OR DELETE ON public.signing_lock
    FOR EACH ROW EXECUTE FUNCTION public.signing_lock_ends_once();
ALTER TABLE public.signing_lock ENABLE ALWAYS TRIGGER lock_ends_once;

-- The lock in force over a row, or NULL. way: pairs of a column and the table it points to, up to the participant
-- or the site. Compared are the ids of the row, of every row on the way, of the participant's site, and its own.
CREATE FUNCTION public.lock_over(content jsonb, itself text, way text[]) RETURNS text
    LANGUAGE plpgsql STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    ids uuid[] := ARRAY[(content ->> 'id')::uuid, (content ->> 'participant_id')::uuid, (content ->> 'site_id')::uuid];
    person uuid := CASE itself WHEN 'participants_participant' THEN (content ->> 'id')::uuid
        ELSE (content ->> 'participant_id')::uuid END;
    present uuid;
    place uuid;
    step integer := 1;
    found text;
BEGIN
    present := (content ->> way[1])::uuid;
    WHILE step <= coalesce(array_length(way, 1), 0) AND present IS NOT NULL LOOP
        ids := ids || present;
        IF way[step + 1] = 'participants_participant' THEN
            person := present;
        END IF;
        IF way[step + 2] IS NOT NULL THEN
            EXECUTE format('SELECT %I FROM public.%I WHERE id = $1', way[step + 2], way[step + 1])
                INTO present USING present;
        END IF;
        step := step + 2;
    END LOOP;
    IF person IS NOT NULL THEN
        SELECT site_id INTO place FROM public.participants_participant WHERE id = person;
        ids := ids || place;
    END IF;
    SELECT name INTO found FROM public.signing_lock
        WHERE unlocked_at IS NULL AND (target_id = ANY (ids) OR scope = 'trial')
        LIMIT 1;
    RETURN found;
END
$function$;

-- Refuses a write to what is locked. The first look takes a share of the table of locks until the transaction ends,
-- so that locking waits for every write under way.
CREATE FUNCTION public.lock_guard() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    found text;
BEGIN
    IF EXISTS (SELECT FROM public.signing_lock WHERE unlocked_at IS NULL) THEN
        -- The slice begins to count at 1, as lock_over does; the trigger's own arguments at 0.
        IF TG_OP <> 'INSERT' THEN
            found := public.lock_over(to_jsonb(OLD), TG_TABLE_NAME, TG_ARGV[0:]);
        END IF;
        IF TG_OP <> 'DELETE' THEN
            found := coalesce(found, public.lock_over(to_jsonb(NEW), TG_TABLE_NAME, TG_ARGV[0:]));
        END IF;
        IF found IS NOT NULL THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TS003',
                MESSAGE = format('%s on %s refused: locked (%s)', TG_OP, TG_TABLE_NAME, found),
                HINT = 'Unlock it first, with a reason and a signature.';
        END IF;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END
$function$;
