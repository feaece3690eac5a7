"""The rounds at the bedside of those who are within their days of monitoring: drawn beforehand, recorded as time passes.

One of them runs through a CRS of grade 2 that tocilizumab ends; its adverse event follows from the rounds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from infusion.models import Infusion
from infusion.rules.bedside import RoundFindings
from infusion.rules.grading.crs import Hypotension, OxygenDevice
from infusion.rules.grading.icans import Consciousness, Seizure
from infusion.rules.grading.ice import IceAnswers
from infusion.services.bedside import RoundEntry, record_rounds
from trialsite.demo.story import Story, there
from trialsite.demo.texture_assumed import AssumedCrs
from trialsite.demo.texture_vitals import VitalSigns, vital_signs
from trialsite.protocol.types import Arm
from trialsite.protocol.windows import civil_date

DAY_0 = (-20, 15, 30, 45, 60, 90, 120, 180, 240, 480, 720, 960, 1200, 1440)  # minutes from the start
HOURS = {**dict.fromkeys(range(1, 8), (7, 14, 21)), **dict.fromkeys(range(8, 15), (10,))}  # by day
CRS_MINUTES = (52 * 60, 76 * 60)
CRS_EVERY = 90  # minutes between rounds while the grade is raised
CHEST_IMAGE_AT = (180, 1440)
LEFT_OUT = 0.03  # of the rounds after day 0
WRITTEN_AFTER = timedelta(minutes=10)
WRITTEN_TOGETHER = timedelta(hours=8)  # rounds so close are written up in one go
_ALL_RIGHT = IceAnswers(
    year=True,
    month=True,
    city=True,
    hospital=True,
    objects_named=3,
    follows_command=True,
    writes_sentence=True,
    counts_backwards=True,
)


@dataclass
class Bedside:
    """since: rounds are logged for infusions begun after. crs_at: code of the site where somebody has a CRS.

    waiting: by participant, the rounds still to be recorded.
    """

    since: datetime
    crs_at: str
    waiting: dict[UUID, list[RoundEntry]] = field(default_factory=dict)
    has_crs: bool = False

    def watches(self, story: Story) -> bool:
        return story.participant.pk in self.waiting

    def begin(self, story: Story) -> None:
        """Draw the rounds of an infusion that was just recorded."""
        infusion, until = there(story.infusion), story.until or story.now
        if infusion.started_at < self.since:
            return
        is_long_enough = until - infusion.started_at > timedelta(minutes=CRS_MINUTES[1])
        is_crs = is_long_enough and not self.has_crs and story.ward.site.code == self.crs_at
        self.has_crs = self.has_crs or is_crs
        crs = AssumedCrs(*CRS_MINUTES, grade=2) if is_crs else None
        drawn = Random(story.participant.code)
        self.waiting[story.participant.pk] = list(_rounds(drawn, infusion, story, crs))

    def catch_up(self, story: Story) -> None:
        """Record what was found since the clock stood here last."""
        waiting = self.waiting.get(story.participant.pk, [])
        taken = [one for one in waiting if one.findings.taken_at + WRITTEN_AFTER <= story.now]
        for group in _groups(taken):
            record_rounds(
                participant=story.participant,
                entries=group,
                by=story.ward.nurse,
                at=group[-1].findings.taken_at + WRITTEN_AFTER,
            )
        del waiting[: len(taken)]


def _groups(entries: list[RoundEntry]) -> Iterator[list[RoundEntry]]:
    group: list[RoundEntry] = []
    for one in entries:
        if group and one.findings.taken_at - group[0].findings.taken_at > WRITTEN_TOGETHER:
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _rounds(rng: Random, infusion: Infusion, story: Story, crs: AssumedCrs | None) -> Iterator[RoundEntry]:
    minutes = sorted({*DAY_0, *_daily(rng, infusion, story.ward.site.time_zone), *_in_crs(crs)})
    treated_at = None
    for signs in vital_signs(rng, minutes, crs, has_gaps=False):
        taken_at = infusion.started_at + timedelta(minutes=signs.minute)
        found = _quiet(taken_at)
        if infusion.route == Arm.INTRAPLEURAL.value:
            found = _with_drain(found, signs.minute, rng)
        if crs and crs.first_minute < signs.minute < crs.last_minute:
            strength = crs.shift((0, 1), signs.minute)
            is_low = strength > 0.5
            if is_low and treated_at is None:
                treated_at = taken_at
            found = replace(
                found,
                hypotension=Hypotension.WITHOUT_VASOPRESSOR if is_low else Hypotension.NONE,
                anticytokine_at=taken_at if taken_at == treated_at else None,
            )
        yield RoundEntry(findings=found, vital_signs=_values(signs))


def _daily(rng: Random, infusion: Infusion, zone: str) -> Iterator[int]:
    day_0 = civil_date(infusion.started_at, zone)
    for day, hours in HOURS.items():
        for hour in hours:
            at = datetime.combine(day_0 + timedelta(days=day), time(hour), tzinfo=ZoneInfo(zone))
            after = at.astimezone(UTC) - infusion.started_at
            if rng.random() >= LEFT_OUT:
                yield int(after.total_seconds() // 60) + rng.randint(-20, 20)


def _in_crs(crs: AssumedCrs | None) -> range:
    return range(crs.first_minute + CRS_EVERY, crs.last_minute, CRS_EVERY) if crs else range(0)


def _quiet(taken_at: datetime) -> RoundFindings:
    return RoundFindings(
        taken_at=taken_at,
        hypotension=Hypotension.NONE,
        oxygen_device=OxygenDevice.ROOM_AIR,
        ice=_ALL_RIGHT,
        consciousness=Consciousness.AWAKE,
        seizure=Seizure.NONE,
        has_deep_focal_weakness=False,
        pressure_signs=(),
    )


def _with_drain(found: RoundFindings, minute: int, rng: Random) -> RoundFindings:
    return replace(
        found,
        pain_score=rng.choice((0, 0, 1, 2)),
        has_dyspnoea=False,
        chest_image="no_pneumothorax" if minute in CHEST_IMAGE_AT else "",
        drained_volume_ml=Decimal(rng.randint(2, 16) * 10) if minute > CHEST_IMAGE_AT[1] else None,
    )


def _values(signs: VitalSigns) -> dict[str, Decimal]:
    values = {
        "SYSBP": signs.systolic_mmhg,
        "DIABP": signs.diastolic_mmhg,
        "PULSE": signs.pulse_per_minute,
        "TEMP": signs.temperature_c,
        "RESP": signs.breaths_per_minute,
        "OXYSAT": signs.oxygen_saturation_percent,
    }
    return {code: Decimal(value) for code, value in values.items() if value is not None}
