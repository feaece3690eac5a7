"""The request id: taken when well formed, made otherwise, never carried into the next request."""

import uuid

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from trialsite.audit.acting import request_id
from trialsite.audit.middleware import RequestIdMiddleware

GOOD = "5f0c1f8e-2a8e-4c7d-9b4e-0123456789ab"


def answer(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request_id.get())


def test_a_well_formed_id_is_kept_and_returned() -> None:
    request = RequestFactory().get("/", headers={"X-Request-ID": GOOD.upper()})
    response = RequestIdMiddleware(answer)(request)

    assert response.headers["X-Request-ID"] == GOOD
    assert response.content.decode() == GOOD


@pytest.mark.parametrize(
    "offered",
    ["", "1", GOOD + "0", GOOD.replace("-", ""), "{" + GOOD + "}", GOOD[:-1] + "g", GOOD[:-1] + "٣"],
)
def test_anything_else_is_replaced(offered: str) -> None:
    request = RequestFactory().get("/", headers={"X-Request-ID": offered})
    made = RequestIdMiddleware(answer)(request).headers["X-Request-ID"]

    assert made != offered
    assert str(uuid.UUID(made)) == made


def test_two_requests_without_an_id_get_different_ones() -> None:
    middleware = RequestIdMiddleware(answer)
    first, second = (middleware(RequestFactory().get("/")).headers["X-Request-ID"] for _ in range(2))

    assert first != second


def test_the_id_ends_with_the_request_even_when_it_fails() -> None:
    def fail(request: HttpRequest) -> HttpResponse:
        raise LookupError

    with pytest.raises(LookupError):
        RequestIdMiddleware(fail)(RequestFactory().get("/"))
    assert request_id.get() == ""
