"""What an adverse event makes due: clocks from awareness, questions to the investigator, the end of the case. Pure.

Source: clinical rules 5.1, 5.2. A case is told to the journey as events; what is due follows from them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from infusion.rules.adverse_events import Seriousness
from trialsite.protocol.types import Event, EventKind

SAE_CLOCK = "C-SAE"
AESI_CLOCK = "C-AESI"
CONFIDENTIAL_CLOCK = "C-CONF"
CASE_OUTCOME = "T-CONF-OUT"  # neither names what a case is about
CASE_CHILD = "T-CONF-CHILD"
SUSAR_FIRST = "C-SUSAR-7"
SUSAR_COMPLETE = "C-SUSAR-FULL"
SUSAR_OTHER = "C-SUSAR-15"
ASK_SERIOUS = "T-SERIOUS"
ASK_DLT = "T-DLT"
FOLLOW_SAE = "T-SAE-FU"

Told = Mapping[tuple[EventKind, str], datetime]
_OF_A_CASE = frozenset(
    {
        EventKind.SAFETY_EVENT_AWARE,
        EventKind.SAFETY_TASK_OWED,
        EventKind.SAFETY_TASK_DONE,
        EventKind.SAFETY_CASE_CLOSED,
        EventKind.DLT_REPORTED,
    }
)
_WITHIN_A_WEEK = frozenset({Seriousness.DEATH.value, Seriousness.LIFE_THREATENING.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What decides what a case makes due; an instant is None where it does not apply or is not known.

    aware_at: when the site learned of the event; serious_since: that it is serious; interest_since: that it is of
    special interest. sponsor_aware_at: day 0 of the sponsor. asks_seriousness, asks_dlt: the investigator is asked.
    """

    aware_at: datetime
    serious_since: datetime | None
    seriousness: Collection[str]
    interest_since: datetime | None
    sponsor_aware_at: datetime | None
    is_related: bool
    is_expected: bool | None
    asks_seriousness: bool
    seriousness_judged_at: datetime | None
    asks_dlt: bool
    dlt_judged_at: datetime | None
    is_dlt: bool | None
    resolved_at: datetime | None
    is_voided: bool = False


def told_by(case: Case, told: Told) -> Told:
    """Return the events the case is to have on the journey, by kind and item; told: those it has now.

    A question is put once: one that was judged before it arose is not asked, one that was asked stays on record.
    """
    if case.is_voided:
        return {}
    wanted = {(EventKind.SAFETY_EVENT_AWARE, clock): at for clock, at in _clocks(case).items()}
    if case.serious_since is not None:
        wanted[EventKind.SAFETY_TASK_OWED, FOLLOW_SAE] = case.serious_since
    asked_at = case.interest_since or case.aware_at
    wanted |= _question(ASK_SERIOUS, case.asks_seriousness, asked_at, case.seriousness_judged_at, told)
    wanted |= _question(ASK_DLT, case.asks_dlt, case.aware_at, case.dlt_judged_at, told)
    if case.is_dlt:
        wanted[EventKind.DLT_REPORTED, ""] = case.aware_at
    if case.resolved_at is not None:
        wanted[EventKind.SAFETY_CASE_CLOSED, ""] = case.resolved_at
    return wanted


def susar_clocks(
    *, is_serious: bool, seriousness: Collection[str], is_related: bool, is_expected: bool | None
) -> tuple[str, ...]:
    """Return the clocks that run from day 0 of the sponsor, none where the event is no SUSAR.

    A SUSAR is serious, related in the eyes of either side and not expected; the first report is due within a week where
    it killed or might have.
    """
    if not is_serious or not is_related or is_expected is not False:
        return ()
    hurries = bool(_WITHIN_A_WEEK & set(seriousness))
    return (SUSAR_FIRST, SUSAR_COMPLETE) if hurries else (SUSAR_OTHER,)


def _susar_clocks_of(case: Case) -> tuple[str, ...]:
    return susar_clocks(
        is_serious=case.serious_since is not None,
        seriousness=case.seriousness,
        is_related=case.is_related,
        is_expected=case.is_expected,
    )


def told_of(events: Collection[Event], ref: str) -> Told:
    """Return what the journey has of a case. What a report answered is told by the report, and left out."""
    return {(one.kind, one.item): one.at for one in events if one.ref == ref and one.kind in _OF_A_CASE}


def _clocks(case: Case) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    if case.serious_since is not None:
        found[SAE_CLOCK] = case.serious_since
    if case.interest_since is not None:
        found[AESI_CLOCK] = case.interest_since
    if case.sponsor_aware_at is not None:
        found |= dict.fromkeys(_susar_clocks_of(case), case.sponsor_aware_at)
    return found


def _question(
    task: str, is_asked: bool, asked_at: datetime, judged_at: datetime | None, told: Told
) -> dict[tuple[EventKind, str], datetime]:
    owed, done = (EventKind.SAFETY_TASK_OWED, task), (EventKind.SAFETY_TASK_DONE, task)
    if not is_asked or (judged_at is not None and owed not in told):
        return {}
    return {owed: asked_at} if judged_at is None else {owed: asked_at, done: max(asked_at, judged_at)}
