"""Every answer an episode was ever given to one item, those taken back or corrected included."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from participants.models import Observation
from screening.models import Evidence, ScreeningEpisode
from screening.queries.evidence import Answer, as_reported
from screening.rules.evidence import Entry
from screening.rules.items import BY_ID
from screening.rules.vocabulary import Item
from screening.rules.wire import read_entry
from trialsite.protocol.partial_dates import whole
from trialsite.protocol.results import Operator, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """voided_at: None while it is in force. version: for who changes it."""

    answer: Answer
    voided_at: datetime | None
    void_reason: str


def answers_ever(episode: ScreeningEpisode, item: Item, zone: str) -> Sequence[Former]:
    """Return them, the newest record first; of laboratory results those of the participant. One query."""
    if item.test_code:
        results = Observation.objects.filter(
            participant=episode.participant_id, test_code=item.test_code
        ).order_by("-recorded_at")
        return [_result(row, item, zone) for row in results]
    return [
        _evidence(row)
        for row in Evidence.objects.filter(episode=episode, item=item.id).order_by("-recorded_at")
    ]


def _evidence(row: Evidence) -> Former:
    answer = Answer(
        entry=read_entry(BY_ID[row.item], row.entry, ref=str(row.pk)),
        source_document=row.source_document,
        entered_by=row.entered_by,
        recorded_at=row.recorded_at,
        version=row.version,
    )
    return Former(answer=answer, voided_at=row.voided_at, void_reason=row.void_reason)


def _result(row: Observation, item: Item, zone: str) -> Former:
    value = None
    if row.value is not None:
        value = Result(
            as_reported(str(row.value)),
            row.unit,
            Operator(row.operator),
            None if row.reference_lower is None else as_reported(str(row.reference_lower)),
            None if row.reference_upper is None else as_reported(str(row.reference_upper)),
            row.reference_unit,
        )
    on = whole(row.taken_at.astimezone(ZoneInfo(zone)).date())
    answer = Answer(
        entry=Entry(item.id, value, on, row.method, not_done=row.not_done, ref=str(row.pk)),
        source_document=row.source_document,
        entered_by=row.entered_by,
        recorded_at=row.recorded_at,
        taken_at=row.taken_at if row.is_time_known else None,
        laboratory=row.laboratory,
        version=row.version,
        is_result=True,
    )
    return Former(answer=answer, voided_at=row.voided_at, void_reason=row.void_reason)
