"""Whether reminders get through: the parts that work by the clock, what waits for them, what needs a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q

from participants.models import Channel, Obligation, Reminder, ReminderStatus
from trialsite.health.models import Heartbeat
from trialsite.health.rules import Part, Stalled, Trouble, stalled

WAITS_TOO_LONG = timedelta(minutes=2)

_WHAT: dict[Part, tuple[str, str]] = {
    Part.BEAT: ("Timer", "Starts the sweep every minute and the repair every night."),
    Part.WORKER: ("Worker", "Opens, closes, reminds and finds what was missed."),
    Part.DELIVERY: ("Mail server", "Takes the reminders that leave the house."),
    Part.SEALER: ("Sealer", "Signs the audit trail every few seconds, outside the database."),
}
_TROUBLE: dict[Trouble, str] = {
    Trouble.STOPPED: "Stopped",
    Trouble.FAILING: "Refuses",
    Trouble.UNKNOWN: "Not known while the part before it has stopped",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSeen:
    """One part. trouble "": it works. ok_at: when it last did. reason: class of the failure."""

    title: str
    what: str
    trouble: str
    ok_at: datetime | None
    reason: str

    @property
    def works(self) -> bool:
        return not self.trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """late_mail: not sent minutes after it should have left. unswept_since: the oldest moment no sweep has seen yet."""

    parts: tuple[PartSeen, ...]
    late_mail: int
    held: int
    failed: int
    unswept_since: datetime | None

    @property
    def troubles(self) -> tuple[PartSeen, ...]:
        return tuple(part for part in self.parts if not part.works)


def parts_seen(now: datetime) -> tuple[PartSeen, ...]:
    """Return every part with what is wrong with it. One query."""
    signs = {Part(row.part): row.to_value() for row in Heartbeat.objects.all()}
    wrong = {one.part: one for one in stalled(signs.values(), now)}
    return tuple(
        _part(part, wrong.get(part), signs[part].ok_at if part in signs else None)
        for part in Part
        if part is not Part.SEALER or part in signs
    )


def _part(part: Part, wrong: Stalled | None, ok_at: datetime | None) -> PartSeen:
    title, what = _WHAT[part]
    return PartSeen(
        title=title,
        what=what,
        trouble=_TROUBLE[wrong.trouble] if wrong else "",
        ok_at=ok_at,
        reason=wrong.reason if wrong else "",
    )


def health(now: datetime) -> Health:
    """Return the health of the reminders of all sites. Three queries."""
    is_late = Q(status=ReminderStatus.PLANNED, channel=Channel.MAIL, next_attempt_at__lt=now - WAITS_TOO_LONG)
    counted = Reminder.objects.aggregate(
        late=Count("pk", filter=is_late),
        held=Count("pk", filter=Q(status=ReminderStatus.HELD)),
        failed=Count("pk", filter=Q(status=ReminderStatus.FAILED)),
    )
    oldest = Obligation.objects.filter(next_transition_at__lt=now - WAITS_TOO_LONG)
    return Health(
        parts=parts_seen(now),
        late_mail=counted["late"],
        held=counted["held"],
        failed=counted["failed"],
        unswept_since=oldest.aggregate(first=Min("next_transition_at"))["first"],
    )
