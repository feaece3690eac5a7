"""Who read what: a table that only grows, under the trail like every record."""

import uuid

from django.db import migrations, models

from trialsite.audit.trail import AddTrail

ONLY_GROWS = """
    CREATE TRIGGER read_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON public.audit_read
        FOR EACH STATEMENT EXECUTE FUNCTION public.trail_refuse();
    ALTER TABLE public.audit_read ENABLE ALWAYS TRIGGER read_unchangeable;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReadEntry",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("recorded_at", models.DateTimeField(editable=False)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("kind", models.CharField(max_length=20)),
                ("what", models.TextField()),
                ("actor_id", models.TextField()),
                ("actor_label", models.TextField()),
                ("participant_id", models.UUIDField(null=True)),
                ("site_id", models.UUIDField(null=True)),
                ("participant_ids", models.JSONField(default=list)),
                ("site_ids", models.JSONField(default=list)),
                ("fields", models.JSONField(default=list)),
                ("row_count", models.PositiveIntegerField(null=True)),
                ("purpose", models.TextField(blank=True, default="")),
            ],
            options={
                "db_table": "audit_read",
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["actor_id", "recorded_at"], name="audit_read_actor"),
                    models.Index(fields=["participant_id", "recorded_at"], name="audit_read_participant"),
                ],
            },
        ),
        AddTrail("readentry"),
        migrations.RunSQL(ONLY_GROWS, "DROP TRIGGER read_unchangeable ON public.audit_read"),
    ]
