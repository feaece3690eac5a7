"""The cohorts of an arm, each with what happened to whoever held a slot, as records for the rules.

Two statements: the cohorts with their decisions, the slots with what bears on them. What bears on a row is gathered by
the database as JSON, because a gate of every infusion reads it.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Prefetch, QuerySet, TextField
from django.db.models.functions import Cast, JSONObject

from infusion.models import AdverseEvent, Cohort, CohortDecision, CohortSlot, Infusion
from infusion.rules.adverse_events import is_exempt, may_relate
from infusion.rules.cohort_history import CohortRecord, DecisionRecord, Given, SlotRecord, Toxicity
from infusion.states import CohortDecision as Decided
from infusion.states import CohortKind
from participants.models import JourneyEvent
from participants.states import State
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Arm, DltExemption, DoseLevel, EventKind, ProtocolVersion
from trialsite.protocol.windows import civil_date

_LEFT_STATES = frozenset({State.WITHDRAWN, State.LOST_TO_FOLLOW_UP, State.DIED})
_LEAVES = (
    EventKind.WITHDRAWN_FROM_TREATMENT,
    EventKind.WITHDRAWN_FROM_VISITS,
    EventKind.WITHDRAWN_FROM_DATA_USE,
    EventKind.LOST_TO_FOLLOW_UP,
    EventKind.DIED,
)

Row = dict[str, Any]  # what the database gathered of one row, instants and numbers as words


def cohorts_of(arm: Arm) -> list[Cohort]:
    """Read the cohorts of an arm, across all sites, with `found_slots` and `found_decisions`."""
    return list(_cohorts().filter(arm=arm.value))


@cache
def _cohorts() -> QuerySet[Cohort]:
    """The query of `cohorts_of`. Built once: building costs more than running it."""
    slots = CohortSlot.objects.select_related("participant__site").order_by("number")
    bearing = slots.annotate(
        found_infusions=_infusions(), found_events=_events(), found_toxicities=_toxicities()
    )
    return (
        Cohort.objects.annotate(found_decisions=_decisions())
        .prefetch_related(Prefetch("slots", bearing, to_attr="found_slots"))
        .order_by("dose_level", "number")
    )


def slots_of(cohort: Cohort) -> tuple[CohortSlot, ...]:
    return tuple(cohort.found_slots)  # type: ignore[attr-defined]


def level_of(cohort: Cohort) -> DoseLevel:
    """Return the dose level under the protocol version that the cohort was opened under."""
    levels = resolve(cohort.protocol_version).dose_levels
    return next(level for level in levels if level.id == cohort.dose_level)


def record_of(cohort: Cohort, order: int) -> CohortRecord:
    """Return a cohort read by `cohorts_of` as a record. order: of its dose level, 0 the lowest."""
    version, level = resolve(cohort.protocol_version), level_of(cohort)
    return CohortRecord(
        key=str(cohort.pk),
        order=order,
        kind=CohortKind(cohort.kind),
        capacity=cohort.capacity,
        opened_at=cohort.opened_at,
        slots=tuple(_slot(slot, version, level) for slot in slots_of(cohort)),
        decisions=tuple(_decision(row) for row in cohort.found_decisions),  # type: ignore[attr-defined]
    )


def _decisions() -> ArraySubquery:
    rows = CohortDecision.objects.filter(cohort=OuterRef("pk")).order_by("number")
    names = ("number", "proposed", "decided", "decided_at", "decided_by", "reason", "known_dlts")
    return ArraySubquery(rows.values(row=JSONObject(**{name: name for name in names})))


def _of_holder(rows: QuerySet[Any], **fields: Any) -> QuerySet[Any, Any]:
    return rows.filter(participant=OuterRef("participant")).values(row=JSONObject(**fields))


def _infusions() -> ArraySubquery:
    """The first infusion. Amounts as text: JSON numbers would be read as binary floats."""
    rows = _of_holder(
        Infusion.objects.order_by("started_at"),
        started_at="started_at",
        route="route",
        cells=Cast(F("infused_cells"), TextField()),
        weight_kg=Cast(F("weight_kg"), TextField()),
    )
    return ArraySubquery(rows[:1])


def _events() -> ArraySubquery:
    """The planned days of infusion, and the departures."""
    kinds = [EventKind.INFUSION_PLANNED.value, *(kind.value for kind in _LEAVES)]
    rows = JourneyEvent.objects.filter(kind__in=kinds, voided_at__isnull=True).order_by("occurred_at")
    return ArraySubquery(_of_holder(rows, kind="kind", at="occurred_at", on="occurred_on", facts="facts"))


def _toxicities() -> ArraySubquery:
    rows = AdverseEvent.objects.filter(voided_at__isnull=True).order_by("onset_at", "id")
    return ArraySubquery(
        _of_holder(
            rows,
            term="term",
            syndrome="syndrome",
            relation="relation_product",
            grade="toxicity_grade",
            onset_at="onset_at",
            aware_at="aware_at",
            is_dlt="is_dlt",
            judged_at="dlt_judged_at",
        )
    )


def _decision(row: Row) -> DecisionRecord:
    return DecisionRecord(
        number=row["number"],
        proposed=Decided(row["proposed"]),
        decision=Decided(row["decided"]),
        decided_at=datetime.fromisoformat(row["decided_at"]),
        decided_by=row["decided_by"],
        reason=row["reason"],
        known_dlts=row["known_dlts"],
    )


def _slot(slot: CohortSlot, version: ProtocolVersion, level: DoseLevel) -> SlotRecord:
    zone = slot.participant.site.time_zone
    infusions: list[Row] = slot.found_infusions  # type: ignore[attr-defined]
    events: list[Row] = slot.found_events  # type: ignore[attr-defined]
    toxicities: list[Row] = slot.found_toxicities  # type: ignore[attr-defined]
    given = _given(infusions[0], level, zone) if infusions else None
    has_left = State(slot.participant.state) in _LEFT_STATES
    return SlotRecord(
        key=str(slot.pk),
        number=slot.number,
        taken_at=slot.taken_at,
        freed_at=slot.freed_at,
        plans=tuple(_plan(row) for row in events if row["kind"] == EventKind.INFUSION_PLANNED),
        given=given,
        left=tuple(_dated(row) for row in events if has_left and _is_departure(row, given)),
        toxicities=tuple(_toxicity(row, version.dlt_exemptions, zone) for row in toxicities),
    )


def _given(row: Row, level: DoseLevel, zone: str) -> Given:
    started_at = datetime.fromisoformat(row["started_at"])
    cells_per_kg = Decimal(row["cells"]) / Decimal(row["weight_kg"])
    is_in_range = level.lower_cells_per_kg <= cells_per_kg <= level.upper_cells_per_kg
    return Given(
        started_at=started_at,
        on=civil_date(started_at, zone),
        is_as_assigned=is_in_range and row["route"] == level.arm.value,
    )


def _toxicity(row: Row, exemptions: Iterable[DltExemption], zone: str) -> Toxicity:
    return Toxicity(
        grade=row["grade"],
        is_related=may_relate(row["syndrome"], row["relation"]),
        is_exempt=is_exempt(row["term"], exemptions),
        onset_on=civil_date(datetime.fromisoformat(row["onset_at"]), zone),
        aware_at=datetime.fromisoformat(row["aware_at"]),
        is_dlt=row["is_dlt"],
        is_judged=row["judged_at"] is not None or row["is_dlt"] is not None,
    )


def _plan(row: Row) -> tuple[datetime, date]:
    return datetime.fromisoformat(row["at"]), date.fromisoformat(row["facts"]["planned_on"])


def _dated(row: Row) -> tuple[datetime, date]:
    return datetime.fromisoformat(row["at"]), date.fromisoformat(row["on"])


def _is_departure(row: Row, given: Given | None) -> bool:
    """Whoever leaves the treatment after the infusion is still observed."""
    if row["kind"] == EventKind.INFUSION_PLANNED:
        return False
    is_treatment = row["kind"] == EventKind.WITHDRAWN_FROM_TREATMENT
    return not (is_treatment and given is not None and given.started_at <= _dated(row)[0])
