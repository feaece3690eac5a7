"""Those who were infused, as the pictures of single participants show them. A constant number of statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from followup.queries.lane import SHOWN_SYNDROMES, Toxicity, toxicities_of, with_grades
from followup.queries.response import ResponseRecord, responses_of
from followup.rules.response import Response, ResponseAnswer
from infusion.models import AdverseEvent
from participants.models import Participant
from trialsite.protocol.types import Arm, EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """The sum of the target lesions at a scan against the baseline. response: overall, of that scan."""

    on: date
    percent: Decimal
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Treated:
    """answer: what RECIST makes of the site's readings. sums: of the scans that count, the oldest first."""

    record: ResponseRecord
    answer: ResponseAnswer
    infused_on: date
    arm: Arm | None
    toxicities: tuple[Toxicity, ...]

    @property
    def participant(self) -> Participant:
        return self.record.participant

    @property
    def code(self) -> str:
        return self.record.participant.code

    @property
    def sums(self) -> tuple[Sum, ...]:
        found = []
        for one in self.answer.points:
            if one.assessment is None or one.unused is not None:
                continue
            percent = one.assessment.target.change_from_baseline_percent
            if percent is not None:
                response = one.assessment.overall.response
                found.append(Sum(on=one.point.on, percent=percent, response=response))
        return tuple(found)

    @property
    def responded_on(self) -> date | None:
        """The first scan with a complete or partial response that counts."""
        responses = (Response.CR, Response.PR)
        return min((one.on for one in self.sums if one.response in responses), default=None)

    @property
    def infusions(self) -> tuple[date, ...]:
        return tuple(one.on for one in self.record.course.events if one.kind is EventKind.INFUSED)


def treated_of(participants: QuerySet[Participant], at: datetime) -> Sequence[Treated]:
    """Return the infused of these participants by code. Ten statements."""
    rows = list(participants.filter(infused_on__isnull=False).order_by("code"))
    toxicities: dict[UUID, list[AdverseEvent]] = defaultdict(list)
    shown = [one.value for one in SHOWN_SYNDROMES]
    events = AdverseEvent.objects.filter(participant__in=rows, voided_at=None, syndrome__in=shown)
    for event in with_grades(events.order_by("onset_at", "id")):
        toxicities[event.participant_id].append(event)
    found = []
    for record in responses_of(rows, at):
        answer, infused_on = record.site_review.answer, record.first_infused_on
        if answer is None or infused_on is None:
            continue
        one = record.participant
        spans = toxicities_of(toxicities[one.pk], one.site.time_zone, at)
        found.append(
            Treated(
                record=record,
                answer=answer,
                infused_on=infused_on,
                arm=one.assigned_arm,
                toxicities=spans,
            )
        )
    return found
