"""Pages by key: nothing skipped, nothing twice, nothing counted, whatever is inserted meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.core import signing
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.shared.api_sites import AT, SETUP, ApiRig, create_site, many_sites, person
from tests.shared.test_api_problems import SITES, fields, problem
from trialsite.accounts.models import ApiToken, Site
from trialsite.accounts.permissions import Permission, Role
from trialsite.api.pagination import Ordering
from trialsite.api.views import ScopedList
from trialsite.audit.acting import acting

pytestmark = pytest.mark.django_db
QUICK = "/api/v1/quick-sites/"


@pytest.fixture
def reader(api_rig: ApiRig) -> Any:
    """Return a client that sees every site."""
    return api_rig.client(person("audit", (Role.AUDITOR, None)))


def codes(page: dict[str, Any]) -> list[str]:
    return [row["code"] for row in page["results"]]


def follow(client: Any, url: str | None, link: str) -> list[list[str]]:
    pages = []
    while url is not None:
        response = client.get(url)
        assert response.status_code == 200, response.content
        pages.append(codes(response.json()))
        url = response.json()[link]
    return pages


@pytest.mark.parametrize("path", [SITES, QUICK])
@pytest.mark.parametrize("order", ["", "newest", "code"])
def test_every_row_appears_once_in_order_and_the_way_back_is_the_same(
    reader: Any, path: str, order: str
) -> None:
    many_sites(23)
    query = f"?limit=5&order={order}" if order else "?limit=5"
    columns = {"": ("recorded_at", "id"), "newest": ("-recorded_at", "-id"), "code": ("code",)}[order]
    everything = list(Site.objects.order_by(*columns).values_list("code", flat=True))

    forward = follow(reader, f"{path}{query}", "next")
    assert [code for page in forward for code in page] == everything
    assert [len(page) for page in forward] == [5, 5, 5, 5, 5]

    url = f"{path}{query}"
    while (page := reader.get(url).json())["next"]:
        url = page["next"]
    backward = follow(reader, url, "previous")
    assert backward == forward[::-1]


@pytest.mark.parametrize("path", [SITES, QUICK])
def test_rows_inserted_while_reading_shift_nothing(reader: Any, path: str) -> None:
    many_sites(9)
    before = set(Site.objects.values_list("code", flat=True))
    page = reader.get(f"{path}?limit=4&order=newest").json()
    seen = codes(page)
    turn = 0
    while page["next"]:
        create_site(
            code=f"NEW{turn:02d}", name="n", prefix=f"N{turn}", by=SETUP, at=AT + timedelta(days=30 + turn)
        )
        create_site(
            code=f"OLD{turn:02d}", name="n", prefix=f"O{turn}", by=SETUP, at=AT - timedelta(days=30 + turn)
        )
        turn += 1
        page = reader.get(page["next"]).json()
        seen += codes(page)
        assert turn < 10
    assert len(seen) == len(set(seen))
    assert before <= set(seen)
    assert not {code for code in seen if code.startswith("NEW")}


def test_the_two_ways_to_read_answer_the_same_bytes(reader: Any) -> None:
    many_sites(4)
    with time_machine.travel(datetime.now(UTC), tick=False):  # a cursor is signed with the second
        slow, quick = reader.get(f"{SITES}?limit=3"), reader.get(f"{QUICK}?limit=3")
    assert slow.content.replace(SITES.encode(), QUICK.encode()) == quick.content
    assert list(slow.json()) == ["next", "previous", "results"]
    assert slow.json()["previous"] is None


def test_a_page_is_one_query_and_counts_nothing(reader: Any) -> None:
    many_sites(30)
    url = reader.get(f"{SITES}?limit=10").json()["next"]
    with CaptureQueriesContext(connection) as captured:
        reader.get(url)
    ours = [query["sql"] for query in captured if 'FROM "accounts_site"' in query["sql"]]
    assert len(ours) == 1
    assert "COUNT(" not in ours[0].upper()
    assert "LIMIT 11" in ours[0]
    assert len(captured) <= 2


def test_the_place_in_the_order_is_one_row_comparison() -> None:
    ordering = Ordering.of("-recorded_at", "-id")
    rows = Site.objects.filter(ordering.beyond((AT, "2f1b6c1e-7d51-4f3e-9a59-0d8c2f6f2b11"), reverse=False))
    assert '("accounts_site"."recorded_at", "accounts_site"."id") < (' in str(rows.query)


def test_a_list_in_an_order_that_cannot_hold_fails_when_it_is_declared() -> None:
    class Tokens(ScopedList):
        required_permission = Permission.USE_ACCOUNT
        model = ApiToken

    with pytest.raises(ValueError, match="one way"):

        class Mixed(Tokens):
            order = ("-recorded_at", "id")

    with pytest.raises(ValueError, match=r"ApiToken\.revoked_at may be null"):

        class Nullable(Tokens):
            orders = {"end": ("revoked_at", "id")}


def test_a_filter_stays_in_the_links_and_narrows_the_page(reader: Any) -> None:
    many_sites(5)
    page = reader.get(f"{SITES}?zone=UTC&limit=2").json()
    assert parse_qs(urlsplit(page["next"]).query)["zone"] == ["UTC"]
    assert [len(codes) for codes in follow(reader, f"{SITES}?zone=UTC&limit=2", "next")] == [2, 2, 1]
    assert codes(reader.get(f"{SITES}?recorded_after=2026-03-03&recorded_before=2026-03-03").json())
    assert codes(reader.get(f"{SITES}?recorded_before=2026-03-01").json()) == []


def test_a_list_shows_the_sites_of_the_user_alone(api_rig: ApiRig) -> None:
    assert codes(api_rig.client().get(SITES).json()) == ["WH01"]


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1.5", "", "ten", "１０", "99999999999999"])
def test_a_limit_out_of_range_is_named(reader: Any, limit: str) -> None:
    assert fields(problem(reader.get(SITES, {"limit": limit}), 400, "out-of-range")) == [
        ("limit", "out-of-range")
    ]


@pytest.mark.parametrize("limit", [1, 200])
def test_a_limit_at_either_bound_is_accepted(reader: Any, limit: int) -> None:
    assert reader.get(SITES, {"limit": limit}).status_code == 200


def test_a_cursor_this_list_did_not_write_is_named(reader: Any) -> None:
    many_sites(3)
    good = parse_qs(urlsplit(reader.get(f"{SITES}?limit=1").json()["next"]).query)["cursor"][0]
    forged = signing.dumps([0, ("s", "x")], salt="trialsite.api.cursor")
    for cursor in ("", "x", good[:-1], "." + good, forged, good.upper(), "é", "a:b:c"):
        assert fields(problem(reader.get(SITES, {"cursor": cursor}), 400, "invalid-cursor")) == [
            ("cursor", "invalid-cursor")
        ]
    other_order = {"cursor": good, "order": "newest"}
    problem(reader.get(SITES, other_order), 400, "invalid-cursor")


def test_a_page_emptied_meanwhile_leads_back_to_all_that_is_left(reader: Any) -> None:
    gone = create_site(code="ZZ99", name="n", prefix="ZZ", by=SETUP, at=AT + timedelta(days=9))
    page = reader.get(f"{SITES}?limit=2").json()
    assert codes(page) == ["WH01", "BJ01"]
    with acting(by=SETUP, at=AT, action="accounts.site_removed"):
        gone.delete()
    emptied = reader.get(page["next"]).json()
    assert (emptied["results"], emptied["next"]) == ([], None)
    back = reader.get(emptied["previous"]).json()
    assert (codes(back), back["next"], back["previous"]) == (["WH01", "BJ01"], None, None)


def test_a_first_page_without_rows_leads_nowhere(reader: Any) -> None:
    assert reader.get(f"{SITES}?zone=Nowhere").json() == {"next": None, "previous": None, "results": []}
