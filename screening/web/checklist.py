"""The eligibility checklist: every criterion with its evidence, what is owed, and the verdict always in sight."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from participants.models import Obligation
from participants.queries.pages import banner_of
from participants.queries.words import ARMS
from screening.queries.episodes import Screening
from screening.queries.evidence import rechecked
from screening.queries.later_tests import with_later_tests
from screening.rules.assessments import Evaluation
from screening.rules.gates import open_criteria
from screening.rules.vocabulary import Group
from screening.services.rechecks import act_of
from screening.states import EpisodeState
from screening.web.acts import ActLink, why_not
from screening.web.answers import GROUPS
from screening.web.enrolment import why_not_enrol
from screening.web.planned import forecasts, planned_days
from screening.web.rows import groups_of
from screening.web.steps import why_not_confirm, why_not_fail
from screening.web.targets import InScreening, find_screening
from screening.web.todo import to_do
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.criteria import Verdict, VerdictStatus
from trialsite.protocol.types import Arm, EventKind
from trialsite.web.access import requires, signed_in


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedRecheck:
    """A re-check that is planned, with what it would find today."""

    row: Obligation
    evaluation: Evaluation
    is_open: bool

    @property
    def verdict(self) -> Verdict:
        return self.evaluation.verdict


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def checklist(request: HttpRequest, code: str) -> HttpResponse:
    """Show the checklist of the newest episode."""
    user = signed_in(request)
    target = find_screening(user, code)
    screening = target.screening
    context: dict[str, Any] = {
        "target": target,
        "participant": target.participant,
        "episode": screening.episode,
        "zone": target.participant.site.time_zone,
        "banner": banner_of(target.participant, screening.at),
        "version": screening.version,
    }
    if screening.episode is None:
        reason = why_not(user, Permission.RECORD_SCREENING, target.participant)
        href = reverse("screening-start", args=[code])
        context["start"] = ActLink(text="Start screening", href=href, reason=reason, kind="primary")
        return render(request, "screening/checklist.html", context)
    return render(request, "screening/checklist.html", context | _page(request, user, target))


def _page(request: HttpRequest, user: User, target: InScreening) -> dict[str, Any]:
    screening = target.screening
    evaluation, file = screening.evaluation, screening.file
    if evaluation is None or file is None:
        return {}
    days = planned_days(screening, request.GET)
    planned = {one.title: one.on for one in days if one.on is not None}
    rechecks = owed_rechecks(screening)
    enrolled = screening.course.last(EventKind.ENROLLED)
    asking = [one.evaluation for one in rechecks if one.is_open] if enrolled else [evaluation]
    not_allowed = why_not(user, Permission.RECORD_SCREENING, target.participant)
    is_failed = screening.state is EpisodeState.FAILED
    return {
        "groups": groups_of(screening.version, evaluation, file, screening.today, planned),
        "todo": to_do([] if is_failed else asking),
        "entry_groups": [(group, GROUPS[group]) for group in Group],
        "may_enter": not not_allowed and not is_failed,
        "may_judge": user.access.may(Permission.JUDGE_ELIGIBILITY, target.site.id) and not is_failed,
        "not_allowed": not_allowed,
        "is_failed": is_failed,
        "decision": screening.decision,
        "reopened": next((one for one in screening.decisions_of(file.episode) if one.reopened_at), None),
        "enrolled_on": enrolled.on if enrolled else None,
        "planned_days": days,
        "forecasts": [] if is_failed else forecasts(screening, days, screening.intended_arm),
        "rechecks": rechecks,
        "may_recheck": user.access.may(Permission.CONFIRM_ELIGIBILITY, target.site.id),
        **verdict_line(user, screening),
    }


def owed_rechecks(screening: Screening) -> list[OwedRecheck]:
    """Return the re-checks of the schedule that are not done, the next one first."""
    if screening.file is None or screening.state is EpisodeState.FAILED:
        return []
    rows = [
        row
        for row in sorted(screening.course.stored.values(), key=lambda one: (one.opens_on, one.key))
        if row.item_id.startswith("T-RECHECK-") and _is_owed(screening, row)
    ]
    if not rows:
        return []
    found, file = [], with_later_tests(screening.course, screening.file, screening.today)
    for row in rows:
        act = act_of(row.key)
        evaluation = rechecked(screening.course, file, screening.version, screening.today, act)
        found.append(OwedRecheck(row=row, evaluation=evaluation, is_open=row.opens_on <= screening.today))
    return found


# The first act after each re-check: once it took place, nothing is to be re-checked for it.
_LEADS_TO = {"T-RECHECK-LD": "V-LD1", "T-RECHECK-INF": "V-D0"}


def _is_owed(screening: Screening, row: Obligation) -> bool:
    """Not done, or done and not found eligible: then it is made again."""
    if row.cancelled_at is not None or row.ended_at is not None:
        return False
    act = screening.course.stored.get(row.key.replace(row.item_id, _LEADS_TO[row.item_id]))
    if act is not None and act.fulfilled_at is not None:
        return False
    made = [event for event in screening.course.events if event.item == row.key]
    return row.fulfilled_at is None or not made or made[-1].facts.get("verdict") != VerdictStatus.ELIGIBLE


def verdict_line(user: User, screening: Screening) -> dict[str, Any]:
    """Return what the verdict line shows: the verdict with its ids, how long it holds, and what may be done."""
    leaves = open_criteria(screening.version)
    verdict = screening.verdict()
    arm = screening.intended_arm
    evaluation = screening.evaluation
    lapses_on = evaluation.lapses_on if evaluation else None
    return {
        "verdict": verdict,
        "answered": sum(1 for key in leaves if key not in verdict.missing),
        "asked": len(leaves),
        "arm_words": ARMS[arm.value] if arm else "",
        "acts": decision_acts(user, screening),
        "lapses_on": lapses_on,
        "lapsing": evaluation.lapsing if evaluation else (),
        "days_left": _days(screening.today, lapses_on),
        "waiting_helps_on": evaluation.waiting_helps_on if evaluation else None,
    }


def _days(today: date, lapses_on: date | None) -> int | None:
    """Return how many more days the evidence holds, today included."""
    return None if lapses_on is None else (lapses_on - today).days


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
