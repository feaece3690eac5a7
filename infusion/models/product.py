"""Cell products: a lot belongs to one participant and comes from one leukapheresis."""

from django.db import models

from infusion.models.leukapheresis import Leukapheresis
from infusion.rules.bag_codes import MOST_LENGTH
from infusion.rules.gates import ProductFacts
from infusion.rules.release import Decision
from infusion.states import ProductState
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class CellProduct(Record):
    """A lot is one bag. bag_code: on its label, drawn when the lot starts, never used for another bag.

    is_in_specification follows from the release tests. disposition: the decision on a lot out of specification
    that counts now, see ProductDisposition. total_cells: CAR-positive viable cells in the bag. expires_at: only
    where the hour counts, the first instant it is not usable at; expires_on is then its date at the site.
    has_open_excursion: a temperature excursion of this bag, or of the cells it was made from, is undecided.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="products")
    leukapheresis = models.ForeignKey(Leukapheresis, on_delete=models.PROTECT, related_name="products")
    lot = models.CharField(max_length=40, unique=True)
    bag_code = models.CharField(max_length=MOST_LENGTH, blank=True)
    state = models.CharField(
        max_length=14,
        choices=[(s.value, s.value) for s in ProductState],
        default=ProductState.MANUFACTURING.value,
    )
    manufacturing_started_at = models.DateTimeField()
    is_in_specification = models.BooleanField(null=True, blank=True)
    total_cells = models.BigIntegerField(null=True, blank=True)
    volume_ml = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.CharField(max_length=150, blank=True)
    disposition = models.CharField(max_length=24, blank=True, choices=[(d.value, d.value) for d in Decision])
    has_open_excursion = models.BooleanField(default=False)
    failed_at = models.DateTimeField(null=True, blank=True)
    failure_reason = models.CharField(max_length=500, blank=True)

    objects = OfParticipantQuerySet["CellProduct"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="product_failed_with_reason",
                condition=~models.Q(state=ProductState.FAILED.value) | ~models.Q(failure_reason=""),
            ),
            models.UniqueConstraint(
                fields=["bag_code"], condition=~models.Q(bag_code=""), name="product_bag_code_once"
            ),
        ]

    def __str__(self) -> str:
        return self.lot

    def facts(self) -> ProductFacts:
        return ProductFacts(
            state=ProductState(self.state),
            is_in_specification=self.is_in_specification,
            has_disposition=self.disposition == Decision.TREAT_UNDER_EXCEPTION,
            expires_on=self.expires_on,
            expires_at=self.expires_at,
            has_open_excursion=self.has_open_excursion,
            total_cells=self.total_cells,
        )
