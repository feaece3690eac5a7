"""What a further infusion or collection would change, before it is recorded: every date, reminder and deviation."""

from datetime import date, datetime
from decimal import Decimal

from infusion.models import CellProduct
from infusion.queries.treatment import Treatment
from participants.queries.preview import Replan, preview
from trialsite.protocol.types import Arm, Event, EventKind
from trialsite.protocol.windows import civil_date
from trialsite.protocol.zones import zone_at

# Stands for the record that is not there yet.
UNSAVED = "preview"


def preview_infusion(
    treatment: Treatment,
    *,
    product: CellProduct | None,
    route: Arm,
    started_at: datetime,
    ended_at: datetime | None = None,
    infused_cells: int | None = None,
    weight_kg: Decimal | None = None,
    weight_on: date | None = None,
    thawed_at: datetime | None = None,
) -> Replan:
    """Return what recording this infusion would change.

    What the gate finds is part of it once the lot, the cells and the weight are given.
    """
    lot = product.lot if product else ""
    events = [_event(treatment, EventKind.INFUSED, started_at, lot, {"route": route.value})]
    if ended_at is not None:
        events.append(_event(treatment, EventKind.INFUSION_ENDED, ended_at, lot))
    if not (product and infused_cells and weight_kg):
        return preview(treatment.participant, *events, at=treatment.at)
    gate = treatment.may_infuse(
        product=product,
        route=route,
        started_at=started_at,
        infused_cells=infused_cells,
        weight_kg=weight_kg,
        weight_on=weight_on,
        thawed_at=thawed_at,
    )
    return preview(treatment.participant, *events, at=treatment.at, findings=gate.findings())


def preview_collection(treatment: Treatment, *, performed_at: datetime) -> Replan:
    """Return what recording this leukapheresis would change."""
    event = _event(treatment, EventKind.LEUKAPHERESIS_PERFORMED, performed_at)
    findings = treatment.may_collect(performed_at).findings()
    return preview(treatment.participant, event, at=treatment.at, findings=findings)


def _event(
    treatment: Treatment,
    kind: EventKind,
    at: datetime,
    item: str = "",
    facts: dict[str, str] | None = None,
) -> Event:
    zone = zone_at(treatment.course.events, treatment.course.facts, at)
    return Event(kind=kind, at=at, on=civil_date(at, zone), item=item, ref=UNSAVED, facts=facts or {})
