"""The one timeline of a participant: everything that happened and is planned, side by side. Six queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q, QuerySet

from followup.models import MethodUse
from followup.queries.contraception import ledger_under
from followup.rules.contraception import Ledger
from infusion.models import AdverseEvent, BedsideRound, BridgingTherapy, ConcomitantMedication, GradeEntry
from infusion.rules.adverse_events import Syndrome
from infusion.rules.grade_spans import GradeSpan, grade_spans
from participants.models import Participant
from participants.queries.course import Course, load_course
from trialsite.protocol.due import due_state
from trialsite.protocol.types import DueState, Event, EventKind, ObligationKind
from trialsite.protocol.windows import add_months, civil_date

SHOWN_SYNDROMES = (Syndrome.CRS, Syndrome.ICANS)
_LAST_MONTH = 12  # visits beyond are drawn once they took place


@dataclass(frozen=True, slots=True, kw_only=True)
class Toxicity:
    """One CRS or ICANS. is_open: its last grade is not 0 yet."""

    event_id: UUID
    syndrome: Syndrome
    spans: tuple[GradeSpan, ...]
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drug:
    """last_on None: it goes on. is_dose: a single dose at the bedside, on first_on."""

    name: str
    first_on: date
    last_on: date | None
    is_dose: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitSpan:
    """A planned visit. visit_id: of the visit on record, "" for none."""

    title: str
    state: DueState
    opens_on: date
    target_on: date
    closes_on: date | None
    done_on: date | None
    visit_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """today: at the site. infused_on: the last infusion, from which days are counted. ledger None: before consent."""

    participant: Participant
    today: date
    infused_on: date | None
    events: tuple[Event, ...]
    bridging: tuple[Drug, ...]
    drugs: tuple[Drug, ...]
    toxicities: tuple[Toxicity, ...]
    visits: tuple[VisitSpan, ...]
    ledger: Ledger | None

    def days_of(self, kind: EventKind) -> tuple[date, ...]:
        return tuple(one.on for one in self.events if one.kind is kind)


def lane_of(participant: Participant, at: datetime) -> Lane:
    """Load it. `participant.site` should be loaded. Raises RuleViolated("no-protocol-in-force")."""
    course = load_course(participant)
    zone = participant.site.time_zone
    uses = MethodUse.objects.filter(participant=participant, voided_at=None).order_by("started_on", "id")
    return Lane(
        participant=participant,
        today=civil_date(at, zone),
        infused_on=participant.infused_on,
        events=course.events,
        bridging=_bridging(participant),
        drugs=_drugs(participant, zone),
        toxicities=_toxicities(participant, at),
        visits=_visits(course, at),
        ledger=ledger_under(course, list(uses), course.version_at(at), at),
    )


def _bridging(participant: Participant) -> tuple[Drug, ...]:
    rows = BridgingTherapy.objects.filter(participant=participant).order_by("started_on", "id")
    return tuple(Drug(name=one.drug, first_on=one.started_on, last_on=one.ended_on) for one in rows)


def _drugs(participant: Participant, zone: str) -> tuple[Drug, ...]:
    """Concomitant medication, and what was given against CRS or ICANS at the bedside."""
    rows = ConcomitantMedication.objects.filter(participant=participant).order_by("started_on", "id")
    found = [Drug(name=one.name, first_on=one.started_on, last_on=one.ended_on) for one in rows]
    given = BedsideRound.objects.filter(participant=participant, voided_at=None).filter(
        Q(anticytokine_at__isnull=False) | Q(steroid_at__isnull=False)
    )
    doses = {
        (name, civil_date(at, zone))
        for one in given
        for name, at in (("Anticytokine", one.anticytokine_at), ("Corticosteroid", one.steroid_at))
        if at is not None
    }
    found += [Drug(name=name, first_on=on, last_on=on, is_dose=True) for name, on in sorted(doses)]
    return tuple(sorted(found, key=lambda one: one.first_on))


def _toxicities(participant: Participant, at: datetime) -> tuple[Toxicity, ...]:
    rows = AdverseEvent.objects.filter(
        participant=participant, voided_at=None, syndrome__in=[one.value for one in SHOWN_SYNDROMES]
    ).order_by("onset_at", "id")
    return toxicities_of(with_grades(rows), participant.site.time_zone, at)


def with_grades(rows: QuerySet[AdverseEvent]) -> Sequence[AdverseEvent]:
    """Load events with the course of their grades: two statements."""
    grades = Prefetch("grades", GradeEntry.objects.filter(voided_at=None))
    return list(rows.prefetch_related(grades))


def toxicities_of(events: Sequence[AdverseEvent], zone: str, at: datetime) -> tuple[Toxicity, ...]:
    """Return the stretches of each event by grade, as days at the site."""
    return tuple(
        Toxicity(
            event_id=one.pk,
            syndrome=Syndrome(one.syndrome),
            spans=grade_spans(
                [entry.to_grading(zone) for entry in one.grades.all()],
                (one.resolved_at or at).astimezone(ZoneInfo(zone)),
            ),
            is_open=one.is_open,
        )
        for one in events
    )


def _visits(course: Course, at: datetime) -> tuple[VisitSpan, ...]:
    infused_on = course.participant.infused_on
    last_on = add_months(infused_on, _LAST_MONTH + 1) if infused_on else None
    rows = [one for one in course.obligations if one.kind is ObligationKind.VISIT]
    return tuple(
        VisitSpan(
            title=one.title,
            state=due_state(one, at),
            opens_on=one.opens_on,
            target_on=one.target_on,
            closes_on=one.closes_on,
            done_on=one.fulfilled_on,
            visit_id=one.fulfilled_ref,
        )
        for one in sorted(rows, key=lambda one: (one.opens_on, one.key))
        if one.fulfilled_on or last_on is None or one.target_on <= last_on
    )
