"""Gives every request an id that its trail entries, its log lines and its answer share."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from trialsite.audit.acting import request_id

_HEADER = "X-Request-ID"
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class RequestIdMiddleware:
    """Take the caller's request id where it is a well-formed UUID, else a new one; return it in the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        offered = request.headers.get(_HEADER, "")
        current = offered.lower() if _UUID.fullmatch(offered) else str(uuid.uuid4())
        token = request_id.set(current)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response.headers[_HEADER] = current
        return response
