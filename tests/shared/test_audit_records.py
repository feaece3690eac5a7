"""Record: one INSERT, one UPDATE that carries the next version, and no silent overwrite."""

from contextlib import AbstractContextManager
from datetime import datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.shared.trail_tables import AT, NURSE, Bed, Ward, new_ward
from trialsite.audit.acting import acting
from trialsite.audit.models import Entry
from trialsite.errors import Conflict

pytestmark = pytest.mark.usefixtures("wards")
NAIVE = datetime(2026, 3, 2, 9, 30)  # noqa: DTZ001  (the fault under test)


def act() -> AbstractContextManager[None]:
    return acting(by=NURSE, at=AT, action="wards.changed")


def test_a_new_record_is_one_insert_at_version_one() -> None:
    with act(), CaptureQueriesContext(connection) as queries:
        ward = new_ward()

    assert [query["sql"].split()[0] for query in queries.captured_queries] == ["INSERT"]
    assert (ward.version, Ward.objects.get().version) == (1, 1)


def test_a_change_and_its_version_are_one_update() -> None:
    with act():
        ward = new_ward()
        ward.name, ward.password = "South", "not asked to be written"
        with CaptureQueriesContext(connection) as queries:
            ward.save_changes(["name"])

    stored = Ward.objects.get()
    assert [query["sql"].split()[0] for query in queries.captured_queries] == ["UPDATE"]
    assert (stored.name, stored.password, stored.version, ward.version) == ("South", "hash-1", 2, 2)


def test_a_foreign_key_may_be_changed_by_its_name() -> None:
    with act():
        east, west = new_ward(), new_ward("West")
        bed = Bed(ward=east, participant_id=east.pk, site_id=east.pk, recorded_at=AT)
        bed.save_new()
        bed.ward = west
        bed.save_changes(["ward"])

    assert Bed.objects.get().ward_id == west.pk


def test_a_change_of_a_stale_record_is_a_conflict_and_writes_nothing() -> None:
    with act():
        first = new_ward()
        second = Ward.objects.get()
        first.name, second.name = "South", "North"
        first.save_changes(["name"])
        with pytest.raises(Conflict) as refused:
            second.save_changes(["name"])

    assert (refused.value.code, refused.value.params) == ("stale-version", {"version": 1})
    assert (Ward.objects.get().name, second.version) == ("South", 1)
    assert Entry.objects.filter(op="UPDATE").count() == 1


def test_a_record_is_created_once() -> None:
    with act():
        ward = new_ward()
        with pytest.raises(IntegrityError), transaction.atomic():
            ward.save_new()


def test_a_naive_instant_is_refused() -> None:
    with act():
        with pytest.raises(ValueError, match=r"Ward\.recorded_at must carry a time zone"):
            Ward(name="East", recorded_at=NAIVE).save_new()
        ward = new_ward()
        bed = Bed(ward=ward, participant_id=ward.pk, site_id=ward.pk, recorded_at=AT)
        bed.save_new()
        bed.free_from = NAIVE
        with pytest.raises(ValueError, match=r"Bed\.free_from must carry a time zone"):
            bed.save_changes(["free_from"])

    assert Bed.objects.get().free_from is None
