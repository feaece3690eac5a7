"""Adverse events and the clocks that run from the moment the site knows of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from infusion.models import AdverseEvent, GradeEntry, SafetyReport
from infusion.rules.adverse_events import (
    ENDED,
    RELATIONS,
    VERSIONS,
    Causality,
    Outcome,
    Seriousness,
    require_sound_grade,
    scale_for,
    syndrome_of,
)
from infusion.rules.safety_case import AESI_CLOCK, FOLLOW_SAE, SAE_CLOCK
from infusion.services.safety_cases import gradings_of, label, settle_case
from participants.models import Obligation, Participant
from participants.rules import require_past
from participants.services.journey import Happening, command, happened
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.types import EventKind
from trialsite.protocol.windows import civil_date, day_end_at

__all__ = [
    "AESI_CLOCK",
    "SAE_CLOCK",
    "EventDetails",
    "record_adverse_event",
    "record_safety_report",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDetails:
    """What may be known of an event beside its grade; "" or None: not judged.

    relation_…: the investigator's judgement, rules.adverse_events.Causality. sponsor_relation, is_expected: the
    sponsor's, on the product and its reference document; sponsor_aware_at: its day 0.
    """

    category: str = ""
    severity: str = ""
    relation_product: str = ""
    relation_lymphodepletion: str = ""
    relation_procedure: str = ""
    relation_disease: str = ""
    action_taken: str = ""
    treatment_given: str = ""
    is_expected: bool | None = None
    sponsor_relation: str = ""
    sponsor_aware_at: datetime | None = None
    proposed_grade: int | None = None
    grade_reason: str = ""


def record_adverse_event(
    *,
    participant: Participant,
    term: str,
    onset_at: datetime,
    aware_at: datetime,
    toxicity_grade: int,
    by: Actor,
    at: datetime,
    is_serious: bool = False,
    seriousness: Collection[str] = (),
    is_special_interest: bool = False,
    is_dlt: bool | None = None,
    resolved_on: date | None = None,
    outcome: str = "",
    details: EventDetails | None = None,
    reason: str = "",
) -> AdverseEvent:
    """Record an adverse event. Needs RECORD_SAFETY.

    A serious one starts the 24 h clock at aware_at, one of special interest its own; a DLT is recorded on the
    journey. Seriousness and grade are independent; a criterion given makes it serious. The protocol's list makes
    it of special interest, also where is_special_interest is not given. An event outside the collection period is
    accepted. Raises RuleViolated("term-required", "grade-range", "in-the-future", "aware-before-onset",
    "resolved-before-onset", "unknown-code", "grade-reason-required").
    """
    details = details or EventDetails()
    _require_sound(term, toxicity_grade, onset_at, aware_at, at)
    _require_grade_explained(details, toxicity_grade)
    require_relations({name: getattr(details, name) for name in RELATIONS})
    require_codes(seriousness, Seriousness, "seriousness")
    zone = participant.site.time_zone
    if resolved_on:
        require_end(resolved_on, onset_at, zone, at)
    with command(
        participant=participant,
        permission=Permission.RECORD_SAFETY,
        action="infusion.adverse_event_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        syndrome = syndrome_of(term)
        scale = scale_for(syndrome)
        event = AdverseEvent(
            participant=course.participant,
            term=term,
            syndrome=syndrome.value if syndrome else "",
            onset_at=onset_at,
            aware_at=aware_at,
            toxicity_grade=toxicity_grade,
            scale=scale.value,
            scale_version=VERSIONS[scale],
            is_serious=is_serious or bool(seriousness),
            seriousness=list(seriousness),
            seriousness_judged_at=at,
            is_special_interest=is_special_interest,
            is_dlt=is_dlt,
            dlt_judged_at=None if is_dlt is None else at,
            dlt_judged_by="" if is_dlt is None else by.actor_label,
            dlt_dose_level="" if is_dlt is None else course.participant.dose_level,
            resolved_on=resolved_on,
            resolved_at=ended_at(resolved_on, onset_at, zone, at) if resolved_on else None,
            outcome=outcome or (Outcome.RECOVERED.value if resolved_on else ""),
            recorded_at=at,
            **{name: getattr(details, name) for name in EventDetails.__slots__},
        )
        label(course, event, at)
        event.save_new()
        entries = _first_entries(event, by, at)
        GradeEntry.objects.bulk_create(entries)
        gradings = gradings_of(entries, zone)
        settle_case(course, event, gradings, by=by, at=at, reason=reason, is_new=True)
    return event


def record_safety_report(
    *,
    adverse_event: AdverseEvent,
    clock_id: str,
    sent_at: datetime,
    recipient: str,
    by: Actor,
    at: datetime,
    reference: str = "",
    reason: str = "",
) -> SafetyReport:
    """Record that a report left: the evidence that stops its clock. Needs REPORT_SAFETY.

    clock_id: C-SAE and the like, or T-SAE-FU for a follow-up report, after which the next is due. Late is accepted
    and becomes an important deviation. Raises RuleViolated("no-such-clock", "recipient-required", "in-the-future",
    "sent-before-aware"), Conflict("reported-already").
    """
    if not recipient.strip():
        raise RuleViolated("recipient-required", "Say to whom the report was sent.", field="recipient")
    require_past(sent_at, at, "sent_at")
    with command(
        participant=adverse_event.participant,
        permission=Permission.REPORT_SAFETY,
        action="infusion.safety_report_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        _require_running(_running(course.stored, clock_id, str(adverse_event.pk)))
        _require_known(adverse_event, sent_at)
        report = SafetyReport(
            adverse_event=adverse_event,
            clock_id=clock_id,
            sent_at=sent_at,
            recipient=recipient,
            reference=reference,
            recorded_at=at,
        )
        report.save_new()
        happened(course, [_sent(report)], by=by, at=at, reason=reason)
    return report


def require_codes(given: Collection[str], known: type, field: str) -> None:
    """Raises RuleViolated("unknown-code") where a word is not of the list."""
    allowed = [str(one.value) for one in known]  # type: ignore[attr-defined]
    for one in given:
        if one not in allowed:
            raise RuleViolated("unknown-code", f"Choose from: {', '.join(allowed)}.", field=field)


def require_relations(given: Mapping[str, str]) -> None:
    """Raises RuleViolated("unknown-code") for a relation that is no word of Causality; "" is not judged."""
    for name, code in given.items():
        require_codes([code] if code else [], Causality, name)


def require_end(resolved_on: date, onset_at: datetime, zone: str, at: datetime) -> None:
    """Raises RuleViolated("resolved-before-onset", "in-the-future")."""
    if resolved_on < civil_date(onset_at, zone):
        raise RuleViolated("resolved-before-onset", "The end lies before the onset.", field="resolved_on")
    if resolved_on > civil_date(at, zone):
        raise RuleViolated("in-the-future", "This day lies in the future.", field="resolved_on")


def ended_at(resolved_on: date, onset_at: datetime, zone: str, at: datetime) -> datetime:
    """Return the instant taken for an end of which only the day is known: the last of that day that has passed."""
    return max(onset_at, min(at, day_end_at(resolved_on, zone) - timedelta(minutes=1)))


def _first_entries(event: AdverseEvent, by: Actor, at: datetime) -> list[GradeEntry]:
    """The grade from the onset on, and 0 where it is over without having killed or left a mark."""
    found = [new_entry(event, event.toxicity_grade, event.onset_at, by, at)]
    if event.resolved_at and event.outcome not in ENDED - {Outcome.RECOVERED.value}:
        found.append(new_entry(event, 0, event.resolved_at, by, at))
    return found


def new_entry(
    event: AdverseEvent, grade: int, assessed_at: datetime, by: Actor, at: datetime, ref: str = ""
) -> GradeEntry:
    """Return a row of the course, on the event's own scale; not saved."""
    return GradeEntry(
        adverse_event=event,
        assessed_at=assessed_at,
        grade=grade,
        scale=event.scale,
        scale_version=event.scale_version,
        ref=ref,
        recorded_by=by.actor_label,
        recorded_at=at,
    )


