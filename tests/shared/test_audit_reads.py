"""A read is on record before anything is shown; where it cannot be, nothing is shown; it is never changed."""

from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from tests.shared.trail_tables import AT, DOCTOR
from trialsite.audit.models import Entry, ReadEntry
from trialsite.audit.reads import ReadKind, note_read
from trialsite.errors import Unavailable

LI, WANG = UUID(int=9), UUID(int=10)


def read_by_doctor(**given: object) -> ReadEntry:
    return note_read(kind=ReadKind.EXPORT, what="casebook.csv", by=DOCTOR, at=AT, **given)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_read_is_kept_with_whose_data_it_was_and_stands_in_the_trail() -> None:
    entry = read_by_doctor(
        participant_ids=[LI], fields=["weight_kg"], row_count=3, purpose="monitoring visit"
    )

    kept = ReadEntry.objects.get()
    assert (kept.pk, kept.actor_label, kept.participant_id) == (entry.pk, DOCTOR.actor_label, LI)
    assert (kept.participant_ids, kept.fields, kept.row_count) == ([str(LI)], ["weight_kg"], 3)
    trailed = Entry.objects.get()
    assert (trailed.table_name, trailed.action, trailed.reason) == (
        "audit_read",
        "audit.export_read",
        "monitoring visit",
    )
    assert trailed.participant_id == str(LI)


@pytest.mark.django_db
def test_a_read_of_several_names_each() -> None:
    assert read_by_doctor(participant_ids={WANG, LI}).participant_id is None
    assert ReadEntry.objects.get().participant_ids == [str(LI), str(WANG)]


@pytest.fixture
def poisoned(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_read ADD CONSTRAINT poisoned CHECK (what <> 'casebook.csv')")


@pytest.mark.usefixtures("poisoned")
def test_where_it_cannot_be_recorded_it_may_not_be_read() -> None:
    with pytest.raises(Unavailable) as refused:
        read_by_doctor()
    assert (refused.value.code, refused.value.status) == ("read-not-recorded", 503)


@pytest.mark.django_db
def test_a_read_inside_what_may_be_rolled_back_is_a_fault_of_the_program() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        read_by_doctor()
    assert not ReadEntry.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", ["UPDATE audit_read SET what = 'x'", "DELETE FROM audit_read", "TRUNCATE audit_read"]
)
def test_what_was_read_is_never_changed(change: str) -> None:
    read_by_doctor()
    with (
        pytest.raises(DatabaseError, match="allows no such statement"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)
    assert ReadEntry.objects.count() == 1
