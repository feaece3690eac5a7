"""Laboratory and vital-sign series of a told story, in the shape of real data (docs/demo-texture.md)."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from participants.models import ObservationDomain
from participants.services.observations import Reading, record_observations
from trialsite.demo.evidence import LABORATORY, reference_limits
from trialsite.demo.story import Story
from trialsite.demo.texture import LabPoint, blood_counts, lab_series
from trialsite.demo.texture_assumed import AssumedCourse
from trialsite.demo.texture_vitals import VitalSigns, vital_signs

CHEMISTRY = ("ALT", "AST", "BILI", "CREAT")
_LIMITS = reference_limits()


def record_readings(story: Story, rng: Random) -> None:
    """Record a round of laboratory and vital signs for each visit that took place, all in one call."""
    visits = list(story.participant.visits.order_by("performed_at"))
    if not visits:
        return
    start = visits[0].performed_at
    days = sorted({(visit.performed_at - start).days for visit in visits})
    infusion = story.participant.infusions.order_by("started_at").first()
    course = AssumedCourse((infusion.started_at - start).days) if infusion else None
    laboratory = blood_counts(rng, days, course=course)
    laboratory |= {test: lab_series(rng, test, days, course=course) for test in CHEMISTRY}
    vitals = dict(zip(days, vital_signs(rng, [day * 1440 for day in days]), strict=True))
    readings: list[Reading] = []
    for visit in {(visit.performed_at - start).days: visit for visit in visits}.values():
        index = days.index((visit.performed_at - start).days)
        taken_at = visit.performed_at + timedelta(minutes=20)
        found = [_laboratory(test, series[index], taken_at) for test, series in laboratory.items()]
        found += _vital_signs(vitals[days[index]], taken_at)
        readings += [replace(one, obligation_key=visit.obligation_key) for one in found]
    record_observations(
        participant=story.participant,
        readings=readings,
        by=story.ward.nurse,
        at=max(one.taken_at for one in readings) + timedelta(minutes=40),
    )


def _laboratory(test: str, point: LabPoint, taken_at: datetime) -> Reading:
    lower, upper = _LIMITS.get(test, (None, None))
    found = _reading(ObservationDomain.LABORATORY, test, point.value, point.unit, taken_at)
    return replace(found, lower=lower, upper=upper, laboratory=LABORATORY)


def _vital_signs(round_of: VitalSigns, taken_at: datetime) -> list[Reading]:
    values = {
        "SYSBP": (round_of.systolic_mmhg, "mmHg"),
        "DIABP": (round_of.diastolic_mmhg, "mmHg"),
        "PULSE": (round_of.pulse_per_minute, "beats/min"),
        "TEMP": (round_of.temperature_c, "°C"),
        "RESP": (round_of.breaths_per_minute, "breaths/min"),
    }
    return [
        _reading(ObservationDomain.VITAL_SIGNS, test, value, unit, taken_at)
        for test, (value, unit) in values.items()
    ]


def _reading(
    domain: ObservationDomain, test: str, value: Decimal | int | None, unit: str, taken_at: datetime
) -> Reading:
    return Reading(
        domain=domain,
        test_code=test,
        unit=unit,
        taken_at=taken_at,
        value=None if value is None else Decimal(value),
        not_done="" if value is not None else "not taken",
    )
