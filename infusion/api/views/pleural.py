"""After an intrapleural infusion: catheter, positions, images, drained fluid, samples."""

from datetime import datetime
from typing import Any

from infusion.api.serializers.infusion import InfusionOut
from infusion.api.serializers.pleural import (
    CatheterIn,
    ChestImageIn,
    ChestImageOut,
    DrainedVolumeIn,
    DrainedVolumeOut,
    FluidSampleIn,
    FluidSampleOut,
    PositionChangeIn,
    PositionChangeOut,
)
from infusion.api.serializers.readiness import InterruptionOut, LateInterruptionIn
from infusion.models import (
    ChestImage,
    DrainedVolume,
    FluidSample,
    Infusion,
    InfusionInterruption,
    PositionChange,
)
from infusion.services.intrapleural import (
    record_catheter,
    record_chest_image,
    record_drained_volume,
    record_fluid_sample,
    record_position_change,
)
from infusion.services.live_infusion import record_interruption
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.steps import UnderCommand
from trialsite.api.views import Parent, ScopedList

BY_ID = {"infusion_id": "id"}
OF_INFUSION = Parent(Infusion, "infusion", {"infusion_id": "id"})


class RecordCatheter(UnderCommand):
    """Record flush, clamp, opening and removal of the catheter; the dwell time follows."""

    required_permission = Permission.RECORD_INFUSION
    model = Infusion
    lookup = BY_ID
    takes, gives = CatheterIn, InfusionOut

    def run(self, target: Infusion, given: dict[str, Any], *, by: User, at: datetime) -> Infusion:
        return record_catheter(infusion=target, by=by, at=at, **given)


class PositionChangeList(ScopedList):
    """List the changes of position after one infusion."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = PositionChange
    parent = OF_INFUSION
    order = ("changed_at", "id")
    gives = PositionChangeOut
    from_columns = True


class RecordPositionChange(UnderCommand):
    """Record that the participant was turned."""

    required_permission = Permission.RECORD_INFUSION
    model = Infusion
    lookup = BY_ID
    takes, gives, creates = PositionChangeIn, PositionChangeOut, True

    def run(self, target: Infusion, given: dict[str, Any], *, by: User, at: datetime) -> PositionChange:
        return record_position_change(infusion=target, by=by, at=at, **given)


class ChestImageList(ScopedList):
    """List the chest images after one infusion."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = ChestImage
    parent = OF_INFUSION
    order = ("imaged_at", "id")
    gives = ChestImageOut
    from_columns = True


class RecordChestImage(UnderCommand):
    """Record a chest image and what it shows. A pneumothorax is an adverse event besides."""

    required_permission = Permission.RECORD_INFUSION
    model = Infusion
    lookup = BY_ID
    takes, gives, creates = ChestImageIn, ChestImageOut, True

    def run(self, target: Infusion, given: dict[str, Any], *, by: User, at: datetime) -> ChestImage:
        return record_chest_image(infusion=target, by=by, at=at, **given)


class DrainedVolumeList(ScopedList):
    """List the fluid drained after one infusion."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = DrainedVolume
    parent = OF_INFUSION
    order = ("drained_at", "id")
    gives = DrainedVolumeOut
    from_columns = True


class RecordDrainedVolume(UnderCommand):
    """Record fluid drained since the last reading."""

    required_permission = Permission.RECORD_INFUSION
    model = Infusion
    lookup = BY_ID
    takes, gives, creates = DrainedVolumeIn, DrainedVolumeOut, True

    def run(self, target: Infusion, given: dict[str, Any], *, by: User, at: datetime) -> DrainedVolume:
        return record_drained_volume(infusion=target, by=by, at=at, **given)


class FluidSampleList(ScopedList):
    """List the fluid samples of one infusion."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = FluidSample
    parent = OF_INFUSION
    order = ("taken_at", "id")
    gives = FluidSampleOut
    from_columns = True


class RecordFluidSample(UnderCommand):
    """Record pleural fluid taken for a test."""

    required_permission = Permission.RECORD_INFUSION
    model = Infusion
    lookup = BY_ID
    takes, gives, creates = FluidSampleIn, FluidSampleOut, True

    def run(self, target: Infusion, given: dict[str, Any], *, by: User, at: datetime) -> FluidSample:
        return record_fluid_sample(infusion=target, by=by, at=at, **given)


class InterruptionList(ScopedList):
    """List the interruptions of one infusion."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = InfusionInterruption
    parent = OF_INFUSION
    order = ("paused_at", "id")
    gives = InterruptionOut
    from_columns = True


class RecordInterruption(UnderCommand):
    """Record afterwards that an infusion was interrupted."""

    required_permission = Permission.RECORD_INFUSION
    model = Infusion
    lookup = BY_ID
    takes, gives, creates = LateInterruptionIn, InterruptionOut, True

    def run(self, target: Infusion, given: dict[str, Any], *, by: User, at: datetime) -> InfusionInterruption:
        return record_interruption(infusion=target, by=by, at=at, **{"resumed_at": None, **given})
