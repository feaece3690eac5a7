"""An outlook in JSON's own types, its keys in a fixed order."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from followup.rules.planning.outlook import Due, Outlook
from trialsite.protocol.types import ObligationKind
from trialsite.protocol.windows import civil_date

_MINUTE = 60


def write_schedule(found: Outlook) -> dict[str, Any]:
    """Return the answer to one record."""
    request = found.request
    return {
        "id": request.id,
        "protocol_version": request.version.number,
        "site_zone": request.facts.site_zone,
        "now": _instant(request.now),
        "today": found.today.isoformat(),
        "infused_on": _day(found.infused_on),
        "protocol_day": found.protocol_day,
        "obligations": [_obligation(one) for one in found.asked_for],
        "contraception": _contraception(found),
        "clocks": [*_clocks(found)],
        "unmatched_events": [*found.unmatched],
    }


def _obligation(due: Due) -> dict[str, Any]:
    one = due.obligation
    return {
        "key": one.key,
        "item_id": one.item_id,
        "kind": one.kind.value,
        "title": one.title,
        "epoch": one.epoch.value,
        "source": one.source.value,
        "state": due.state.value,
        "opens_on": one.opens_on.isoformat(),
        "target_on": one.target_on.isoformat(),
        "closes_on": _day(one.closes_on),
        "opens_at": _instant(one.opens_at),
        "closes_at": _instant(one.closes_at),
        "missed_at": _instant(one.missed_at),
        "days_to_target": due.days_to_target,
        "days_to_close": due.days_to_close,
        "fulfilled_at": _instant(one.fulfilled_at),
        "fulfilled_on": _day(one.fulfilled_on),
        "fulfilled_ref": one.fulfilled_ref,
        "days_off_target": due.days_off_target,
        "ended_at": _instant(one.ended_at),
        "ended_reason": one.ended_reason,
        "is_important": one.is_important,
        "is_protocol_window": one.is_protocol_window,
        "holds": sorted(act.value for act in one.holds),
    }


def _contraception(found: Outlook) -> dict[str, Any] | None:
    period = found.contraception
    if period is None:
        return None
    zone = found.request.facts.site_zone
    last_on = period.last_on
    return {
        "starts_at": _instant(period.starts_at),
        "starts_on": civil_date(period.starts_at, zone).isoformat(),
        "last_on": _day(last_on),
        "basis": period.basis.value,
        "is_covered_today": civil_date(period.starts_at, zone) <= found.today
        and (last_on is None or found.today <= last_on),
        "days_left": None if last_on is None else (last_on - found.today).days,
    }


def _clocks(found: Outlook) -> Iterable[dict[str, Any]]:
    """The safety clocks alone, in minutes: days are too coarse for them."""
    now = found.request.now
    for due in found.due:
        one = due.obligation
        if one.kind is ObligationKind.CLOCK and one.closes_at is not None:
            yield {
                "key": one.key,
                "clock": one.item_id,
                "case": one.key.partition(":")[2],
                "title": one.title,
                "aware_at": _instant(one.opens_at),
                "due_at": _instant(one.closes_at),
                "sent_at": _instant(one.fulfilled_at),
                "state": due.state.value,
                "minutes_left": None
                if one.fulfilled_at
                else int((one.closes_at - now).total_seconds() // _MINUTE),
            }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def _day(on: date | None) -> str | None:
    return None if on is None else on.isoformat()
