"""Results of the release tests of a lot, and what was decided on one out of specification."""

from django.db import models

from infusion.models.product import CellProduct
from infusion.rules.release import (
    Decision,
    DispositionFacts,
    ReleaseResult,
    SpecificationVerdict,
    SponsorDecision,
)
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record
from trialsite.protocol.results import Operator


class ReleaseTestResultQuerySet(OfParticipantQuerySet["ReleaseTestResult"]):
    site_path = "product__participant__site"


class ReleaseTestResult(Record):
    """One line of the certificate. verdict: against the specification of protocol_version, when it was entered.

    A repeated test takes the place of the former result, which stays, voided, with the reason.
    """

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="test_results")
    test_id = models.CharField(max_length=20)
    operator = models.CharField(
        max_length=1, choices=[(o.value, o.value) for o in Operator], default=Operator.EQUAL.value
    )
    value = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    finding = models.CharField(max_length=40, blank=True)
    tested_at = models.DateTimeField()
    laboratory = models.CharField(max_length=100, blank=True)
    protocol_version = models.CharField(max_length=20)
    verdict = models.CharField(max_length=10, choices=[(v.value, v.value) for v in SpecificationVerdict])
    entered_by = models.CharField(max_length=150)
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=500, blank=True)

    objects = ReleaseTestResultQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "test_id"],
                condition=models.Q(voided_at__isnull=True),
                name="release_test_once_in_force",
            ),
            models.CheckConstraint(
                name="release_test_value_or_finding",
                condition=models.Q(value__isnull=True) ^ models.Q(finding=""),
            ),
        ]

    def __str__(self) -> str:
        return self.test_id

    def to_value(self) -> ReleaseResult:
        return ReleaseResult(
            test_id=self.test_id, value=self.value, operator=Operator(self.operator), finding=self.finding
        )


class ProductDispositionQuerySet(OfParticipantQuerySet["ProductDisposition"]):
    site_path = "product__participant__site"


class ProductDisposition(Record):
    """Who decided what on a lot out of specification. The last number of a lot counts; none is ever changed.

    is_slot_freed: the place in the dose cohort was given back.
    """

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="dispositions")
    number = models.PositiveSmallIntegerField()
    decision = models.CharField(max_length=24, choices=[(d.value, d.value) for d in Decision])
    decided_at = models.DateTimeField()
    decided_by = models.CharField(max_length=150)
    rationale = models.CharField(max_length=1000)
    sponsor_decision = models.CharField(
        max_length=8, blank=True, choices=[(d.value, d.value) for d in SponsorDecision]
    )
    sponsor_decided_by = models.CharField(max_length=150, blank=True)
    sponsor_decided_at = models.DateTimeField(null=True, blank=True)
    ethics_informed_at = models.DateTimeField(null=True, blank=True)
    participant_informed_at = models.DateTimeField(null=True, blank=True)
    participant_informed_by = models.CharField(max_length=150, blank=True)
    recalculated_cells = models.BigIntegerField(null=True, blank=True)
    is_slot_freed = models.BooleanField(default=False)

    objects = ProductDispositionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "number"], name="disposition_number_once"),
            models.CheckConstraint(
                name="disposition_sponsor_named",
                condition=models.Q(
                    sponsor_decision="", sponsor_decided_by="", sponsor_decided_at__isnull=True
                )
                | (
                    ~models.Q(sponsor_decision="")
                    & ~models.Q(sponsor_decided_by="")
                    & models.Q(sponsor_decided_at__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="disposition_participant_informed_by",
                condition=models.Q(participant_informed_at__isnull=True, participant_informed_by="")
                | (models.Q(participant_informed_at__isnull=False) & ~models.Q(participant_informed_by="")),
            ),
        ]

    def __str__(self) -> str:
        return self.decision

    def facts(self) -> DispositionFacts:
        return DispositionFacts(
            decision=Decision(self.decision),
            sponsor_decision=SponsorDecision(self.sponsor_decision) if self.sponsor_decision else None,
            ethics_informed_at=self.ethics_informed_at,
            participant_informed_at=self.participant_informed_at,
            recalculated_cells=self.recalculated_cells,
        )
