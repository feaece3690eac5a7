"""The trail in monthly partitions; each entry says in which time zone and through what somebody acted."""

from pathlib import Path

import django.contrib.postgres.indexes
from django.db import migrations, models

SQL = Path(__file__).with_name("0003_partitions.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_reads_recorded"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(SQL)],
            state_operations=[
                migrations.AddField("entry", "site_zone", models.TextField(default="")),
                migrations.AddField("entry", "through", models.TextField(default="")),
                migrations.RemoveIndex("entry", "audit_entry_recorded"),
                migrations.AddIndex(
                    "entry",
                    django.contrib.postgres.indexes.BrinIndex(
                        fields=["recorded_at", "txid"], name="audit_entry_recorded", pages_per_range=32
                    ),
                ),
                migrations.AddIndex(
                    "entry",
                    models.Index(
                        fields=["table_name"],
                        name="audit_entry_deleted",
                        condition=models.Q(op="DELETE"),
                    ),
                ),
            ],
        ),
    ]
