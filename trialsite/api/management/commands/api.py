"""manage.py api: every operation of the API from the command line, with the same permissions, checks and answers."""

import json
import os
import sys
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4
from wsgiref.util import setup_testing_defaults

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.core.management.base import BaseCommand, CommandError, CommandParser

PREFIX = "/api/v1/"
TOKEN_IN = "TRIALSITE_TOKEN"  # noqa: S105 (the name of the variable)
METHODS = ("GET", "POST", "PATCH")


class Command(BaseCommand):
    help = (
        "Call the API in this process: one JSON body in, the answer out. Acts as the owner of the API token in the "
        f"environment variable {TOKEN_IN} (issued on the page API tokens)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("method", type=str.upper, choices=METHODS)
        parser.add_argument("path", help=f"behind {PREFIX}, such as worklist or participants/A22-7Q8H5-X")
        parser.add_argument("file", nargs="?", help="the JSON body; - reads stdin")
        parser.add_argument(
            "--key", help="the Idempotency-Key of a POST, to repeat it safely (default: a new one)"
        )
        parser.add_argument("--based-on", dest="etag", type=int, help="the version that a PATCH is based on")

    def handle(
        self, *, method: str, path: str, file: str | None, key: str | None, etag: int | None, **options: Any
    ) -> None:
        """Print the body of the answer. Raises CommandError with the problem where the API refuses."""
        token = os.environ.get(TOKEN_IN, "")
        if not token:
            raise CommandError(f"Put an API token into the environment variable {TOKEN_IN}.")
        headers = {"Authorization": f"Bearer {token}"}
        if method == "POST":
            headers["Idempotency-Key"] = key or str(uuid4())
        if etag is not None:
            headers["If-Match"] = f'"{etag}"'
        status, body = call(method, path, _read(file), headers)
        if status >= 400:
            raise CommandError(f"{status}: {_as_text(body)}")
        self.stdout.write(_as_text(body))


def _read(file: str | None) -> bytes:
    if file is None:
        return b""
    if file == "-":
        return sys.stdin.buffer.read(settings.API_MAX_BODY_BYTES + 1)
    try:
        with open(file, "rb") as stream:
            return stream.read(settings.API_MAX_BODY_BYTES + 1)  # the API refuses what is longer
    except OSError as problem:
        raise CommandError(f"{file} cannot be read: {problem.strerror}") from problem


def call(method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """Return status and body of the answer to one request, which never leaves this process.

    path: behind /api/v1/, its query included, or a whole address such as `next` of a list. headers: by their HTTP names.
    """
    asked = urlsplit(path)
    tail = asked.path.removeprefix(PREFIX).strip("/")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": f"{PREFIX}{tail}/",  # as every path of the API ends
        "QUERY_STRING": asked.query,
        "HTTP_HOST": next((host for host in settings.ALLOWED_HOSTS if host.strip("*.")), "localhost"),
        "wsgi.url_scheme": "https",
        "wsgi.input": BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/json" if body else "",
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }
    setup_testing_defaults(environ)
    handler = BaseHandler()  # without the signals of a request, which end the connections of a server
    handler.load_middleware()
    response = handler.get_response(WSGIRequest(environ))
    return response.status_code, b"".join(response)


def _as_text(body: bytes) -> str:
    """Return a JSON body so that a person can read it, anything else as it is."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body.decode(errors="replace")
