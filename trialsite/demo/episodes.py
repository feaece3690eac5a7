"""How a participant's way is told: the regular path with jitter, and where each trouble leaves it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from infusion.rules.custody import ExcursionVerdict
from infusion.services.adverse_events import record_adverse_event, record_safety_report
from infusion.services.custody import decide_excursion
from participants.models import DispositionKind, IcfVersion
from participants.states import State
from trialsite.demo import texture
from trialsite.demo.bedside import Bedside
from trialsite.demo.evidence import lower_platelets
from trialsite.demo.responses import is_scanned
from trialsite.demo.story import Story
from trialsite.demo.troubles import Trouble
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Arm, ObligationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What is the same for everybody: the second consent form, when it came into force, the rounds at the bedside."""

    second: IcfVersion
    revised_at: datetime
    bedside: Bedside


def tell(story: Story, trouble: Trouble, rng: Random, telling: Telling) -> None:
    """Tell the story until it ends or `story.until` is reached, which raises NotYet."""
    story.on_arrival = lambda arrived: _on_arrival(arrived, trouble, telling)
    if not _screening(story, trouble, rng, telling):
        return
    story.wait(rng.randint(0, 3)).enrols()
    if not _cells(story, trouble, rng, telling):
        return
    _treatment(story, trouble, rng, telling)
    _follow_up(story, trouble, rng, telling)


def _on_arrival(story: Story, trouble: Trouble, telling: Telling) -> None:
    if trouble is not Trouble.FORGOT_TO_SIGN:
        _signs_if_owed(story, telling)
    telling.bedside.catch_up(story)


def _screening(story: Story, trouble: Trouble, rng: Random, telling: Telling) -> bool:
    """True if the participant is eligible in the end."""
    if trouble is Trouble.NOT_SCREENED:
        story.wait(6).leaves(DispositionKind.REFERRAL_CLOSED, explanation="Chose treatment nearer home")
        return False
    story.wait(rng.randint(1, 4), hours=rng.randint(0, 3))
    _signs_what_is_in_force(story, telling)
    story.wait(hours=2).starts_screening()
    if trouble is Trouble.METHOD_ENDED:
        story.uses_contraception("CM-INJECTION", works_days=91)
    else:
        story.uses_contraception()
    story.wait(rng.randint(4, 12))
    if trouble in {Trouble.SCREEN_FAILED, Trouble.RESCREENED}:
        story.finds_everything_in_order(but=lower_platelets("46"))
        story.fails_screening("Platelets 46 × 10⁹/L, below the limit")
        if trouble is Trouble.SCREEN_FAILED:
            return False
        story.wait(24).starts_screening()
        story.wait(6)
    story.finds_everything_in_order()
    story.wait(hours=3).is_confirmed()
    return True


def _cells(story: Story, trouble: Trouble, rng: Random, telling: Telling) -> bool:
    """True if a released product is at hand in the end."""
    story.wait(rng.randint(1, 6)).gives_cells()
    story.wait(1).has_lot_started()
    if trouble is Trouble.DIED_IN_MANUFACTURING:
        story.wait(6).leaves(DispositionKind.DIED, cause_of_death="Progression of lung cancer")
        return False
    if trouble is Trouble.WITHDREW_BEFORE_INFUSION:
        story.wait(9).leaves(DispositionKind.WITHDRAWN_FROM_TREATMENT, decided_by="participant")
        return False
    if trouble is Trouble.FAILED_LOT:
        story.wait(11).has_lot_tested(VIABILITY="58")
        story.has_lot_failed("Viability 58 %, below the release limit")
        story.wait(5).gives_cells()
        story.wait(1).has_lot_started()
    story.wait(rng.randint(11, 18))
    if trouble is Trouble.RESCREENED:
        story.has_lot_tested(VIABILITY="68.5")
        story.is_treated_under_exception()
    story.has_lot_released()
    if trouble in _CHAIN_IS_TOLD:
        _chain(story, is_warm=trouble is Trouble.FAILED_LOT)
    return True


_CHAIN_IS_TOLD = frozenset({Trouble.FAILED_LOT, Trouble.RESCREENED, Trouble.CRS_AND_DLT})


def _chain(story: Story, *, is_warm: bool) -> None:
    """Where the bag has been; is_warm: the courier's box was too warm, and stability allowed its use."""
    story.moves_bag("stored", place="Cell laboratory, tank 3")
    shipped = story.moves_bag(
        "shipped", place="On the road, box 12", temperature_c="-118.5" if is_warm else "-151"
    )
    if is_warm:
        decide_excursion(
            entry=shipped,
            verdict=ExcursionVerdict.USABLE,
            decided_at=story.now,
            by=story.ward.investigator,
            at=story.now,
            reason="Twenty minutes above the limit; stability is proven for two hours",
        )
    story.moves_bag("received", place="Ward pharmacy, tank 1")


