"""Due lines as the components draw them: with the form that fulfils each, and what is left of the time."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse

from participants.queries import worklist
from participants.queries.home import HomeLine
from participants.web.actions import href_for, who_may
from trialsite.accounts.permissions import Access
from trialsite.protocol.types import DueState, Obligation, ObligationKind
from trialsite.protocol.windows import civil_date
from trialsite.web.components import DueLine

NOBODY_TOLD = "none"  # the ladder without rungs
_OPEN = frozenset({DueState.UPCOMING, DueState.DUE, DueState.OVERDUE, DueState.MISSED})


def home_lines(lines: Iterable[HomeLine], access: Access, now: datetime) -> list[DueLine]:
    """Return lines of several participants: with code, arm and link to each."""
    return [
        _line(
            line.obligation,
            line.state,
            code=line.code,
            zone=line.zone,
            href=href_for(line.obligation, line.state, line.code, access, line.site_id),
            detail=" · ".join(
                filter(None, [line.arm, time_left(line.obligation, line.state, line.zone, now)])
            ),
            for_whom=who_may(line.obligation, line.state, access, line.site_id),
            shows_code=True,
        )
        for line in lines
    ]


def own_lines(
    lines: Iterable[worklist.DueLine], access: Access, site_id: UUID, now: datetime
) -> list[DueLine]:
    """Return lines of one participant, without its code on each."""
    return [
        _line(
            line.obligation,
            line.state,
            code=line.code,
            zone=line.zone,
            href=href_for(line.obligation, line.state, line.code, access, site_id),
            detail=time_left(line.obligation, line.state, line.zone, now),
            for_whom=who_may(line.obligation, line.state, access, site_id),
        )
        for line in lines
    ]


def time_left(obligation: Obligation, state: DueState, zone: str, now: datetime) -> str:
    """Return the one remark about time: `4 days late`, `closes today`, `6 h left, until 14:30`."""
    if state not in _OPEN:
        return ""
    if obligation.kind is ObligationKind.CLOCK and obligation.closes_at:
        return _clock(obligation.closes_at, zone, now)
    today = civil_date(now, zone)
    if state is DueState.UPCOMING:
        return _days((obligation.opens_on - today).days, "opens today", "opens tomorrow", "opens in {} days")
    if obligation.closes_on is None:
        return ""
    left = (obligation.closes_on - today).days
    if left < 0:
        return _days(-left, "", "1 day late", "{} days late")
    return _days(left, "closes today", "closes tomorrow", "{} days left")


def _days(count: int, none: str, one: str, more: str) -> str:
    return none if count == 0 else one if count == 1 else more.format(count)


def _clock(closes_at: datetime, zone: str, now: datetime) -> str:
    until = closes_at.astimezone(ZoneInfo(zone)).strftime("%H:%M")
    left = closes_at - now
    hours = abs(left) // timedelta(hours=1)
    span = f"{hours} h" if hours < 72 else f"{hours // 24} days"
    return f"{span} left, until {until}" if left > timedelta(0) else f"{span} late, was due {until}"


def _line(
    one: Obligation,
    state: DueState,
    *,
    code: str,
    zone: str,
    href: str,
    detail: str,
    for_whom: str,
    shows_code: bool = False,
) -> DueLine:
    return DueLine(
        title=one.title,
        state=state,
        opens_on=one.opens_on,
        target_on=one.target_on,
        closes_on=one.closes_on,
        zone=zone,
        source=one.source,
        href=href,
        code=code if shows_code else "",
        code_href=reverse("participant", args=[code]) if shows_code else "",
        detail=detail,
        for_whom=for_whom,
        done_on=one.fulfilled_on,
        is_important=one.is_important,
        told_href="" if one.ladder == NOBODY_TOLD else reverse("told", args=[code, one.key]),
    )
