"""The description says what the views do, and the page that shows it runs no inline script."""

import re
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from tests.shared.api_sites import ApiRig, signed_in


@pytest.fixture
def described(settings: Any) -> dict[str, Any]:
    settings.ROOT_URLCONF = "tests.shared.api_sites"
    GENERATOR_STATS.reset()
    found: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    assert not GENERATOR_STATS, GENERATOR_STATS.emit_summary()
    return found


def test_the_description_is_valid_and_complete(described: dict[str, Any]) -> None:
    validate_schema(described)
    methods = {path: sorted(set(item) - {"parameters"}) for path, item in described["paths"].items()}
    assert methods == {
        "/api/v1/quick-sites/": ["get"],
        "/api/v1/sites/": ["get", "post"],
        "/api/v1/sites/{code}/": ["get", "patch"],
        "/api/v1/sites/{code}/rename/": ["post"],
        "/api/v1/sites/{code}/rename-unkept/": ["post"],
    }


def test_every_write_documents_its_header(described: dict[str, Any]) -> None:
    def required(path: str, method: str) -> set[str]:
        listed = described["paths"][path][method]["parameters"]
        return {one["name"] for one in listed if one.get("required") and one["in"] == "header"}

    assert required("/api/v1/sites/", "post") == {"Idempotency-Key"}
    assert required("/api/v1/sites/{code}/rename/", "post") == {"Idempotency-Key"}
    assert required("/api/v1/sites/{code}/", "patch") == {"If-Match"}


def test_a_list_documents_its_page_its_filter_and_its_orders(described: dict[str, Any]) -> None:
    operation = described["paths"]["/api/v1/sites/"]["get"]
    names = {one["name"] for one in operation["parameters"]}
    assert names == {"cursor", "limit", "order", "zone", "recorded_after", "recorded_before"}
    page = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert set(described["components"]["schemas"][page]["properties"]) == {"next", "previous", "results"}


def test_every_refusal_is_documented_as_a_problem(described: dict[str, Any]) -> None:
    responses = described["paths"]["/api/v1/sites/{code}/"]["patch"]["responses"]
    assert {"200", "400", "401", "403", "404", "409", "412", "413", "415", "422", "428", "429", "500"} <= set(
        responses
    )
    assert set(responses["412"]["content"]) == {"application/problem+json"}
    assert set(described["paths"]["/api/v1/sites/"]["post"]["responses"]) >= {"201", "422"}


def test_each_operation_states_the_permission_it_asks_for(described: dict[str, Any]) -> None:
    for item in described["paths"].values():
        for operation in item.values():
            assert re.search(r"Permission: `\w+`", operation["description"])


def test_the_command_line_check_is_clean(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.ROOT_URLCONF = "tests.shared.api_sites"
    call_command("spectacular", "--validate", "--fail-on-warn")
    assert "openapi: 3" in capsys.readouterr().out


@pytest.mark.django_db
class TestPage:
    def test_people_who_are_not_signed_in_are_sent_to_sign_in(self, api_rig: ApiRig) -> None:
        response = Client().get("/api/v1/docs/")
        assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/api/v1/docs/")
        assert Client().get("/api/v1/schema/").status_code == 401

    def test_the_page_is_local_and_has_no_inline_script(self, api_rig: ApiRig) -> None:
        client = signed_in(api_rig.nurse)
        response = client.get("/api/v1/docs/")
        html = response.content.decode()
        sources = re.findall(r'(?:src|href)="([^"]+)"', html)
        assert sources
        assert all(source.startswith("/") and not source.startswith("//") for source in sources)
        assert not re.findall(r"<script>", html)
        policy = response["Content-Security-Policy"]
        directives = dict(part.strip().split(" ", 1) for part in policy.split(";") if " " in part.strip())
        assert directives["script-src"] == "'self'"
        assert "'unsafe-inline'" in directives["style-src"]
        assert "data:" in directives["img-src"]

    def test_its_start_up_script_is_a_url_of_its_own(self, api_rig: ApiRig) -> None:
        client = signed_in(api_rig.nurse)
        html = client.get("/api/v1/docs/").content.decode()
        (url,) = re.findall(r'src="(/api/v1/docs/[^"]*)"', html)
        script = client.get(url.replace("&amp;", "&"))
        assert script["Content-Type"].startswith("application/javascript")
        assert b"/api/v1/schema/" in script.content

    def test_other_pages_keep_the_strict_policy(self, api_rig: ApiRig) -> None:
        client = signed_in(api_rig.nurse)
        assert "unsafe-inline" not in client.get("/api/v1/schema/")["Content-Security-Policy"]
