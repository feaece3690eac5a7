"""The trail's table and the two functions every domain table's triggers call."""

from pathlib import Path

import django.contrib.postgres.indexes
from django.db import migrations, models

INSTALL = Path(__file__).with_name("0001_trail.sql").read_text(encoding="utf-8")
REMOVE = """
    DROP TRIGGER trail_unforgeable ON public.audit_entry;
    DROP TRIGGER trail_unchangeable ON public.audit_entry;
    DROP FUNCTION public.trail_refuse();
    DROP FUNCTION public.trail_write();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("recorded_at", models.DateTimeField()),
                ("acted_at", models.DateTimeField()),
                ("actor_id", models.TextField()),
                ("actor_label", models.TextField()),
                ("role", models.TextField()),
                ("action", models.TextField()),
                ("reason", models.TextField()),
                ("request_id", models.TextField()),
                ("table_name", models.TextField()),
                ("row_id", models.TextField()),
                ("participant_id", models.TextField()),
                ("site_id", models.TextField()),
                (
                    "op",
                    models.TextField(
                        choices=[("INSERT", "created"), ("UPDATE", "changed"), ("DELETE", "deleted")]
                    ),
                ),
                ("old", models.JSONField(null=True)),
                ("new", models.JSONField(null=True)),
                ("txid", models.BigIntegerField()),
            ],
            options={
                "db_table": "audit_entry",
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["table_name", "row_id", "id"], name="audit_entry_row"),
                    models.Index(fields=["participant_id", "id"], name="audit_entry_participant"),
                    models.Index(fields=["actor_id", "id"], name="audit_entry_actor"),
                    django.contrib.postgres.indexes.BrinIndex(
                        fields=["recorded_at"], name="audit_entry_recorded", pages_per_range=32
                    ),
                ],
            },
        ),
        migrations.RunSQL(sql=INSTALL, reverse_sql=REMOVE),
    ]
