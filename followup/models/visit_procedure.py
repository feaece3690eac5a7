"""What became of each procedure of a visit (SDTM: one record per procedure, with --STAT and --REASND)."""

from django.db import models

from followup.models.visit import Visit
from followup.states import ProcedureOutcome
from trialsite.accounts.scoping import SiteScopedQuerySet
from trialsite.audit.records import Record


class VisitProcedureQuerySet(SiteScopedQuerySet["VisitProcedure"]):
    site_path = "visit__participant__site"

    def in_force(self) -> "VisitProcedureQuerySet":
        """Leave out answers that were corrected since."""
        return self.filter(voided_at__isnull=True)


class VisitProcedure(Record):
    """procedure_id: PR-CT, under the protocol version protocol_version. reason: why not done or not applicable.

    Never changed: a corrected answer stays, voided with the reason, and the new one names it.
    """

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="procedures")
    procedure_id = models.CharField(max_length=20)
    protocol_version = models.CharField(max_length=20)
    outcome = models.CharField(max_length=14, choices=[(o.value, o.value) for o in ProcedureOutcome])
    reason = models.CharField(max_length=500, blank=True)
    recorded_by = models.CharField(max_length=150)
    corrects = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=500, blank=True)

    objects = VisitProcedureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["visit", "procedure_id"],
                condition=models.Q(voided_at__isnull=True),
                name="visit_procedure_once",
            ),
            models.CheckConstraint(
                name="visit_procedure_outcome_known",
                condition=models.Q(outcome__in=[o.value for o in ProcedureOutcome]),
            ),
            models.CheckConstraint(
                name="visit_procedure_not_done_has_reason",
                condition=~models.Q(outcome=ProcedureOutcome.NOT_DONE.value) | ~models.Q(reason=""),
            ),
            models.CheckConstraint(
                name="visit_procedure_void_has_reason",
                condition=models.Q(voided_at__isnull=True) | ~models.Q(void_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.procedure_id} {self.outcome}"
