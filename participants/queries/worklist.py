"""What is due: the work list of a user's sites, and of one participant. Only due_state says what is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from participants.models import Obligation, Participant
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol import types
from trialsite.protocol.due import OPEN_STATES, due_state
from trialsite.protocol.types import DueState

HORIZON = timedelta(days=7)
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class DueLine:
    """One line of a work list. code and zone: the participant's and the site's. state: at the asked instant."""

    row_id: str
    code: str
    participant_state: str
    zone: str
    obligation: types.Obligation
    state: DueState


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    """lines: by closing instant, earliest first. next_after: hand back to get the following page, or None."""

    lines: tuple[DueLine, ...]
    next_after: tuple[datetime, str] | None


def work_list(
    user: User,
    *,
    now: datetime,
    horizon: timedelta = HORIZON,
    only_overdue: bool = False,
    site_code: str = "",
    after: tuple[datetime, str] | None = None,
    size: int = PAGE_SIZE,
) -> WorkList:
    """Return what is overdue, due, or opens within `horizon` at the user's sites; `size` lines a page.

    Keyset pages over (closes_at, id): one index scan whatever the number of participants.
    """
    rows = Obligation.objects.unsettled().visible_to(user, Permission.VIEW_WORKLIST)
    rows = rows.filter(closes_at__lte=now) if only_overdue else rows.filter(opens_at__lte=now + horizon)
    if site_code:
        rows = rows.filter(site__code=site_code)
    if after is not None:
        rows = rows.filter(Q(closes_at__gt=after[0]) | Q(closes_at=after[0], id__gt=after[1]))
    found = list(rows.select_related("participant", "site").order_by("closes_at", "id")[: size + 1])
    page = found[:size]
    last = page[-1] if len(found) > size else None
    return WorkList(
        lines=tuple(
            line for row in page if (line := _line(row, now)).state in {*OPEN_STATES, DueState.MISSED}
        ),
        next_after=(last.closes_at, str(last.pk))
        if last is not None and last.closes_at is not None
        else None,
    )


def due_for(participant: Participant, rows: Sequence[Obligation], now: datetime) -> tuple[DueLine, ...]:
    """Return the lines of one participant from rows already loaded, in the order given."""
    return tuple(
        DueLine(
            row_id=str(row.pk),
            code=participant.code,
            participant_state=participant.state,
            zone=participant.site.time_zone,
            obligation=(value := row.to_value()),
            state=due_state(value, now),
        )
        for row in rows
    )


def _line(row: Obligation, now: datetime) -> DueLine:
    value = row.to_value()
    return DueLine(
        row_id=str(row.pk),
        code=row.participant.code,
        participant_state=row.participant.state,
        zone=row.site.time_zone,
        obligation=value,
        state=due_state(value, now),
    )
