"""The only reader of the system clock. Interfaces and tasks call it and pass the instant down."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def local_date(zone: str, at: datetime | None = None) -> date:
    """Return the civil date at a site in the IANA zone `zone`, now or at the aware instant `at`."""
    return (at or now()).astimezone(ZoneInfo(zone)).date()
