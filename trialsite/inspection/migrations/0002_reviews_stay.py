"""A review is never changed and never deleted: the database holds that itself."""

from django.db import migrations

INSTALL = """
    CREATE FUNCTION public.inspection_review_unchangeable() RETURNS trigger
        LANGUAGE plpgsql
        SET search_path = pg_catalog, public, pg_temp
    AS $function$
    BEGIN
        RAISE EXCEPTION USING
            ERRCODE = 'TS004',
            MESSAGE = format('%s on %s refused: a review stays as it was recorded', TG_OP, TG_TABLE_NAME),
            HINT = 'Record another review that says what was wrong.';
    END
    $function$;
    CREATE TRIGGER review_unchangeable BEFORE UPDATE OR DELETE ON public.inspection_review
        FOR EACH ROW EXECUTE FUNCTION public.inspection_review_unchangeable();
    ALTER TABLE public.inspection_review ENABLE ALWAYS TRIGGER review_unchangeable;
"""
REMOVE = """
    DROP TRIGGER review_unchangeable ON public.inspection_review;
    DROP FUNCTION public.inspection_review_unchangeable();
"""


class Migration(migrations.Migration):

    dependencies = [("inspection", "0001_reviews_and_views")]

    operations = [migrations.RunSQL(sql=INSTALL, reverse_sql=REMOVE)]
