"""acting(): one transaction, one actor, one statement, and nothing left behind."""

import contextvars
import threading
from datetime import datetime, timedelta, timezone

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.shared.trail_tables import (
    AT,
    DOCTOR,
    NURSE,
    Person,
    Ward,
    new_ward,
)
from trialsite.audit.acting import acting, request_id
from trialsite.audit.models import Entry


def settings_now() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting('trialsite.' || name, true), '') FROM unnest(%s::text[]) AS name",
            [["actor_id", "actor_label", "role", "action", "reason", "request_id", "acted_at"]],
        )
        return [row[0] for row in cursor.fetchall()]


def open_and_fail() -> None:
    with acting(by=NURSE, at=AT, action="wards.opened"):
        new_ward()
        raise LookupError


@pytest.mark.usefixtures("committed_wards")
def test_an_outermost_act_costs_one_statement_besides_its_transaction() -> None:
    with CaptureQueriesContext(connection) as queries, acting(by=NURSE, at=AT, action="wards.opened"):
        pass

    kinds = [query["sql"].split()[0] for query in queries.captured_queries]
    assert kinds == ["BEGIN", "SELECT", "COMMIT"]


@pytest.mark.usefixtures("wards")
def test_everything_an_act_states_reaches_the_entry() -> None:
    token = request_id.set("5f0c1f8e-2a8e-4c7d-9b4e-0123456789ab")
    try:
        with acting(by=NURSE, at=AT, action="wards.opened", reason="more room", role="nurse"):
            new_ward()
    finally:
        request_id.reset(token)

    entry = Entry.objects.get()
    assert (entry.actor_id, entry.actor_label, entry.role) == (NURSE.actor_id, "Li Na", "nurse")
    assert (entry.action, entry.reason, entry.acted_at) == ("wards.opened", "more room", AT)
    assert entry.request_id == "5f0c1f8e-2a8e-4c7d-9b4e-0123456789ab"


@pytest.mark.usefixtures("wards")
def test_an_instant_of_another_zone_is_the_same_instant_in_the_trail() -> None:
    wuhan = AT.astimezone(timezone(timedelta(hours=8)))
    with acting(by=NURSE, at=wuhan, action="wards.opened"):
        new_ward()

    assert Entry.objects.get().acted_at == AT


@pytest.mark.usefixtures("wards")
def test_a_nested_act_of_the_same_actor_joins_without_a_statement() -> None:
    with acting(by=NURSE, at=AT, action="wards.opened", reason="more room"):
        with (
            CaptureQueriesContext(connection) as queries,
            acting(by=NURSE, at=AT, action="wards.renamed", reason="another"),
        ):
            pass
        new_ward()

    assert queries.captured_queries == []
    assert (Entry.objects.get().action, Entry.objects.get().reason) == ("wards.opened", "more room")


@pytest.mark.usefixtures("wards")
def test_nobody_acts_inside_the_act_of_somebody_else() -> None:
    with acting(by=NURSE, at=AT, action="wards.opened"):
        with (
            pytest.raises(RuntimeError, match="somebody else"),
            acting(by=DOCTOR, at=AT, action="wards.closed"),
        ):
            pass
        new_ward()

    assert Entry.objects.get().actor_id == NURSE.actor_id


@pytest.mark.usefixtures("wards")
def test_two_people_may_act_one_after_the_other_in_one_transaction() -> None:
    for person in (NURSE, DOCTOR):
        with acting(by=person, at=AT, action="wards.opened"):
            new_ward()

    assert list(Entry.objects.order_by("id").values_list("actor_label", flat=True)) == ["Li Na", "Dr Chen"]


@pytest.mark.usefixtures("wards")
def test_after_an_act_nobody_acts_in_the_rest_of_the_outer_transaction() -> None:
    with acting(by=NURSE, at=AT, action="wards.opened", reason="r", role="nurse"):
        assert settings_now()[0] == NURSE.actor_id

    assert settings_now() == [""] * 7
    with pytest.raises(DatabaseError, match="nobody is named as acting"), transaction.atomic():
        new_ward()


