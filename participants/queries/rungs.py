"""Why somebody was told of something, or not: the ladder of one obligation beside what became of each rung."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from participants.models import Obligation, Reminder
from trialsite.accounts.models import Membership, User
from trialsite.accounts.working_days import working_days
from trialsite.protocol.due import OPEN_STATES, due_state, rungs_at
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Ladder, Rung

_WORDS = (
    (re.compile(r"opens-(\d+)d$"), "opens in {} days"),
    (re.compile(r"closes-(\d+)d$"), "closes in {} days"),
    (re.compile(r"overdue-(\d+)d$"), "overdue for {} days"),
    (re.compile(r"(\d+)h$"), "{} hours since it began"),
    (re.compile(r"week-(\d+)$"), "open for {} weeks"),
)
_PLAIN = {"opens": "opens today", "overdue": "overdue", "next-day": "open since yesterday"}


def rung_in_words(rung_id: str) -> str:
    """Return what a rung says: `opens-7d` as "opens in 7 days"."""
    for pattern, words in _WORDS:
        found = pattern.match(rung_id)
        if found:
            number = int(found[1])
            return words.format(number) if number != 1 else _one(words)
    return _PLAIN.get(rung_id, rung_id.replace("-", " "))


def _one(words: str) -> str:
    return words.format(1).replace("days", "day").replace("hours", "hour").replace("weeks", "week")


@dataclass(frozen=True, slots=True, kw_only=True)
class RungSeen:
    """One rung: when it comes, who is told, what was stored for it; `because`: why nothing was."""

    rung: Rung
    words: str
    at: datetime | None
    rows: tuple[Reminder, ...]
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderSeen:
    """The rungs by their instant. former: told of dates that have moved since, or put off and passed on.

    for_you: what concerns the reader, in one sentence.
    """

    obligation: Obligation
    ladder: Ladder
    rungs: tuple[RungSeen, ...]
    former: tuple[Reminder, ...]
    for_you: str


def ladder_of(obligation: Obligation, user: User, now: datetime) -> LadderSeen:
    """Return the ladder of an obligation with what became of it. Two queries. Its site must be loaded."""
    version = resolve(obligation.protocol_version)
    ladder = next(one for one in version.ladders if one.id == obligation.ladder)
    site = obligation.site
    value = obligation.to_value()
    instants = rungs_at(value, ladder, site.time_zone, working_days(site.country))
    rows = list(
        Reminder.objects.filter(obligation=obligation)
        .select_related("recipient", "handed_over_to")
        .order_by("due_at", "recipient__display_name", "channel")
    )
    members = list(Membership.objects.filter(site=site, user__is_active=True).values_list("role", "user_id"))
    held = {role for role, _ in members}
    seen = [
        _seen(obligation, rung, at, rows, held, now) for rung, at in zip(ladder.rungs, instants, strict=True)
    ]
    current = {row.pk for one in seen for row in one.rows}
    return LadderSeen(
        obligation=obligation,
        ladder=ladder,
        rungs=tuple(sorted(seen, key=lambda one: (one.at is None, one.at or now))),
        former=tuple(row for row in rows if row.pk not in current),
        for_you=_for_you(user, {role for role, who in members if who == user.pk}, ladder),
    )


def _seen(
    obligation: Obligation,
    rung: Rung,
    at: datetime | None,
    rows: Sequence[Reminder],
    held: set[str],
    now: datetime,
) -> RungSeen:
    own = tuple(row for row in rows if row.rung == rung.id and row.due_at == at)
    because = "" if own else _because(obligation, rung, at, rows, held, now)
    return RungSeen(rung=rung, words=rung_in_words(rung.id), at=at, rows=own, because=because)


def _because(
    obligation: Obligation,
    rung: Rung,
    at: datetime | None,
    rows: Sequence[Reminder],
    held: set[str],
    now: datetime,
) -> str:
    """Say why nothing is stored for a rung."""
    if at is None:
        return "There is no date to count from."
    if obligation.cancelled_at is not None:
        return "It is no longer in the plan."
    if due_state(obligation.to_value(), min(at, now)) not in OPEN_STATES:
        return "It was done, or no longer owed, by then."
    if at > now or at > obligation.swept_through_at:
        return "Still to come." if at > now else "It comes within the minute."
    if not held & rung.roles:
        return "Nobody held one of these roles at the site."
    if any(at < row.due_at <= obligation.swept_through_at for row in rows):
        return "A later word stood for it: only the latest leaves at once."
    return "Its moment had passed when the date was entered or moved, or somebody had taken it on."


def _for_you(user: User, roles: set[str], ladder: Ladder) -> str:
    told = {role for rung in ladder.rungs for role in rung.roles}
    if not told:
        return "Nobody is reminded of this."
    mine = sorted(roles & told)
    if not mine:
        return f"You are not told of this: it goes to {_listed(told)} of the site."
    mail = "" if user.email else " You have no mail address here, so it stands in your inbox only."
    return f"You are told as {_listed(mine)}.{mail}"


def _listed(roles: Sequence[str] | set[str]) -> str:
    names = sorted(roles)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
