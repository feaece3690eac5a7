"""What people found and did before an infusion, as the rules read it."""

from datetime import datetime

from infusion.models import CellProduct, IdentityCheck, Infusion, Premedication, PreparedDose, StopCheckAnswer
from infusion.rules.gates import InfusionFacts, may_infuse
from infusion.rules.readiness import Readiness, readiness_checks
from participants.models import Participant
from participants.queries.course import Course
from trialsite.errors import Conflict
from trialsite.protocol.gates import Gate
from trialsite.protocol.types import Arm
from trialsite.protocol.windows import civil_date


def load_readiness(participant: Participant, product: CellProduct | None) -> Readiness:
    """Load confirmations of that product, stop checks and premedication. Three queries, two without a product."""
    confirmations = (
        IdentityCheck.objects.filter(participant=participant, product=product) if product is not None else ()
    )
    return Readiness(
        confirmations=tuple(one.to_value() for one in confirmations),
        stop_findings=tuple(
            one.to_value() for one in StopCheckAnswer.objects.filter(participant=participant)
        ),
        premedication=tuple(one.to_value() for one in Premedication.objects.filter(participant=participant)),
    )


def bag_label(product: CellProduct) -> str:
    """Return the code on the bag; a lot of before the bag codes is labelled with its lot number."""
    return product.bag_code or product.lot


def prepared_dose(product: CellProduct) -> PreparedDose | None:
    """Return the newest preparation of a lot."""
    return PreparedDose.objects.filter(product=product).order_by("-recorded_at", "-id").first()


def own_product(product: CellProduct, course: Course) -> CellProduct:
    """Return the lot as it is now. Raises Conflict("product-of-another") if it was made for somebody else."""
    current = CellProduct.objects.get(pk=product.pk)
    if current.participant_id != course.participant.pk:
        raise Conflict("product-of-another", f"Lot {current.lot} belongs to another participant.")
    return current


def gate_of(course: Course, infusion: Infusion, at: datetime) -> Gate:
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
        obligations=course.obligations,
        now=infusion.started_at,
        also=readiness_checks(
            version,
            load_readiness(course.participant, infusion.product),
            events=course.events,
            weighed_on=infusion.weight_on,
            started_at=infusion.started_at,
            started_on=started_on,
        ),
    )
