"""Participants taken to a state of the journey by the services, on a clock of the story's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import TypeVar

from followup.models import Visit
from followup.services.visits import complete_study, record_visit
from infusion.models import AdverseEvent, CellProduct, Infusion, Leukapheresis
from infusion.services.conditioning import plan_infusion, record_lymphodepletion_dose
from infusion.services.infusions import RouteDetails, record_infusion
from infusion.services.leukaphereses import record_leukapheresis
from infusion.services.products import release_product, start_manufacturing
from participants.models import Consent, IcfVersion, Obligation, Participant
from participants.queries.worklist import due_for
from participants.services.consents import record_consent
from participants.services.referral import refer_participant
from participants.services.versions import activate_icf, activate_protocol, create_icf_version
from participants.states import State
from screening.models import ScreeningEpisode
from screening.rules import open_criteria
from screening.services.decisions import confirm_eligibility, enrol
from screening.services.episodes import record_finding, start_screening
from tests.factories.accounts import make_site, make_user
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Role
from trialsite.protocol.criteria import CriterionStatus
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Arm, DueState

START_AT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Wuhan
WEIGHT_KG = Decimal("60.0")
_numbers = count(1)


T = TypeVar("T")


class NotYet(LookupError):
    """The story has not come to what this act needs."""


def there(found: T | None) -> T:
    if found is None:
        raise NotYet("the story has not come this far")
    return found


@dataclass
class Ward:
    """A site with one person per role, protocol 1.0 and an ICF in force."""

    site: Site
    coordinator: User
    nurse: User
    investigator: User
    admin: User
    icf: IcfVersion


def make_ward(*, zone: str = "Asia/Shanghai", since: datetime = START_AT - timedelta(days=30)) -> Ward:
    site = make_site(zone=zone, at=since)
    staff = {role.value: make_user(role, site, at=since) for role in Role if role is not Role.AUDITOR}
    admin = staff["admin"]
    activate_protocol(
        site=site, number="1.0", approved_on=since.date(), activated_at=since, by=admin, at=since
    )
    icf = new_icf(site, admin, at=since)
    activate_icf(site=site, icf=icf, approved_on=since.date(), activated_at=since, by=admin, at=since)
    return Ward(site=site, icf=icf, **staff)


def new_icf(site: Site, admin: User, *, at: datetime, is_substantive: bool = True) -> IcfVersion:
    return create_icf_version(
        number=f"ICF-{next(_numbers)}",
        title="Consent to take part",
        is_substantive=is_substantive,
        protocol_version="1.0",
        by=admin,
        at=at,
        site=site,
    )


@dataclass
class Story:
    """One participant's way through the trial. `now` moves on; each method is one recorded act."""

    ward: Ward
    participant: Participant
    now: datetime
    arm: Arm = Arm.INTRAVENOUS
    consent: Consent | None = None
    episode: ScreeningEpisode | None = None
    leukapheresis: Leukapheresis | None = None
    product: CellProduct | None = None
    infusion: Infusion | None = None
    events: list[AdverseEvent] = field(default_factory=list)

    def wait(self, days: float = 0, *, hours: float = 0) -> Story:
        self.now += timedelta(days=days, hours=hours)
        return self

    def signs(self, icf: IcfVersion | None = None, *, reason: str = "") -> Consent:
        self.consent = record_consent(
            participant=self.participant,
            icf=icf or self.ward.icf,
            signed_at=self.now,
            by=self.ward.coordinator,
            at=self.now,
            reason=reason,
        )
        return self.consent

    def starts_screening(self) -> ScreeningEpisode:
        self.episode = start_screening(
            participant=self.participant,
            started_at=self.now,
            intended_arm=self.arm,
            by=self.ward.coordinator,
            at=self.now,
        )
        return self.episode

    def finds(self, criterion_id: str, status: CriterionStatus, *, reason: str = "") -> None:
        record_finding(
            episode=there(self.episode),
            criterion_id=criterion_id,
            status=status,
            by=self.ward.coordinator,
            at=self.now,
            reason=reason,
        )

    def finds_everything_in_order(self) -> None:
        for criterion_id in open_criteria(resolve("1.0")):
            is_inclusion = criterion_id.startswith("I")
            self.finds(criterion_id, CriterionStatus.MET if is_inclusion else CriterionStatus.NOT_MET)

    def is_confirmed(self) -> None:
        confirm_eligibility(
            episode=there(self.episode), decided_at=self.now, by=self.ward.investigator, at=self.now
        )

    def enrols(self) -> Participant:
        self.participant = enrol(
            participant=self.participant,
            arm=self.arm,
            dose_level=self.dose_level,
            enrolled_at=self.now,
            by=self.ward.coordinator,
            at=self.now,
        )
        return self.participant

    @property
    def dose_level(self) -> str:
        return next(level.id for level in resolve("1.0").dose_levels if level.arm is self.arm)

    def gives_cells(self) -> Leukapheresis:
        self.leukapheresis = record_leukapheresis(
            participant=self.participant, performed_at=self.now, by=self.ward.nurse, at=self.now
        )
        return self.leukapheresis

    def has_lot_started(self) -> CellProduct:
        self.product = start_manufacturing(
            leukapheresis=there(self.leukapheresis),
            lot=f"LOT-{next(_numbers):05}",
            started_at=self.now,
            by=self.ward.coordinator,
            at=self.now,
        )
        return self.product

    def has_lot_released(self) -> CellProduct:
        self.product = release_product(
            product=there(self.product),
            released_at=self.now,
            is_in_specification=True,
            total_cells=10**9,
            expires_on=self.now.date() + timedelta(days=365),
            by=self.ward.investigator,
            at=self.now,
        )
        return self.product

    def has_infusion_planned(self, planned_on: date) -> None:
        plan_infusion(
            participant=self.participant, planned_on=planned_on, by=self.ward.coordinator, at=self.now
        )

    def gets_lymphodepletion(self, day: int, *, course: int = 1) -> None:
        record_lymphodepletion_dose(
            participant=self.participant,
            obligation_key=f"V-LD{day}#{course}",
            given_at=self.now,
            fludarabine_mg_per_m2=Decimal("30"),
            cyclophosphamide_mg_per_m2=Decimal("300"),
            by=self.ward.nurse,
            at=self.now,
        )

    def gets_infusion(self, *, route: Arm | None = None, reason: str = "") -> Infusion:
        route = route or self.arm
        level = next(level for level in resolve("1.0").dose_levels if level.id == self.dose_level)
        details = (
            RouteDetails(
                access_line="central venous", rate_ml_per_h=Decimal("120"), infused_volume_ml=Decimal("50")
            )
            if route is Arm.INTRAVENOUS
            else RouteDetails(
                catheter_position="right, 5th intercostal space",
                drained_volume_ml=Decimal("400"),
                instilled_volume_ml=Decimal("50"),
            )
        )
        self.infusion = record_infusion(
            participant=self.participant,
            product=there(self.product),
            route=route,
            started_at=self.now,
            thawed_at=self.now - timedelta(minutes=10),
            infused_cells=int(level.nominal_cells_per_kg * WEIGHT_KG),
            weight_kg=WEIGHT_KG,
            details=details,
            by=self.ward.nurse,
            at=self.now,
            reason=reason,
        )
        return self.infusion

    def comes_to(self, key: str, *, reason: str = "") -> Visit:
        return record_visit(
            participant=self.participant,
            obligation_key=key,
            performed_at=self.now,
            by=self.ward.nurse,
            at=self.now,
            reason=reason,
        )

    def comes_on_target(self, key: str) -> Visit:
        """Move the clock to the target date of a visit, 10:00 in Wuhan, and record it."""
        row = Obligation.objects.get(participant=self.participant, key=key)
        self.now = datetime(row.target_on.year, row.target_on.month, row.target_on.day, 2, tzinfo=UTC)
        return self.comes_to(key)

    def completes(self) -> None:
        complete_study(
            participant=self.participant, completed_at=self.now, by=self.ward.coordinator, at=self.now
        )

    @property
    def state(self) -> State:
        self.participant.refresh_from_db()
        return State(self.participant.state)

    def due_states(self) -> dict[str, DueState]:
        """Return obligation key → state now, for all that are in the plan."""
        rows = Obligation.objects.in_force().filter(participant=self.participant)
        return {line.obligation.key: line.state for line in due_for(self.participant, list(rows), self.now)}


