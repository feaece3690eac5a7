"""Sixty ways through the trial, spread over all stages, with the trouble that real trials have.

Deterministic: the same day and seed give the same cohort, subject codes included.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from participants.models import IcfVersion, Reminder, ReminderStatus
from participants.services.delivery import deliver_once
from participants.services.identities import record_identity
from participants.services.notices import sweep_notices
from participants.services.referral import refer_participant
from participants.services.sweep import sweep_once
from trialsite.accounts.permissions import SystemActor
from trialsite.audit.acting import acting
from trialsite.demo.bedside import Bedside
from trialsite.demo.checklists import answered
from trialsite.demo.episodes import Telling, tell
from trialsite.demo.escalation import Enrolee, Escalation
from trialsite.demo.handled import handle_deviations
from trialsite.demo.people import invent_person, open_sites, put_in_force, revise_consent_form
from trialsite.demo.questions import ask_about_the_data
from trialsite.demo.readings import record_readings
from trialsite.demo.signed import sign_a_few
from trialsite.demo.story import NotYet, Ward
from trialsite.demo.troubles import Trouble
from trialsite.protocol.codes import ALPHABET, RANDOM_LENGTH, make_code
from trialsite.protocol.reminding import Outcome
from trialsite.protocol.types import Arm
from trialsite.protocol.windows import civil_date, day_start_at

SEED = 6945523
PARTICIPANTS = 60
SWEEP = SystemActor("sweep")
REVISED_BEFORE = timedelta(days=100)  # the second consent form came into force this long ago
OPENED_BEFORE = timedelta(days=560)
ROUNDS_BEFORE = timedelta(days=13)  # bedside rounds are logged here since; before, they were on paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One participant of the cohort. referred_days_ago: before the day of loading."""

    number: int
    arm: Arm
    is_main_site: bool
    referred_days_ago: int
    trouble: Trouble = Trouble.NONE


