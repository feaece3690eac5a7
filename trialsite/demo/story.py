"""One participant's way through the trial, act by act, on a clock of its own. Every act is a service call.

The demo cohort is told with it, and the tests take participants to a state with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from followup.models import MethodUse, Visit
from followup.rules.procedures import ProcedureEntry
from followup.services.contraception import Used, record_method
from followup.services.visits import complete_study, record_visit
from infusion.models import (
    AdverseEvent,
    BridgingTherapy,
    CellProduct,
    Cohort,
    CohortSlot,
    ConfidentialTest,
    CustodyEntry,
    Infusion,
    Leukapheresis,
)
from infusion.models.confidential import Specimen, TestOutcome
from infusion.queries.readiness import bag_label
from infusion.rules.bag_codes import RANDOM_LENGTH, BagKind, make_bag_code
from infusion.rules.conditioning import BodyMeasures
from infusion.rules.custody import CustodyStep
from infusion.rules.intrapleural import CatheterProof
from infusion.rules.readiness import DrugClass, StopAnswer
from infusion.rules.release import Decision, ReleaseResult, SponsorDecision
from infusion.services.bridging import record_bridging
from infusion.services.cohorts import open_cohort, take_slot
from infusion.services.conditioning import plan_infusion, record_lymphodepletion_dose
from infusion.services.confidential_tests import DoneTest, record_test
from infusion.services.custody import Handling, record_custody
from infusion.services.infusion_facts import RouteDetails
from infusion.services.infusions import record_infusion
from infusion.services.leukaphereses import record_leukapheresis
from infusion.services.product_dispositions import Told, record_disposition_of_product
from infusion.services.products import fail_product, release_product, start_manufacturing
from infusion.services.readiness import (
    confirm_identity,
    prepare_dose,
    record_premedication,
    record_stop_checks,
)
from infusion.services.release_tests import GivenResult, record_release_tests
from infusion.states import CohortKind
from participants.models import Consent, DispositionKind, IcfVersion, Obligation, Participant
from participants.queries.worklist import due_for
from participants.services.consents import record_consent
from participants.services.dispositions import record_disposition
from participants.states import State
from screening.models import ScreeningEpisode
from screening.rules.items import BY_ID
from screening.services.decisions import confirm_eligibility, enrol, record_screen_failure
from screening.services.episodes import start_screening
from screening.services.evidence import Given, record_evidence
from screening.services.rechecks import recheck_eligibility
from trialsite.accounts.models import Site, User
from trialsite.demo.evidence import RENEWED, Entry, eligible_answers, given
from trialsite.protocol.codes import ALPHABET
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Arm, DueState, ReleaseTest, Sign
from trialsite.protocol.windows import civil_date

HEIGHT_CM = Decimal("167.0")
WEIGHT_KG = Decimal("60.0")

T = TypeVar("T")
_TESTS = frozenset(one.id for one in resolve("1.0").scheduled_tests)


class NotYet(LookupError):
    """The story has not come to what this act needs."""


def there(found: T | None) -> T:
    if found is None:
        raise NotYet("the story has not come this far")
    return found


def certified(test: ReleaseTest, departing: str | None = None) -> ReleaseResult:
    """The result of a test: at the bound of its specification, or as `departing` says."""
    if test.value is None:
        return ReleaseResult(test_id=test.id, finding=departing or test.finding)
    if departing is not None:
        return ReleaseResult(test_id=test.id, value=Decimal(departing))
    within = {Sign.BELOW: Decimal("0.5"), Sign.AT_MOST: test.value - 2}
    return ReleaseResult(test_id=test.id, value=within.get(test.sign or Sign.AT_LEAST, test.value + 5))


@dataclass
class Ward:
    """A site with one person per role, protocol 1.0 and an ICF in force."""

    site: Site
    coordinator: User
    nurse: User
    investigator: User
    admin: User
    icf: IcfVersion


def expansion_for(story: Story, *, is_new: bool = False) -> Cohort:
    """Return an expansion cohort with room enough at the dose level, opened where there is none or a new one is asked for."""
    level = story.dose_level
    expansions = Cohort.objects.filter(dose_level=level, kind=CohortKind.EXPANSION, closed_at=None)
    return (None if is_new else expansions.first()) or open_cohort(
        dose_level=level,
        kind=CohortKind.EXPANSION,
        opened_at=story.now - timedelta(days=400),
        capacity=60,
        already_happened=True,
        by=story.ward.investigator,
        at=story.now,
        reason="The escalation was completed before this record began",
    )


@dataclass
class Story:
    """One participant's way through the trial. `now` moves on; each method is one recorded act.

    until: the clock never passes it. on_arrival: called whenever the clock has moved.
    level: the dose level, "" for the lowest. cohort_for: where the participant takes a slot at enrolment.
    answers: what a visit's procedures came to, by the key of the visit; None = nobody answered yet.
    """

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
    until: datetime | None = None
    on_arrival: Callable[[Story], object] | None = None
    lots: int = 0
    ready_at: datetime | None = None
    level: str = ""
    slot: CohortSlot | None = None
    cohort_for: Callable[[Story], Cohort] = expansion_for
    answers: Callable[[Story, str], list[ProcedureEntry]] | None = None

    def wait(self, days: float = 0, *, hours: float = 0) -> Story:
        return self.goes_to(self.now + timedelta(days=days, hours=hours))

    def goes_to(self, now: datetime) -> Story:
        """Move the clock. Raises NotYet where that lies behind the end of the story."""
        if self.until is not None and now > self.until:
            raise NotYet("the story has not come this far")
        self.now = now
        if self.on_arrival is not None:
            self.on_arrival(self)
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

    def finds(self, item: str, entry: Entry, *, reason: str = "", taken_at: datetime | None = None) -> None:
        """Answer one item; `entry` without a date is dated today."""
        on = civil_date(self.now, self.participant.site.time_zone).isoformat()
        one = Given(
            item=item,
            entry={"on": on, **entry},
            taken_at=taken_at or self.now,
            is_confirmed=True,
        )
        by = self.ward.investigator if BY_ID[item].is_judgement else self.ward.coordinator
        record_evidence(episode=there(self.episode), given=[one], by=by, at=self.now, reason=reason)

    def finds_everything_in_order(self, but: Mapping[str, Entry | None] | None = None) -> None:
        """Answer every item in the participant's favour, except those in `but` (None: left open)."""
        on = civil_date(self.now, self.participant.site.time_zone)
        answers = eligible_answers(on, self.arm, is_woman=self.participant.sex != "male")
        for item, entry in (but or {}).items():
            if entry is None:
                answers.pop(item, None)
            else:
                answers[item] = {"on": on.isoformat(), **entry}
        self._records(answers)

    def renews_evidence(self, items: Iterable[str] = RENEWED) -> None:
        """Take what lapses anew, on the day."""
        on = civil_date(self.now, self.participant.site.time_zone)
        answers = eligible_answers(on, self.arm, is_woman=self.participant.sex != "male")
        renewed = {key: answers[key] for key in items if key in answers}
        found = [*given(renewed, self.now, judged=False), *given(renewed, self.now, judged=True)]
        by = self.ward.investigator  # who does the re-check, and may enter both facts and opinions
        record_evidence(episode=there(self.episode), given=found, by=by, at=self.now)

    def _records(self, answers: Mapping[str, Entry]) -> None:
        """The coordinator enters the facts, the investigator gives the opinions."""
        for by, judged in ((self.ward.coordinator, False), (self.ward.investigator, True)):
            found = given(answers, self.now, judged=judged)
            record_evidence(episode=there(self.episode), given=found, by=by, at=self.now)

    def is_rechecked(self, key: str) -> None:
        recheck_eligibility(
            participant=self.participant,
            obligation_key=key,
            checked_at=self.now,
            by=self.ward.investigator,
            at=self.now,
        )

    def fails_screening(self, reason: str) -> None:
        record_screen_failure(
            episode=there(self.episode),
            decided_at=self.now,
            by=self.ward.investigator,
            at=self.now,
            reason=reason,
        )

    def is_confirmed(self) -> None:
        confirm_eligibility(
            episode=there(self.episode), decided_at=self.now, by=self.ward.investigator, at=self.now
        )

    def enrols(self) -> Participant:
        """Enrol at the dose level of the cohort, and take a slot at once."""
        cohort = self.cohort_for(self)
        self.level = cohort.dose_level
        self.enrols_without_slot()
        self.takes_slot(cohort)
        return self.participant

    def takes_slot(self, cohort: Cohort) -> CohortSlot:
        self.slot = take_slot(
            participant=self.participant,
            cohort=cohort,
            taken_at=self.now,
            by=self.ward.coordinator,
            at=self.now,
        )
        return self.slot

    def enrols_without_slot(self) -> Participant:
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
        return self.level or next(one.id for one in resolve("1.0").dose_levels if one.arm is self.arm)

    def gives_cells(self) -> Leukapheresis:
        self.leukapheresis = record_leukapheresis(
            participant=self.participant,
            performed_at=self.now,
            bag_code=self._bag_code(BagKind.APHERESIS),
            by=self.ward.nurse,
            at=self.now,
        )
        return self.leukapheresis

    def _bag_code(self, kind: BagKind) -> str:
        """The same for the same participant on the same day, as all of the cohort is."""
        drawn = Random(f"{self.participant.code} {kind} {self.now.isoformat()}")
        return make_bag_code(kind, "".join(drawn.choices(ALPHABET, k=RANDOM_LENGTH)))

    def has_lot_started(self) -> CellProduct:
        self.lots += 1
        self.product = start_manufacturing(
            leukapheresis=there(self.leukapheresis),
            lot=f"{self.participant.code}-L{self.lots}",
            started_at=self.now,
            bag_code=self._bag_code(BagKind.PRODUCT),
            by=self.ward.coordinator,
            at=self.now,
        )
        return self.product

    def has_lot_tested(self, *, reason: str = "", **departing: str) -> None:
        """Enter the certificate of the lot: every test as its specification wants it, but for those in `departing`.

        departing: test id without its prefix → the value or finding instead.
        """
        found = [
            GivenResult(
                result=certified(test, departing.get(test.id.removeprefix("RT-"))),
                tested_at=self.now,
                laboratory="Quality control",
            )
            for test in resolve("1.0").release_tests
        ]
        record_release_tests(
            product=there(self.product), results=found, by=self.ward.coordinator, at=self.now, reason=reason
        )

    def is_treated_under_exception(self) -> None:
        """The investigator decides so; sponsor, ethics committee and participant know, and the dose is counted anew."""
        told = Told(
            sponsor_decision=SponsorDecision.AGREED,
            sponsor_decided_by="Medical monitor",
            sponsor_decided_at=self.now,
            ethics_informed_at=self.now,
            participant_informed_at=self.now,
            participant_informed_by="The investigator",
        )
        record_disposition_of_product(
            product=there(self.product),
            decision=Decision.TREAT_UNDER_EXCEPTION,
            decided_at=self.now,
            told=told,
            recalculated_cells=10**9,
            by=self.ward.investigator,
            at=self.now,
            reason="No other treatment is left, and a new lot takes a month",
        )

    def moves_bag(
        self,
        step: str,
        *,
        place: str = "Cell laboratory",
        temperature_c: str = "-150",
        storage_id: str = "ST-VAPOUR",
    ) -> CustodyEntry:
        """Enter a step of the chain of custody of the present lot."""
        handling = Handling(
            step=CustodyStep(step),
            occurred_at=self.now,
            place=place,
            handed_by="Courier",
            taken_by="Cell laboratory",
            storage_id=storage_id,
            temperature_c=Decimal(temperature_c),
        )
        return record_custody(
            bag=there(self.product), handling=handling, by=self.ward.coordinator, at=self.now
        )

    def has_lot_released(self) -> CellProduct:
        if not there(self.product).test_results.exists():
            self.has_lot_tested()
        self.product = release_product(
            product=there(self.product),
            released_at=self.now,
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
        """Give one day's dose; before the first one eligibility is re-checked, if there was a screening."""
        if day == 1 and self.episode is not None:
            self.is_cleared_for_lymphodepletion(course=course)
        self._is_given(f"V-LD{day}#{course}")

    def gets_first_dose_unchecked(self) -> None:
        self._is_given("V-LD1#1")

    def _is_given(self, key: str) -> None:
        record_lymphodepletion_dose(
            participant=self.participant,
            obligation_key=key,
            given_at=self.now,
            fludarabine_mg_per_m2=Decimal("30"),
            cyclophosphamide_mg_per_m2=Decimal("300"),
            measures=self.measures,
            fludarabine_mg=Decimal("50"),
            cyclophosphamide_mg=Decimal("500"),
            by=self.ward.nurse,
            at=self.now,
        )

    def gets_bridging(self) -> BridgingTherapy:
        """A drug that ended with the month before last."""
        started_on = civil_date(self.now, self.ward.site.time_zone) - timedelta(days=90)
        return record_bridging(
            participant=self.participant,
            drug="Pemetrexed",
            drug_class="chemotherapy",
            dose="500 mg/m²",
            started_on=started_on,
            ended_on=started_on + timedelta(days=1),
            by=self.ward.nurse,
            at=self.now,
        )

    @property
    def measures(self) -> BodyMeasures:
        """1.6683 m²: at 30 and 300 mg/m² some 50 and 500 mg are planned."""
        today = civil_date(self.now, self.ward.site.time_zone)
        return BodyMeasures(height_cm=HEIGHT_CM, height_on=today, weight_kg=WEIGHT_KG, weight_on=today)

    def is_cleared_for_lymphodepletion(self, *, course: int = 1) -> None:
        self.renews_evidence()
        self.is_rechecked(f"T-RECHECK-LD#{course}")

    def is_cleared_for_infusion(self, *, course: int = 1) -> None:
        """The day of the infusion, before the bag is thawed: what must still hold is looked at again."""
        self.renews_evidence()
        self.is_rechecked(f"T-RECHECK-INF#{course}")

    def is_made_ready(self) -> None:
        """At the bedside: nothing stops the infusion, and two persons compare wristband and bag."""
        product, self.ready_at = there(self.product), self.now
        answers = {stop.id: StopAnswer.ABSENT for stop in resolve("1.0").stop_checks}
        record_stop_checks(
            participant=self.participant,
            answers=answers,
            answered_at=self.now - timedelta(minutes=30),
            by=self.ward.nurse,
            at=self.now,
        )
        for minutes, by in ((12, self.ward.nurse), (11, self.ward.coordinator)):
            confirm_identity(
                participant=self.participant,
                product=product,
                wristband=self.participant.code,
                bag=bag_label(product),
                confirmed_at=self.now - timedelta(minutes=minutes),
                by=by,
                at=self.now,
            )

    @property
    def dose_cells(self) -> int:
        level = next(level for level in resolve("1.0").dose_levels if level.id == self.dose_level)
        return int(level.nominal_cells_per_kg * WEIGHT_KG)

    def has_dose_prepared(self, *, volume_ml: Decimal = Decimal("50.0")) -> None:
        prepare_dose(
            participant=self.participant,
            product=there(self.product),
            prepared_cells=self.dose_cells,
            prepared_volume_ml=volume_ml,
            weight_kg=WEIGHT_KG,
            weight_on=civil_date(self.now, self.ward.site.time_zone),
            thawed_at=self.now - timedelta(minutes=10),
            by=self.ward.nurse,
            at=self.now,
        )

    def gets_premedication(self, drug: str = "Diphenhydramine") -> None:
        record_premedication(
            participant=self.participant,
            drug=drug,
            drug_class=DrugClass.ANTIHISTAMINE,
            dose="25 mg",
            given_at=self.now - timedelta(minutes=20),
            by=self.ward.nurse,
            at=self.now,
        )

    def gets_infusion(self, *, route: Arm | None = None, reason: str = "") -> Infusion:
        """Make ready, infuse and write it up at once; what belongs to the other route is left out."""
        route = route or self.arm
        if self.ready_at != self.now:
            self.is_made_ready()
        details = (
            RouteDetails(
                access_line="central venous", rate_ml_per_h=Decimal("120"), infused_volume_ml=Decimal("50")
            )
            if route is Arm.INTRAVENOUS
            else RouteDetails(
                catheter_position="right, 5th intercostal space",
                catheter_proof=CatheterProof.ULTRASOUND,
                drained_at=self.now - timedelta(minutes=40),
                drained_colour="straw-coloured",
                drained_volume_ml=Decimal("400"),
                instilled_volume_ml=Decimal("50"),
                flush_volume_ml=Decimal("10"),
            )
        )
        self.infusion = record_infusion(
            participant=self.participant,
            product=there(self.product),
            route=route,
            started_at=self.now,
            thawed_at=self.now - timedelta(minutes=10),
            infused_cells=self.dose_cells,
            weight_kg=WEIGHT_KG,
            weight_on=civil_date(self.now, self.ward.site.time_zone),
            details=details,
            by=self.ward.nurse,
            at=self.now,
            reason=reason,
        )
        return self.infusion

    def comes_to(self, key: str, *, reason: str = "") -> Visit:
        """Record a visit, with the confidential test that belongs to it where one is owed."""
        visit = record_visit(
            participant=self.participant,
            obligation_key=key,
            performed_at=self.now,
            procedures=self.answers(self, key) if self.answers else (),
            by=self.ward.nurse,
            at=self.now,
            reason=reason,
        )
        test_key = f"K-{key.removeprefix('V-')}"
        if test_key.partition("#")[0] in _TESTS and self.owes(test_key):
            self.is_tested(test_key)
        return visit

    def uses_contraception(self, method: str = "CM-CONDOM", *, works_days: int | None = None) -> MethodUse:
        """From the day of consent on; works_days: how long an injection or implant works."""
        started_on = civil_date(there(self.consent).signed_at, self.ward.site.time_zone)
        until = None if works_days is None else started_on + timedelta(days=works_days - 1)
        used = Used(method=method, started_on=started_on, effective_last_on=until)
        return record_method(participant=self.participant, used=used, by=self.ward.coordinator, at=self.now)

    def owes(self, key: str) -> bool:
        mine = Obligation.objects.in_force().filter(participant=self.participant, key=key)
        return mine.filter(fulfilled_at=None, ended_at=None).exists()

    def is_tested(self, key: str = "", *, outcome: str = TestOutcome.NEGATIVE) -> ConfidentialTest:
        tested = DoneTest(
            taken_on=civil_date(self.now, self.ward.site.time_zone),
            specimen=Specimen.URINE,
            outcome=outcome,
            obligation_key=key,
        )
        return record_test(participant=self.participant, tested=tested, by=self.ward.nurse, at=self.now)

    def comes_on_target(self, key: str, *, delay_days: int = 0, reason: str = "") -> Visit:
        """Move the clock to the target date of a visit plus a delay and record it."""
        self.goes_to(max(self.moment_of(key, delay_days), self.now))
        return self.comes_to(key, reason=reason)

    def moment_of(self, key: str, delay_days: int = 0) -> datetime:
        """Return 10:00 at the site on the target date of an obligation, some days later or earlier."""
        return self.morning_of(there(self.target_of(key)), delay_days)

    def target_of(self, key: str) -> date | None:
        """Return the target date of an obligation in force, or None."""
        mine = Obligation.objects.in_force().filter(participant=self.participant, key=key)
        return mine.values_list("target_on", flat=True).first()

    def morning_of(self, on: date, delay_days: int = 0) -> datetime:
        moment = datetime.combine(
            on + timedelta(days=delay_days), time(10), tzinfo=ZoneInfo(self.ward.site.time_zone)
        )
        return moment.astimezone(UTC)

    def leaves(self, kind: DispositionKind, *, reason: str = "", **details: Any) -> None:
        record_disposition(
            participant=self.participant,
            kind=kind,
            occurred_at=self.now,
            by=self.ward.coordinator,
            at=self.now,
            reason=reason,
            **details,
        )

    def has_lot_failed(self, reason: str) -> CellProduct:
        self.product = fail_product(
            product=there(self.product),
            failed_at=self.now,
            by=self.ward.coordinator,
            at=self.now,
            reason=reason,
        )
        return self.product

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
