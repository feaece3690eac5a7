"""What will have lapsed by a planned day, and what to repeat for it. Source: clinical rules 1.1 and 6.2."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from screening.rules.assessments import Evaluation
from screening.rules.deciding import deciding_entry
from screening.rules.evaluate import evaluate, recheck
from screening.rules.evidence import Anchors, EvidenceRecord
from screening.rules.plan import plan_for
from trialsite.protocol.criteria import WANTED, Verdict
from trialsite.protocol.partial_dates import PartialDate
from trialsite.protocol.types import Act, Arm, ProtocolVersion

# Before these acts the protocol looks again, on evidence of their own day; before any other the screening counts.
RECHECKED: Mapping[str, Act] = {"lymphodepletion": Act.LYMPHODEPLETION, "infusion": Act.INFUSE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """An item that is owed for a planned day. criteria: that it would decide.

    last_on: date of the newest answer there is; None = there is none, or it has no date. earliest_on: a repeat
    on or after this day is still valid on the planned one; None = it does not age. by_on: the planned day.
    """

    item: str
    criteria: tuple[str, ...]
    last_on: PartialDate | None
    earliest_on: date | None
    by_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The evidence as it will be on a planned day if nothing is added. verdict: over what counts on that day.

    lapsing: criteria in order now that by then no longer hold or are no longer known. repeats: in the order of
    the catalogue.
    """

    key: str
    on: date
    verdict: Verdict
    lapsing: tuple[str, ...]
    repeats: tuple[Repeat, ...]


def forecast(
    version: ProtocolVersion,
    record: EvidenceRecord,
    anchors: Anchors,
    arm: Arm | None,
    planned: Mapping[str, date],
) -> tuple[Forecast, ...]:
    """Return what each planned day needs, the earliest first.

    planned: "leukapheresis", "lymphodepletion", "infusion" or another name → its day.
    """
    now = evaluate(version, record, anchors, arm)
    forecasts = []
    for key, on in sorted(planned.items(), key=lambda one: (one[1], one[0])):
        then = _on_the_day(version, record, anchors, arm, key, on)
        forecasts.append(
            Forecast(
                key=key,
                on=on,
                verdict=then.verdict,
                lapsing=_lapsing(version, now, then),
                repeats=_repeats(version, record, then, on),
            )
        )
    return tuple(forecasts)


def _on_the_day(
    version: ProtocolVersion, record: EvidenceRecord, anchors: Anchors, arm: Arm | None, key: str, on: date
) -> Evaluation:
    if key in RECHECKED:
        return recheck(version, record, on, RECHECKED[key], arm, anchors.consent_on)
    return evaluate(version, record, replace(anchors, as_of=on), arm)


def _lapsing(version: ProtocolVersion, now: Evaluation, then: Evaluation) -> tuple[str, ...]:
    wanted = {one.id: WANTED[one.kind] for one in version.criteria}
    open_by_then = {*then.verdict.failed, *then.verdict.missing}
    return tuple(
        name
        for name in then.assessments
        if name in open_by_then and now.assessments[name].status is wanted[name]
    )


def _repeats(
    version: ProtocolVersion, record: EvidenceRecord, then: Evaluation, on: date
) -> tuple[Repeat, ...]:
    asked = plan_for(version).tables.asked
    needed_by: dict[str, list[str]] = {}
    for name in then.verdict.missing:
        for item in then.assessments[name].missing:
            needed_by.setdefault(item, []).append(name)
    repeats = []
    for item, criteria in sorted(needed_by.items(), key=lambda one: asked[one[0]].order):
        lapses_after = asked[item].lapses_after
        newest = deciding_entry(record.entries.get(item, ()), on).entry
        repeats.append(
            Repeat(
                item=item,
                criteria=tuple(criteria),
                last_on=None if newest is None else newest.on,
                earliest_on=None if lapses_after is None else on - lapses_after + timedelta(days=1),
                by_on=on,
            )
        )
    return tuple(repeats)
