"""The contraception ledger: childbearing potential, methods with their dates, the agreement asked again at each visit.

What was entered stays: a corrected or withdrawn entry is voided with its reason.
"""

from django.db import models
from django.db.models import F, Q

from followup.rules.contraception import Ground, MethodSpan, ends_on
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record

GROUNDS = {
    Ground.POSTMENOPAUSAL: "Postmenopausal",
    Ground.HYSTERECTOMY: "Uterus removed",
    Ground.OVARIES_REMOVED: "Both ovaries removed",
    Ground.STERILISED: "Sterilised",
    Ground.OTHER: "Other, see remark",
}


def _void_has_reason(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(name=name, condition=Q(voided_at__isnull=True) ^ ~Q(void_reason=""))


class LedgerEntry(Record):
    """note: remark. voided_at: taken back or corrected, with the reason."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    entered_by = models.CharField(max_length=150)
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        abstract = True


class ChildbearingStatus(LedgerEntry):
    """since_on: civil date from which it holds. ground: why it is not possible; "" where it is."""

    is_possible = models.BooleanField()
    ground = models.CharField(max_length=20, blank=True, choices=[(g.value, GROUNDS[g]) for g in Ground])
    since_on = models.DateField()

    objects = OfParticipantQuerySet["ChildbearingStatus"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="childbearing_ground", condition=Q(is_possible=True, ground="") ^ ~Q(ground="")
            ),
            _void_has_reason("childbearing_void_has_reason"),
        ]
        indexes = [models.Index(fields=["participant", "since_on"])]

    def __str__(self) -> str:
        return f"Childbearing status {self.pk}"


class MethodUse(LedgerEntry):
    """method: id in the protocol, CM-CONDOM. Civil dates, both included: started_on to stopped_on or effective_last_on,
    whichever comes first; None while it goes on."""

    method = models.CharField(max_length=30)
    started_on = models.DateField()
    stopped_on = models.DateField(null=True, blank=True)
    effective_last_on = models.DateField(null=True, blank=True)
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = OfParticipantQuerySet["MethodUse"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="method_ends_after_start",
                condition=(Q(stopped_on__isnull=True) | Q(stopped_on__gte=F("started_on")))
                & (Q(effective_last_on__isnull=True) | Q(effective_last_on__gte=F("started_on"))),
            ),
            _void_has_reason("method_void_has_reason"),
        ]
        indexes = [models.Index(fields=["participant", "started_on"])]

    def __str__(self) -> str:
        return self.method

    def span(self, effective: frozenset[str]) -> MethodSpan:
        """Return the days it covers. effective: the ids of the methods that count."""
        return MethodSpan(
            first_on=self.started_on,
            last_on=ends_on(self.stopped_on, self.effective_last_on),
            is_effective=self.method in effective,
        )


class AgreementConfirmation(LedgerEntry):
    """The agreement to contraception, asked again. is_agreed False: refused."""

    confirmed_on = models.DateField()
    is_agreed = models.BooleanField()

    objects = OfParticipantQuerySet["AgreementConfirmation"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "confirmed_on"],
                condition=Q(voided_at__isnull=True),
                name="agreement_once_a_day",
            ),
            _void_has_reason("agreement_void_has_reason"),
        ]

    def __str__(self) -> str:
        return f"Agreement {self.confirmed_on.isoformat()}"
