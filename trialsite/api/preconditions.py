"""If-Match: an edit states the version it was based on, and loses to nobody silently."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from rest_framework.request import Request

from trialsite.api.problems import RequestRefused

_ETAG = re.compile(r'"([1-9][0-9]{0,9})"')


def etag_headers(found: Any) -> dict[str, str]:
    """Return the ETag header of a versioned record, and nothing for anything else."""
    version = found.get("version") if isinstance(found, Mapping) else getattr(found, "version", None)
    return {"ETag": f'"{version}"'} if isinstance(version, int) else {}


def offered(request: Request) -> int | None:
    """Return the version in `If-Match`, None where it is not sent.

    Raises RequestRefused 400 if-match-malformed for lists, weak tags and `*`: one version was read, one is
    meant.
    """
    header = request.headers.get("If-Match")
    if header is None:
        return None
    match = _ETAG.fullmatch(header.strip())
    if match is None:
        raise RequestRefused(400, "if-match-malformed", 'Send the ETag you read, such as If-Match: "3".')
    return int(match[1])


def required(request: Request) -> int:
    """Return the version in `If-Match`. Raises RequestRefused 428 where it is missing."""
    version = offered(request)
    if version is None:
        message = "Send `If-Match` with the `ETag` of the version you are changing."
        raise RequestRefused(428, "if-match-required", message)
    return version


def lock_at(target: Any, expected: int, refusal: Callable[[], RequestRefused]) -> bool:
    """Lock the row of `target`; return whether `target`, loaded before, still shows it.

    Raises what `refusal` builds where the row is not at the expected version.
    """
    rows = type(target)._base_manager.select_for_update(of=("self",)).filter(pk=target.pk)
    version: int | None = rows.values_list("version", flat=True).first()
    if version != expected:
        raise refusal()
    return bool(version == target.version)


def stale(current: Mapping[str, Any], submitted: object) -> RequestRefused:
    """Return the 412 with both values: what is stored now and what was sent."""
    return RequestRefused(
        412,
        "stale-version",
        "This was changed after you read it. Compare `current` with what you sent, then repeat.",
        members={"current": current, "submitted": submitted},
    )
