"""What people found and did before an infusion, as the rules read it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from infusion.models import (
    CellProduct,
    IdentityCheck,
    Infusion,
    LymphodepletionDose,
    Premedication,
    PreparedDose,
    StopCheckAnswer,
)
from infusion.queries.cohorts import standing_of
from infusion.rules.gates import InfusionFacts, may_infuse
from infusion.rules.readiness import (
    Confirmation,
    DrugClass,
    Premed,
    Readiness,
    StopAnswer,
    StopFinding,
    readiness_checks,
)
from participants.models import Participant
from participants.queries.course import Course
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.gates import Gate
from trialsite.protocol.types import Arm, Event
from trialsite.protocol.windows import civil_date


def load_readiness(participant: Participant, product: CellProduct | None) -> Readiness:
    """Load confirmations of that product, stop checks and premedication, in one statement."""
    if product is None:
        return _readiness(_of_participant().get(pk=participant.pk))
    return _readiness(vars(_with_readiness().get(pk=product.pk)))


def at_bedside(product: CellProduct, course: Course) -> tuple[CellProduct, Readiness]:
    """Return the lot as it is now and what was found about it, in one statement.

    Raises Conflict("product-of-another").
    """
    current = _own(_with_readiness().get(pk=product.pk), course)
    return current, _readiness(vars(current))


def _findings(participant: OuterRef) -> dict[str, ArraySubquery]:
    """Arrays of what was answered and given, by the participant."""
    stops = StopCheckAnswer.objects.filter(participant=participant)
    drugs = Premedication.objects.filter(participant=participant)
    return {
        "stop_values": ArraySubquery(
            stops.values(row=JSONObject(check_id="check_id", answer="answer", answered_at="answered_at"))
        ),
        "drug_values": ArraySubquery(
            drugs.values(row=JSONObject(drug="drug", drug_class="drug_class", given_at="given_at"))
        ),
    }


@cache
def _of_participant() -> QuerySet[Participant, Mapping[str, Any]]:
    return Participant.objects.values(**_findings(OuterRef("pk")))


@cache
def _with_readiness() -> QuerySet[CellProduct]:
    scans = IdentityCheck.objects.filter(product=OuterRef("pk"))
    return CellProduct.objects.annotate(
        scan_values=ArraySubquery(
            scans.values(row=JSONObject(person="person_id", matches="matches", confirmed_at="confirmed_at"))
        ),
        weight_values=ArraySubquery(
            LymphodepletionDose.objects.filter(
                participant=OuterRef("participant"), weight_kg__isnull=False
            ).values(row=JSONObject(id="id", given_at="given_at", weight_kg="weight_kg"))
        ),
        **_findings(OuterRef("participant")),
    )


def weights_beside(product: CellProduct) -> list[Mapping[str, Any]]:
    """Return the weights the lymphodepletion was counted on, of a lot read by `at_bedside`: id, given_at, weight_kg."""
    return [
        {
            "id": row["id"],
            "given_at": datetime.fromisoformat(row["given_at"]),
            "weight_kg": Decimal(str(row["weight_kg"])),
        }
        for row in vars(product).get("weight_values", ())
    ]


def _readiness(loaded: Mapping[str, Any]) -> Readiness:
    return Readiness(
        confirmations=tuple(
            Confirmation(
                person=row["person"],
                confirmed_at=datetime.fromisoformat(row["confirmed_at"]),
                matches=row["matches"],
            )
            for row in loaded.get("scan_values", ())
        ),
        stop_findings=tuple(
            StopFinding(
                check_id=row["check_id"],
                answer=StopAnswer(row["answer"]),
                answered_at=datetime.fromisoformat(row["answered_at"]),
            )
            for row in loaded["stop_values"]
        ),
        premedication=tuple(
            Premed(
                name=row["drug"],
                drug_class=DrugClass(row["drug_class"]),
                given_at=datetime.fromisoformat(row["given_at"]),
            )
            for row in loaded["drug_values"]
        ),
    )


def bag_label(product: CellProduct) -> str:
    """Return the code on the bag; a lot of before the bag codes is labelled with its lot number."""
    return product.bag_code or product.lot


def prepared_dose(product: CellProduct) -> PreparedDose | None:
    """Return the newest preparation of a lot."""
    return PreparedDose.objects.filter(product=product).order_by("-recorded_at", "-id").first()


def last_prepared(product: CellProduct, participant: Participant) -> PreparedDose:
    """Return the newest preparation of a lot of this participant.

    Raises RuleViolated("dose-not-prepared"), Conflict("product-of-another").
    """
    if product.participant_id != participant.pk:
        raise Conflict("product-of-another", f"Lot {product.lot} belongs to another participant.")
    found = prepared_dose(product)
    if found is None:
        raise RuleViolated("dose-not-prepared", "Record the prepared dose first: cells, weight and its day.")
    return found


def own_product(product: CellProduct, course: Course) -> CellProduct:
    """Return the lot as it is now. Raises Conflict("product-of-another") if it was made for somebody else."""
    return _own(CellProduct.objects.get(pk=product.pk), course)


def _own(current: CellProduct, course: Course) -> CellProduct:
    if current.participant_id != course.participant.pk:
        raise Conflict("product-of-another", f"Lot {current.lot} belongs to another participant.")
    return current


def gate_of(course: Course, infusion: Infusion, readiness: Readiness, at: datetime) -> Gate:
    """Return the gate ladder of an infusion that starts, or started, as its record says."""
    version = course.version_at(at)
    started_on = civil_date(infusion.started_at, course.participant.site.time_zone)
    return may_infuse(
        version=version,
        product=infusion.product.facts(),
        infusion=InfusionFacts(
            route=Arm(infusion.route),
            started_at=infusion.started_at,
            started_on=started_on,
            infused_cells=infusion.infused_cells,
            weight_kg=infusion.weight_kg,
            thawed_at=infusion.thawed_at,
        ),
        assigned_arm=course.participant.assigned_arm,
        dose_level=course.participant.dose_level,
        events=course.events,
        obligations=course.holders,
        now=infusion.started_at,
        also=(
            *standing_of(course.participant).checks(at=infusion.started_at, dosed_on=started_on),
            *readiness_checks(
                version,
                readiness,
                events=course.events,
                weighed_on=infusion.weight_on,
                started_at=infusion.started_at,
                started_on=started_on,
            ),
        ),
    )


def corrected_gate(course: Course, event: Event, at: datetime) -> Gate:
    """Return the gate of the infusion on record as `event`, its times moved along with the time of the event."""
    infusion = Infusion.objects.select_related("product").get(pk=event.ref)
    shift = event.at - infusion.started_at
    infusion.started_at = event.at
    infusion.thawed_at = infusion.thawed_at and infusion.thawed_at + shift
    infusion.product, readiness = at_bedside(infusion.product, course)
    return gate_of(course, infusion, readiness, at)
