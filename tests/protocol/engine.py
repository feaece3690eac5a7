"""Builders for the engine's tests: events, schedule rows, obligations and a small protocol of their own."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from trialsite.protocol.types import (
    Act,
    Arm,
    ClockDefinition,
    CohortRule,
    Epoch,
    Event,
    EventKind,
    Facts,
    IcfActivation,
    Ladder,
    Limit,
    Obligation,
    ObligationKind,
    Offset,
    ProtocolVersion,
    Rung,
    ScheduledItem,
    Source,
    TrialRecord,
)
from trialsite.protocol.windows import day_end_at, day_start_at

WUHAN = "Asia/Shanghai"
INSTANT = timedelta(microseconds=1)  # the smallest step of time the database keeps
K = EventKind

LEFT = frozenset(
    {K.WITHDRAWN_FROM_VISITS, K.WITHDRAWN_FROM_DATA_USE, K.LOST_TO_FOLLOW_UP, K.DIED},
)
TREATMENT_ENDED = LEFT | {K.WITHDRAWN_FROM_TREATMENT}
NO_PRODUCT = TREATMENT_ENDED | {K.PRODUCT_FAILED}


def on(text: str) -> date:
    return date.fromisoformat(text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: str = WUHAN) -> datetime:
    """The UTC instant of a wall-clock time at the site."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def event(
    kind: EventKind, when: str, *, item: str = "", ref: str = "", zone: str = WUHAN, **facts: str
) -> Event:
    """An event at a site-local date (then 10:00) or date and time."""
    at = local(when if "T" in when else f"{when}T10:00", zone)
    return Event(kind=kind, at=at, on=on(when[:10]), item=item, ref=ref, facts=facts)


def infused(when: str, *, zone: str = WUHAN) -> Event:
    return event(K.INFUSED, when, zone=zone)


def planned(when: str, planned_on: str) -> Event:
    return event(K.INFUSION_PLANNED, when, planned_on=planned_on)


def visited(key: str, when: str, *, zone: str = WUHAN) -> Event:
    return event(K.VISIT_PERFORMED, when, item=key, ref=f"visit {key}", zone=zone)


def aware(case: str, when: str, *, clock: str = "C-SAE", zone: str = WUHAN) -> Event:
    return event(K.SAFETY_EVENT_AWARE, when, item=clock, ref=case, zone=zone)


def reported(case: str, when: str, *, clock: str = "C-SAE", zone: str = WUHAN) -> Event:
    return event(K.SAFETY_REPORT_SENT, when, item=clock, ref=case, zone=zone)


def consented(icf: str, when: str) -> Event:
    return event(K.CONSENTED, when, item=icf, ref=f"signature of {icf} on {when}")


def activated(icf: str, when: str, *, is_substantive: bool = True) -> IcfActivation:
    return IcfActivation(version=icf, is_substantive=is_substantive, activated_at=local(f"{when}T10:00"))


def facts(*activations: IcfActivation, zone: str = WUHAN, arm: Arm | None = None) -> Facts:
    return Facts(site_zone=zone, arm=arm, icf_activations=activations)


def row(
    item_id: str,
    *,
    kind: ObligationKind = ObligationKind.VISIT,
    anchor: EventKind = K.INFUSED,
    days: int = 0,
    months: int = 0,
    lower: int = 0,
    upper: int = 0,
    fulfilled_by: Iterable[EventKind] = (K.VISIT_PERFORMED,),
    ends_with: frozenset[EventKind] = LEFT,
    arms: frozenset[Arm] = frozenset(),
    is_important: bool = False,
    is_protocol_window: bool = True,
    missed_after_days: int | None = None,
) -> ScheduledItem:
    """A row of the schedule; by default a visit counted from infusion."""
    return ScheduledItem(
        id=item_id,
        kind=kind,
        title=f"title of {item_id}",
        title_zh=f"{item_id} 标题",
        epoch=Epoch.FOLLOW_UP,
        anchor=anchor,
        offset=Offset(days=days, months=months),
        lower_days=lower,
        upper_days=upper,
        fulfilled_by=frozenset(fulfilled_by),
        ends_with=ends_with,
        source=Source.ASSUMED,
        ladder="visit",
        arms=arms,
        is_important=is_important,
        is_protocol_window=is_protocol_window,
        missed_after_days=missed_after_days,
    )


def treatment_task(item_id: str, anchor: EventKind, *fulfilled_by: EventKind, last: int) -> ScheduledItem:
    """An in-house task, open from its anchor until `last` days later."""
    return row(
        item_id,
        kind=ObligationKind.TASK,
        anchor=anchor,
        upper=last,
        fulfilled_by=fulfilled_by,
        ends_with=(TREATMENT_ENDED | {K.SCREEN_FAILED}) - frozenset(fulfilled_by),
        is_protocol_window=False,
    )


