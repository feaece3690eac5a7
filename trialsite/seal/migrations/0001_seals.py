"""Signed batches, leaves and definitions: tables that only grow."""

import django.db.models.deletion
from django.db import migrations, models

TABLES = ("audit_seal_batch", "audit_seal_leaf", "audit_seal_definitions")
ONLY_GROW = "\n".join(
    f"""
    CREATE TRIGGER seal_unchangeable BEFORE UPDATE OR DELETE OR TRUNCATE ON public.{table}
        FOR EACH STATEMENT EXECUTE FUNCTION public.trail_refuse();
    ALTER TABLE public.{table} ENABLE ALWAYS TRIGGER seal_unchangeable;
    """
    for table in TABLES
)
OPEN = "\n".join(f"DROP TRIGGER seal_unchangeable ON public.{table};" for table in TABLES)


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("audit", "0003_partitions"),
    ]

    operations = [
        migrations.CreateModel(
            name="SealBatch",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("statement", models.BinaryField()),
                ("signature", models.BinaryField()),
            ],
            options={
                "db_table": "audit_seal_batch",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="SealedDefinitions",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("text", models.TextField()),
            ],
            options={
                "db_table": "audit_seal_definitions",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="SealLeaf",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry_id", models.BigIntegerField(unique=True)),
                ("hash", models.BinaryField()),
                (
                    "batch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="seal.sealbatch",
                    ),
                ),
            ],
            options={
                "db_table": "audit_seal_leaf",
                "default_permissions": (),
            },
        ),
        migrations.RunSQL(ONLY_GROW, OPEN),
    ]
