"""The eligibility checklist: every criterion with its finding, entered in place, and the verdict always in sight."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from participants.queries.pages import banner_of
from participants.queries.words import ARMS
from screening.models import EligibilityFinding
from screening.queries import Screening
from screening.rules.gates import open_criteria
from screening.services.episodes import record_finding
from screening.states import EpisodeState
from screening.web.acts import ActLink, why_not
from screening.web.forms import FindingForm
from screening.web.steps import why_not_confirm, why_not_enrol, why_not_fail
from screening.web.targets import InScreening, find_screening
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.errors import DomainError, NotPermitted
from trialsite.protocol.criteria import CriterionStatus, Verdict, resolve_statuses
from trialsite.protocol.types import Arm, Criterion, CriterionKind
from trialsite.web.access import requires, signed_in

_ICONS = {CriterionStatus.MET: "check", CriterionStatus.NOT_MET: "x", CriterionStatus.UNKNOWN: "help-circle"}
_WANTED = {CriterionKind.INCLUSION: CriterionStatus.MET, CriterionKind.EXCLUSION: CriterionStatus.NOT_MET}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A status button. tone: what this answer means for eligibility: good, bad or open."""

    value: str
    words: str
    icon: str
    tone: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A criterion. parts: its sub-items; then it has no finding of its own, its status follows from theirs."""

    criterion: Criterion
    href: str
    choices: tuple[Choice, ...]
    form: FindingForm | None
    finding: EligibilityFinding | None
    derived: Choice | None
    arms: str
    parts: tuple["Row", ...] = ()
    is_locked: bool = False

    @property
    def slug(self) -> str:
        return self.criterion.id.replace(".", "-")

    @property
    def reading(self) -> str:
        return self.criterion.reading.removeprefix("Assumed: ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    title: str
    hint: str
    rows: tuple[Row, ...]


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def checklist(request: HttpRequest, code: str) -> HttpResponse:
    """Show the checklist of the newest episode; to read only, for who may not enter findings."""
    target = find_screening(signed_in(request), code)
    return render(request, "screening/checklist.html", _page(signed_in(request), target))


@requires(Permission.RECORD_SCREENING)
@require_POST
def record(request: HttpRequest, code: str, criterion_id: str) -> HttpResponse:
    """Record one finding and show its row anew, with the verdict that follows."""
    user, target = signed_in(request), find_screening(signed_in(request), code)
    criterion = _criterion(target.screening, criterion_id)
    form = _form(target, criterion, entered=request.POST)
    if not _is_saved(user, target, criterion, form):
        return _answer(request, user, target, criterion, form, status=422)
    return _answer(request, user, find_screening(user, code), criterion, None)


def _is_saved(user: User, target: InScreening, criterion: Criterion, form: FindingForm) -> bool:
    if not form.is_valid():
        return False
    given = {name: form.cleaned_data[name] for name in ("evidence_on", "note", "reason")}
    status = CriterionStatus(form.cleaned_data["status"])
    try:
        record_finding(
            episode=target.episode, criterion_id=criterion.id, status=status, by=user, at=clock.now(), **given
        )
    except NotPermitted:
        raise
    except DomainError as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return False
    return True


def _answer(
    request: HttpRequest,
    user: User,
    target: InScreening,
    criterion: Criterion,
    refused: FindingForm | None,
    status: int = 200,
) -> HttpResponse:
    """The row alone for htmx; the whole page where a browser sends the form by itself."""
    context = _page(user, target, {criterion.id: refused} if refused else {})
    if request.headers.get("HX-Request"):
        row = next(row for row in _every(context["groups"]) if row.criterion.id == criterion.id)
        parent = next((p for p in _every(context["groups"]) if p.criterion.id == criterion.parent), None)
        context |= {"row": row, "parent": parent, "is_fragment": True}
        return render(request, "screening/finding.html", context, status=status)
    if refused:
        return render(request, "screening/checklist.html", context, status=status)
    href = f"{reverse('screening-checklist', args=[target.participant.code])}#criterion-{criterion.id}"
    return HttpResponse(status=303, headers={"Location": href})


def _every(groups: Any) -> list[Row]:
    rows = [row for group in groups for row in group.rows]
    return rows + [part for row in rows for part in row.parts]


def _criterion(screening: Screening, criterion_id: str) -> Criterion:
    for one in screening.version.criteria:
        if one.id == criterion_id and one.id in open_criteria(screening.version):
            return one
    raise Http404


def _page(
    user: User, target: InScreening, refused: Mapping[str, FindingForm] | None = None
) -> dict[str, Any]:
    screening, participant = target.screening, target.participant
    context: dict[str, Any] = {
        "target": target,
        "participant": participant,
        "episode": screening.episode,
        "zone": participant.site.time_zone,
        "banner": banner_of(participant, screening.at),
        "version": screening.version,
        "is_failed": screening.state is EpisodeState.FAILED,
        "decision": screening.decision,
        "groups": (),
    }
    if screening.episode is None:
        reason = why_not(user, Permission.RECORD_SCREENING, participant)
        href = reverse("screening-start", args=[participant.code])
        return context | {"start": ActLink(text="Start screening", href=href, reason=reason, kind="primary")}
    not_allowed = why_not(user, Permission.RECORD_SCREENING, participant)
    is_locked = bool(not_allowed) or screening.state is EpisodeState.FAILED
    return context | {
        "not_allowed": not_allowed,
        "is_locked": is_locked,
        "groups": _groups(target, refused or {}, is_locked),
        **verdict_line(user, screening),
    }


def verdict_line(user: User, screening: Screening) -> dict[str, Any]:
    """Return what the verdict line shows: the verdict with its ids, how far it is, and what may be done."""
    leaves = open_criteria(screening.version)
    answered = [
        key
        for key in leaves
        if screening.statuses.get(key, CriterionStatus.UNKNOWN) is not CriterionStatus.UNKNOWN
    ]
    verdict: Verdict = screening.verdict()
    arm = screening.intended_arm
    return {
        "verdict": verdict,
        "answered": len(answered),
        "asked": len(leaves),
        "arm_words": ARMS[arm.value] if arm else "",
        "acts": decision_acts(user, screening),
    }


def decision_acts(user: User, screening: Screening) -> list[ActLink]:
    """Return the decisions that stand next, each with the reason why it is not possible now."""
    participant, code = screening.participant, screening.participant.code
    if screening.state is EpisodeState.FAILED or participant.arm:
        return []
    fail = ActLink(
        text="Screen failure",
        href=reverse("screen-failure", args=[code]),
        reason=why_not(user, Permission.CONFIRM_ELIGIBILITY, participant) or why_not_fail(screening),
        icon="user-x",
    )
    if screening.state is EpisodeState.ELIGIBLE:
        arm = screening.intended_arm or Arm.INTRAVENOUS
        reason = why_not(user, Permission.ENROL, participant) or why_not_enrol(screening, arm)
        href = reverse("enrol", args=[code])
        return [ActLink(text="Enrol", href=href, reason=reason, kind="primary", icon="clipboard-check"), fail]
    reason = why_not(user, Permission.CONFIRM_ELIGIBILITY, participant) or why_not_confirm(screening)
    href = reverse("eligibility-confirm", args=[code])
    return [
        ActLink(text="Confirm eligibility", href=href, reason=reason, kind="primary", icon="user-check"),
        fail,
    ]


def _groups(target: InScreening, refused: Mapping[str, FindingForm], is_locked: bool) -> tuple[Group, ...]:
    rows = [
        _row(target, one, refused, is_locked) for one in target.screening.version.criteria if not one.parent
    ]
    kinds = (
        (CriterionKind.INCLUSION, "Inclusion criteria", "Each must be met."),
        (
            CriterionKind.EXCLUSION,
            "Exclusion criteria",
            "Met means that the condition is there, and excludes. None may be met.",
        ),
    )
    return tuple(
        Group(title=title, hint=hint, rows=tuple(row for row in rows if row.criterion.kind is kind))
        for kind, title, hint in kinds
    )


def _row(target: InScreening, one: Criterion, refused: Mapping[str, FindingForm], is_locked: bool) -> Row:
    screening = target.screening
    parts = tuple(
        _row(target, part, refused, is_locked) for part in screening.version.criteria if part.parent == one.id
    )
    finding = screening.findings.get(one.id)
    form = refused.get(one.id)
    pressed = form.data.get("status", "") if form else finding.status if finding else ""
    return Row(
        criterion=one,
        href=reverse("screening-finding", args=[target.participant.code, one.id]),
        choices=tuple(_choice(one.kind, status, pressed == status.value) for status in CriterionStatus),
        form=None if parts else form or _form(target, one),
        finding=finding,
        derived=_derived(screening, one) if parts else None,
        arms=" and ".join(ARMS[arm.value] for arm in sorted(one.arms)),
        parts=parts,
        is_locked=is_locked,
    )


def _choice(kind: CriterionKind, status: CriterionStatus, is_chosen: bool) -> Choice:
    tone = "open" if status is CriterionStatus.UNKNOWN else "good" if status is _WANTED[kind] else "bad"
    words = {
        CriterionStatus.MET: "Met",
        CriterionStatus.NOT_MET: "Not met",
        CriterionStatus.UNKNOWN: "Unknown",
    }
    return Choice(
        value=status.value, words=words[status], icon=_ICONS[status], tone=tone, is_chosen=is_chosen
    )


def _derived(screening: Screening, one: Criterion) -> Choice:
    known = {criterion.id for criterion in screening.version.criteria}
    statuses = {key: value for key, value in screening.statuses.items() if key in known}
    return _choice(
        one.kind, resolve_statuses(screening.version, statuses, screening.intended_arm)[one.id], True
    )


def _form(target: InScreening, one: Criterion, entered: Any = None) -> FindingForm:
    finding = target.screening.findings.get(one.id)
    first = {"evidence_on": finding.evidence_on, "note": finding.note} if finding else {}
    zone = target.site.time_zone
    return FindingForm(
        entered,
        initial={**first, "once": uuid4()},
        zone=zone,
        today=clock.local_date(zone, clock.now()),
        auto_id=f"{one.id.replace('.', '-')}-%s",
    )
