"""Criteria that were not fulfilled, in the shape of SDTM IE: of screen failures, and of those enrolled although.

Only exceptions are listed, as the standard asks: an inclusion that was not met, an exclusion that was.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from participants.models import JourneyEvent, Participant
from screening.models import DecisionOutcome, EligibilityDecision
from screening.queries.underway import newest_evaluations
from screening.rules.evaluate import evaluate
from screening.rules.wire import read_case
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Criterion, CriterionKind, EventKind
from trialsite.protocol.windows import civil_date

HEADER = (
    "STUDYID",
    "DOMAIN",
    "USUBJID",
    "IESEQ",
    "IETESTCD",
    "IETEST",
    "IECAT",
    "IEORRES",
    "IESTRESC",
    "IEDTC",
)
_TEXT_LIMIT = 200  # of a character variable in SDTM


@dataclass(frozen=True, slots=True)
class _Exception:
    """One criterion not fulfilled, as judged under a version on a site-local day."""

    version: str
    criterion_id: str
    on: date


def with_exceptions(rows: QuerySet[Participant]) -> QuerySet[Participant]:
    """Add to participants what `ie_rows` reads, in the same statement."""
    failures = EligibilityDecision.objects.filter(
        episode__participant=OuterRef("pk"),
        outcome=DecisionOutcome.SCREEN_FAILED.value,
        reopened_at__isnull=True,
    ).order_by("decided_at")
    enrolled = JourneyEvent.objects.filter(
        participant=OuterRef("pk"), kind=EventKind.ENROLLED.value, voided_at__isnull=True
    ).order_by("occurred_at")
    return rows.select_related("site").annotate(
        failure_values=ArraySubquery(
            failures.values(
                row=JSONObject(at="decided_at", failed="failed_criteria", version=F("protocol_version"))
            )
        ),
        enrolled_on=Subquery(enrolled.values("occurred_on")[:1]),
        evaluation_values=Subquery(
            newest_evaluations().values(row=JSONObject(inputs="inputs", version=F("protocol_version")))[:1]
        ),
    )


def ie_rows(rows: Iterable[Participant]) -> Iterator[tuple[object, ...]]:
    """Yield the rows of HEADER for participants of `with_exceptions`; IESEQ counts within the participant."""
    for row in rows:
        for number, one in enumerate(_exceptions(row), start=1):
            yield _cells(row, number, one)


def _exceptions(row: Participant) -> Sequence[_Exception]:
    loaded: Any = row
    failed = [
        _Exception(decision["version"], key, _local(decision["at"], row))
        for decision in loaded.failure_values
        for key in decision["failed"]
    ]
    return [*failed, *_enrolled_although(row)]


def _enrolled_although(row: Participant) -> list[_Exception]:
    """What the evidence says on the day of enrolment, for the arm that was assigned."""
    loaded: Any = row
    enrolled_on, kept = loaded.enrolled_on, loaded.evaluation_values
    if enrolled_on is None or kept is None:
        return []
    case = read_case(kept["inputs"])
    anchors = replace(case.anchors, enrolment_on=enrolled_on, as_of=enrolled_on)
    evaluation = evaluate(resolve(kept["version"]), case.record, anchors, row.assigned_arm)
    return [_Exception(kept["version"], key, enrolled_on) for key in evaluation.verdict.failed]


def _cells(row: Participant, number: int, one: _Exception) -> tuple[object, ...]:
    version = resolve(one.version)
    criterion = next(found for found in version.criteria if found.id == one.criterion_id)
    is_inclusion = criterion.kind is CriterionKind.INCLUSION
    answer = "N" if is_inclusion else "Y"
    study = version.trial.registry_id
    return (
        study,
        "IE",
        f"{study}-{row.code}",
        number,
        criterion.id,
        _sentence(criterion),
        "INCLUSION" if is_inclusion else "EXCLUSION",
        answer,
        answer,
        one.on.isoformat(),
    )


def _sentence(criterion: Criterion) -> str:
    """The protocol's own sentence where it fits, else its short form; the whole text belongs to TI."""
    text = criterion.text if len(criterion.text) <= _TEXT_LIMIT else criterion.plain
    return text if len(text) <= _TEXT_LIMIT else f"{text[: _TEXT_LIMIT - 1]}…"


def _local(at: str, row: Participant) -> date:
    return civil_date(datetime.fromisoformat(at), row.site.time_zone)
