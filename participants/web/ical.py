"""Obligations as an iCalendar (RFC 5545). A clock has an instant, everything else a day at the site."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from icalendar import Calendar, Event

from participants.queries.calendar import CalendarLine
from trialsite.protocol.types import ObligationKind

CONTENT_TYPE = "text/calendar; charset=utf-8"
_REFRESH = timedelta(hours=1)


def icalendar_of(lines: Iterable[CalendarLine], now: datetime) -> bytes:
    """Return the calendar. Each entry says the subject code, the item's id and its window, and leads to the page.

    No title: what an item is called can tell what a participant has.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//trialsite//what is due//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", "trialsite")
    calendar.add("x-wr-calname", "trialsite")
    calendar.add("refresh-interval", _REFRESH, parameters={"value": "DURATION"})
    for line in lines:
        calendar.add_component(_event(line, now))
    return bytes(calendar.to_ical())


def _event(line: CalendarLine, now: datetime) -> Event:
    one, event = line.obligation, Event()
    event.add("uid", f"{line.uid}@trialsite")
    event.add("dtstamp", now)
    event.add("sequence", line.revision)
    event.add("summary", f"{line.code} {one.item_id}")
    event.add("description", f"{one.key}: {_window(line)}")
    event.add("url", f"{settings.PUBLIC_URL}/participants/{line.code}/")
    event.add("class", "PRIVATE")
    if one.kind is ObligationKind.CLOCK and one.closes_at is not None:
        event.add("dtstart", one.closes_at)
    else:
        event.add("dtstart", one.target_on)
        event.add("dtend", one.target_on + timedelta(days=1))  # excluded, as in RFC 5545
        event.add("transp", "TRANSPARENT")  # owed on that day, not busy all day
    return event


def _window(line: CalendarLine) -> str:
    one = line.obligation
    last = f" to {one.closes_on.isoformat()}" if one.closes_on is not None else " on"
    return f"{one.opens_on.isoformat()}{last} ({line.zone})"