def refer(ward: Ward, *, arm: Arm = Arm.INTRAVENOUS, at: datetime = START_AT) -> Story:
    participant = refer_participant(
        site=ward.site,
        referred_at=at,
        intended_arm=arm,
        by=ward.coordinator,
        at=at,
        sex="female",
        birth_year=1961,
    )
    return Story(ward=ward, participant=participant, now=at, arm=arm)


FIRST_SERIES = [
    *(f"V-D{day}#1" for day in (1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28)),
    *(f"V-M{m}#1" for m in (2, 3, 6, 9, 12)),
]

_PATH = (
    State.REFERRED,
    State.SCREENING,
    State.ELIGIBLE,
    State.ENROLLED,
    State.LEUKAPHERESIS,
    State.MANUFACTURING,
    State.LYMPHODEPLETION,
    State.INFUSED,
    State.FOLLOW_UP,
    State.COMPLETED,
)


def participant_at(
    state: State, *, ward: Ward | None = None, arm: Arm = Arm.INTRAVENOUS, at: datetime = START_AT
) -> Story:
    """Return a story whose participant has come, on schedule, to a state of the regular path."""
    story = refer(ward or make_ward(), arm=arm, at=at)
    for step in _PATH[1 : _PATH.index(state) + 1]:
        _STEPS[step](story)
    return story


def _to_screening(story: Story) -> None:
    story.wait(1).signs()
    story.wait(1).starts_screening()


def _to_eligible(story: Story) -> None:
    story.wait(5).finds_everything_in_order()
    story.is_confirmed()


def _to_enrolled(story: Story) -> None:
    story.wait(1).enrols()


def _to_leukapheresis(story: Story) -> None:
    story.wait(3).gives_cells()


def _to_manufacturing(story: Story) -> None:
    story.wait(1).has_lot_started()


def _to_lymphodepletion(story: Story) -> None:
    story.wait(13).has_lot_released()
    story.wait(1).has_infusion_planned((story.now + timedelta(days=13)).date())
    story.wait(7).comes_to("V-BL#1")
    for day in (1, 2, 3):
        story.wait(1).gets_lymphodepletion(day)


def _to_infused(story: Story) -> None:
    story.wait(3).gets_infusion()


def _to_follow_up(story: Story) -> None:
    for key in FIRST_SERIES[:10]:
        story.comes_on_target(key)


def _to_completed(story: Story) -> None:
    for key in FIRST_SERIES[10:]:
        story.comes_on_target(key)
    story.wait(1).completes()


_STEPS = {
    State.SCREENING: _to_screening,
    State.ELIGIBLE: _to_eligible,
    State.ENROLLED: _to_enrolled,
    State.LEUKAPHERESIS: _to_leukapheresis,
    State.MANUFACTURING: _to_manufacturing,
    State.LYMPHODEPLETION: _to_lymphodepletion,
    State.INFUSED: _to_infused,
    State.FOLLOW_UP: _to_follow_up,
    State.COMPLETED: _to_completed,
}
