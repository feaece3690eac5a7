"""A trigger function of its own for each table under the trail."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).with_name("0004_table_functions.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_partitions"),
    ]

    operations = [migrations.RunSQL(SQL)]
