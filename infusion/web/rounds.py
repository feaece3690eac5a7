"""Bedside rounds in the browser: the form with its live grades, the correction, the panel, the page of all rounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from infusion.models import BedsideRound, Infusion
from infusion.queries.bedside import (
    RoundsOwed,
    bedside_of,
    earlier_rounds,
    gradings_for,
    infusion_at,
    infusions_of,
    rounds_owed,
    with_measured,
)
from infusion.queries.hyperinflammation import look_for_iec_hs
from infusion.rules.grading.grading import Flag, Grading
from infusion.rules.plausibility import unusual_in
from infusion.services.bedside import RoundEntry, correct_round, record_round
from infusion.web.round_entries import entry_from, form_values
from infusion.web.round_form import FAHRENHEIT, CorrectRoundForm, RoundForm
from participants.models import Participant
from participants.queries.measured_tests import BY_CODE
from participants.queries.pages import banner_of, participant_for
from screening.web.acts import BANNER, ActLink, entered, why_not, with_banner
from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.types import Arm, Obligation
from trialsite.web.access import requires, signed_in
from trialsite.web.steps import Step

ROUND_PAGE = "infusion/round.html"
ROUND_BESIDE = "infusion/round_beside.html"
SHOWN = 60  # rounds on the page of one participant


@dataclass(frozen=True, slots=True)
class AtBedside:
    """The participant, the infusions, and the round that is corrected, if one is."""

    participant: Participant
    infusions: Sequence[Infusion]
    former: BedsideRound | None = None

    @property
    def site(self) -> Site:
        return self.participant.site

    @property
    def version(self) -> int:
        return self.former.version if self.former else self.participant.version

    @property
    def is_intrapleural(self) -> bool:
        """By the last infusion, before one by the arm."""
        if self.infusions:
            return self.infusions[0].route == Arm.INTRAPLEURAL.value
        return self.participant.assigned_arm is Arm.INTRAPLEURAL

    def get_absolute_url(self) -> str:
        return self.participant.get_absolute_url()


def find_bedside(user: User, code: str) -> AtBedside:
    participant = participant_for(user, code)
    return AtBedside(participant, infusions_of(participant))


def find_round(user: User, code: str, *, round_id: UUID) -> AtBedside:
    found = find_bedside(user, code)
    former = BedsideRound.objects.filter(participant=found.participant, pk=round_id).first()
    if former is None:
        raise Http404
    return AtBedside(found.participant, found.infusions, former)


def _record(target: AtBedside, given: dict[str, Any], *, by: User, at: datetime) -> BedsideRound:
    entry = entry_from(given)
    try:
        return record_round(
            participant=target.participant, reason=given["reason"], by=by, at=at, **_parts(entry)
        )
    except Conflict as twice:  # no stale form: another round stands at this very time
        raise RuleViolated(twice.code, twice.message, field="taken_at") from twice


def _correct(target: AtBedside, given: dict[str, Any], *, by: User, at: datetime) -> BedsideRound:
    if target.former is None:
        raise Http404
    return correct_round(
        bedside_round=target.former,
        reason=given["reason"],
        version=given["version"],
        by=by,
        at=at,
        **_parts(entry_from(given)),
    )


def _parts(entry: RoundEntry) -> dict[str, Any]:
    return {
        "findings": entry.findings,
        "vital_signs": entry.vital_signs,
        "confirmation": entry.confirmation,
        "note": entry.note,
    }


def _beside(step: Step) -> Any:
    """Return what stands beside the form: the grades of what is entered so far, and what the round is for."""

    def context(request: HttpRequest, target: AtBedside) -> Mapping[str, object]:
        read = _read(step, request, target)
        entry = entry_from({"taken_at": clock.now(), **read})
        at = entry.findings.taken_at or clock.now()
        found = with_measured(entry.findings, entry.vital_signs)
        said = entry.confirmation
        crs, icans = gradings_for(
            found,
            earlier_rounds(target.participant, but=target.former),
            crs_stated=said.crs_grade is not None,
            icans_stated=said.icans_grade is not None,
        )
        owed = rounds_owed(target.participant, at)
        return {
            "grades": [_shown("CRS", crs, said.crs_grade), _shown("ICANS", icans, said.icans_grade)],
            "is_waived": crs is not None and Flag.FEVER_WAIVED in crs.flags,
            "unusual": [
                (BY_CODE[code].title, words) for code, words in unusual_in(entry.vital_signs).items()
            ],
            "celsius": entry.vital_signs.get("TEMP") if read.get("temperature_unit") == FAHRENHEIT else None,
            "open_now": owed.open_now,
            "infusion": infusion_at(target.infusions, at),
        }

    return with_banner(context)


def _read(step: Step, request: HttpRequest, target: AtBedside) -> dict[str, Any]:
    """What is entered so far; when a correction is opened, the round as it stands."""
    if request.method != "POST" and target.former is not None:
        return form_values(target.former)
    return {name: value for name, value in entered(step, request, target).items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGrade:
    """grading: None where the round did not look for it. is_override: somebody states another grade."""

    term: str
    grading: Grading | None
    stated: int | None

    @property
    def is_override(self) -> bool:
        return self.stated is not None and (self.grading is None or self.stated != self.grading.grade)

    @property
    def missing_words(self) -> list[str]:
        names = self.grading.missing if self.grading else ()
        return [_MISSING.get(name, name.removeprefix("ice.").replace("_", " ")) for name in names]


_MISSING = {
    "highest_temperature_c": "temperature",
    "hypotension": "low blood pressure",
    "vasopressors": "which vasopressors",
    "oxygen_device": "oxygen",
    "oxygen_flow_l_per_min": "flow of oxygen",
    "ice": "ICE score",
    "has_deep_focal_weakness": "weakness",
    "has_seizure_resolved": "whether the seizure resolved",
    "seizure_min": "length of the seizure",
}


def _shown(term: str, grading: Grading | None, stated: int | None) -> ShownGrade:
    return ShownGrade(term=term, grading=grading, stated=stated)


def _first(target: AtBedside) -> Mapping[str, object]:
    return {"taken_at": clock.now(), "temperature_unit": "°C"}


def _former(target: AtBedside, **route: Any) -> Mapping[str, object]:
    return form_values(target.former) if target.former else {}


def _to_rounds(target: AtBedside, outcome: object) -> str:
    return reverse("rounds", args=[target.participant.code])


def _options(target: AtBedside) -> Mapping[str, object]:
    return {"is_intrapleural": target.is_intrapleural}


def _why_corrected(user: User, target: AtBedside) -> str:
    is_over = target.former is not None and target.former.voided_at is not None
    return "This round was corrected already; correct the later one" if is_over else ""


RECORD_ROUND: Step = Step(
    name="round-record",
    title="Record a bedside round",
    permission=Permission.RECORD_INFUSION,
    form_class=RoundForm,
    find=find_bedside,
    run=_record,
    submit="Record round",
    done="Round recorded.",
    explanation="One entry for the vital signs, the grades and what was given. What is left out counts as not "
    "documented. A round written up later is entered with its true time.",
    consequences=(
        "The round that was due is done; a raised grade makes the next one due within 1 to 2 hours.",
        "A grade of 1 or more opens or updates the adverse event, and its clocks follow.",
    ),
    banner=BANNER,
    keeps_unsent=True,
    initial=_first,
    form_options=_options,
    next_url=_to_rounds,
    context=lambda request, target: _beside(RECORD_ROUND)(request, target),
    template=ROUND_PAGE,
    extra={"beside": ROUND_BESIDE},
)

CORRECT_ROUND: Step = Step(
    name="round-correct",
    title="Correct a bedside round",
    permission=Permission.CORRECT_RECORD,
    form_class=CorrectRoundForm,
    find=find_round,
    run=_correct,
    submit="Save correction",
    done="Round corrected. What followed from it was worked out anew.",
    explanation="The former round stays on record, struck through, with your name and the reason.",
    consequences=(
        "Grades, the adverse event and the rounds due follow the corrected values.",
        "Later rounds keep the grades that were confirmed for them.",
    ),
    banner=BANNER,
    blocked=_why_corrected,
    initial=_former,
    form_options=_options,
    next_url=_to_rounds,
    context=lambda request, target: _beside(CORRECT_ROUND)(request, target),
    template=ROUND_PAGE,
    extra={"beside": ROUND_BESIDE},
)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def panel(request: HttpRequest, code: str) -> HttpResponse:
    """Show which round is due next, what was missed, the last grades, and whether to look for IEC-HS."""
    user = signed_in(request)
    participant = participant_for(user, code)
    context = {**_bedside(user, participant), "is_panel": True}
    return render(request, "infusion/bedside_panel.html", context)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def page(request: HttpRequest, code: str) -> HttpResponse:
    """Show the rounds of one participant, the newest first, and what is owed."""
    user = signed_in(request)
    participant = participant_for(user, code)
    context = {**_bedside(user, participant), "banner": banner_of(participant, clock.now())}
    return render(request, "infusion/rounds.html", context)


def _bedside(user: User, participant: Participant) -> dict[str, object]:
    at = clock.now()
    bedside = bedside_of(participant, at, most=SHOWN)
    record = ActLink(
        text="Record round",
        href=reverse("round-record", args=[participant.code]),
        reason=why_not(user, Permission.RECORD_INFUSION, participant),
        kind="primary" if bedside.owed.open_now or bedside.owed.overdue else "secondary",
        icon="heartbeat",
    )
    return {
        "participant": participant,
        "zone": participant.site.time_zone,
        "bedside": bedside,
        "iec_hs": look_for_iec_hs(participant, bedside.infusion, at),
        "at": at,
        "acts": [record],
        "may_correct": user.access.may(Permission.CORRECT_RECORD, participant.site_id),
        "last_missed": _last(bedside.owed),
    }


def _last(owed: RoundsOwed) -> Sequence[Obligation]:
    return owed.missed[:3]
