"""The infusion room: one page at the bedside, from the prepared dose to the removal of the catheter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from infusion.models import Infusion
from infusion.queries.room import PleuralCare, Room, pleural_care_of
from infusion.rules.intrapleural import ImageFinding
from infusion.rules.readiness import given_percent
from infusion.web.beside import ladder_in_words, level_in_words
from infusion.web.room_steps import find_room, route_of, why_not_prepare, why_not_start, why_not_thaw
from infusion.web.room_words import FINDINGS, IMAGES, POSITIONS, PROOFS, PURPOSES
from infusion.web.round_form import CHEST
from infusion.web.targets import InTreatment
from participants.queries.pages import banner_of
from participants.queries.words import ARMS
from screening.web.acts import ActLink, why_not
from screening.web.ladder import WAITING, Rung
from screening.web.words import in_powers
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.gates import Outcome
from trialsite.web.access import requires, signed_in

_OPEN = frozenset({Outcome.FAIL.value, Outcome.UNKNOWN.value, WAITING})
# Which form answers a rung that does not pass; a stop check by its own prefix.
_ANSWERED_BY = {
    "identity": ("identity-check", "Compare"),
    "dose": ("dose-prepare", "Prepare"),
    "weight": ("dose-prepare", "Prepare"),
    "thaw": ("dose-thaw", "Thaw"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRung:
    """rung: what is asked and found. href, text: the form that answers it, empty where there is none."""

    rung: Rung
    href: str = ""
    text: str = ""


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def room(request: HttpRequest, code: str) -> HttpResponse:
    """Show what is ready, what runs and what was given; with the acts of this reader."""
    user = signed_in(request)
    target = find_room(user, code)
    found, participant = target.subject, target.participant
    care = pleural_care_of(target.treatment)
    now = clock.now()
    context = {
        "participant": participant,
        "banner": banner_of(participant, now),
        "zone": participant.site.time_zone,
        "room": found,
        "back": participant.get_absolute_url(),
        "route": ARMS[route_of(target).value],
        "level": level_in_words(target.treatment),
        "prepared": in_powers(found.prepared.prepared_cells) if found.prepared else "",
        "care": care,
        "care_lines": _care_lines(care),
        "catheter_proof": PROOFS.get(care.infusion.catheter_proof, "") if care else "",
        "given": _given(found.last),
        "cannot": why_not(user, Permission.RECORD_INFUSION, participant),
        **_before(user, target),
        **_running(user, found, code),
        "care_acts": _care_acts(user, target, care),
    }
    return render(request, "infusion/room.html", context)


def _before(user: User, target: InTreatment[Room]) -> dict[str, object]:
    """The ladder, the acts that answer it, and the start."""
    found, code = target.subject, target.participant.code
    cannot = why_not(user, Permission.RECORD_INFUSION, target.participant)
    ladder = ladder_in_words(
        target.treatment,
        found.gate,
        product=found.product,
        cells=found.prepared.prepared_cells if found.prepared else None,
        weight=found.prepared.weight_kg if found.prepared else None,
        weight_on=found.prepared.weight_on if found.prepared else None,
        thawed_at=found.prepared.thawed_at if found.prepared else None,
        started_at=target.treatment.at,
    )
    return {
        "ladder": ladder,
        "rungs": [
            _rung(check.code, rung, code, cannot)
            for check, rung in zip(found.gate.checks, ladder.rungs, strict=True)
        ],
        "start": ActLink(
            text="Start the infusion",
            href=reverse("infusion-start", args=[code]),
            reason=cannot or _summed(why_not_start(found), ladder.failing + ladder.waiting),
            kind="primary btn-start",
            icon="droplet",
        ),
        "before_acts": [
            _act("Prepared dose", "dose-prepare", [code], cannot or why_not_prepare(target), "package"),
            _act("Thaw", "dose-thaw", [code], cannot or why_not_thaw(target), "snowflake"),
            _act("Stop checks", "stop-checks", [code], cannot or why_not_prepare(target), "ban"),
            _act("Premedication", "premedication-record", [code], cannot, "vaccine"),
            _act("Wristband and bag", "identity-check", [code], cannot or why_not_prepare(target), "id"),
        ],
    }


def _rung(check: str, rung: Rung, code: str, cannot: str) -> RoomRung:
    name, text = ("stop-checks", "Answer") if check.startswith("stop-") else _ANSWERED_BY.get(check, ("", ""))
    if not name or cannot or rung.outcome not in _OPEN:
        return RoomRung(rung=rung)
    return RoomRung(rung=rung, href=reverse(name, args=[code]), text=text)


def _summed(reason: str, count: int) -> str:
    """Many reasons stand in the ladder already; here their number is enough."""
    if not reason or count == 0:
        return reason
    return "1 check does not pass" if count == 1 else f"{count} checks do not pass"


def _running(user: User, found: Room, code: str) -> dict[str, object]:
    """The acts on the infusion that runs, the large one first."""
    one = found.running
    if one is None:
        return {"running_acts": []}
    cannot, args = why_not(user, Permission.RECORD_INFUSION, one.participant), [code, one.pk]
    going = (
        _act("It goes on", "infusion-resume", args, cannot, "arrow-right", "primary btn-start")
        if found.paused
        else _act("Interrupt", "infusion-pause", args, cannot, "clock-pause", "secondary btn-start")
    )
    end = "secondary btn-start" if found.paused else "primary btn-start"
    return {"running_acts": [going, _act("End the infusion", "infusion-stop", args, cannot, "check", end)]}


def _care_acts(user: User, target: InTreatment[Room], care: PleuralCare | None) -> Sequence[ActLink]:
    if care is None:
        return ()
    args = [target.participant.code, care.infusion.pk]
    cannot = why_not(user, Permission.RECORD_INFUSION, target.participant)
    return [
        _act("Position", "position-record", args, cannot, "refresh"),
        _act("Catheter", "catheter-record", args, cannot, "route"),
        _act("Chest image", "chest-image-record", args, cannot, "lungs"),
        _act("Drained fluid", "drained-volume-record", args, cannot, "droplet"),
        _act("Fluid sample", "fluid-sample-record", args, cannot, "test-pipe"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CareLine:
    """One observation in words. is_bad: a complication."""

    icon: str
    text: str
    at: datetime
    note: str = ""
    is_bad: bool = False


def _care_lines(care: PleuralCare | None) -> list[CareLine]:
    """What was observed in the pleural space, by time."""
    if care is None:
        return []
    images = [
        CareLine(
            icon="lungs",
            text=f"{IMAGES[one.modality]}: {FINDINGS[one.finding]}{f', {one.size_mm} mm' if one.size_mm else ''}",
            at=one.imaged_at,
            note=one.note,
            is_bad=one.finding == ImageFinding.PNEUMOTHORAX.value,
        )
        for one in care.images
    ]
    turns = [
        CareLine(icon="refresh", text=f"Turned: {POSITIONS[one.position]}", at=one.changed_at)
        for one in care.positions
    ]
    samples = [
        CareLine(icon="test-pipe", text=f"Sample: {PURPOSES[one.purpose]}", at=one.taken_at, note=one.note)
        for one in care.samples
    ]
    readings = [
        CareLine(icon="droplet", text=f"Drained: {one.volume_ml} mL", at=one.drained_at, note=one.colour)
        for one in care.drained
    ]
    return sorted([*images, *turns, *samples, *readings, *_of_rounds(care)], key=lambda line: line.at)


def _of_rounds(care: PleuralCare) -> Iterator[CareLine]:
    """Chest images and readings that were entered with a round."""
    for one in care.rounds:
        if one.chest_image:
            yield CareLine(
                icon="lungs",
                text=f"Chest image: {dict(CHEST)[one.chest_image]}",
                at=one.taken_at,
                is_bad=one.chest_image == "pneumothorax",
            )
        if one.drained_volume_ml is not None:
            yield CareLine(icon="droplet", text=f"Drained: {one.drained_volume_ml} mL", at=one.taken_at)


def _act(
    text: str, name: str, args: list[object], reason: str, icon: str, kind: str = "secondary"
) -> ActLink:
    return ActLink(text=text, href=reverse(name, args=args), reason=reason, kind=kind, icon=icon)


def _given(one: Infusion | None) -> dict[str, object] | None:
    """What was infused against what was prepared, once it has ended."""
    if one is None or one.is_running:
        return None
    ended_at = one.ended_at
    lasted: timedelta | None = ended_at - one.started_at if ended_at else None
    return {
        "infusion": one,
        "infused": in_powers(one.infused_cells),
        "prepared": in_powers(one.prepared_cells) if one.prepared_cells else "",
        "percent": given_percent(one.infused_cells, one.prepared_cells),
        "per_kg": in_powers(one.infused_cells / one.weight_kg),
        "minutes": int(lasted.total_seconds() // 60) if lasted else None,
        "route": ARMS[one.route],
    }
