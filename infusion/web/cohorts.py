"""The board of the dose cohorts: every arm with its levels, who may be dosed next, what the rule proposes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from infusion.models import Cohort, CohortDecision
from infusion.queries.cohorts import CohortSeen, Ledger, SlotSeen, ledger_of, seen_by
from infusion.queries.treatment import Treatment
from infusion.rules.cohort_history import DecisionRecord
from infusion.rules.cohorts import CohortBoard, CohortState, SlotStatus
from infusion.states import CohortDecision as Decided
from participants.queries.words import ARMS
from screening.web.words import in_powers
from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.registry import latest
from trialsite.protocol.types import Arm, DoseLevel
from trialsite.signing.queries import signatures_of_many
from trialsite.web.access import requires, signed_in
from trialsite.web.components import Status

SLOT_SIGNS: dict[SlotStatus, Status] = {
    SlotStatus.WAITING: Status(words="Waits for infusion", tone="quiet", shape="ring", letter="W"),
    SlotStatus.IN_WINDOW: Status(words="In the DLT window", tone="active", shape="disc", letter="O"),
    SlotStatus.TO_JUDGE: Status(words="Toxicity to be judged", tone="warn", shape="triangle", letter="J"),
    SlotStatus.CLEAR: Status(words="Evaluable, no DLT", tone="good", shape="square", letter="E"),
    SlotStatus.DLT: Status(words="Dose-limiting toxicity", tone="bad", shape="octagon", letter="D"),
    SlotStatus.NOT_EVALUABLE: Status(words="To be replaced", tone="quiet", shape="dashed", letter="N"),
}
STATES: dict[CohortState, str] = {
    CohortState.OPEN: "Open",
    CohortState.WAITING: "Full, windows still open",
    CohortState.HELD: "On hold",
    CohortState.EXPAND_PROPOSED: "Expansion to six proposed",
    CohortState.ESCALATE_PROPOSED: "Escalation proposed",
    CohortState.EXPANSION_PROPOSED: "Expansion at this dose proposed",
    CohortState.CLOSE_PROPOSED: "Completion proposed",
    CohortState.STOP_PROPOSED: "Stop proposed",
    CohortState.CLOSED: "Closed",
}
DECISIONS: dict[Decided, str] = {
    Decided.STOP: "Stop this dose level",
    Decided.HOLD: "Hold dosing",
    Decided.CONTINUE: "Continue as planned",
    Decided.CLOSE: "Close the completed cohort",
    Decided.EXPAND: "Expand the cohort at this level",
    Decided.OPEN_EXPANSION: "Take this dose into expansion",
    Decided.ESCALATE: "Escalate to the next level",
}


Made = Mapping[tuple[UUID, int], CohortDecision]  # decisions by cohort and number


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotShown:
    """days: of the window."""

    seen: SlotSeen
    sign: Status
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortShown:
    """decide_href: where the reader decides; "" for who may not, or while nothing is open to decide."""

    cohort: Cohort
    board: CohortBoard
    state: str
    proposal: str
    slots: Sequence[SlotShown]
    decisions: Sequence[tuple[DecisionRecord, str, CohortDecision | None]]
    site_code: str

    @property
    def is_closed(self) -> bool:
        return self.board.state is CohortState.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelShown:
    level: DoseLevel
    dose: str
    cohorts: Sequence[CohortShown]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The slot of one participant in words, and what the reader may do about it; "" where nothing."""

    words: str
    holds: Sequence[str] = ()
    take_href: str = ""
    free_href: str = ""


@requires(Permission.VIEW_TRIAL)
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """Show the dose cohorts of both arms. A participant of another site appears without a code."""
    user, at = signed_in(request), clock.now()
    site_code = site_of_decisions(user)
    zone = Site.objects.visible_to(user).order_by("code").values_list("time_zone", flat=True).first() or "UTC"
    made = {(one.cohort_id, one.number): one for one in CohortDecision.objects.select_related("cohort")}
    arms = [(ARMS[arm.value], _levels(ledger_of(arm), user, at, site_code, made)) for arm in Arm]
    rule = latest().cohort_rule
    return render(
        request,
        "infusion/cohorts.html",
        {
            "arms": arms,
            "rule": rule,
            "site_code": site_code,
            "zone": zone,
            "signs": SLOT_SIGNS.values(),
            "signed": signatures_of_many(made.values()),
        },
    )


@requires(Permission.VIEW_TRIAL)
@require_GET
def what_if(request: HttpRequest, cohort_id: UUID) -> HttpResponse:
    """Show what the rule would propose if the participant of a slot had a dose-limiting toxicity today."""
    cohort = Cohort.objects.filter(pk=cohort_id).first()
    if cohort is None:
        raise Http404
    at = clock.now()
    ledger = ledger_of(Arm(cohort.arm))
    entry = next(one for one in ledger.entries if one.cohort.pk == cohort_id)
    wanted = request.GET.get("slot", "")
    number = int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) < 4 else 0
    supposed = ledger.supposed(entry, number, at)
    context = {"number": number, "board": supposed, "proposal": DECISIONS[supposed.proposal.decision]}
    return render(request, "infusion/cohort_what_if.html", context)


def place_of(user: User, treatment: Treatment) -> Place:
    """Return the place in a dose cohort that the panel of a participant shows."""
    participant, standing = treatment.participant, treatment.standing
    may = bool(participant.arm) and user.access.may(Permission.TAKE_SLOT, participant.site_id)
    if standing.slot is None or standing.entry is None or standing.ledger is None:
        return Place(words="", take_href=reverse("slot-take", args=[participant.code]) if may else "")
    cohort, number = standing.entry.cohort, standing.slot.number
    free_href = reverse("slot-free", args=[participant.code, standing.slot.pk])
    return Place(
        words=f"{standing.entry.level.title}, {cohort.kind} cohort {cohort.number}, participant {number}",
        holds=() if treatment.infusions else standing.ledger.board(standing.entry, treatment.at).holds,
        free_href=free_href if may and not treatment.infusions else "",
    )


def site_of_decisions(user: User) -> str:
    """Return the code of the first site at which a user decides on cohorts, or ""."""
    ids = user.access.site_ids(Permission.DECIDE_COHORT)
    sites = Site.objects.all() if ids is None else Site.objects.filter(pk__in=ids)
    return sites.order_by("code").values_list("code", flat=True).first() or ""


def _levels(ledger: Ledger, user: User, at: datetime, site_code: str, made: Made) -> list[LevelShown]:
    seen = seen_by(user, ledger, at)
    return [
        LevelShown(
            level=level,
            dose=in_powers(level.nominal_cells_per_kg),
            cohorts=[_shown(one, site_code, made) for one in seen if one.entry.cohort.dose_level == level.id],
        )
        for level in ledger.dose_levels
    ]


def _shown(seen: CohortSeen, site_code: str, made: Made) -> CohortShown:
    return CohortShown(
        cohort=seen.entry.cohort,
        board=seen.board,
        state=STATES[seen.board.state],
        proposal=DECISIONS[seen.board.proposal.decision],
        slots=[
            SlotShown(
                seen=one,
                sign=SLOT_SIGNS[one.line.status],
                days=seen.entry.rule.dlt_window_days,
            )
            for one in seen.slots
        ],
        decisions=[
            (one, DECISIONS[one.decision], made.get((seen.entry.cohort.pk, one.number)))
            for one in reversed(seen.entry.record.decisions)
        ],
        site_code=site_code,
    )
