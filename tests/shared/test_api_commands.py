"""A repeated command is done once and answered alike; an edit loses to nobody silently."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.shared.api_sites import AT, BEFORE_RENAME, SETUP, ApiRig, in_thread, person
from tests.shared.test_api_problems import SITES, problem
from tests.shared.trail_flush import flush_despite_the_trail  # noqa: F401  (a fixture of the whole module)
from trialsite.accounts.models import Membership, Site
from trialsite.accounts.permissions import Permission, Role
from trialsite.api import idempotency
from trialsite.api.commands import CommandView
from trialsite.api.models import IdempotencyRecord
from trialsite.api.views import ScopedDetail
from trialsite.audit.acting import acting


def name_of(code: str = "WH01") -> str:
    return Site.objects.get(code=code).name


def version_of(code: str = "WH01") -> int:
    return Site.objects.get(code=code).version


@pytest.mark.django_db
class TestKey:
    def test_a_command_without_a_key_is_refused(self, api_rig: ApiRig) -> None:
        response = api_rig.client().post(f"{SITES}WH01/rename/", {"name": "X"}, format="json")
        problem(response, 400, "idempotency-key-required")
        assert name_of() == "Tongji"

    @pytest.mark.parametrize("key", ["short77", "k" * 201, "key-0000\x7f", "schlüssel-1"])
    def test_a_malformed_key_is_refused(self, api_rig: ApiRig, key: str) -> None:
        problem(api_rig.rename(key=key), 400, "idempotency-key-malformed")

    @pytest.mark.parametrize("key", ["8-chars!", "k" * 200])
    def test_a_key_at_either_bound_is_accepted(self, api_rig: ApiRig, key: str) -> None:
        assert api_rig.rename(key=key).status_code == 200


@pytest.mark.django_db
class TestReplay:
    def test_the_same_request_gets_the_same_answer_to_the_byte_and_is_done_once(
        self, api_rig: ApiRig
    ) -> None:
        first = api_rig.rename("Union 协和")
        second = api_rig.rename("Union 协和")
        assert first.status_code == second.status_code == 200
        assert first.content == second.content
        assert first["ETag"] == second["ETag"] == '"2"'
        assert "Idempotent-Replay" not in first
        assert second["Idempotent-Replay"] == "true"
        assert version_of() == 2

    def test_a_creation_is_replayed_with_its_201(self, api_rig: ApiRig) -> None:
        client = api_rig.client()
        body = {"code": "GZ01", "name": "Canton", "prefix": "GZ"}
        answers = [
            client.post(SITES, body, format="json", headers={"Idempotency-Key": "key-00001"})
            for _ in range(3)
        ]
        assert [answer.status_code for answer in answers] == [201] * 3
        assert len({answer.content for answer in answers}) == 1
        assert Site.objects.filter(code="GZ01").count() == 1

    def test_the_order_of_keys_and_blanks_do_not_make_another_body(self, api_rig: ApiRig) -> None:
        client = api_rig.client()
        for raw in (
            b'{"code":"GZ01","name":"C","prefix":"GZ"}',
            b'{ "prefix":"GZ", "name":"C", "code":"GZ01" }',
        ):
            headers = {"Idempotency-Key": "key-00001"}
            assert (
                client.post(SITES, raw, content_type="application/json", headers=headers).status_code == 201
            )

    def test_the_same_key_with_another_body_is_refused(self, api_rig: ApiRig) -> None:
        api_rig.rename("First")
        problem(api_rig.rename("Second"), 422, "idempotency-key-reused")
        assert name_of() == "First"

    def test_a_key_belongs_to_one_user_and_one_url(self, api_rig: ApiRig) -> None:
        both = person("zhao", (Role.ADMIN, api_rig.wuhan), (Role.ADMIN, api_rig.beijing))
        api_rig.rename("First")
        for code in ("WH01", "BJ01"):
            response = api_rig.client(both).post(
                f"{SITES}{code}/rename/",
                {"name": "Mine"},
                format="json",
                headers={"Idempotency-Key": "key-00001"},
            )
            assert response.status_code == 200
            assert "Idempotent-Replay" not in response
        assert (name_of("WH01"), name_of("BJ01")) == ("Mine", "Mine")

    def test_a_refused_command_is_not_kept_and_may_be_corrected_under_its_key(self, api_rig: ApiRig) -> None:
        problem(api_rig.rename("rule"), 422, "too-early")
        problem(api_rig.rename("secret"), 500, "internal-error")
        assert not IdempotencyRecord.objects.exists()
        assert api_rig.rename("Corrected").status_code == 200

    def test_somebody_who_lost_the_permission_gets_no_replay(self, api_rig: ApiRig) -> None:
        api_rig.rename()
        with acting(by=SETUP, at=AT, action="accounts.role_taken"):
            Membership.objects.filter(user=api_rig.admin).delete()
        problem(api_rig.rename(), 404, "not-found")

    def test_the_row_holds_no_body_that_was_sent(self, api_rig: ApiRig) -> None:
        api_rig.rename("Zhang San", opened_at="2026-03-02T09:30:00+08:00")
        row = IdempotencyRecord.objects.get()
        assert "Zhang" not in row.body_digest + row.method_path + row.key
        assert (row.status, row.method_path) == (200, "POST /api/v1/sites/WH01/rename/")

    def test_a_failed_write_of_the_answer_undoes_the_command(
        self, api_rig: ApiRig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(self: Any, answer: Any) -> None:
            raise RuntimeError("disk")

        monkeypatch.setattr(idempotency.Reservation, "keep", broken)
        problem(api_rig.rename("Lost"), 500, "internal-error")
        assert name_of() == "Tongji"

    def test_an_answer_that_is_not_kept_is_given_once_and_the_command_is_still_done_once(
        self, api_rig: ApiRig
    ) -> None:
        def send() -> Any:
            return api_rig.client().post(
                f"{SITES}WH01/rename-unkept/",
                {"name": "Once"},
                format="json",
                headers={"Idempotency-Key": "key-00001"},
            )

        assert send().json()["name"] == "Once"
        assert IdempotencyRecord.objects.get().response_body == ""
        problem(send(), 409, "answer-not-kept")
        assert version_of() == 2

    def test_reserving_and_keeping_cost_two_statements(self, api_rig: ApiRig) -> None:
        client = api_rig.client()
        with CaptureQueriesContext(
            connection,
        ) as captured:
            client.post(
                f"{SITES}WH01/rename/", {"name": "X"}, format="json", headers={"Idempotency-Key": "key-00001"}
            )
        ours = [query["sql"] for query in captured if "api_idempotencyrecord" in query["sql"]]
        assert len(ours) == 2

    def test_only_answers_older_than_a_week_are_forgotten(self, api_rig: ApiRig) -> None:
        api_rig.rename()
        api_rig.rename("Other", key="key-00002")
        created = datetime(2026, 3, 2, tzinfo=UTC)
        IdempotencyRecord.objects.filter(key="key-00001").update(created_at=created)
        assert idempotency.purge_expired(created + timedelta(days=7)) == 0
        assert idempotency.purge_expired(created + timedelta(days=7, microseconds=1)) == 1
        assert IdempotencyRecord.objects.get().key == "key-00002"


@pytest.mark.django_db(transaction=True)
class TestParallel:
    def test_of_two_parallel_requests_one_executes_and_the_other_repeats_its_answer(
        self, api_rig: ApiRig
    ) -> None:
        inside, may_go_on = threading.Event(), threading.Event()
        runs: list[str] = []

        def hold() -> None:
            runs.append("run")
            inside.set()
            assert may_go_on.wait(10)

        BEFORE_RENAME.append(hold)
        first, first_found = in_thread(lambda: api_rig.rename("Once"))
        assert inside.wait(10)
        second, second_found = in_thread(lambda: api_rig.rename("Once"))
        wait_until_somebody_waits_for_a_transaction()
        assert second.is_alive()
        may_go_on.set()
        first.join(10)
        second.join(10)

        assert [answer.status_code for answer in (*first_found, *second_found)] == [200, 200]
        assert first_found[0].content == second_found[0].content
        assert second_found[0]["Idempotent-Replay"] == "true"
        assert (runs, version_of()) == (["run"], 2)

    def test_when_the_first_fails_the_one_that_waited_executes(self, api_rig: ApiRig) -> None:
        inside, may_go_on = threading.Event(), threading.Event()

        def fail_once() -> None:
            if not inside.is_set():
                inside.set()
                assert may_go_on.wait(10)
                raise RuntimeError("first")

        BEFORE_RENAME.append(fail_once)
        first, first_found = in_thread(lambda: api_rig.rename("Once"))
        assert inside.wait(10)
        second, second_found = in_thread(lambda: api_rig.rename("Once"))
        wait_until_somebody_waits_for_a_transaction()
        may_go_on.set()
        first.join(10)
        second.join(10)

        assert (first_found[0].status_code, second_found[0].status_code) == (500, 200)
        assert "Idempotent-Replay" not in second_found[0]
        assert version_of() == 2

    def test_five_at_once_leave_one_row_and_five_equal_answers(self, api_rig: ApiRig) -> None:
        for attempt in range(5):
            started = [in_thread(lambda: api_rig.rename("Once", key=f"key-{attempt:05d}")) for _ in range(5)]  # noqa: B023  (joined in the same round)
            for thread, _ in started:
                thread.join(20)
            answers = [found[0] for _, found in started]
            assert {answer.status_code for answer in answers} == {200}
            assert len({answer.content for answer in answers}) == 1
            assert sum("Idempotent-Replay" not in answer for answer in answers) == 1
            assert version_of() == attempt + 2

    def test_of_two_parallel_edits_of_one_version_the_second_is_told(self, api_rig: ApiRig) -> None:
        for attempt in range(10):
            match = f'"{attempt + 1}"'
            started = [
                in_thread(lambda body=body: api_rig.edit(body, match=match))  # noqa: B023  (joined in the same round)
                for body in ({"name": f"Name {attempt}"}, {"name_zh": f"名 {attempt}"})
            ]
            for thread, _ in started:
                thread.join(10)
            assert sorted(found[0].status_code for _, found in started) == [200, 412]
            assert version_of() == attempt + 2


def wait_until_somebody_waits_for_a_transaction() -> None:
    """Return once a session of this database is blocked by another one's transaction."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(query)
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.02)
    raise AssertionError("Nobody waits.")