def cast() -> tuple[Part, ...]:
    """Return the sixty parts: every stage is peopled, and each trouble happens to somebody."""
    rng = Random(SEED)
    # Dense in the early stages, which pass quickly, thinner over the long year of follow-up.
    days = sorted([*range(2, 60, 3), *range(60, 170, 5), *range(170, 540, 21)])[:PARTICIPANTS]
    parts = [
        Part(
            number=index,
            # In turn, so that both arms are told in about the same time.
            arm=Arm.INTRAPLEURAL if index % 2 else Arm.INTRAVENOUS,
            is_main_site=rng.random() < 0.65,
            referred_days_ago=ago,
        )
        for index, ago in enumerate(days)
    ]
    for trouble, days_ago in Trouble.placed():
        free = [part for part in parts if part.trouble is Trouble.NONE]
        nearest = min(free, key=lambda part: abs(part.referred_days_ago - days_ago))
        parts[nearest.number] = replace(nearest, trouble=trouble)
    return tuple(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A part with its site, its dice and its first day."""

    part: Part
    ward: Ward
    rng: Random
    referred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is there before anybody is told. The arms share nothing else, so that each can be told by itself.

    booked: everybody in the order of their referral, as the dose escalation meets them.
    """

    now: datetime
    wards: Sequence[Ward]
    second: IcfVersion
    revised_at: datetime
    rounds_begin_at: datetime
    booked: Sequence[Booked]


def load(now: datetime, *, report: Callable[[str], object] = print) -> int:
    """Tell all parts up to `now`; return how many participants there are then."""
    stage = set_stage(now)
    for arm in Arm:
        tell_arm(stage, arm, report=report)
    return close_stage(stage)


def close_stage(stage: Stage) -> int:
    """Do what is done when everybody is told; return how many participants there are."""
    sign_a_few(stage.wards[0], stage.now)
    catch_up(stage.now, stage.wards)
    ask_about_the_data(stage.now)
    return PARTICIPANTS


def set_stage(now: datetime) -> Stage:
    """Open the sites and bring both consent forms into force.

    The sites open early enough for the participant whose contraception year ran out on a 28 February.
    """
    leap_at = Trouble.leap_day_infusion(now)
    rounds_begin_at = now - ROUNDS_BEFORE
    wards = open_sites(
        since=min(now - OPENED_BEFORE, leap_at - timedelta(days=90)), rounds_begin_at=rounds_begin_at
    )
    revised_at = now - REVISED_BEFORE
    second = revise_consent_form(wards[0], at=revised_at)
    first = wards[0].icf
    for ward in wards:
        put_in_force(ward, second, at=revised_at)
        ward.icf = first
    return Stage(
        now=now,
        wards=wards,
        second=second,
        revised_at=revised_at,
        rounds_begin_at=rounds_begin_at,
        booked=_booked(now, leap_at, wards),
    )


def tell_arm(stage: Stage, arm: Arm, *, report: Callable[[str], object] = print) -> None:
    """Tell everybody of one arm."""
    # Somebody has a CRS at the bedside: in one arm, at the first site.
    crs_at = stage.wards[0].site.code if arm is Arm.INTRAPLEURAL else ""
    bedside = Bedside(since=stage.rounds_begin_at, crs_at=crs_at)
    telling = Telling(second=stage.second, revised_at=stage.revised_at, bedside=bedside)
    escalation = Escalation(arm=arm, by=stage.wards[0].investigator)
    escalation.begins(stage.booked[0].referred_at)
    cast_of_arm = [one for one in stage.booked if one.part.arm is arm]
    for told, booked in enumerate(cast_of_arm, start=1):
        _tell(booked, escalation, stage.now, telling)
        if told % 10 == 0:
            report(f"{told} of {len(cast_of_arm)} participants of the {arm.value} arm told")
    if arm is Arm.INTRAVENOUS:
        escalation.running(stage.now)  # the other arm shows decisions that are due


def _booked(now: datetime, leap_at: datetime, wards: Sequence[Ward]) -> list[Booked]:
    rng, booked = Random(SEED), []
    for part in cast():
        ward = wards[0] if part.is_main_site else wards[1]
        zone = ward.site.time_zone
        opens_at = day_start_at(civil_date(now, zone), zone) + timedelta(hours=9)
        referred_at = opens_at - timedelta(days=part.referred_days_ago, hours=-rng.randint(0, 5))
        if part.trouble is Trouble.LEAP_DAY:
            referred_at = leap_at - timedelta(days=60)
        booked.append(Booked(part=part, ward=ward, rng=Random(rng.random()), referred_at=referred_at))
    return sorted(booked, key=lambda one: one.referred_at)


def _tell(booked: Booked, escalation: Escalation, now: datetime, telling: Telling) -> None:
    part, rng = booked.part, booked.rng
    story = _referred(rng, booked.ward, part.arm, booked.referred_at, now)
    story.escalation = escalation
    story.answers = answered
    try:
        tell(story, part.trouble, rng, telling)
    except NotYet:
        story.now = now
        telling.bedside.catch_up(story)
    record_readings(story, rng)


def catch_up(at: datetime, wards: Sequence[Ward]) -> None:
    """Sweep to `at`, deal with some of what was found, and count the reminders of the past as sent: nobody is mailed about last year."""
    while sweep_once(by=SWEEP, at=at):
        continue
    handle_deviations(wards, at)
    while sweep_notices(by=SWEEP, at=at):
        continue
    with acting(by=SWEEP, at=at, action="participants.reminders_let_go"):
        Reminder.objects.filter(status=ReminderStatus.PLANNED).update(next_attempt_at=at)  # also at night
    while deliver_once(by=SWEEP, at=at, post=lambda message: Outcome.ACCEPTED):
        continue


def _referred(rng: Random, ward: Ward, arm: Arm, at: datetime, now: datetime) -> Enrolee:
    sex, birth_year, identifiers = invent_person(rng)
    participant = refer_participant(
        site=ward.site,
        referred_at=at,
        by=ward.coordinator,
        at=at,
        sex=sex,
        birth_year=birth_year,
        intended_arm=arm,
        referral_source=rng.choice(["Outpatient clinic", "County hospital", "Telephone enquiry"]),
        code=make_code(ward.site.subject_prefix, "".join(rng.choices(ALPHABET, k=RANDOM_LENGTH))),
    )
    record_identity(participant=participant, identifiers=identifiers, by=ward.coordinator, at=at)
    return Enrolee(ward=ward, participant=participant, now=at, arm=arm, until=now)
