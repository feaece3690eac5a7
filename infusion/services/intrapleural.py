"""After an intrapleural infusion: catheter, changes of position, chest images, drained fluid, samples.

A chest image and a reading of the bottle are what bedside rounds are owed for, too: here as there they fulfil what is due.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from infusion.models import ChestImage, DrainedVolume, FluidSample, Infusion, PositionChange
from infusion.rules.intrapleural import (
    BodyPosition,
    ImageFinding,
    ImageModality,
    SamplePurpose,
    unclear_order,
)
from participants.queries.course import Course
from participants.rules import require_past
from participants.services.journey import Happening, command, happened
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import RuleViolated
from trialsite.protocol.types import Arm, Assessed, EventKind


def record_catheter(
    *,
    infusion: Infusion,
    by: Actor,
    at: datetime,
    clamped_at: datetime | None = None,
    unclamped_at: datetime | None = None,
    catheter_removed_at: datetime | None = None,
    flush_volume_ml: Decimal | None = None,
    reason: str = "",
) -> Infusion:
    """Record when the catheter was flushed and clamped, opened and removed. Needs RECORD_INFUSION.

    What is not given stays as it is. A value on record is changed only with a reason; the first one stays in
    the trail. The dwell time follows from clamp and opening.
    Raises RuleViolated("nothing-given", "not-intrapleural", "in-the-future", "before-the-infusion",
    "catheter-order", "reason-required").
    """
    given = {
        "clamped_at": clamped_at,
        "unclamped_at": unclamped_at,
        "catheter_removed_at": catheter_removed_at,
        "flush_volume_ml": flush_volume_ml,
    }
    stated = {name: value for name, value in given.items() if value is not None}
    if not stated:
        raise RuleViolated("nothing-given", "Give at least one of these.")
    for name, value in stated.items():
        if isinstance(value, datetime):
            require_past(value, at, name)
    with _beside(infusion, action="infusion.catheter_recorded", by=by, at=at, reason=reason) as beside:
        current = beside.infusion
        changed = [name for name, value in stated.items() if getattr(current, name) not in {None, value}]
        if changed and not reason.strip():
            raise RuleViolated(
                "reason-required", "Give the reason to change what is on record.", field="reason"
            )
        for name, value in stated.items():
            _require_since(current, value, name)
            setattr(current, name, value)
        _require_order(current)
        current.save_changes(list(stated))
    return current


def record_position_change(
    *,
    infusion: Infusion,
    position: BodyPosition,
    changed_at: datetime,
    by: Actor,
    at: datetime,
    reason: str = "",
) -> PositionChange:
    """Record that the participant was turned; the next change is due from here. Needs RECORD_INFUSION.

    Raises RuleViolated("not-intrapleural", "in-the-future", "before-the-infusion").
    """
    require_past(changed_at, at, "changed_at")
    with _beside(infusion, action="infusion.position_changed", by=by, at=at, reason=reason) as beside:
        current = beside.infusion
        _require_since(current, changed_at, "changed_at")
        turned = PositionChange(
            infusion=current, position=position.value, changed_at=changed_at, recorded_at=at
        )
        turned.save_new()
    return turned


def record_chest_image(
    *,
    infusion: Infusion,
    imaged_at: datetime,
    modality: ImageModality,
    finding: ImageFinding,
    by: Actor,
    at: datetime,
    size_mm: Decimal | None = None,
    note: str = "",
    reason: str = "",
) -> ChestImage:
    """Record a chest image after the infusion and what it shows. Needs RECORD_INFUSION; records `round_recorded`.

    An image that is owed is fulfilled by it. A pneumothorax is an adverse event besides, recorded as such. size_mm: of what was found, if measured.
    Raises RuleViolated("not-intrapleural", "in-the-future", "before-the-infusion", "nothing-to-measure",
    "not-positive", "reason-required" where it departs from the order of the journey).
    """
    require_past(imaged_at, at, "imaged_at")
    if size_mm is not None and finding is ImageFinding.NONE:
        raise RuleViolated(
            "nothing-to-measure", "Leave the size empty where nothing was found.", field="size_mm"
        )
    if size_mm is not None and size_mm <= 0:
        raise RuleViolated("not-positive", "Give the size in millimetres.", field="size_mm")
    with _beside(infusion, action="infusion.chest_imaged", by=by, at=at, reason=reason) as beside:
        current = beside.infusion
        _require_since(current, imaged_at, "imaged_at")
        image = ChestImage(
            infusion=current,
            imaged_at=imaged_at,
            modality=modality.value,
            finding=finding.value,
            size_mm=size_mm,
            note=note,
            recorded_at=at,
        )
        image.save_new()
        covers = _covers(Assessed.CHEST_IMAGE, image.pk, imaged_at)
        happened(beside.course, [covers], by=by, at=at, reason=reason)
    return image


def record_drained_volume(
    *,
    infusion: Infusion,
    drained_at: datetime,
    volume_ml: Decimal,
    by: Actor,
    at: datetime,
    colour: str = "",
    reason: str = "",
) -> DrainedVolume:
    """Record fluid drained since the last reading of the bottle, each day at least. Needs RECORD_INFUSION.

    Records `round_recorded`: a reading that is owed is fulfilled by it. 0 mL is a reading.
    Raises RuleViolated("not-intrapleural", "in-the-future", "before-the-infusion", "negative", "reason-required" where
    it departs from the order of the journey).
    """
    require_past(drained_at, at, "drained_at")
    if volume_ml < 0:
        raise RuleViolated("negative", "A volume is not below zero.", field="volume_ml")
    with _beside(infusion, action="infusion.fluid_drained", by=by, at=at, reason=reason) as beside:
        current = beside.infusion
        _require_since(current, drained_at, "drained_at")
        drained = DrainedVolume(
            infusion=current, drained_at=drained_at, volume_ml=volume_ml, colour=colour, recorded_at=at
        )
        drained.save_new()
        covers = _covers(Assessed.DRAINED_VOLUME, drained.pk, drained_at)
        happened(beside.course, [covers], by=by, at=at, reason=reason)
    return drained


def record_fluid_sample(
    *,
    infusion: Infusion,
    taken_at: datetime,
    purpose: SamplePurpose,
    by: Actor,
    at: datetime,
    note: str = "",
    reason: str = "",
) -> FluidSample:
    """Record pleural fluid taken for a test, before the infusion or after it. Needs RECORD_INFUSION.

    Raises RuleViolated("not-intrapleural", "in-the-future").
    """
    require_past(taken_at, at, "taken_at")
    with _beside(infusion, action="infusion.fluid_sampled", by=by, at=at, reason=reason) as beside:
        current = beside.infusion
        sample = FluidSample(
            infusion=current, taken_at=taken_at, purpose=purpose.value, note=note, recorded_at=at
        )
        sample.save_new()
    return sample


@dataclass(frozen=True, slots=True)
class _Beside:
    course: Course
    infusion: Infusion


@contextmanager
def _beside(infusion: Infusion, *, action: str, by: Actor, at: datetime, reason: str) -> Iterator[_Beside]:
    """Open the command of an observation; yield the course and the infusion as they are now."""
    with command(
        participant=infusion.participant,
        permission=Permission.RECORD_INFUSION,
        action=action,
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = Infusion.objects.get(pk=infusion.pk)
        if current.route != Arm.INTRAPLEURAL.value:
            raise RuleViolated("not-intrapleural", "This infusion was not intrapleural.")
        yield _Beside(course, current)


def _covers(assessed: Assessed, ref: UUID, occurred_at: datetime) -> Happening:
    return Happening(
        kind=EventKind.ROUND_RECORDED,
        occurred_at=occurred_at,
        ref=str(ref),
        facts={"covers": assessed.value},
    )


def _require_since(infusion: Infusion, value: object, field: str) -> None:
    if isinstance(value, datetime) and value < infusion.started_at:
        raise RuleViolated("before-the-infusion", "This lies before the start of the infusion.", field=field)


def _require_order(infusion: Infusion) -> None:
    field = unclear_order(infusion.clamped_at, infusion.unclamped_at, infusion.catheter_removed_at)
    if field:
        raise RuleViolated(
            "catheter-order", "Clamp, opening and removal follow each other in this order.", field=field
        )
