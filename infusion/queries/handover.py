"""The handover sheet: who is within the days of monitoring, what changed, what is due next. Six queries in all."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.db.models import Q

from infusion.models import AdverseEvent, BedsideRound, Infusion
from infusion.queries.bedside import TEMPERATURE, RoundLine
from infusion.rules.handover import RoundTold, changes_since
from participants.models import Obligation, Observation, ObservationDomain
from participants.queries.measured_tests import BY_CODE, written
from participants.queries.words import arm_of
from participants.states import State
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol import types
from trialsite.protocol.due import due_state
from trialsite.protocol.types import DueState, ObligationKind
from trialsite.protocol.windows import civil_date

DAYS = 14  # of close monitoring, clinical rules 6.2
SHIFT = timedelta(hours=12)
_LOOKED_BACK = timedelta(hours=36)  # so that the round before the shift is known as well
_GONE = (State.DIED.value, State.WITHDRAWN.value, State.LOST_TO_FOLLOW_UP.value)

Row = TypeVar("Row", BedsideRound, Obligation, AdverseEvent)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverLine:
    """One participant. day: after the last infusion. changes: of the last 12 h. due: open or opening within 12 h.

    missed: rounds of the last 12 h that nobody recorded and whose time to write up is over. events: still going on.
    """

    code: str
    href: str
    arm: str
    zone: str
    site: str
    day: int
    infusion: Infusion
    last: RoundLine | None
    crs: int | None
    icans: int | None
    changes: tuple[str, ...]
    due: tuple[tuple[types.Obligation, DueState], ...]
    missed: int
    events: tuple[AdverseEvent, ...]


def handover(user: User, now: datetime) -> tuple[HandoverLine, ...]:
    """Return the lines of the user's sites, by site, raised grades first, then by day."""
    infusions = _infusions(user, now)
    ids = [one.participant_id for one in infusions]
    rounds = _by_participant(
        BedsideRound.objects.filter(
            participant__in=ids, voided_at=None, taken_at__gt=now - _LOOKED_BACK, taken_at__lte=now
        ).order_by("taken_at")
    )
    values = _values(ids, now)
    due = _by_participant(_obligations(ids, now))
    events = _by_participant(
        AdverseEvent.objects.filter(participant__in=ids, voided_at=None, resolved_on=None).order_by(
            "onset_at"
        )
    )
    lines = [
        _line(
            one,
            rounds[one.participant_id],
            values[one.participant_id],
            due[one.participant_id],
            events[one.participant_id],
            now,
        )
        for one in infusions
    ]
    return tuple(
        sorted(lines, key=lambda one: (one.site, -max(one.crs or 0, one.icans or 0), one.day, one.code))
    )


def _infusions(user: User, now: datetime) -> list[Infusion]:
    """The last infusion of everybody within the days of monitoring."""
    since = now - timedelta(days=DAYS + 1)
    rows = Infusion.objects.visible_to(user, Permission.VIEW_PARTICIPANT).filter(
        started_at__gt=since, started_at__lte=now
    )
    rows = rows.exclude(participant__state__in=_GONE).select_related("participant__site")
    last = {one.participant_id: one for one in rows.order_by("started_at")}
    return [one for one in last.values() if _day(one, now) <= DAYS]


def _day(infusion: Infusion, now: datetime) -> int:
    zone = infusion.participant.site.time_zone
    return (civil_date(now, zone) - civil_date(infusion.started_at, zone)).days


def _obligations(ids: Sequence[UUID], now: datetime) -> Iterable[Obligation]:
    """What is open or opens in the coming shift, and what closed undone in the one that ends."""
    rows = Obligation.objects.in_force().filter(
        participant__in=ids, fulfilled_at=None, ended_at=None, opens_at__lt=now + SHIFT
    )
    rows = rows.exclude(kind=ObligationKind.PERIOD.value)
    return rows.filter(Q(closes_at__gt=now - SHIFT) | Q(closes_at=None)).order_by("opens_at", "key")


def _values(ids: Sequence[UUID], now: datetime) -> dict[UUID, dict[datetime, dict[str, Observation]]]:
    rows = Observation.objects.filter(
        participant__in=ids,
        domain=ObservationDomain.VITAL_SIGNS,
        taken_at__gt=now - _LOOKED_BACK,
        taken_at__lte=now,
        voided_at=None,
        value__isnull=False,
    )
    found: dict[UUID, dict[datetime, dict[str, Observation]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        found[row.participant_id][row.taken_at][row.test_code] = row
    return found


def _by_participant(rows: Iterable[Row]) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.participant_id].append(row)
    return found


def _line(
    infusion: Infusion,
    rounds: Sequence[BedsideRound],
    values: Mapping[datetime, Mapping[str, Observation]],
    obligations: Sequence[Obligation],
    events: Sequence[AdverseEvent],
    now: datetime,
) -> HandoverLine:
    participant = infusion.participant
    told = [_told(row, values.get(row.taken_at, {})) for row in rounds]
    owed = [(value, due_state(value, now)) for row in obligations if (value := row.to_value())]
    last = rounds[-1] if rounds else None
    return HandoverLine(
        code=participant.code,
        href=participant.get_absolute_url(),
        arm=arm_of(participant),
        zone=participant.site.time_zone,
        site=participant.site.code,
        day=_day(infusion, now),
        infusion=infusion,
        last=RoundLine(row=last, values=_written(values.get(last.taken_at, {}))) if last else None,
        crs=next((row.crs_grade for row in reversed(rounds) if row.crs_grade is not None), None),
        icans=next((row.icans_grade for row in reversed(rounds) if row.icans_grade is not None), None),
        changes=changes_since(told, now - SHIFT),
        due=tuple(one for one in owed if one[1] is not DueState.MISSED),
        missed=sum(state is DueState.MISSED for one, state in owed if one.kind is ObligationKind.ROUND),
        events=tuple(events),
    )


def _told(row: BedsideRound, values: Mapping[str, Observation]) -> RoundTold:
    temperature = values.get(TEMPERATURE)
    return RoundTold(
        taken_at=row.taken_at,
        temperature_c=temperature.value if temperature else None,
        crs_grade=row.crs_grade,
        icans_grade=row.icans_grade,
        oxygen_device=row.oxygen_device,
        vasopressors=tuple(row.vasopressors),
        given=RoundLine(row=row, values={}).drugs,
        chest_image=row.chest_image,
    )


def _written(values: Mapping[str, Observation]) -> dict[str, str]:
    return {
        code: written(row.value, BY_CODE[code].places if code in BY_CODE else 0)
        for code, row in values.items()
        if row.value is not None
    }
