"""What product is at hand, and what was done from vein to vein."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from infusion.models import (
    CellProduct,
    Infusion,
    Leukapheresis,
    LymphodepletionDose,
)
from infusion.queries.cohorts import Standing, standing_of
from infusion.queries.conditioning import before_dose_checks
from infusion.queries.readiness import load_readiness
from infusion.rules.gates import (
    InfusionFacts,
    ProductFacts,
    is_first_dose,
    may_condition,
    may_infuse,
    may_plan_infusion,
    usable_checks,
)
from infusion.rules.readiness import readiness_checks
from infusion.states import IN_THE_MAKING, ProductState
from participants.models import Participant
from participants.queries.course import Course, load_course
from trialsite.protocol.due import due_state
from trialsite.protocol.gates import Check, Gate, gate, hold_checks
from trialsite.protocol.types import Act, Arm, DoseLevel, DueState, EventKind, Obligation, ProtocolVersion
from trialsite.protocol.windows import civil_date

_NO_PRODUCT = ProductFacts(
    state=ProductState.MANUFACTURING,
    is_in_specification=None,
    has_disposition=False,
    expires_on=None,
    total_cells=None,
)


def released_product(participant: Participant) -> CellProduct | None:
    """Return the product that is released and not yet used, the newest first."""
    return (
        CellProduct.objects.filter(participant=participant, state=ProductState.RELEASED.value)
        .order_by("-released_at")
        .first()
    )


def planned_for(course: Course) -> date | None:
    """Return the planned date of an infusion that is still to be given."""
    last = course.last(EventKind.INFUSION_PLANNED)
    given = course.last(EventKind.INFUSED)
    if last is None:
        return None
    if given is not None and (given.at > last.at or given.item == last.facts.get("lot")):
        return None
    return date.fromisoformat(last.facts["planned_on"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """All that is known from vein to vein of one participant at the instant `at`. Lists by number or time."""

    participant: Participant
    course: Course
    version: ProtocolVersion
    leukaphereses: tuple[Leukapheresis, ...]
    products: tuple[CellProduct, ...]
    doses: tuple[LymphodepletionDose, ...]
    infusions: tuple[Infusion, ...]
    standing: Standing
    at: datetime

    @property
    def zone(self) -> str:
        return self.participant.site.time_zone

    @property
    def released(self) -> CellProduct | None:
        """The newest product that may be infused: released and unused."""
        ready = [one for one in self.products if one.state == ProductState.RELEASED.value]
        return max(ready, key=lambda one: one.released_at or one.recorded_at, default=None)

    @property
    def in_manufacturing(self) -> CellProduct | None:
        return next(
            (one for one in reversed(self.products) if ProductState(one.state) in IN_THE_MAKING), None
        )

    @property
    def dose_level(self) -> DoseLevel | None:
        levels = self.version.dose_levels
        return next((one for one in levels if one.id == self.participant.dose_level), None)

    @property
    def planned_on(self) -> date | None:
        """The planned date of an infusion that is still to be given."""
        return planned_for(self.course)

    @property
    def conditioning(self) -> tuple[tuple[Obligation, DueState], ...]:
        """The scheduled days of lymphodepletion of every course, in order, with their state."""
        days = [one for one in self.course.obligations if one.item_id.startswith("V-LD")]
        ordered = sorted(days, key=lambda one: (one.key.rpartition("#")[2], one.item_id))
        return tuple((one, due_state(one, self.at)) for one in ordered)

    def may_collect(self, performed_at: datetime | None = None) -> Gate:
        """Return what holds a collection at the time entered, by default now; as the service judges it."""
        now = performed_at or self.at
        return gate(Act.LEUKAPHERESIS, hold_checks(Act.LEUKAPHERESIS, self.course.holders, now))

    def may_plan(self, planned_on: date | None = None) -> Gate:
        """Return the gate of a plan for that day at the site, by default for today."""
        return may_plan_infusion(
            has_released_product=self.released is not None,
            obligations=self.course.holders,
            now=self.at,
            also=[
                *self.standing.checks(at=self.at, dosed_on=None),
                *usable_checks(self._ready(), planned_on or civil_date(self.at, self.zone)),
            ],
        )

    def _ready(self) -> ProductFacts | None:
        return self.released.facts() if self.released else None

    def may_condition(
        self, obligation_key: str, given_at: datetime | None = None, also: Iterable[Check] = ()
    ) -> Gate:
        """Return the gate of a dose, by default one given now, without what is said of the dose itself.

        One query, two for the first day of a course.
        """
        now = given_at or self.at
        return may_condition(
            has_released_product=self.released is not None,
            obligations=self.course.holders,
            now=now,
            also=[
                *also,
                *before_dose_checks(self.course, self.version, obligation_key, now),
                *(
                    self.standing.checks(at=now, dosed_on=self.planned_on)
                    if is_first_dose(obligation_key)
                    else ()
                ),
                *usable_checks(self._ready(), self.planned_on or civil_date(now, self.zone)),
            ],
        )

    def may_infuse(
        self,
        *,
        product: CellProduct | None,
        route: Arm,
        started_at: datetime,
        infused_cells: int,
        weight_kg: Decimal,
        weight_on: date | None,
        thawed_at: datetime | None,
    ) -> Gate:
        """Return the gate ladder for what is about to be entered, exactly as the service will judge it.

        Three queries: what people found at the bedside.
        """
        started_on = civil_date(started_at, self.zone)
        return may_infuse(
            version=self.version,
            product=product.facts() if product else _NO_PRODUCT,
            infusion=InfusionFacts(
                route=route,
                started_at=started_at,
                started_on=started_on,
                infused_cells=infused_cells,
                weight_kg=weight_kg,
                thawed_at=thawed_at,
            ),
            assigned_arm=self.participant.assigned_arm,
            dose_level=self.participant.dose_level,
            events=self.course.events,
            obligations=self.course.holders,
            now=started_at,
            also=(
                *self.standing.checks(at=started_at, dosed_on=started_on),
                *readiness_checks(
                    self.version,
                    load_readiness(self.participant, product),
                    events=self.course.events,
                    weighed_on=weight_on,
                    started_at=started_at,
                    started_on=started_on,
                ),
            ),
        )

    def limit(self, limit_id: str) -> int:
        return next(one.value for one in self.version.limits if one.id == limit_id)


def treatment_of(participant: Participant, at: datetime) -> Treatment:
    """Load it: six queries, two more after enrolment, however much there is. Raises RuleViolated("no-protocol-in-force")."""
    course = load_course(participant)
    return Treatment(
        participant=participant,
        course=course,
        version=course.version_at(at),
        leukaphereses=tuple(Leukapheresis.objects.filter(participant=participant).order_by("number")),
        products=tuple(
            CellProduct.objects.filter(participant=participant).order_by("manufacturing_started_at", "lot")
        ),
        doses=tuple(LymphodepletionDose.objects.filter(participant=participant).order_by("given_at")),
        infusions=tuple(
            Infusion.objects.filter(participant=participant).select_related("product").order_by("number")
        ),
        standing=standing_of(participant),
        at=at,
    )
