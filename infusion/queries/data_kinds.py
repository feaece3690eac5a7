"""The kinds of records of this app that questions hang on, and how the data rules see them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from infusion.models import AdverseEvent, BedsideRound, ConcomitantMedication, Infusion, LymphodepletionDose
from participants.queries.course import Course
from participants.queries.data_records import RecordKind, RecordLine, lines_from
from trialsite.protocol.data_rules import RecordFacts
from trialsite.protocol.windows import civil_date, day_start_at

ADVERSE_EVENT, MEDICATION, CONDITIONING, INFUSION = "adverse_event", "medication", "conditioning", "infusion"


def _zone(course: Course) -> str:
    return course.participant.site.time_zone


def facts_of_event(event: AdverseEvent, zone: str) -> RecordFacts:
    """Return an adverse event as the rules see it; zone: of the site."""
    return RecordFacts(
        kind=ADVERSE_EVENT,
        ref=str(event.pk),
        label=event.term,
        dated_by="onset_at",
        at=event.onset_at,
        on=civil_date(event.onset_at, zone),
        values={
            "outcome": event.outcome,
            "relation_product": event.relation_product,
            "toxicity_grade": event.toxicity_grade,
        },
    )


def facts_of_medication(row: ConcomitantMedication, zone: str) -> RecordFacts:
    onset = civil_date(row.adverse_event.onset_at, zone) if row.adverse_event else None
    return RecordFacts(
        kind=MEDICATION,
        ref=str(row.pk),
        label=row.name,
        dated_by="started_on",
        at=day_start_at(row.started_on, zone),
        on=row.started_on,
        values={"started_on": row.started_on, "event_onset_on": onset},
    )


def weight_facts(kind: str, ref: object, at: datetime, weight_kg: Decimal | None, zone: str) -> RecordFacts:
    """Return a record that has a weight; one without is of no account to the rule."""
    return RecordFacts(
        kind=kind,
        ref=str(ref),
        label="Weight",
        dated_by="started_at" if kind == INFUSION else "given_at",
        at=at,
        on=civil_date(at, zone),
        values={"weight_kg": weight_kg},
    )


def conditioning_facts(rows: Iterable[Mapping[str, Any]], zone: str) -> list[RecordFacts]:
    """Return doses of lymphodepletion read as columns: id, given_at, weight_kg."""
    return [weight_facts(CONDITIONING, row["id"], row["given_at"], row["weight_kg"], zone) for row in rows]


def _by_participant(courses: Sequence[Course]) -> tuple[dict[UUID, list[RecordFacts]], dict[UUID, str]]:
    return {one.participant.pk: [] for one in courses}, {one.participant.pk: _zone(one) for one in courses}


def _events(courses: Sequence[Course]) -> Mapping[UUID, Sequence[RecordFacts]]:
    found, zones = _by_participant(courses)
    for row in AdverseEvent.objects.filter(participant__in=list(found), voided_at__isnull=True):
        found[row.participant_id].append(facts_of_event(row, zones[row.participant_id]))
    return found


def _medications(courses: Sequence[Course]) -> Mapping[UUID, Sequence[RecordFacts]]:
    found, zones = _by_participant(courses)
    rows = ConcomitantMedication.objects.filter(participant__in=list(found)).select_related("adverse_event")
    for row in rows:
        found[row.participant_id].append(facts_of_medication(row, zones[row.participant_id]))
    return found


def _doses(courses: Sequence[Course]) -> Mapping[UUID, Sequence[RecordFacts]]:
    found, zones = _by_participant(courses)
    rows = LymphodepletionDose.objects.filter(participant__in=list(found), weight_kg__isnull=False)
    for row in rows.values("participant_id", "id", "given_at", "weight_kg"):
        one = row["participant_id"]
        found[one] += conditioning_facts([row], zones[one])
    return found


def _infusions(courses: Sequence[Course]) -> Mapping[UUID, Sequence[RecordFacts]]:
    found, zones = _by_participant(courses)
    rows = Infusion.objects.filter(participant__in=list(found))
    for one, pk, started_at, weight_kg in rows.values_list("participant_id", "id", "started_at", "weight_kg"):
        found[one].append(weight_facts(INFUSION, pk, started_at, weight_kg, zones[one]))
    return found


def _lines(labels: Mapping[str, str], **units: str) -> Any:
    def lines(row: Any) -> list[RecordLine]:
        return lines_from(row, labels, units)

    return lines


KINDS = (
    RecordKind(
        name=ADVERSE_EVENT,
        title="Adverse event",
        model=AdverseEvent,
        lines=_lines(
            {
                "term": "Term",
                "onset_at": "Onset",
                "aware_at": "Site aware",
                "toxicity_grade": "Worst grade",
                "severity": "Severity",
                "is_serious": "Serious",
                "relation_product": "Relation to the product",
                "relation_lymphodepletion": "Relation to lymphodepletion",
                "relation_procedure": "Relation to the procedure",
                "relation_disease": "Relation to the disease",
                "action_taken": "Action taken",
                "treatment_given": "Treatment given",
                "outcome": "Outcome",
                "resolved_on": "Resolved",
            }
        ),
        label=lambda row: row.term,
        facts=_events,
    ),
    RecordKind(
        name=MEDICATION,
        title="Concomitant medication",
        model=ConcomitantMedication,
        lines=_lines(
            {
                "name": "Name",
                "medication_class": "Class",
                "indication": "Indication",
                "dose": "Dose",
                "prednisone_mg_per_day": "As prednisone",
                "adverse_event": "Given for",
                "started_on": "Started",
                "ended_on": "Ended",
            },
            prednisone_mg_per_day="mg/day",
        ),
        label=lambda row: row.name,
        facts=_medications,
        joins=("adverse_event",),
    ),
    RecordKind(
        name=CONDITIONING,
        title="Lymphodepletion dose",
        model=LymphodepletionDose,
        lines=_lines(
            {
                "given_at": "Given",
                "fludarabine_mg_per_m2": "Fludarabine ordered",
                "fludarabine_mg": "Fludarabine given",
                "cyclophosphamide_mg_per_m2": "Cyclophosphamide ordered",
                "cyclophosphamide_mg": "Cyclophosphamide given",
                "height_cm": "Height",
                "weight_kg": "Weight",
                "weight_on": "Weighed",
            },
            fludarabine_mg_per_m2="mg/m²",
            fludarabine_mg="mg",
            cyclophosphamide_mg_per_m2="mg/m²",
            cyclophosphamide_mg="mg",
            height_cm="cm",
            weight_kg="kg",
        ),
        label=lambda row: f"Lymphodepletion {row.obligation_key.partition('#')[0].removeprefix('V-')}",
        facts=_doses,
    ),
    RecordKind(
        name=INFUSION,
        title="Infusion",
        model=Infusion,
        lines=_lines(
            {
                "route": "Route",
                "thawed_at": "Thawed",
                "started_at": "Started",
                "ended_at": "Ended",
                "infused_cells": "Cells infused",
                "weight_kg": "Weight",
                "weight_on": "Weighed",
                "was_interrupted": "Interrupted",
                "reaction": "Reaction",
                "access_line": "Access line",
                "catheter_position": "Position of the catheter",
                "note": "Note",
            },
            weight_kg="kg",
        ),
        label=str,
        facts=_infusions,
    ),
    RecordKind(
        name="round",
        title="Bedside round",
        model=BedsideRound,
        lines=_lines(
            {
                "taken_at": "Time",
                "crs_grade": "CRS grade",
                "icans_grade": "ICANS grade",
                "hypotension": "Hypotension",
                "oxygen_device": "Oxygen device",
                "consciousness": "Consciousness",
                "seizure": "Seizure",
                "override_reason": "Why another grade",
                "note": "Note",
            }
        ),
        label=lambda row: "Bedside round",
    ),
)
