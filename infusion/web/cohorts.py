"""The board of the dose cohorts: every arm with its levels, who may be dosed next, what the rule proposes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from infusion.models import Cohort, CohortSlot
from infusion.queries.cohorts import CohortEntry, Ledger, ledger_of
from infusion.rules.cohort_history import DecisionRecord
from infusion.rules.cohorts import CohortBoard, CohortState, SlotLine, SlotStatus, board_of, with_dlt
from infusion.states import CohortDecision as Decided
from participants.queries.words import ARMS
from screening.web.words import in_powers
from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.types import Arm, DoseLevel
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotShown:
    """code, href: empty for a participant of a site the reader does not see."""

    line: SlotLine
    sign: Status
    code: str
    href: str
    observed: int
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortShown:
    """decide_href: where the reader decides; "" for who may not, or while nothing is open to decide."""

    cohort: Cohort
    board: CohortBoard
    state: str
    proposal: str
    slots: Sequence[SlotShown]
    decisions: Sequence[tuple[DecisionRecord, str]]
    places: int
    site_code: str

    @property
    def is_closed(self) -> bool:
        return self.board.state is CohortState.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelShown:
    level: DoseLevel
    dose: str
    cohorts: Sequence[CohortShown]


@requires(Permission.VIEW_TRIAL)
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """Show the dose cohorts of both arms. A participant of another site appears without a code."""
    user, at = signed_in(request), clock.now()
    site_code = site_of_decisions(user)
    arms = [(ARMS[arm.value], _levels(ledger_of(arm), user, at, site_code)) for arm in Arm]
    rule = ledger_of(Arm.INTRAVENOUS).version.cohort_rule
    return render(
        request,
        "infusion/cohorts.html",
        {"arms": arms, "rule": rule, "site_code": site_code, "signs": SLOT_SIGNS.values()},
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
    on = ledger.on(at)
    supposed = board_of(with_dlt(ledger.facts(entry, at), number, on), entry.rule, on)
    context = {"number": number, "board": supposed, "proposal": DECISIONS[supposed.proposal.decision]}
    return render(request, "infusion/cohort_what_if.html", context)


def site_of_decisions(user: User) -> str:
    """Return the code of the first site at which a user decides on cohorts, or ""."""
    ids = user.access.site_ids(Permission.DECIDE_COHORT)
    sites = Site.objects.all() if ids is None else Site.objects.filter(pk__in=ids)
    return sites.order_by("code").values_list("code", flat=True).first() or ""


def _levels(ledger: Ledger, user: User, at: datetime, site_code: str) -> list[LevelShown]:
    visible = user.access.site_ids(Permission.VIEW_PARTICIPANT)
    return [
        LevelShown(
            level=level,
            dose=in_powers(level.nominal_cells_per_kg),
            cohorts=[
                _cohort(ledger, entry, visible, at, site_code)
                for entry in ledger.entries
                if entry.cohort.dose_level == level.id
            ],
        )
        for level in ledger.dose_levels
    ]


def _cohort(
    ledger: Ledger, entry: CohortEntry, visible: frozenset[UUID] | None, at: datetime, site_code: str
) -> CohortShown:
    board, on = ledger.board(entry, at), ledger.on(at)
    rows = {slot.number: slot for slot in entry.slots}
    return CohortShown(
        cohort=entry.cohort,
        board=board,
        state=STATES[board.state],
        proposal=DECISIONS[board.proposal.decision],
        slots=[
            _slot(line, rows[line.facts.number], visible, on, entry.rule.dlt_window_days)
            for line in board.lines
        ],
        decisions=[(one, DECISIONS[one.decision]) for one in reversed(entry.record.decisions)],
        places=board.counts.places_left,
        site_code=site_code,
    )


def _slot(
    line: SlotLine, row: CohortSlot, visible: frozenset[UUID] | None, on: date, window_days: int
) -> SlotShown:
    is_seen = visible is None or row.participant.site_id in visible
    return SlotShown(
        line=line,
        sign=SLOT_SIGNS[line.status],
        code=row.participant.code if is_seen else "",
        href=row.participant.get_absolute_url() if is_seen else "",
        observed=line.days_observed(on, window_days),
        days=window_days,
    )
