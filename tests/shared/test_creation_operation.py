"""CreateTogether in a migration: forwards, backwards, written down faithfully, and never for a change."""

import pytest
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import OperationWriter

from trialsite.audit.creation import CreateTogether
from trialsite.audit.trail import AddTrail

KEY = ("id", models.BigAutoField(primary_key=True))
# Each refers to the other, so the first is made before the table it points at.
HULL = migrations.CreateModel(
    "Hull", fields=[KEY, ("best", models.ForeignKey("carpentry.Rib", models.PROTECT, null=True))]
)
RIB = migrations.CreateModel(
    "Rib",
    fields=[
        KEY,
        ("hull", models.ForeignKey("carpentry.Hull", models.PROTECT)),
        ("no", models.IntegerField()),
    ],
    options={"constraints": [models.UniqueConstraint(fields=("hull", "no"), name="rib_no_once")]},
)
VIEW = migrations.RunSQL(
    "CREATE VIEW carpentry_best AS SELECT no FROM carpentry_rib", "DROP VIEW carpentry_best"
)


def tables() -> set[str]:
    with connection.cursor() as cursor:
        names = {table.name for table in connection.introspection.get_table_list(cursor)}
    return {name for name in names if name.startswith("carpentry_")}


@pytest.mark.django_db
def test_everything_is_there_afterwards_and_gone_when_it_is_taken_back() -> None:
    operation = CreateTogether([HULL, RIB, VIEW, AddTrail("rib")])
    before = ProjectState()
    after = before.clone()
    assert not after.apps.get_models()  # built already, as in the middle of a run
    operation.state_forwards("carpentry", after)

    with connection.schema_editor() as editor:
        operation.database_forwards("carpentry", editor, before, after)
    assert tables() == {"carpentry_hull", "carpentry_rib", "carpentry_best"}
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, "carpentry_rib")
        cursor.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'carpentry_rib'::regclass AND tgname ~ 'trail'"
        )
        assert cursor.fetchone() == (4,)
    assert "rib_no_once" in constraints
    assert {one["foreign_key"] for one in constraints.values()} == {None, ("carpentry_hull", "id")}

    with connection.schema_editor() as editor:
        operation.database_backwards("carpentry", editor, after, before)
    assert tables() == set()


def test_a_change_of_a_table_is_refused() -> None:
    with pytest.raises(TypeError, match="Add field width to rib"):
        CreateTogether([RIB, migrations.AddField("rib", "width", models.IntegerField())])  # type: ignore[list-item]


def test_the_operation_is_written_into_a_migration_as_it_was_given() -> None:
    operation = CreateTogether([RIB, AddTrail("rib")])
    source, imports = OperationWriter(operation, indentation=0).serialize()
    scope: dict[str, object] = {"migrations": migrations}  # which every migration imports
    exec("\n".join(sorted(imports)), scope)  # noqa: S102  (text this test has just made)
    again = eval(source.rstrip(","), scope)  # noqa: S307  (likewise)

    assert OperationWriter(again, indentation=0).serialize() == (source, imports)
    assert again.describe() == "Create model Rib; Put rib under the audit trail"
    assert again.references_model("Rib", "carpentry")
    assert not again.references_model("Mast", "carpentry")