SCHEDULE = (
    treatment_task("T-ELIG", K.SCREENING_STARTED, K.ELIGIBILITY_CONFIRMED, K.SCREEN_FAILED, last=28),
    row(
        "V-APH",
        kind=ObligationKind.PROCEDURE,
        anchor=K.ENROLLED,
        upper=7,
        fulfilled_by={K.LEUKAPHERESIS_PERFORMED},
        ends_with=TREATMENT_ENDED,
    ),
    treatment_task("T-RELEASE", K.LEUKAPHERESIS_PERFORMED, K.PRODUCT_RELEASED, K.PRODUCT_FAILED, last=28),
    treatment_task("T-REAPH", K.PRODUCT_FAILED, K.LEUKAPHERESIS_PERFORMED, last=14),
    treatment_task("T-PLAN", K.PRODUCT_RELEASED, K.INFUSION_PLANNED, last=7),
    row(
        "V-LD1",
        kind=ObligationKind.PROCEDURE,
        anchor=K.INFUSION_PLANNED,
        days=-5,
        lower=1,
        upper=1,
        fulfilled_by={K.LYMPHODEPLETION_DOSE_GIVEN},
        ends_with=NO_PRODUCT,
        missed_after_days=30,
    ),
    row(
        "V-D0",
        kind=ObligationKind.PROCEDURE,
        anchor=K.INFUSION_PLANNED,
        fulfilled_by={K.INFUSED},
        ends_with=NO_PRODUCT,
        missed_after_days=30,
    ),
    row("P-DLT", kind=ObligationKind.PERIOD, upper=28, fulfilled_by=()),
    row("V-D1", days=1),
    row("V-D2", days=2),
    row("V-D14", days=14, lower=1, upper=1),
    row("V-D28", days=28, lower=2, upper=2, is_important=True),
    row("V-M2", months=2, lower=7, upper=7),
    row("V-M3", months=3, lower=7, upper=7),
    row("V-M12", months=12, lower=14, upper=14, missed_after_days=30),
    row(
        "T-EOS",
        kind=ObligationKind.TASK,
        months=12,
        lower=14,
        upper=44,
        fulfilled_by={K.COMPLETED, K.DIED, K.WITHDRAWN_FROM_VISITS, K.LOST_TO_FOLLOW_UP},
        ends_with=frozenset({K.WITHDRAWN_FROM_DATA_USE}),
        is_protocol_window=False,
    ),
    row("V-ARM", days=3, arms=frozenset({Arm.INTRAPLEURAL})),
)

VISIT_LADDER = Ladder(
    id="visit",
    rungs=(
        Rung(id="opens-7d", relative_to="opens", days=-7),
        Rung(id="opens-1d", relative_to="opens", days=-1),
        Rung(id="opens", relative_to="opens", days=0),
        Rung(id="closes-2d", relative_to="closes", days=-2),
        Rung(id="overdue", relative_to="closes", days=1),
    ),
)
CLOCK_LADDER = Ladder(
    id="clock",
    rungs=tuple(Rung(id=f"{hours}h", relative_to="opens", hours=hours) for hours in (12, 20, 24)),
)
NO_LADDER = Ladder(id="none", rungs=())


def protocol(*schedule: ScheduledItem, limits: tuple[Limit, ...] = ()) -> ProtocolVersion:
    """A protocol version with these rows; without any, the small schedule above."""
    return ProtocolVersion(
        number="0.1",
        title="Protocol of the engine's tests",
        approved_on=None,
        requires_reconsent=False,
        summary_of_changes=(),
        trial=TrialRecord(
            registry_id="NCT00000000",
            title="",
            sponsor="",
            phase="",
            status="",
            condition="",
            planned_participants=0,
            sites=(),
            minimum_age_years=18,
            sexes="all",
            first_submitted_on=None,
            source=Source.SEED,
        ),
        arms=(),
        criteria=(),
        schedule=schedule or SCHEDULE,
        clocks=(
            ClockDefinition(id="C-SAE", title="SAE", title_zh="SAE", hours=24, source=Source.ASSUMED),
            ClockDefinition(id="C-PREG", title="Pregnancy", title_zh="妊娠", hours=24, source=Source.ASSUMED),
        ),
        ladders=(VISIT_LADDER, CLOCK_LADDER, NO_LADDER),
        dose_levels=(),
        cohort_rule=CohortRule(
            size=3, expanded_size=6, dlt_window_days=28, stagger_days=14, source=Source.ASSUMED
        ),
        limits=limits,
    )


def obligation(
    *,
    kind: ObligationKind = ObligationKind.VISIT,
    opens_on: str = "2026-03-10",
    closes_on: str | None = "2026-03-14",
    zone: str = WUHAN,
    missed_at: datetime | None = None,
    fulfilled_at: datetime | None = None,
    ended_at: datetime | None = None,
    is_important: bool = False,
    is_protocol_window: bool = True,
    holds: frozenset[Act] = frozenset(),
) -> Obligation:
    """An obligation over whole civil days, by default 10 to 14 March 2026 in Wuhan."""
    closing = on(closes_on) if closes_on else None
    return Obligation(
        key="V-X#1",
        item_id="V-X",
        kind=kind,
        title="Visit X",
        opens_at=day_start_at(on(opens_on), zone),
        opens_on=on(opens_on),
        target_on=on(opens_on),
        closes_at=day_end_at(closing, zone) if closing else None,
        closes_on=closing,
        source=Source.ASSUMED,
        version="0.1",
        epoch=Epoch.FOLLOW_UP,
        ladder="visit",
        missed_at=missed_at,
        fulfilled_at=fulfilled_at,
        fulfilled_on=fulfilled_at.astimezone(ZoneInfo(zone)).date() if fulfilled_at else None,
        ended_at=ended_at,
        ended_reason="died" if ended_at else "",
        is_important=is_important,
        is_protocol_window=is_protocol_window,
        holds=holds,
    )


def by_key(obligations: Iterable[Obligation]) -> dict[str, Obligation]:
    return {one.key: one for one in obligations}


def midnight(text: str, zone: str = WUHAN) -> datetime:
    return datetime.combine(on(text), time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)
