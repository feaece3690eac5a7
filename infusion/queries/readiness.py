"""What people found and did before an infusion, as the rules read it."""

from infusion.models import CellProduct, IdentityCheck, Premedication, PreparedDose, StopCheckAnswer
from infusion.rules.readiness import Readiness
from participants.models import Participant


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
