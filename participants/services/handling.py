"""Dealing with a deviation, step by step: reported, assessed, acted upon, checked, closed.

Every step is one row that is never changed, beside the columns that say how things stand. Source: clinical rules 5.3.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from participants.models import (
    ActionKind,
    Cause,
    Deviation,
    DeviationAction,
    DeviationNotice,
    DeviationStep,
    NoticeTo,
)
from participants.rules import closing_obstacles, next_handling, require_another_person, require_past
from participants.services.deviations import notice_due_on
from participants.services.notices import judge_notices
from participants.states import Handling, HandlingStep
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission, may, require
from trialsite.audit.acting import Actor, acting
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.registry import latest
from trialsite.protocol.windows import civil_date
from trialsite.signing.services.signing import sign


def report_deviation(
    *,
    deviation: Deviation,
    cause: Cause,
    explanation: str,
    immediate_action: str,
    by: Actor,
    at: datetime,
    version: int | None = None,
) -> Deviation:
    """Report a draft: why it happened, of which kind that cause is, and what was done at once. Needs RECORD_DEVIATION.

    Raises RuleViolated("explanation-required"), InvalidTransition("not-at-this-stage"), Conflict("stale-version").
    """
    _require_words(explanation, "explanation", "Say why it happened.")
    with _step(deviation, HandlingStep.REPORT, explanation, by, at, version) as current:
        current.cause, current.reason = cause.value, explanation
        current.immediate_action = immediate_action
        current.reported_at, current.reported_by, current.reporter_id = at, by.actor_label, by.actor_id
    return current


def assess_deviation(
    *,
    deviation: Deviation,
    is_important: bool,
    reason: str,
    by: Actor,
    at: datetime,
    version: int | None = None,
) -> Deviation:
    """Confirm whether it is important, with the reason; what it held is free. Needs ASSESS_DEVIATION.

    By another person than the reporter. Important: sponsor and ethics committee are to be told, counted from the
    detection where the rule proposed it, else from now. Not important: nobody has to be told any more.
    Raises RuleViolated("reason-required", "same-person"), InvalidTransition("not-at-this-stage"),
    Conflict("stale-version").
    """
    _require_words(reason, "reason", "Say why it is important, or why not.", code="reason-required")
    with _step(deviation, HandlingStep.ASSESS, reason, by, at, version) as current:
        require_another_person(by.actor_id, current.reporter_id)
        current.is_important, current.assessment_reason = is_important, reason
        current.assessed_at, current.assessed_by = at, by.actor_label
        if is_important and current.notice_due_on is None:
            current.notice_due_on = notice_due_on(current.site, at, latest())
        if not is_important:
            current.notice_due_on = None
        judge_notices(current, at=at)
    return current


def plan_action(
    *,
    deviation: Deviation,
    kind: ActionKind,
    description: str,
    owner: User,
    due_on: date,
    by: Actor,
    at: datetime,
    version: int | None = None,
) -> DeviationAction:
    """Plan a corrective or preventive action with its owner and last day. Needs ASSESS_DEVIATION.

    Raises RuleViolated("description-required", "due-in-the-past", "owner-elsewhere"),
    InvalidTransition("not-at-this-stage"), Conflict("stale-version").
    """
    _require_words(description, "description", "Say what is to be done.")
    if due_on < civil_date(at, deviation.site.time_zone):
        raise RuleViolated("due-in-the-past", "Choose today or a later date.", field="due_on")
    if not may(owner, Permission.RECORD_DEVIATION, deviation.site_id):
        raise RuleViolated("owner-elsewhere", "Choose somebody who works at this site.", field="owner")
    with _step(deviation, HandlingStep.PLAN, description, by, at, version) as current:
        action = DeviationAction(
            deviation=current,
            participant_id=current.participant_id,
            kind=kind.value,
            description=description,
            owner=owner,
            due_on=due_on,
            planned_by=by.actor_label,
            recorded_at=at,
        )
        action.save_new()
    return action


def complete_action(
    *, action: DeviationAction, note: str, by: Actor, at: datetime, version: int | None = None
) -> DeviationAction:
    """Record that an action was done, and how. Needs RECORD_DEVIATION.

    Raises RuleViolated("note-required"), Conflict("action-done-already", "stale-version").
    """
    _require_words(note, "note", "Say what was done.")
    require(by, Permission.RECORD_DEVIATION, action.deviation.site_id)
    with acting(by=by, at=at, action="participants.deviation_action_completed", reason=note):
        current = DeviationAction.objects.select_for_update(of=("self",)).get(pk=action.pk)
        if current.done_at is not None:
            raise Conflict("action-done-already", "This action is done already.")
        current.version = version or current.version
        current.done_at, current.done_by, current.done_note = at, by.actor_label, note
        current.save_changes(["done_at", "done_by", "done_note"])
    return current


def check_effect(
    *,
    deviation: Deviation,
    is_effective: bool,
    note: str,
    by: Actor,
    at: datetime,
    version: int | None = None,
) -> Deviation:
    """Record whether the actions had their effect; if not, more is to be planned. Needs ASSESS_DEVIATION.

    Raises RuleViolated("note-required", "same-person", "actions-open"), InvalidTransition("not-at-this-stage"),
    Conflict("stale-version").
    """
    _require_words(note, "note", "Say what the judgement rests on.")
    step = HandlingStep.CONFIRM if is_effective else HandlingStep.DOUBT
    with _step(deviation, step, note, by, at, version) as current:
        require_another_person(by.actor_id, current.reporter_id)
        if DeviationAction.objects.filter(deviation=current, done_at=None).exists():
            raise RuleViolated("actions-open", "Not every action is done yet.")
    return current


def record_notice(
    *,
    deviation: Deviation,
    recipient: NoticeTo,
    sent_at: datetime,
    reference: str,
    by: Actor,
    at: datetime,
    version: int | None = None,
) -> DeviationNotice:
    """Record that sponsor or ethics committee was told, and when. Needs RECORD_DEVIATION.

    Later than its last day is a deviation of its own; told in time and recorded late is none.
    Raises RuleViolated("in-the-future", "told-before-detected"), Conflict("stale-version").
    """
    require_past(sent_at, at, "sent_at")
    if sent_at < deviation.detected_at.replace(second=0, microsecond=0):
        raise RuleViolated(
            "told-before-detected", "This lies before the deviation was found.", field="sent_at"
        )
    require(by, Permission.RECORD_DEVIATION, deviation.site_id)
    with acting(by=by, at=at, action="participants.deviation_notified"):
        current = _locked(deviation, version)
        notice = DeviationNotice(
            deviation=current,
            participant_id=current.participant_id,
            recipient=recipient.value,
            sent_at=sent_at,
            reference=reference,
            recorded_by=by.actor_label,
            recorded_at=at,
        )
        notice.save_new()
        judge_notices(current, at=at)
        current.save_changes(["notified_at"])
    return notice


def close_deviation(
    *,
    deviation: Deviation,
    note: str,
    signing: Mapping[str, Any],
    by: Actor,
    at: datetime,
    version: int | None = None,
) -> Deviation:
    """Close a deviation with a note, under signature; it stays on record. Needs ASSESS_DEVIATION.

    signing: what `sign` takes besides the record. By another person than the reporter. An important one only after its
    actions were found effective and everybody was told. Raises RuleViolated("note-required", "same-person",
    "not-closable"), InvalidTransition("not-at-this-stage"), Conflict("stale-version"), and what `sign` raises: then
    nothing was closed.
    """
    _require_words(note, "note", "Say how the deviation was dealt with.")
    with acting(by=by, at=at, action=_ACTIONS[HandlingStep.CLOSE], reason=note):
        current = _closed(deviation, note, by, at, version)
        sign(record=current, by=by, at=at, **signing)
    return current


def _closed(deviation: Deviation, note: str, by: Actor, at: datetime, version: int | None) -> Deviation:
    with _step(deviation, HandlingStep.CLOSE, note, by, at, version) as current:
        require_another_person(by.actor_id, current.reporter_id)
        obstacles = _obstacles_of(current, current.handling)
        if obstacles:
            raise RuleViolated(
                "not-closable", f"Not yet: {'; '.join(obstacles)}.", params={"reasons": list(obstacles)}
            )
        current.closed_at, current.closing_note = at, note
    return current


def _obstacles_of(deviation: Deviation, state: Handling) -> tuple[str, ...]:
    """Return what stands against closing it, in words."""
    return closing_obstacles(
        state,
        is_important=deviation.counts_as_important,
        open_actions=DeviationAction.objects.filter(deviation=deviation, done_at=None).count(),
        told=set(DeviationNotice.objects.filter(deviation=deviation).values_list("recipient", flat=True)),
        to_tell=[one.value for one in NoticeTo],
    )


def reopen_deviation(
    *, deviation: Deviation, reason: str, by: Actor, at: datetime, version: int | None = None
) -> Deviation:
    """Open a closed deviation again; it is to be assessed anew. Needs ASSESS_DEVIATION.

    Raises RuleViolated("reason-required"), InvalidTransition("not-at-this-stage"), Conflict("stale-version").
    """
    _require_words(reason, "reason", "Say why it is opened again.", code="reason-required")
    with _step(deviation, HandlingStep.REOPEN, reason, by, at, version) as current:
        current.closed_at, current.closing_note = None, ""
        current.is_important, current.assessed_at = None, None
    return current


_NEEDS = {HandlingStep.REPORT: Permission.RECORD_DEVIATION}
_ACTIONS = {
    HandlingStep.REPORT: "participants.deviation_reported",
    HandlingStep.ASSESS: "participants.deviation_assessed",
    HandlingStep.PLAN: "participants.deviation_action_planned",
    HandlingStep.CONFIRM: "participants.deviation_effect_confirmed",
    HandlingStep.DOUBT: "participants.deviation_effect_doubted",
    HandlingStep.CLOSE: "participants.deviation_closed",
    HandlingStep.REOPEN: "participants.deviation_reopened",
}
_COLUMNS = (
    "status", "cause", "reason", "immediate_action", "reported_at", "reported_by", "reporter_id", "is_important",
    "assessed_at", "assessed_by", "assessment_reason", "notice_due_on", "notified_at", "closed_at", "closing_note",
)  # fmt: skip


@contextmanager
def _step(
    deviation: Deviation, step: HandlingStep, note: str, by: Actor, at: datetime, version: int | None
) -> Iterator[Deviation]:
    """Lock the deviation, let the caller set its columns, and save it with the row of the step."""
    require(by, _NEEDS.get(step, Permission.ASSESS_DEVIATION), deviation.site_id)
    with acting(by=by, at=at, action=_ACTIONS[step], reason=note):
        current = _locked(deviation, version)
        before = current.handling
        after = next_handling(before, step)
        yield current
        current.status = after.value
        current.save_changes(_COLUMNS)
        DeviationStep(
            deviation=current,
            participant_id=current.participant_id,
            step=step.value,
            before=before.value,
            after=after.value,
            note=note,
            recorded_by=by.actor_label,
            recorded_at=at,
            number=current.version,
        ).save_new()


def _locked(deviation: Deviation, version: int | None) -> Deviation:
    current = (
        Deviation.objects.select_for_update(of=("self",))
        .select_related("site", "participant")
        .get(pk=deviation.pk)
    )
    current.version = version or current.version
    return current


def _require_words(text: str, field: str, words: str, *, code: str = "") -> None:
    """Raises RuleViolated("<field>-required")."""
    if not text.strip():
        raise RuleViolated(code or f"{field}-required", words, field=field)
