"""What is judged about an adverse event after it was recorded: serious, dose-limiting, by the sponsor, over.

The former values stay in the trail; clocks begin, move or stop with the judgement.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime

from infusion.models import AdverseEvent
from infusion.rules.adverse_events import ENDED, Causality, Outcome, Seriousness
from infusion.services.adverse_events import (
    ended_at,
    new_entry,
    require_codes,
    require_end,
    require_relations,
)
from infusion.services.safety_cases import FLAGGED, gradings_of, label, settle_case
from participants.rules import require_past, require_reason
from participants.services.journey import command
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated


def judge_seriousness(
    *,
    adverse_event: AdverseEvent,
    is_serious: bool,
    by: Actor,
    at: datetime,
    seriousness: Collection[str] = (),
    aware_at: datetime | None = None,
    reason: str = "",
    version: int | None = None,
) -> AdverseEvent:
    """Judge whether an event is serious (ICH E2A). Needs REPORT_SAFETY.

    aware_at: when the site learned that it is; its clock runs from there, by default from now for an event that was
    not serious before. Judging a serious one not serious stops its clocks and asks for a reason.
    Raises RuleViolated("reason-required", "unknown-code", "in-the-future", "aware-before-onset"), Conflict("stale-version").
    """
    require_codes(seriousness, Seriousness, "seriousness")
    require_past(aware_at or at, at, "aware_at")
    with _judged(adverse_event, "seriousness_judged", version, by=by, at=at, reason=reason) as event:
        if event.is_serious and not is_serious:
            require_reason(reason, "its clocks stop")
        if aware_at is not None and aware_at < event.onset_at:
            raise RuleViolated(
                "aware-before-onset", "Nobody can be aware before the onset.", field="aware_at"
            )
        if is_serious:
            known = (
                event.serious_aware_at if event.serious_aware_at or not event.is_serious else event.aware_at
            )
            event.serious_aware_at = aware_at or known or at
        else:
            event.serious_aware_at = None
        event.is_serious = is_serious
        event.seriousness = list(seriousness) if is_serious else []
        event.seriousness_judged_at = at
        _save(event, "is_serious", "seriousness", "serious_aware_at", "seriousness_judged_at")
    return event


def judge_dlt(
    *,
    adverse_event: AdverseEvent,
    is_dlt: bool | None,
    by: Actor,
    at: datetime,
    reason: str = "",
    version: int | None = None,
) -> AdverseEvent:
    """Judge whether an event limits the dose; None: not evaluable, with a reason. Needs JUDGE_DLT.

    Kept with the dose level of the participant.

    A judgement that is changed asks for a reason. Raises RuleViolated("reason-required"), Conflict("stale-version").
    """
    if is_dlt is None:
        require_reason(reason, "it is called not evaluable")
    permission = Permission.JUDGE_DLT
    with _judged(
        adverse_event, "dlt_judged", version, by=by, at=at, reason=reason, permission=permission
    ) as event:
        if event.dlt_judged_at is not None and event.is_dlt != is_dlt:
            require_reason(reason, "a judgement is changed")
        event.is_dlt = is_dlt
        event.dlt_judged_at, event.dlt_judged_by = at, by.actor_label
        event.dlt_reason = reason[:300]
        event.dlt_dose_level = event.participant.dose_level
        _save(event, "is_dlt", "dlt_judged_at", "dlt_judged_by", "dlt_reason", "dlt_dose_level")
    return event


def judge_relation(
    *,
    adverse_event: AdverseEvent,
    by: Actor,
    at: datetime,
    relation_product: str = "",
    relation_lymphodepletion: str = "",
    relation_procedure: str = "",
    relation_disease: str = "",
    reason: str = "",
    version: int | None = None,
) -> AdverseEvent:
    """Record how the investigator relates an event to the product, to lymphodepletion, the procedure, the disease.

    Needs REPORT_SAFETY. Each a word of Causality, "" where not judged. A relation to the product may make it a SUSAR,
    whose clocks then run from day 0 of the sponsor. A judgement that is changed asks for a reason.
    Raises RuleViolated("unknown-code", "reason-required"), Conflict("stale-version").
    """
    given = {
        "relation_product": relation_product,
        "relation_lymphodepletion": relation_lymphodepletion,
        "relation_procedure": relation_procedure,
        "relation_disease": relation_disease,
    }
    require_relations(given)
    with _judged(adverse_event, "relation_judged", version, by=by, at=at, reason=reason) as event:
        if any(getattr(event, name) not in {"", word} for name, word in given.items()):
            require_reason(reason, "a judgement is changed")
        for name, word in given.items():
            setattr(event, name, word)
        _save(event, *given)
    return event


def record_sponsor_assessment(
    *,
    adverse_event: AdverseEvent,
    sponsor_relation: str,
    is_expected: bool,
    sponsor_aware_at: datetime,
    by: Actor,
    at: datetime,
    reason: str = "",
    version: int | None = None,
) -> AdverseEvent:
    """Record how the sponsor sees the event. Needs REPORT_SAFETY.

    sponsor_aware_at: its day 0. Serious, not expected, and related for either side: the clocks of a SUSAR run from it,
    7 days and 8 more for a fatal or life-threatening one, else 15. Source: clinical rules 5.1.
    An assessment that is changed asks for a reason. Raises RuleViolated("unknown-code", "in-the-future",
    "aware-before-onset", "reason-required"), Conflict("stale-version").
    """
    require_codes([sponsor_relation], Causality, "sponsor_relation")
    require_past(sponsor_aware_at, at, "sponsor_aware_at")
    with _judged(adverse_event, "sponsor_assessment_recorded", version, by=by, at=at, reason=reason) as event:
        if sponsor_aware_at < event.onset_at:
            raise RuleViolated(
                "aware-before-onset", "Nobody can be aware before the onset.", field="sponsor_aware_at"
            )
        former = event.sponsor_relation, event.is_expected, event.sponsor_aware_at
        if event.sponsor_aware_at and former != (sponsor_relation, is_expected, sponsor_aware_at):
            require_reason(reason, "an assessment is changed")
        event.sponsor_relation, event.is_expected = sponsor_relation, is_expected
        event.sponsor_aware_at = sponsor_aware_at
        _save(event, "sponsor_relation", "is_expected", "sponsor_aware_at")
    return event


def resolve_adverse_event(
    *,
    adverse_event: AdverseEvent,
    outcome: str,
    by: Actor,
    at: datetime,
    resolved_on: date | None = None,
    reason: str = "",
    version: int | None = None,
) -> AdverseEvent:
    """Record the outcome, with the day it ended where it has. Needs RECORD_SAFETY.

    Nothing more is asked about an event that ended; clocks that run stay open until the report is filed.
    Raises RuleViolated("unknown-code", "end-required", "resolved-before-onset", "in-the-future"),
    Conflict("resolved-already", "stale-version").
    """
    require_codes([outcome], Outcome, "outcome")
    if (outcome in ENDED) != (resolved_on is not None):
        raise RuleViolated(
            "end-required",
            "An event that ended needs the day; one that goes on has none.",
            field="resolved_on",
        )
    zone = adverse_event.participant.site.time_zone
    permission = Permission.RECORD_SAFETY
    with _judged(
        adverse_event, "adverse_event_resolved", version, by=by, at=at, reason=reason, permission=permission
    ) as event:
        if not event.is_open:
            raise Conflict("resolved-already", "This event is over already.")
        event.outcome, event.resolved_on = outcome, resolved_on
        if resolved_on is not None:
            require_end(resolved_on, event.onset_at, zone, at)
            last = max(
                (one.assessed_at for one in event.grades.all() if one.voided_at is None),
                default=event.onset_at,
            )
            event.resolved_at = max(last, ended_at(resolved_on, event.onset_at, zone, at))
            if outcome == Outcome.RECOVERED.value:
                new_entry(event, 0, event.resolved_at, by, at).save_new()
        _save(event, "outcome", "resolved_on", "resolved_at")
    return event


@contextmanager
def _judged(
    adverse_event: AdverseEvent,
    act: str,
    version: int | None,
    *,
    by: Actor,
    at: datetime,
    reason: str,
    permission: Permission = Permission.REPORT_SAFETY,
) -> Iterator[AdverseEvent]:
    """Open the command, give the event as it is now, and bring the journey in line with what was judged."""
    with command(
        participant=adverse_event.participant,
        permission=permission,
        action=f"infusion.{act}",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        event = AdverseEvent.objects.get(pk=adverse_event.pk)
        if event.voided_at is not None:
            raise Conflict("voided", "This event was taken back.")
        event.participant = course.participant
        event.version = version or event.version
        yield event
        label(course, event, at)
        event.save_changes(FLAGGED)
        gradings = gradings_of(event.grades.all(), course.participant.site.time_zone)
        settle_case(course, event, gradings, by=by, at=at, reason=reason)


def _save(event: AdverseEvent, *fields: str) -> None:
    event.save_changes(fields)