@pytest.mark.usefixtures("wards")
def test_an_exception_leaves_neither_rows_nor_entries_nor_an_actor() -> None:
    with pytest.raises(LookupError):
        open_and_fail()

    assert not Ward.objects.exists()
    assert not Entry.objects.exists()
    assert settings_now() == [""] * 7


@pytest.mark.usefixtures("committed_wards")
def test_an_exception_in_an_outermost_act_leaves_nothing_and_the_next_act_works() -> None:
    with pytest.raises(LookupError):
        open_and_fail()
    assert not Ward.objects.exists()
    assert not Entry.objects.exists()

    with acting(by=DOCTOR, at=AT, action="wards.opened"):
        new_ward()
    assert Entry.objects.get().actor_label == "Dr Chen"
    assert settings_now() == [""] * 7


@pytest.mark.usefixtures("committed_wards")
def test_a_joined_act_that_fails_takes_the_whole_act_with_it_even_where_it_is_caught() -> None:
    with acting(by=NURSE, at=AT, action="wards.opened"):
        new_ward("kept?")
        try:
            with acting(by=NURSE, at=AT, action="wards.opened"):
                new_ward("half")
                raise LookupError
        except LookupError:
            caught = True

    assert caught
    assert not Ward.objects.exists()
    assert not Entry.objects.exists()


@pytest.mark.usefixtures("committed_wards")
def test_an_open_act_is_not_joined_from_another_connection() -> None:
    refused: list[BaseException] = []

    def write_elsewhere() -> None:
        try:
            with transaction.atomic():
                new_ward()
        except DatabaseError as error:
            refused.append(error)
        with transaction.atomic(), acting(by=DOCTOR, at=AT, action="wards.opened"):
            new_ward("West")
        connection.close()

    with acting(by=NURSE, at=AT, action="wards.opened"):
        thread = threading.Thread(target=contextvars.copy_context().run, args=(write_elsewhere,))
        thread.start()
        thread.join()

    assert "nobody is named as acting" in str(refused[0])
    assert [entry.actor_label for entry in Entry.objects.all()] == ["Dr Chen"]


def test_a_naive_instant_is_refused_before_anything_is_opened() -> None:
    with pytest.raises(ValueError, match="time zone"):
        acting(by=NURSE, at=datetime(2026, 3, 2), action="wards.opened").__enter__()  # noqa: DTZ001  (the fault under test)


@pytest.mark.parametrize(
    "action", ["", "opened", "wards.", ".opened", "Wards.opened", "wards opened", "w.o\n"]
)
def test_an_action_that_is_not_dotted_is_refused(action: str) -> None:
    with pytest.raises(ValueError, match=r"app\.event"):
        acting(by=NURSE, at=AT, action=action).__enter__()


@pytest.mark.parametrize("person", [Person("", "Li Na"), Person("8d7b", "")], ids=["no id", "no label"])
def test_an_actor_without_id_or_label_is_refused(person: Person) -> None:
    with pytest.raises(ValueError, match="actor"):
        acting(by=person, at=AT, action="wards.opened").__enter__()


@pytest.mark.usefixtures("committed_wards")
@pytest.mark.parametrize(
    "reason", ['it\'s \\ "so" 楼 %s %%', "'; SELECT set_config('trialsite.actor_id', 'x', true); --"]
)
def test_who_acts_is_told_alike_where_the_statements_are_watched(reason: str) -> None:
    """BEGIN and the settings go together where nobody watches; a text in them stays a text."""
    with acting(by=NURSE, at=AT, action="wards.made", reason=reason):
        new_ward()
    with (
        CaptureQueriesContext(connection) as seen,
        acting(by=NURSE, at=AT, action="wards.made", reason=reason),
    ):
        new_ward()
    told = Entry.objects.filter(action="wards.made").values_list(
        "actor_id", "actor_label", "role", "reason", "acted_at", "site_zone", "through", "request_id"
    )
    assert len(told) == 2
    assert told[0] == told[1]
    assert told[0][3] == reason
    assert "set_config" in seen.captured_queries[1]["sql"]
