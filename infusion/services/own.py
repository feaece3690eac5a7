"""Is a record one of the participant the command is about?"""

from infusion.models import CellProduct
from participants.queries.course import Course
from trialsite.errors import Conflict


def own_product(product: CellProduct, course: Course) -> CellProduct:
    """Return the lot as it is now. Raises Conflict("product-of-another") if it was made for somebody else."""
    current = CellProduct.objects.get(pk=product.pk)
    if current.participant_id != course.participant.pk:
        raise Conflict("product-of-another", f"Lot {current.lot} belongs to another participant.")
    return current
