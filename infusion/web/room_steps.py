"""The acts around the infusion itself, from the prepared dose to the end. Each leads back to the infusion room."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from infusion.models import CellProduct, Infusion, InfusionInterruption, Premedication, PreparedDose
from infusion.queries.again import preview_infusion
from infusion.queries.readiness import last_prepared, prepared_dose
from infusion.queries.room import Room, room_of
from infusion.rules.readiness import DrugClass
from infusion.services.infusion_facts import RouteDetails
from infusion.services.live_infusion import (
    pause_infusion,
    record_interruption,
    resume_infusion,
    start_infusion,
    stop_infusion,
)
from infusion.services.readiness import prepare_dose, record_premedication, record_thaw
from infusion.web import room_forms as forms
from infusion.web.again import is_second_infusion
from infusion.web.targets import InTreatment, find_infusion, find_treatment
from participants.queries.changes import preview_of
from participants.queries.pages import participant_for
from screening.web.acts import BANNER, obstacles, present_time, with_banner, without
from screening.web.words import in_powers
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.errors import RuleViolated
from trialsite.protocol.types import Arm
from trialsite.signing.queries import seen_digest
from trialsite.signing.web.forms import signing_if_any
from trialsite.web.steps import Step

_DETAILS = tuple(RouteDetails.__slots__)


def to_room(target: InTreatment[Any], outcome: object = None) -> str:
    return reverse("infusion-room", args=[target.participant.code])


def find_room(user: User, code: str) -> InTreatment[Room]:
    found = room_of(participant_for(user, code), clock.now())
    return InTreatment(found.treatment.participant, found.treatment, found)


def _product(target: InTreatment[Any]) -> CellProduct:
    product = target.treatment.released
    if product is None:
        raise RuleViolated("no-product", "No released product is at hand.")
    return product


# ---- Why an act is not possible now


def why_not_prepare(target: InTreatment[Any]) -> str:
    return "" if target.treatment.released else "No released product is at hand"


def why_not_thaw(target: InTreatment[Room]) -> str:
    return "" if target.subject.prepared else "The dose is not prepared yet"


def why_not_start(room: Room) -> str:
    """What stands against a start now, as one line."""
    if room.running:
        return "An infusion is running"
    if room.product is None:
        return "No released product is at hand"
    return obstacles(room.gate)


def why_not_running(infusion: Infusion) -> str:
    return "" if infusion.is_running else "This infusion is not running"


def why_not_pause(room: Room) -> str:
    return "It stands still already" if room.paused else ""


def why_not_resume(room: Room) -> str:
    return "" if room.paused else "It is not interrupted"


# ---- Running the services


def _prepare(target: InTreatment[None], given: dict[str, Any], *, by: User, at: datetime) -> PreparedDose:
    return prepare_dose(
        participant=target.participant, product=_product(target), by=by, at=at, **without(given)
    )


def _thaw(target: InTreatment[Room], given: dict[str, Any], *, by: User, at: datetime) -> PreparedDose:
    return record_thaw(
        prepared=last_prepared(_product(target), target.participant), by=by, at=at, **without(given)
    )


def _premedicate(
    target: InTreatment[None], given: dict[str, Any], *, by: User, at: datetime
) -> Premedication:
    given = without(given)
    drug_class = DrugClass(given.pop("drug_class"))
    return record_premedication(participant=target.participant, drug_class=drug_class, by=by, at=at, **given)


def _start(target: InTreatment[Room], given: dict[str, Any], *, by: User, at: datetime) -> Infusion:
    given = without(given)
    details = RouteDetails(**{name: given.pop(name) for name in _DETAILS if name in given})
    return start_infusion(
        participant=target.participant,
        product=_product(target),
        route=route_of(target),
        details=details,
        by=by,
        at=at,
        **given,
    )


def _pause(
    target: InTreatment[Infusion], given: dict[str, Any], *, by: User, at: datetime
) -> InfusionInterruption:
    return pause_infusion(infusion=target.subject, by=by, at=at, **without(given))


def _resume(
    target: InTreatment[Infusion], given: dict[str, Any], *, by: User, at: datetime
) -> InfusionInterruption:
    return resume_infusion(infusion=target.subject, by=by, at=at)


def _stop(target: InTreatment[Infusion], given: dict[str, Any], *, by: User, at: datetime) -> Infusion:
    signing, given = signing_if_any(given), without(given)
    seen = given.pop("seen") or None
    return stop_infusion(infusion=target.subject, signing=signing, seen=seen, by=by, at=at, **given)


def _interrupted(
    target: InTreatment[Infusion], given: dict[str, Any], *, by: User, at: datetime
) -> InfusionInterruption:
    return record_interruption(infusion=target.subject, by=by, at=at, **without(given))


# ---- What the forms begin with, and what stands beside them


def route_of(target: InTreatment[Any]) -> Arm:
    return target.participant.assigned_arm or Arm.INTRAVENOUS


def _last_prepared(target: InTreatment[None]) -> Mapping[str, object]:
    product = target.treatment.released
    found = prepared_dose(product) if product else None
    names = ("prepared_cells", "prepared_volume_ml", "weight_kg", "weight_on", "thawed_at")
    return {name: getattr(found, name) for name in names} if found else {}


def _prepared_beside(request: HttpRequest, target: InTreatment[Infusion]) -> Mapping[str, object]:
    one = target.subject
    return {"prepared": in_powers(one.prepared_cells) if one.prepared_cells else "", "infusion": one}


def _start_beside(request: HttpRequest, target: InTreatment[Room]) -> Mapping[str, object]:
    """What a second infusion that starts now would change."""
    dose, treatment = target.subject.prepared, target.treatment
    if not is_second_infusion(target):
        return {}
    change = preview_infusion(
        treatment,
        product=target.subject.product,
        route=route_of(target),
        started_at=treatment.at,
        infused_cells=dose.prepared_cells if dose else None,
        weight_kg=dose.weight_kg if dose else None,
        weight_on=dose.weight_on if dose else None,
        thawed_at=dose.thawed_at if dose else None,
    )
    return {"is_again": True, "preview": preview_of(change)}


def _started_as(target: InTreatment[Room]) -> Mapping[str, object]:
    return {"route": route_of(target)}


_SAME: dict[str, Any] = {
    "permission": Permission.RECORD_INFUSION,
    "banner": BANNER,
    "next_url": to_room,
    "template": "infusion/bedside_step.html",
}

PREPARE = Step(
    name="dose-prepare",
    title="Record the prepared dose",
    form_class=forms.PreparedDoseForm,
    find=find_treatment,
    run=_prepare,
    submit="Save prepared dose",
    done="Prepared dose recorded.",
    explanation="The dose as it comes to the bedside. A later preparation of the lot takes the place of an earlier one.",
    blocked=lambda user, target: why_not_prepare(target),
    initial=_last_prepared,
    context=with_banner(),
    **_SAME,
)

THAW = Step(
    name="dose-thaw",
    title="Record the thaw",
    form_class=forms.ThawForm,
    find=find_room,
    run=_thaw,
    submit="Save time of thaw",
    done="Thaw recorded. The clock runs.",
    explanation="The infusion starts within the time limit after thaw, or not at all.",
    blocked=lambda user, target: why_not_thaw(target),
    initial=present_time("thawed_at"),
    context=with_banner(),
    **_SAME,
)

PREMEDICATION = Step(
    name="premedication-record",
    title="Record premedication",
    form_class=forms.PremedicationForm,
    find=find_treatment,
    run=_premedicate,
    submit="Save premedication",
    done="Premedication recorded.",
    explanation="What was given before the infusion, one medication at a time. No steroid, unless it is rescue.",
    initial=present_time("given_at"),
    context=with_banner(),
    **_SAME,
)

START = Step(
    name="infusion-start",
    title="Start the infusion",
    form_class=forms.StartInfusionForm,
    find=find_room,
    run=_start,
    submit="Start now",
    done="The infusion runs. Day 0 is set.",
    explanation="It starts when you press the button, with the dose as prepared and by the route of the arm.",
    consequences=(
        "Day 0 is set; all visits, the DLT observation and the contraception year count from it.",
        "Rounds at the bedside are due from now on.",
    ),
    blocked=lambda user, target: why_not_start(target.subject),
    form_options=_started_as,
    context=with_banner(_start_beside),
    fields="infusion/start_fields.html",
    **_SAME,
)

PAUSE = Step(
    name="infusion-pause",
    title="Interrupt the infusion",
    form_class=forms.PauseForm,
    find=find_infusion,
    run=_pause,
    submit="It stands still now",
    done="Interruption recorded.",
    explanation="The time is the moment you press the button.",
    blocked=lambda user, target: why_not_running(target.subject),
    context=with_banner(),
    **_SAME,
)

RESUME = Step(
    name="infusion-resume",
    title="Go on with the infusion",
    form_class=forms.ResumeForm,
    find=find_infusion,
    run=_resume,
    submit="It goes on now",
    done="The infusion goes on.",
    explanation="The time is the moment you press the button.",
    blocked=lambda user, target: why_not_running(target.subject),
    context=with_banner(),
    **_SAME,
)

STOP = Step(
    name="infusion-stop",
    title="End the infusion",
    form_class=forms.StopInfusionForm,
    find=find_infusion,
    run=_stop,
    submit="It ends now",
    done="Infusion ended.",
    explanation="The time is the moment you press the button. What was given is compared with what was prepared.",
    blocked=lambda user, target: why_not_running(target.subject),
    initial=lambda target: {"seen": seen_digest(target.subject)},
    form_options=lambda target: {"site": target.site},
    context=with_banner(_prepared_beside),
    extra={"is_end": True},
    **_SAME,
)

INTERRUPTION = Step(
    name="interruption-record",
    title="Record an interruption afterwards",
    form_class=forms.InterruptionForm,
    find=find_infusion,
    run=_interrupted,
    submit="Save interruption",
    done="Interruption recorded.",
    explanation="For an interruption that was not recorded when it happened.",
    initial=lambda target: {"paused_at": target.subject.started_at},
    context=with_banner(),
    **_SAME,
)