@pytest.mark.django_db
class TestEdit:
    def test_the_version_that_was_read_allows_the_edit(self, api_rig: ApiRig) -> None:
        read = api_rig.client().get(f"{SITES}WH01/")
        response = api_rig.edit({"name": "Renamed"}, match=read["ETag"])
        assert (response.status_code, response["ETag"]) == (200, '"2"')
        assert response.json()["name"] == name_of() == "Renamed"

    def test_an_edit_without_a_version_is_428(self, api_rig: ApiRig) -> None:
        problem(api_rig.edit({"name": "X"}, match=None), 428, "if-match-required")
        assert name_of() == "Tongji"

    @pytest.mark.parametrize("match", ["*", "1", 'W/"1"', '"1", "2"', '"x"', '""', '"01"', '"99999999999"'])
    def test_a_malformed_version_is_400(self, api_rig: ApiRig, match: str) -> None:
        problem(api_rig.edit({"name": "X"}, match=match), 400, "if-match-malformed")

    def test_a_stale_edit_is_412_and_shows_both_values(self, api_rig: ApiRig) -> None:
        api_rig.edit({"name": "Theirs"})
        body = problem(api_rig.edit({"name": "Mine"}), 412, "stale-version")
        assert (body["current"]["name"], body["current"]["version"]) == ("Theirs", 2)
        assert body["submitted"] == {"name": "Mine"}
        assert name_of() == "Theirs"

    def test_a_version_from_the_future_is_stale_too(self, api_rig: ApiRig) -> None:
        problem(api_rig.edit({"name": "X"}, match='"2"'), 412, "stale-version")

    def test_an_edit_that_changes_nothing_is_refused(self, api_rig: ApiRig) -> None:
        problem(api_rig.edit({}), 400, "nothing-to-change")

    def test_only_the_fields_that_were_sent_reach_the_service(self, api_rig: ApiRig) -> None:
        api_rig.edit({"name_zh": "同济"})
        site = Site.objects.get(code="WH01")
        assert (site.name, site.name_zh) == ("Tongji", "同济")

    @pytest.mark.parametrize("field", ["id", "version", "recorded_at", "code", "site", "created_by"])
    def test_what_is_not_offered_cannot_be_set(self, api_rig: ApiRig, field: str) -> None:
        body = problem(api_rig.edit({"name": "X", field: 1}), 400, "invalid-input")
        assert body["errors"][0]["field"] == field
        assert name_of() == "Tongji"

    def test_a_command_honours_a_version_where_it_is_sent(self, api_rig: ApiRig) -> None:
        headers = {"Idempotency-Key": "key-00001", "If-Match": '"2"'}
        client = api_rig.client()
        body = problem(
            client.post(f"{SITES}WH01/rename/", {"name": "X"}, format="json", headers=headers),
            412,
            "stale-version",
        )
        assert body["current"]["name"] == "Tongji"
        headers["If-Match"] = '"1"'
        response = client.post(f"{SITES}WH01/rename/", {"name": "X"}, format="json", headers=headers)
        assert response.status_code == 200


def test_a_command_that_calls_no_service_fails_when_it_is_declared() -> None:
    with pytest.raises(TypeError, match=r"Idle must say in run\(\) which service it calls"):

        class Idle(CommandView):
            required_permission = Permission.USE_ACCOUNT


def test_a_view_without_a_permission_fails_when_it_is_declared() -> None:
    with pytest.raises(TypeError, match="must state its required_permission"):

        class Open(ScopedDetail):
            model = Site
