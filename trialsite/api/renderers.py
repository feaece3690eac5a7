"""JSON out: UTC instants with `Z`, decimals as strings, one encoder for every answer."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from rest_framework.renderers import BaseRenderer
from rest_framework.utils.encoders import JSONEncoder


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _decimal(value: Decimal) -> str:
    return format(value, "f")


_BY_TYPE: dict[type, Callable[[Any], str]] = {
    UUID: str,
    datetime: _instant,
    date: date.isoformat,
    Decimal: _decimal,
}


class _Encoder(JSONEncoder):
    """Looks the common types up first; the framework's chain of type tests is the slow way round."""

    def default(self, obj: Any) -> Any:
        convert = _BY_TYPE.get(type(obj))
        return convert(obj) if convert else super().default(obj)


_ENCODER = _Encoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_CANONICAL = _Encoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"), sort_keys=True)


def to_json(content: object) -> str:
    """Return `content` as the exact text that is sent."""
    return _ENCODER.encode(content)


def canonical_json(content: object) -> bytes:
    """Return the same bytes for the same content whatever the order of its keys was."""
    return _CANONICAL.encode(content).encode()


class PlainJSONRenderer(BaseRenderer):
    """Renders every answer of the API, problems included."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the bytes of `data`; nothing for None."""
        return b"" if data is None else to_json(data).encode()
