"""What is owed about a safety case: a judgement, a follow-up report, the outcome. Source: clinical rules 5.1, 5.2."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial

from trialsite.protocol.types import (
    Epoch,
    Event,
    EventKind,
    Facts,
    Obligation,
    ObligationKind,
    ProtocolVersion,
    SafetyTask,
)
from trialsite.protocol.windows import day_end_at
from trialsite.protocol.zones import zone_of_window

CLOSED = EventKind.SAFETY_CASE_CLOSED.value
ZoneOf = Callable[
    [date, datetime | None], str
]  # last day, when it was done → zone in which the day is counted


def safety_obligations(version: ProtocolVersion, timeline: Sequence[Event], facts: Facts) -> list[Obligation]:
    """Return what is owed about each case, in its key `T-SAE-FU:<case>#2` the task, the case and which time.

    A task that is not repeated has its due day counted from when it arose, or given as facts["due_on"]. A
    repeated one is owed anew from each time it was done, until the case is closed. timeline: by instant.
    """
    tasks = {task.id: task for task in version.safety_tasks}
    closed = {event.ref: event for event in reversed(timeline) if event.kind is EventKind.SAFETY_CASE_CLOSED}
    zone_of = partial(zone_of_window, timeline, facts)
    found: list[Obligation] = []
    for owed in timeline:
        if owed.kind is EventKind.SAFETY_TASK_OWED and owed.item in tasks:
            done = [event for event in timeline if _answers(event, owed)]
            found += _times(version, tasks[owed.item], owed, done, closed.get(owed.ref), zone_of)
    return found


def _answers(event: Event, owed: Event) -> bool:
    return (
        event.kind is EventKind.SAFETY_TASK_DONE
        and event.item == owed.item
        and event.facts.get("case") == owed.ref
    )


def _times(
    version: ProtocolVersion,
    task: SafetyTask,
    owed: Event,
    done: Iterable[Event],
    closed: Event | None,
    zone_of: ZoneOf,
) -> Iterator[Obligation]:
    """The times it was owed: once, or once more after each time it was done."""
    since = owed
    answers: list[Event | None] = [*done]
    asked = [*answers, None] if task.is_repeated else (answers[:1] or [None])
    for number, answer in enumerate(asked, start=1):
        if answer is None and number > 1 and closed is not None:
            return
        yield _obligation(version, task, f"{task.id}:{owed.ref}#{number}", since, answer, closed, zone_of)
        since = answer or since


def _obligation(
    version: ProtocolVersion,
    task: SafetyTask,
    key: str,
    since: Event,
    answer: Event | None,
    closed: Event | None,
    zone_of: ZoneOf,
) -> Obligation:
    due_on = _due_on(task, since)
    ended_at = closed.at if closed is not None and answer is None else None
    return Obligation(
        key=key,
        item_id=task.id,
        kind=ObligationKind.SAFETY_TASK,
        title=task.title,
        opens_at=since.at,
        opens_on=since.on,
        target_on=due_on,
        closes_at=day_end_at(due_on, zone_of(due_on, answer.at if answer else None)),
        closes_on=due_on,
        source=task.source,
        version=version.number,
        epoch=Epoch.FOLLOW_UP,
        ladder=task.ladder,
        fulfilled_at=answer.at if answer else None,
        fulfilled_on=answer.on if answer else None,
        fulfilled_ref=answer.ref if answer else "",
        ended_at=ended_at,
        ended_reason=CLOSED if ended_at else "",
        is_protocol_window=False,
    )


def _due_on(task: SafetyTask, since: Event) -> date:
    given = since.facts.get("due_on")
    counted = since.on + timedelta(days=task.days)
    return max(since.on, date.fromisoformat(given)) if given else counted
