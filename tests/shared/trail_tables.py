"""Three small tables under the trail, for tests of the trail itself: a ward, its beds, and tags.

They live in a registry of their own, so that no other test and no migration check sees them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.apps.registry import Apps
from django.db import connection, models

from trialsite.audit.acting import acting
from trialsite.audit.records import Record
from trialsite.audit.trail import install_trail_sql

wards_only = Apps(["trialsite.audit"])
AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Person:
    actor_id: str
    actor_label: str


NURSE = Person("8d7b3c1e-0000-4000-8000-000000000001", "Li Na")
DOCTOR = Person("8d7b3c1e-0000-4000-8000-000000000002", "Dr Chen")


class Tag(Record):
    name = models.TextField()

    class Meta:
        apps = wards_only
        app_label = "audit"
        db_table = "trail_tag"


class Ward(Record):
    name = models.TextField()
    password = models.TextField(null=True)  # noqa: DJ001  (an absent secret and an empty one differ)
    tags = models.ManyToManyField(Tag)

    class Meta:
        apps = wards_only
        app_label = "audit"
        db_table = "trail_ward"


class Bed(Record):
    ward = models.ForeignKey(Ward, on_delete=models.CASCADE)
    participant_id = models.UUIDField()
    site_id = models.UUIDField()
    free_from = models.DateTimeField(null=True)
    width_cm = models.DecimalField(max_digits=6, decimal_places=2, null=True)

    class Meta:
        apps = wards_only
        app_label = "audit"
        db_table = "trail_bed"


MODELS: tuple[Any, ...] = (Tag, Ward, Bed)
TABLES = {"trail_tag": (), "trail_ward": ("password",), "trail_bed": (), "trail_ward_tags": ()}


@pytest.fixture(scope="session")
def wards_schema(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Keep the tables for the session, so that tests with several connections see them too."""
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        for model in MODELS:
            editor.create_model(model)
        for table, redact in TABLES.items():
            editor.execute(install_trail_sql(table, redact), params=None)
    yield
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        for model in reversed(MODELS):
            editor.delete_model(model)


@pytest.fixture
def wards(wards_schema: None, db: None) -> None:
    """Use the tables in a test that is rolled back."""


@pytest.fixture
def committed_wards(wards_schema: None, transactional_db: None) -> Iterator[None]:
    """Use the tables in a test that commits; they are emptied afterwards, as an act."""
    yield
    with acting(by=NURSE, at=AT, action="tests.emptied"):
        Ward.tags.through._base_manager.all().delete()
        for model in reversed(MODELS):
            model.objects.all().delete()


@pytest.fixture
def other_session(committed_wards: None) -> Iterator[psycopg.Connection[Any]]:
    """Open a connection that knows nothing of Django, as psql would."""
    parameters = connection.get_connection_params()
    known = {
        name: parameters[name]
        for name in ("host", "port", "user", "password", "dbname")
        if name in parameters
    }
    with psycopg.connect(**known) as session:
        yield session
        session.rollback()


def new_ward(name: str = "East", password: str = "hash-1") -> Ward:  # noqa: S107  (nobody's: the trail must hide it)
    ward = Ward(name=name, password=password, recorded_at=AT)
    ward.save_new()
    return ward