def _sent(report: SafetyReport) -> Happening:
    case = str(report.adverse_event_id)
    if report.clock_id == FOLLOW_SAE:
        return Happening(
            kind=EventKind.SAFETY_TASK_DONE,
            occurred_at=report.sent_at,
            item=FOLLOW_SAE,
            ref=str(report.pk),
            facts={"case": case},
        )
    return Happening(
        kind=EventKind.SAFETY_REPORT_SENT, occurred_at=report.sent_at, item=report.clock_id, ref=case
    )


def _running(stored: Mapping[str, Obligation], clock_id: str, case: str) -> Obligation | None:
    """The clock of the case, or the follow-up that was asked last."""
    if clock_id != FOLLOW_SAE:
        return stored.get(f"{clock_id}:{case}")
    asked = [one for key, one in stored.items() if key.startswith(f"{FOLLOW_SAE}:{case}#")]
    return max(asked, key=lambda one: int(one.key.rpartition("#")[2]), default=None)


def _require_running(clock: Obligation | None) -> None:
    if clock is None or clock.cancelled_at is not None:
        raise RuleViolated("no-such-clock", "No such clock runs for this event.", field="clock_id")
    if clock.fulfilled_at is not None:
        raise Conflict("reported-already", "This report is on record already.")


def _require_known(event: AdverseEvent, sent_at: datetime) -> None:
    if sent_at < event.aware_at:
        raise RuleViolated(
            "sent-before-aware", "Nobody can report an event before learning of it.", field="sent_at"
        )


def _require_grade_explained(details: EventDetails, toxicity_grade: int) -> None:
    if details.proposed_grade not in {None, toxicity_grade} and not details.grade_reason.strip():
        raise RuleViolated(
            "grade-reason-required",
            f"The value gives grade {details.proposed_grade}. Say why the grade is another.",
            field="grade_reason",
        )


def _require_sound(
    term: str, toxicity_grade: int, onset_at: datetime, aware_at: datetime, at: datetime
) -> None:
    if not term.strip():
        raise RuleViolated("term-required", "Name the adverse event.", field="term")
    require_sound_grade(toxicity_grade)
    require_past(onset_at, at, "onset_at")
    require_past(aware_at, at, "aware_at")
    if aware_at < onset_at:
        raise RuleViolated("aware-before-onset", "Nobody can be aware before the onset.", field="aware_at")