def _treatment(story: Story, trouble: Trouble, rng: Random, telling: Telling) -> None:
    story.wait(rng.randint(1, 3))
    story.has_infusion_planned((story.now + timedelta(days=13)).date())
    if trouble is Trouble.LEAP_DAY:
        story.has_infusion_planned(Trouble.leap_day_infusion(story.until or story.now).date())
    story.comes_on_target("V-BL#1", delay_days=-rng.randint(0, 2))
    for day in (1, 2, 3):
        _goes_to_target(story, f"V-LD{day}#1")
        story.gets_lymphodepletion(day)
    _goes_to_target(story, "V-D0#1")
    story.is_cleared_for_infusion()
    if trouble is Trouble.WRONG_ROUTE:
        other = Arm.INTRAVENOUS if story.arm is Arm.INTRAPLEURAL else Arm.INTRAPLEURAL
        story.gets_infusion(route=other, reason="Catheter could not be placed; given by the other route")
    else:
        story.gets_infusion()
    telling.bedside.begin(story)


def _follow_up(story: Story, trouble: Trouble, rng: Random, telling: Telling) -> None:
    visits = [item for item in resolve("1.0").schedule if item.id[:3] in {"V-D", "V-M"} and item.id != "V-D0"]
    for order, visit in enumerate((v for v in visits if v.kind is ObligationKind.VISIT), start=1):
        if visit.id == "V-D4":
            _toxicity(story, trouble, rng, telling)
        if _left(story, trouble, visit.id):
            return
        if texture.is_visit_missed(rng, order):
            continue
        delay = texture.visit_delay_days(rng, visit.lower_days, visit.upper_days)
        _comes(story, trouble, f"{visit.id}#1", delay, telling)
        if visit.id == "V-M12":
            story.wait(3).completes()
    if trouble is Trouble.LEAP_DAY:
        story.comes_on_target("V-M18#1")


def _comes(story: Story, trouble: Trouble, key: str, delay: int, telling: Telling) -> None:
    target_on = story.target_of(key)
    if target_on is None:
        return
    story.goes_to(max(story.morning_of(target_on, delay), story.now))
    forgot = trouble is Trouble.FORGOT_TO_SIGN and story.now > telling.revised_at
    story.comes_to(key, reason="The new consent form was overlooked at this visit" if forgot else "")
    is_scanned(story, trouble, key)


def _left(story: Story, trouble: Trouble, visit: str) -> bool:
    """True if the participant left before this visit."""
    if trouble is Trouble.WITHDREW_FROM_VISITS and visit == "V-M3":
        story.wait(12).leaves(DispositionKind.WITHDRAWN_FROM_VISITS, decided_by="participant")
        return True
    if trouble is Trouble.DIED_IN_FOLLOW_UP and visit == "V-M6":
        story.wait(40).leaves(DispositionKind.DIED, cause_of_death="Progression of lung cancer")
        return True
    if trouble is Trouble.LOST and visit == "V-M6":
        story.wait(95).leaves(DispositionKind.LOST_TO_FOLLOW_UP, contact_attempts=3)
        return True
    if trouble is Trouble.PROGRESSED_WITH_SECOND_INFUSION and visit == "V-M6":
        story.wait(30).gets_infusion(reason="Second dose of the same lot, without lymphodepletion")
        for day in (1, 2, 3):
            story.comes_on_target(f"V-D{day}#2")
        return True
    return False


def _toxicity(story: Story, trouble: Trouble, rng: Random, telling: Telling) -> None:
    """Cytokine release in every third, a DLT once, serious events reported late or not yet."""
    onset_at = story.now - timedelta(hours=min(texture.reporting_lag_hours(rng), 20))
    is_serious = trouble in {Trouble.CRS_AND_DLT, Trouble.SAE_REPORTED_LATE, Trouble.SAE_OPEN}
    is_watched = telling.bedside.watches(story)  # what the rounds find becomes the event
    if not is_serious and (is_watched or rng.random() > 0.33):
        return
    event = record_adverse_event(
        participant=story.participant,
        term="Pneumonia" if is_watched else "Cytokine release syndrome",
        onset_at=onset_at,
        aware_at=story.now,
        toxicity_grade=4 if trouble is Trouble.CRS_AND_DLT else 3 if is_serious else rng.randint(1, 2),
        is_serious=is_serious,
        is_special_interest=trouble is Trouble.CRS_AND_DLT,
        is_dlt=trouble is Trouble.CRS_AND_DLT,
        by=story.ward.nurse,
        at=story.now,
    )
    if not is_serious or trouble is Trouble.SAE_OPEN:
        return
    hours = 39 if trouble is Trouble.SAE_REPORTED_LATE else 6
    story.wait(hours=hours)
    for clock in ["C-SAE", "C-AESI"] if event.is_special_interest else ["C-SAE"]:
        record_safety_report(
            adverse_event=event,
            clock_id=clock,
            sent_at=story.now,
            recipient="Sponsor safety desk",
            by=story.ward.coordinator,
            at=story.now,
        )


def _signs_what_is_in_force(story: Story, telling: Telling) -> None:
    story.signs(telling.second if story.now >= telling.revised_at else None)


def _signs_if_owed(story: Story, telling: Telling) -> None:
    """Sign the second form at the first contact after it came into force."""
    if story.now <= telling.revised_at or story.consent is None or story.consent.icf_id == telling.second.pk:
        return
    if story.state not in {State.WITHDRAWN, State.DIED, State.SCREEN_FAILED, State.NOT_SCREENED}:
        story.signs(telling.second)


def _goes_to_target(story: Story, key: str, delay_days: int = 0) -> None:
    story.goes_to(max(story.moment_of(key, delay_days), story.now))
