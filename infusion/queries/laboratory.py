"""Laboratory values as grading reads them: as results, with the baseline of their participant."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Min, OuterRef, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber

from infusion.models import AdverseEvent, LaboratoryGrade
from infusion.rules.adverse_events import is_exempt
from infusion.rules.laboratory import COMPARED, INTERVENTIONS
from participants.models import JourneyEvent, Observation, ObservationDomain, Participant
from participants.queries.course import load_course
from participants.queries.measured_tests import TESTS, written
from trialsite.protocol.results import Operator, Result
from trialsite.protocol.types import DltExemption, EventKind

FLAGGED_FROM = 3  # severe
Series = tuple[UUID, str]  # participant and test


def result_of(row: Observation) -> Result | None:
    """Return a value with the limits of its own report, None where it was not done."""
    if row.value is None:
        return None
    return Result(
        _plain(row.value),
        row.unit,
        Operator(row.operator),
        _plain_or_none(row.reference_lower),
        _plain_or_none(row.reference_upper),
        row.reference_unit,
    )


def _plain_or_none(number: Decimal | None) -> Decimal | None:
    return None if number is None else _plain(number)


def _plain(number: Decimal) -> Decimal:
    """Without the zeros that only the column adds."""
    return number.normalize()


def first_interventions(participants: Collection[UUID]) -> Mapping[UUID, datetime]:
    """Return when the first study intervention took place, of those who had one. One query."""
    events = JourneyEvent.objects.filter(
        participant_id__in=participants, kind__in=INTERVENTIONS, voided_at__isnull=True
    )
    return dict(events.values_list("participant_id").annotate(first_at=Min("occurred_at")))


def baselines_of(participants: Collection[UUID]) -> Mapping[Series, Observation]:
    """Return the last value before the first study intervention of each test that asks for one. One query."""
    first = JourneyEvent.objects.filter(
        participant=OuterRef("participant"), kind__in=INTERVENTIONS, voided_at__isnull=True
    )
    rows = values_of(participants, COMPARED).filter(
        value__isnull=False, taken_at__lt=Subquery(first.order_by("occurred_at").values("occurred_at")[:1])
    )
    last = rows.order_by("participant_id", "test_code", "-taken_at").distinct("participant_id", "test_code")
    return {(row.participant_id, row.test_code): row for row in last}


def values_of(participants: Collection[UUID], tests: Collection[str]) -> QuerySet[Observation]:
    """Return the laboratory values in force of these tests."""
    return Observation.objects.filter(
        participant_id__in=participants,
        domain=ObservationDomain.LABORATORY,
        test_code__in=tests,
        voided_at__isnull=True,
    )


def grades_in_force(observations: Collection[UUID]) -> QuerySet[LaboratoryGrade]:
    return LaboratoryGrade.objects.filter(observation_id__in=observations, voided_at__isnull=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryLine:
    """The last value of a test with its grade. before: that of the value before it. event: open, of the same term.

    is_expected: what the protocol expects after lymphodepletion, so that it is recorded without alarm.
    """

    title: str
    last: LaboratoryGrade
    before: LaboratoryGrade | None
    event: AdverseEvent | None
    is_expected: bool

    @property
    def value(self) -> str:
        """As it was reported."""
        row = self.last.observation
        if row.value is None:
            return ""
        return ("" if row.operator == Operator.EQUAL else row.operator) + written(row.value)

    @property
    def range(self) -> str:
        """The limits printed with it; "" where there are none."""
        row = self.last.observation
        low, high = (
            "" if one is None else written(one) for one in (row.reference_lower, row.reference_upper)
        )
        if low and high:
            return f"{low} – {high}"
        return f"≥ {low}" if low else f"≤ {high}" if high else ""

    @property
    def trend(self) -> str:
        """How the grade moved: higher, lower, same; "" where one of the two is open or there is one only."""
        grade, before = self.last.grade, self.before.grade if self.before else None
        if grade is None or before is None:
            return ""
        return "higher" if grade > before else "lower" if grade < before else "same"

    @property
    def is_flagged(self) -> bool:
        return (self.last.grade or 0) >= FLAGGED_FROM and not self.is_expected


def laboratory_lines(participant: Participant, at: datetime) -> list[LaboratoryLine]:
    """Return the last graded value of each test, in the order in which tests are shown. Five queries."""
    nth = Window(
        RowNumber(), partition_by=F("observation__test_code"), order_by=F("observation__taken_at").desc()
    )
    rows = LaboratoryGrade.objects.filter(participant=participant, voided_at__isnull=True)
    last_two = rows.select_related("observation").alias(nth=nth).filter(nth__lte=2)
    found: dict[str, list[LaboratoryGrade]] = {}
    for row in sorted(last_two, key=lambda one: one.observation.taken_at, reverse=True):
        found.setdefault(row.observation.test_code, []).append(row)
    if not found:
        return []
    events = AdverseEvent.objects.filter(
        participant=participant,
        voided_at__isnull=True,
        term__in=[graded[0].term for graded in found.values()],
    )
    open_now = {one.term: one for one in events.order_by("onset_at", "id") if one.is_open}
    expected = _expected_of(participant, at)
    return [
        LaboratoryLine(
            title=test.title,
            last=graded[0],
            before=graded[1] if len(graded) > 1 else None,
            event=open_now.get(graded[0].term),
            is_expected=bool(graded[0].grade) and is_exempt(graded[0].term, expected),
        )
        for test in TESTS
        if (graded := found.get(test.code))
    ]


def _expected_of(participant: Participant, at: datetime) -> tuple[DltExemption, ...]:
    """Return what the protocol expects of somebody who had lymphodepletion. Source: clinical rules 3."""
    course = load_course(participant)
    if all(one.kind is not EventKind.LYMPHODEPLETION_DOSE_GIVEN for one in course.events):
        return ()
    return course.version_at(at).dlt_exemptions
