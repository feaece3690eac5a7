"""The kinds of records of this app that questions hang on, and how the data rules see them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from followup.models import SurvivalContact, TumourAssessment, Visit, VisitProcedure
from followup.queries.procedures import Checklist, checklist_for
from followup.rules.procedures import unanswered
from participants.queries.course import Course
from participants.queries.data_records import RecordKind, RecordLine, lines_from
from trialsite.errors import RuleViolated
from trialsite.protocol.data_rules import RecordFacts
from trialsite.protocol.registry import latest
from trialsite.protocol.types import EventKind
from trialsite.protocol.windows import civil_date, day_start_at
from trialsite.protocol.zones import zone_at

VISIT, SURVIVAL_CONTACT = "visit", "survival_contact"


def facts_of_visit(
    course: Course, visit: Visit, checklist: Checklist | None, answered: Iterable[str]
) -> RecordFacts:
    """Return a visit as the rules see it: when it took place, and what is owed of it and has no answer.

    It is dated by its event on the journey, so that a journey as it would be gives the visit as it would be.
    """
    at = _performed_at(course, visit)
    owed = unanswered(checklist.planned, answered) if checklist else ()
    return RecordFacts(
        kind=VISIT,
        ref=str(visit.pk),
        label=checklist.title if checklist else "Visit",
        dated_by="performed_at",
        at=at,
        on=civil_date(at, zone_at(course.events, course.facts, at)),
        owed={one.procedure.id: one.procedure.title for one in owed},
    )


def _performed_at(course: Course, visit: Visit) -> datetime:
    ref = str(visit.pk)
    events = (one.at for one in course.events if one.ref == ref and one.kind is EventKind.VISIT_PERFORMED)
    return next(events, visit.performed_at)


def facts_on_record(course: Course, visit: Visit, *, at: datetime) -> RecordFacts:
    """Return a visit on record with its answers in force, in one statement."""
    answered = VisitProcedure.objects.in_force().filter(visit=visit).values_list("procedure_id", flat=True)
    return facts_of_visit(course, visit, _checklist(course, visit, at), answered)


def _checklist(course: Course, visit: Visit, at: datetime) -> Checklist | None:
    try:
        return checklist_for(course, visit.obligation_key, _performed_at(course, visit), at=at)
    except RuleViolated:  # no version was ever in force
        return None


def _visits(courses: Sequence[Course]) -> Mapping[UUID, Sequence[RecordFacts]]:
    by_id = {one.participant.pk: one for one in courses}
    answered: dict[UUID, list[str]] = defaultdict(list)
    answers = VisitProcedure.objects.in_force().filter(visit__participant__in=list(by_id))
    for visit_id, procedure_id in answers.values_list("visit_id", "procedure_id"):
        answered[visit_id].append(procedure_id)
    found: dict[UUID, list[RecordFacts]] = {pk: [] for pk in by_id}
    for visit in Visit.objects.filter(participant__in=list(by_id)):
        course = by_id[visit.participant_id]
        checklist = _checklist(course, visit, visit.recorded_at)
        found[visit.participant_id].append(facts_of_visit(course, visit, checklist, answered[visit.pk]))
    return found


def facts_of_contact(row: SurvivalContact, zone: str) -> RecordFacts:
    return RecordFacts(
        kind=SURVIVAL_CONTACT,
        ref=str(row.pk),
        label="Contact about survival",
        dated_by="alive_on",
        at=day_start_at(row.alive_on, zone),
        on=row.alive_on,
    )


def _contacts(courses: Sequence[Course]) -> Mapping[UUID, Sequence[RecordFacts]]:
    zones = {one.participant.pk: one.participant.site.time_zone for one in courses}
    found: dict[UUID, list[RecordFacts]] = {pk: [] for pk in zones}
    for row in SurvivalContact.objects.filter(participant__in=list(zones), voided_at__isnull=True):
        found[row.participant_id].append(facts_of_contact(row, zones[row.participant_id]))
    return found


def _visit_lines(row: Visit) -> list[RecordLine]:
    """The visit, and every procedure it has an answer to or still owes one."""
    titles = {one.id: one.title for one in latest().procedures}
    answers = {one.procedure_id: one for one in row.procedures.filter(voided_at__isnull=True)}
    item_id = row.obligation_key.partition("#")[0]
    planned = next((one.procedures for one in latest().schedule if one.id == item_id), ())
    lines = lines_from(
        row, {"performed_at": "Took place", "mode": "How", "not_done": "Left out", "note": "Note"}
    )
    for name in dict.fromkeys([*planned, *answers]):
        answer = answers.get(name)
        value = f"{answer.get_outcome_display()} {answer.reason}".strip().replace("_", " ") if answer else ""
        lines.append(RecordLine(field=name, label=titles.get(name, name), value=value))
    return lines


KINDS = (
    RecordKind(
        name=VISIT,
        title="Visit",
        model=Visit,
        lines=_visit_lines,
        label=lambda row: (
            f"Visit {row.obligation_key.partition('#')[0].removeprefix('V-')}"
            if row.obligation_key
            else "Unscheduled visit"
        ),
        facts=_visits,
    ),
    RecordKind(
        name=SURVIVAL_CONTACT,
        title="Contact about survival",
        model=SurvivalContact,
        lines=lambda row: lines_from(
            row, {"alive_on": "Known to be alive", "source": "Source", "note": "Note"}
        ),
        label=lambda row: "Contact about survival",
        facts=_contacts,
    ),
    RecordKind(
        name="scan",
        title="Tumour assessment",
        model=TumourAssessment,
        lines=lambda row: lines_from(
            row, {"assessed_on": "Scan", "reader": "Reader", "marker": "Tumour marker", "note": "Note"}
        ),
        label=str,
    ),
)
