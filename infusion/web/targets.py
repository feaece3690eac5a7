"""What the forms of infusion act on: the participant with everything from vein to vein, or one record of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from django.http import Http404

from infusion.models import (
    AdverseEvent,
    BridgingTherapy,
    CellProduct,
    CustodyEntry,
    Infusion,
    LaboratoryGrade,
    Leukapheresis,
)
from infusion.queries.products import custody_of
from infusion.queries.treatment import Treatment, treatment_of
from infusion.rules.safety_case import FOLLOW_SAE
from participants.models import Participant
from participants.queries.course import load_course
from participants.queries.pages import participant_for
from participants.web.targets import OfParticipant
from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.protocol.types import Arm, Obligation, ObligationKind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class InTreatment(Generic[T]):
    """subject: what of the treatment the form is about; the participant's own version counts for a new record."""

    participant: Participant
    treatment: Treatment
    subject: T

    @property
    def site(self) -> Site:
        return self.participant.site

    @property
    def version(self) -> int:
        return int(getattr(self.subject, "version", self.participant.version) or 1)

    def get_absolute_url(self) -> str:
        return self.participant.get_absolute_url()


@dataclass(frozen=True, slots=True)
class ScheduledDay:
    """A day of the schedule, as a subject."""

    obligation: Obligation


def find_treatment(user: User, code: str) -> InTreatment[None]:
    participant = participant_for(user, code)
    return InTreatment(participant, treatment_of(participant, clock.now()), None)


def find_route(user: User, code: str, *, route: str = "") -> InTreatment[Arm]:
    """Return the treatment for a route of infusion, the one of the assigned arm unless another is given."""
    found = find_treatment(user, code)
    if route and route not in set(Arm):
        raise Http404
    arm = Arm(route) if route else found.participant.assigned_arm or Arm.INTRAVENOUS
    return InTreatment(found.participant, found.treatment, arm)


def find_product(user: User, code: str, *, product_id: UUID) -> InTreatment[CellProduct]:
    found = find_treatment(user, code)
    return InTreatment(found.participant, found.treatment, _one(found.treatment.products, product_id))


def find_leukapheresis(user: User, code: str, *, leukapheresis_id: UUID) -> InTreatment[Leukapheresis]:
    found = find_treatment(user, code)
    one = _one(found.treatment.leukaphereses, leukapheresis_id)
    return InTreatment(found.participant, found.treatment, one)


def find_custody_entry(user: User, code: str, *, entry_id: UUID) -> InTreatment[CustodyEntry]:
    found = find_treatment(user, code)
    return InTreatment(found.participant, found.treatment, _one(custody_of(found.participant), entry_id))


def find_infusion(user: User, code: str, *, infusion_id: UUID) -> InTreatment[Infusion]:
    found = find_treatment(user, code)
    return InTreatment(found.participant, found.treatment, _one(found.treatment.infusions, infusion_id))


def find_dose_day(user: User, code: str, *, key: str) -> InTreatment[ScheduledDay]:
    """Return the scheduled day of lymphodepletion by its key, V-LD1#1."""
    found = find_treatment(user, code)
    for one, _ in found.treatment.conditioning:
        if one.key == key:
            return InTreatment(found.participant, found.treatment, ScheduledDay(one))
    raise Http404


def find_bridging(user: User, code: str, *, bridging_id: UUID) -> InTreatment[BridgingTherapy]:
    found = find_treatment(user, code)
    one = BridgingTherapy.objects.filter(participant=found.participant, pk=bridging_id).first()
    if one is None:
        raise Http404
    return InTreatment(found.participant, found.treatment, one)


def find_graded(
    user: User, code: str, *, grade_id: UUID | None = None
) -> InTreatment[LaboratoryGrade | None]:
    """Return the treatment for a new adverse event, with the graded laboratory value that gives rise to it, if one does."""
    found = find_treatment(user, code)
    if grade_id is None:
        return InTreatment(found.participant, found.treatment, None)
    grades = LaboratoryGrade.objects.filter(participant=found.participant, voided_at__isnull=True)
    one = grades.select_related("observation").filter(pk=grade_id).first()
    if one is None:
        raise Http404
    return InTreatment(found.participant, found.treatment, one)


@dataclass(frozen=True, slots=True)
class RunsFor(OfParticipant[AdverseEvent]):
    """An adverse event and the reporting clock that runs for it."""

    obligation: Obligation


def find_clock(user: User, code: str, *, clock_id: str, event_id: UUID) -> RunsFor:
    participant = participant_for(user, code)
    event = AdverseEvent.objects.filter(participant=participant, pk=event_id).first()
    course = load_course(participant)
    running = _running(course.obligations, clock_id, event_id)
    if event is None or running is None:
        raise Http404
    return RunsFor(event, participant, running)


def _running(obligations: Iterable[Obligation], clock_id: str, event_id: UUID) -> Obligation | None:
    """The clock of the event, or the follow-up report asked for last."""
    key = f"{clock_id}:{event_id}"
    found = [
        one
        for one in obligations
        if (one.key == key and one.kind is ObligationKind.CLOCK)
        or (clock_id == FOLLOW_SAE and one.key.startswith(f"{key}#"))
    ]
    return max(found, key=lambda one: one.opens_at, default=None)


def find_adverse_event(user: User, code: str, *, event_id: UUID) -> OfParticipant[AdverseEvent]:
    participant = participant_for(user, code)
    event = AdverseEvent.objects.filter(participant=participant, pk=event_id).first()
    if event is None:
        raise Http404
    return OfParticipant(event, participant)


def _one(records: tuple[T, ...], record_id: UUID) -> T:
    for one in records:
        if getattr(one, "pk", None) == record_id:
            return one
    raise Http404
