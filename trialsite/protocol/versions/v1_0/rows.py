"""The shapes of schedule rows: what tasks, procedures and visits have in common, all of it assumed."""

from trialsite.protocol.types import Epoch, EventKind, ObligationKind, Offset, ScheduledItem, Source
from trialsite.protocol.versions.v1_0 import procedures as done_at

LEFT = frozenset(
    {
        EventKind.WITHDRAWN_FROM_VISITS,
        EventKind.WITHDRAWN_FROM_DATA_USE,  # no new data may be collected either
        EventKind.LOST_TO_FOLLOW_UP,
        EventKind.DIED,
    }
)
TREATMENT_ENDED = LEFT | {
    EventKind.REFERRAL_CLOSED,
    EventKind.WITHDRAWN_FROM_TREATMENT,
}
NO_PRODUCT = TREATMENT_ENDED | {EventKind.PRODUCT_FAILED}  # nothing to prepare the participant for
SCREENING_ENDED = TREATMENT_ENDED | {EventKind.SCREEN_FAILED}
LAST_OF_SERIES_DAYS = 30


def task(
    item_id: str,
    titles: tuple[str, str],
    anchor: EventKind,
    fulfilled_by: set[EventKind],
    *,
    last: int,
    target: int = 0,
    is_screening: bool = False,
    needs_product: bool = False,
    ends_also: set[EventKind] | None = None,
    note: str = "",
) -> ScheduledItem:
    """A task open from the day of its anchor until `last` days later."""
    ends = SCREENING_ENDED if is_screening else NO_PRODUCT if needs_product else TREATMENT_ENDED
    return ScheduledItem(
        id=item_id,
        kind=ObligationKind.TASK,
        title=titles[0],
        title_zh=titles[1],
        epoch=Epoch.SCREENING if is_screening else Epoch.TREATMENT,
        anchor=anchor,
        offset=Offset(days=target),
        lower_days=target,
        upper_days=last - target,
        fulfilled_by=frozenset(fulfilled_by),
        ends_with=(ends | (ends_also or set()))
        - fulfilled_by,  # what fulfils an item cannot also call it off
        source=Source.ASSUMED,
        ladder="task",
        note=note,
        is_protocol_window=False,
    )


def recheck(
    item_id: str, titles: tuple[str, str], *, target: int, lower: int, over: set[EventKind]
) -> ScheduledItem:
    """A re-check of eligibility before the act of day `target`; over once one of `over` has happened."""
    return ScheduledItem(
        id=item_id,
        kind=ObligationKind.TASK,
        title=titles[0],
        title_zh=titles[1],
        epoch=Epoch.TREATMENT,
        anchor=EventKind.INFUSION_PLANNED,
        offset=Offset(days=target),
        lower_days=lower,
        upper_days=0,
        fulfilled_by=frozenset({EventKind.ELIGIBILITY_RECHECKED}),
        ends_with=NO_PRODUCT | over,
        source=Source.ASSUMED,
        ladder="task",
        is_protocol_window=False,
    )


def procedure(
    item_id: str,
    titles: tuple[str, str],
    anchor: EventKind,
    fulfilled_by: EventKind,
    *,
    target: int,
    lower: int,
    upper: int,
    ladder: str,
    procedures: tuple[str, ...],
    is_important: bool = False,
    missed_after: int | None = LAST_OF_SERIES_DAYS,
    is_protocol_window: bool = True,
) -> ScheduledItem:
    """A procedure before or at infusion: owed until it is given or treatment is given up."""
    return ScheduledItem(
        id=item_id,
        kind=ObligationKind.PROCEDURE,
        title=titles[0],
        title_zh=titles[1],
        epoch=Epoch.TREATMENT,
        anchor=anchor,
        offset=Offset(days=target),
        lower_days=lower,
        upper_days=upper,
        fulfilled_by=frozenset({fulfilled_by}),
        ends_with=TREATMENT_ENDED if anchor is EventKind.ENROLLED else NO_PRODUCT,
        source=Source.ASSUMED,
        ladder=ladder,
        procedures=procedures,
        is_important=is_important,
        is_protocol_window=is_protocol_window,
        missed_after_days=missed_after,
    )


def visit(
    item_id: str,
    titles: tuple[str, str],
    offset: Offset,
    days_either_side: int,
    epoch: Epoch,
    procedures: tuple[str, ...],
    *,
    ladder: str = "visit",
    is_important: bool = False,
    missed_after: int | None = None,
) -> ScheduledItem:
    """A visit counted from infusion. Leaving treatment does not end it; leaving visits does."""
    return ScheduledItem(
        id=item_id,
        kind=ObligationKind.VISIT,
        title=titles[0],
        title_zh=titles[1],
        epoch=epoch,
        anchor=EventKind.INFUSED,
        offset=offset,
        lower_days=days_either_side,
        upper_days=days_either_side,
        fulfilled_by=frozenset({EventKind.VISIT_PERFORMED}),
        ends_with=LEFT,
        source=Source.ASSUMED,
        ladder=ladder,
        procedures=procedures,
        is_important=is_important,
        missed_after_days=missed_after,
    )


def day(
    number: int,
    days_either_side: int,
    procedures: tuple[str, ...],
    *,
    ladder: str = "visit",
    is_important: bool = False,
    epoch: Epoch = Epoch.TREATMENT,
) -> ScheduledItem:
    """A visit that many days after infusion; close monitoring, to day 14, belongs to the treatment epoch."""
    titles = (f"Day {number} visit", f"输注后第{number}天访视")
    return visit(
        f"V-D{number}",
        titles,
        Offset(days=number),
        days_either_side,
        epoch,
        procedures,
        ladder=ladder,
        is_important=is_important,
    )


def month(
    number: int, days_either_side: int, procedures: tuple[str, ...], epoch: Epoch = Epoch.FOLLOW_UP
) -> ScheduledItem:
    """A visit calendar months after infusion."""
    titles = (f"Month {number} visit", f"输注后{number}个月访视")
    return visit(f"V-M{number}", titles, Offset(months=number), days_either_side, epoch, procedures)


def year(number: int, missed_after: int | None = None) -> ScheduledItem:
    """A yearly visit of the long-term follow-up."""
    return visit(
        f"V-Y{number}",
        (f"Year {number} long-term follow-up", f"输注后{number}年长期随访"),
        Offset(months=12 * number),
        60,
        Epoch.LONG_TERM_FOLLOW_UP,
        done_at.LONG_TERM,
        missed_after=missed_after,
    )
