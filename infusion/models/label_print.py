"""Printed labels of bags: append-only, which the database itself keeps."""

from django.db import models
from django.db.models import Q

from infusion.models.leukapheresis import Leukapheresis
from infusion.models.product import CellProduct
from infusion.rules.bag_codes import MOST_LENGTH
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class LabelPrint(Record):
    """One copy of the label of a bag: of collected cells (leukapheresis) or of a product, never of both.

    copy: 1 for the first of the bag. reason: why there is another one, "" for the first. warning: what the copy says
    keeps the bag from being used. printed_by: who; printed_at: when it was handed out.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="label_prints")
    leukapheresis = models.ForeignKey(
        Leukapheresis, on_delete=models.PROTECT, related_name="label_prints", null=True, blank=True
    )
    product = models.ForeignKey(
        CellProduct, on_delete=models.PROTECT, related_name="label_prints", null=True, blank=True
    )
    bag_code = models.CharField(max_length=MOST_LENGTH)
    copy = models.PositiveSmallIntegerField()
    warning = models.CharField(max_length=100, blank=True)
    printed_at = models.DateTimeField()
    printed_by = models.CharField(max_length=150)
    reason = models.CharField(max_length=500, blank=True)

    objects = OfParticipantQuerySet["LabelPrint"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="label_print_of_one_bag",
                condition=Q(leukapheresis__isnull=True) ^ Q(product__isnull=True),
            ),
            models.CheckConstraint(
                name="label_print_again_has_reason", condition=Q(copy=1) | (Q(copy__gt=1) & ~Q(reason=""))
            ),
            models.UniqueConstraint(fields=["leukapheresis", "copy"], name="label_print_copy_of_cells"),
            models.UniqueConstraint(fields=["product", "copy"], name="label_print_copy_of_product"),
        ]

    @property
    def bag(self) -> CellProduct | Leukapheresis:
        """The lot, or the collection whose cells are in the bag."""
        bag = self.product or self.leukapheresis
        if bag is None:
            raise ValueError(f"{self} is of no bag.")
        return bag

    def __str__(self) -> str:
        return f"Copy {self.copy} of {self.bag_code}"
