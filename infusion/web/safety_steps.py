"""Adverse events and the safety reports that stop their clocks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from infusion.models import AdverseEvent, LaboratoryGrade, SafetyReport
from infusion.rules.adverse_events import RELATED, RELATIONS
from infusion.rules.safety_case import susar_clocks
from infusion.services.adverse_events import EventDetails, record_adverse_event, record_safety_report
from infusion.services.safety_judgements import (
    judge_dlt,
    judge_relation,
    judge_seriousness,
    record_sponsor_assessment,
    resolve_adverse_event,
)
from infusion.web import forms
from infusion.web.beside import clocks_started
from infusion.web.targets import InTreatment, RunsFor, find_adverse_event, find_clock, find_graded
from participants.queries.course import load_course
from participants.web.targets import OfParticipant
from screening.web.acts import BANNER, BESIDE_PAGE, entered, with_banner, without
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.due import due_state
from trialsite.protocol.windows import after_hours
from trialsite.web.steps import Step


def _record(
    target: InTreatment[LaboratoryGrade | None], given: dict[str, Any], *, by: User, at: datetime
) -> AdverseEvent:
    given, value = without(given), target.subject
    details = EventDetails(
        proposed_grade=value.grade if value else None,
        **{name: given.pop(name) for name in forms.EVENT_DETAILS if name in given},
    )
    return record_adverse_event(participant=target.participant, details=details, by=by, at=at, **given)


def _of_value(target: InTreatment[LaboratoryGrade | None]) -> Mapping[str, object]:
    """An event that a laboratory value gives rise to, as it usually is; from other values nothing is assumed."""
    value = target.subject
    if value is None:
        return {}
    return {
        "term": value.term,
        "toxicity_grade": str(value.grade or ""),
        "onset_at": value.observation.taken_at,
        "aware_at": target.treatment.at,
        "is_serious": "no",
        "is_special_interest": "no",
    }


def _report(target: RunsFor, given: dict[str, Any], *, by: User, at: datetime) -> SafetyReport:
    clock_id = target.obligation.item_id
    return record_safety_report(
        adverse_event=target.record, clock_id=clock_id, by=by, at=at, **without(given)
    )


def _event_beside(request: HttpRequest, target: InTreatment[LaboratoryGrade | None]) -> Mapping[str, object]:
    given = entered(RECORD, request, target)
    return {
        "clocks": clocks_started(target.treatment.version.clocks, given),
        "aware_at": given.get("aware_at"),
        "value": target.subject,
    }


def _clock_beside(request: HttpRequest, target: RunsFor) -> Mapping[str, object]:
    sent_at = entered(REPORT, request, target).get("sent_at")
    closes_at = target.obligation.closes_at
    return {
        "event": target.record,
        "obligation": target.obligation,
        "state": due_state(target.obligation, clock.now()),
        "is_late": bool(sent_at and closes_at and sent_at >= closes_at),
    }


def _why_not_report(user: User, target: RunsFor) -> str:
    return "This report is on record already" if target.obligation.fulfilled_at else ""


def _of(target: OfParticipant[AdverseEvent], given: dict[str, Any]) -> dict[str, Any]:
    return {**without(given), "adverse_event": target.record, "version": given["version"]}


def _judge_seriousness(
    target: OfParticipant[AdverseEvent], given: dict[str, Any], *, by: User, at: datetime
) -> AdverseEvent:
    return judge_seriousness(by=by, at=at, **_of(target, given))


def _judge_dlt(
    target: OfParticipant[AdverseEvent], given: dict[str, Any], *, by: User, at: datetime
) -> AdverseEvent:
    return judge_dlt(by=by, at=at, **_of(target, given))


def _resolve(
    target: OfParticipant[AdverseEvent], given: dict[str, Any], *, by: User, at: datetime
) -> AdverseEvent:
    return resolve_adverse_event(by=by, at=at, **_of(target, given))


def _case_beside(request: HttpRequest, target: OfParticipant[AdverseEvent]) -> Mapping[str, object]:
    grades = target.record.grades.filter(voided_at=None).order_by("assessed_at", "id")
    return {"event": target.record, "grades": grades}


def _judge_relation(
    target: OfParticipant[AdverseEvent], given: dict[str, Any], *, by: User, at: datetime
) -> AdverseEvent:
    return judge_relation(by=by, at=at, **_of(target, given))


def _assess(
    target: OfParticipant[AdverseEvent], given: dict[str, Any], *, by: User, at: datetime
) -> AdverseEvent:
    return record_sponsor_assessment(by=by, at=at, **_of(target, given))


def _sponsor_beside(request: HttpRequest, target: OfParticipant[AdverseEvent]) -> Mapping[str, object]:
    """The case, and which clocks would run with what is entered so far."""
    given, event = entered(SPONSOR, request, target), target.record
    is_related = {event.relation_product, given.get("sponsor_relation", event.sponsor_relation)} & RELATED
    started = susar_clocks(
        is_serious=event.is_serious,
        seriousness=event.seriousness,
        is_related=bool(is_related),
        is_expected=given.get("is_expected", event.is_expected),
    )
    clocks = {one.id: one for one in load_course(target.participant).version_at(clock.now()).clocks}
    known_at = given.get("sponsor_aware_at", event.sponsor_aware_at)
    return {
        **_case_beside(request, target),
        "started": [
            (clocks[one].title, after_hours(known_at, clocks[one].hours) if known_at else None)
            for one in started
        ],
    }


def _first_relation(target: OfParticipant[AdverseEvent]) -> Mapping[str, object]:
    return {name: getattr(target.record, name) for name in RELATIONS}


def _first_assessment(target: OfParticipant[AdverseEvent]) -> Mapping[str, object]:
    event = target.record
    if event.sponsor_aware_at is None:
        return {}
    return {
        "sponsor_relation": event.sponsor_relation,
        "is_expected": "yes" if event.is_expected else "no",
        "sponsor_aware_at": event.sponsor_aware_at,
    }


def _why_over(user: User, target: OfParticipant[AdverseEvent]) -> str:
    return "" if target.record.is_open else "This event is over already"


def _first_seriousness(target: OfParticipant[AdverseEvent]) -> Mapping[str, object]:
    event = target.record
    if event.seriousness_judged_at is None:
        return {}
    return {"is_serious": "yes" if event.is_serious else "no", "seriousness": event.seriousness}


RECORD = Step(
    name="adverse-event-record",
    title="Record an adverse event",
    permission=Permission.RECORD_SAFETY,
    form_class=forms.AdverseEventForm,
    find=find_graded,
    run=_record,
    initial=_of_value,
    form_options=lambda target: {"is_graded": target.subject is not None},
    submit="Record adverse event",
    done="Adverse event recorded.",
    explanation="Serious and severe are two things: the grade says how severe, the other whether it must be "
    "reported at once.",
    banner=BANNER,
    keeps_unsent=True,
    context=with_banner(_event_beside),
    template=BESIDE_PAGE,
    extra={"beside": "infusion/event_beside.html"},
)

REPORT = Step(
    name="safety-report-record",
    title="Record a safety report",
    permission=Permission.REPORT_SAFETY,
    form_class=forms.SafetyReportForm,
    find=find_clock,
    run=_report,
    submit="Record report",
    done="Report recorded. Its clock has stopped.",
    explanation="Only a report that left stops the clock. An incomplete first report is allowed.",
    banner=BANNER,
    blocked=_why_not_report,
    context=with_banner(_clock_beside),
    template=BESIDE_PAGE,
    extra={"beside": "infusion/report_beside.html"},
)

SERIOUSNESS = Step(
    name="adverse-event-seriousness",
    title="Judge whether the event is serious",
    permission=Permission.REPORT_SAFETY,
    form_class=forms.SeriousnessForm,
    find=find_adverse_event,
    run=_judge_seriousness,
    submit="Save judgement",
    done="Seriousness judged.",
    explanation="Serious and severe are two things: one criterion of the list makes it serious, whatever the grade.",
    banner=BANNER,
    initial=_first_seriousness,
    context=with_banner(_case_beside),
    template=BESIDE_PAGE,
    extra={"beside": "infusion/case_beside.html"},
)

DLT = Step(
    name="adverse-event-dlt",
    title="Judge whether the event limits the dose",
    permission=Permission.JUDGE_DLT,
    form_class=forms.DltForm,
    find=find_adverse_event,
    run=_judge_dlt,
    submit="Save judgement",
    done="Dose limitation judged.",
    explanation="The definition is the protocol's; the judgement is the investigator's, and is kept with the dose level.",
    banner=BANNER,
    context=with_banner(_case_beside),
    template=BESIDE_PAGE,
    extra={"beside": "infusion/case_beside.html"},
)

RELATION = Step(
    name="adverse-event-relation",
    title="Judge what the event relates to",
    permission=Permission.REPORT_SAFETY,
    form_class=forms.RelationForm,
    find=find_adverse_event,
    run=_judge_relation,
    submit="Save judgement",
    done="Relation judged.",
    explanation="From possible on it counts as related. If either side cannot rule out a relation to the product, the "
    "event is related.",
    banner=BANNER,
    initial=_first_relation,
    context=with_banner(_case_beside),
    template=BESIDE_PAGE,
    extra={"beside": "infusion/case_beside.html"},
)

SPONSOR = Step(
    name="adverse-event-sponsor",
    title="Record the sponsor's assessment",
    permission=Permission.REPORT_SAFETY,
    form_class=forms.SponsorForm,
    find=find_adverse_event,
    run=_assess,
    submit="Save assessment",
    done="The sponsor's assessment is recorded.",
    explanation="A serious event that is related for either side and not expected is a SUSAR: its clocks run from day 0 "
    "of the sponsor, 7 and 15 days where it was fatal or life-threatening, else 15.",
    banner=BANNER,
    initial=_first_assessment,
    context=with_banner(_sponsor_beside),
    template=BESIDE_PAGE,
    extra={"beside": "infusion/sponsor_beside.html"},
)

RESOLVE = Step(
    name="adverse-event-resolve",
    title="Record the outcome",
    permission=Permission.RECORD_SAFETY,
    form_class=forms.OutcomeForm,
    find=find_adverse_event,
    run=_resolve,
    submit="Save outcome",
    done="Outcome recorded.",
    explanation="Nothing more is asked about an event that ended. A clock that runs still needs its report.",
    banner=BANNER,
    blocked=_why_over,
    context=with_banner(_case_beside),
    template=BESIDE_PAGE,
    extra={"beside": "infusion/case_beside.html"},
)
