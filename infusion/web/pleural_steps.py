"""What is observed after an intrapleural infusion, each a form of its own. Each leads back to the infusion room."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from infusion.models import Infusion
from infusion.services.intrapleural import (
    record_catheter,
    record_chest_image,
    record_drained_volume,
    record_fluid_sample,
    record_position_change,
)
from infusion.web import room_forms as forms
from infusion.web.room_steps import to_room
from infusion.web.targets import InTreatment, find_infusion
from screening.web.acts import BANNER, present_time, with_banner, without
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.types import Arm
from trialsite.web.steps import Step

_ON_RECORD = ("flush_volume_ml", "clamped_at", "unclamped_at", "catheter_removed_at")


def why_not_pleural(infusion: Infusion) -> str:
    return "" if infusion.route == Arm.INTRAPLEURAL.value else "This infusion was not intrapleural"


def _by(service: Callable[..., object]) -> Callable[..., object]:
    """Return the act that hands what the form gave to one service."""

    def run(target: InTreatment[Infusion], given: dict[str, Any], *, by: User, at: datetime) -> object:
        return service(infusion=target.subject, by=by, at=at, **without(given))

    return run


def _catheter(target: InTreatment[Infusion], given: dict[str, Any], *, by: User, at: datetime) -> Infusion:
    """What stands in the form as it was is not stated anew; a minute on the page is any second of it."""
    stated = without(given)
    for name in _ON_RECORD:
        if _same(stated.get(name), getattr(target.subject, name)):
            stated.pop(name, None)
    return record_catheter(infusion=target.subject, by=by, at=at, **stated)


def _same(entered: object, stored: object) -> bool:
    if isinstance(entered, datetime) and isinstance(stored, datetime):
        return entered == stored.replace(second=0, microsecond=0)
    return entered == stored


def _recorded(target: InTreatment[Infusion]) -> Mapping[str, object]:
    return {name: getattr(target.subject, name) for name in _ON_RECORD}


_SAME: dict[str, Any] = {
    "permission": Permission.RECORD_INFUSION,
    "find": find_infusion,
    "blocked": lambda user, target: why_not_pleural(target.subject),
    "banner": BANNER,
    "context": with_banner(),
    "next_url": to_room,
    "template": "infusion/bedside_step.html",
}

CATHETER = Step(
    name="catheter-record",
    title="Catheter: flush, clamp, opening, removal",
    form_class=forms.CatheterForm,
    run=_catheter,
    submit="Save",
    done="Catheter recorded.",
    explanation="Fill in what has happened. The dwell time runs from the clamp until the catheter is opened.",
    initial=_recorded,
    **_SAME,
)

POSITION = Step(
    name="position-record",
    title="Record a change of position",
    form_class=forms.PositionForm,
    run=_by(record_position_change),
    submit="Save position",
    done="Change of position recorded.",
    explanation="So that the product spreads in the pleural space.",
    initial=present_time("changed_at"),
    **_SAME,
)

IMAGE = Step(
    name="chest-image-record",
    title="Record a chest image",
    form_class=forms.ChestImageForm,
    run=_by(record_chest_image),
    submit="Save image",
    done="Chest image recorded.",
    explanation="Looked at for pneumothorax 2 to 4 hours and 24 hours after the infusion.",
    initial=present_time("imaged_at"),
    **_SAME,
)

DRAINED = Step(
    name="drained-volume-record",
    title="Record drained fluid",
    form_class=forms.DrainedForm,
    run=_by(record_drained_volume),
    submit="Save reading",
    done="Drained volume recorded.",
    explanation="Each reading counts what came since the one before. The room shows the sum of each day.",
    initial=present_time("drained_at"),
    **_SAME,
)

SAMPLE = Step(
    name="fluid-sample-record",
    title="Record a fluid sample",
    form_class=forms.SampleForm,
    run=_by(record_fluid_sample),
    submit="Save sample",
    done="Fluid sample recorded.",
    explanation="Pleural fluid taken for a test.",
    initial=present_time("taken_at"),
    **_SAME,
)
