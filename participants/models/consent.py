"""Informed consent: ICF versions, their approval and activation per site, and each signature."""

from django.db import models

from participants.models.participant import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.accounts.models import Site
from trialsite.accounts.scoping import SiteScopedQuerySet
from trialsite.audit.records import Record


class IcfVersion(Record):
    """A version of the informed consent form. is_substantive: affects participants, so re-consent is owed."""

    number = models.CharField(max_length=20, unique=True)
    title = models.CharField(max_length=200)
    is_substantive = models.BooleanField()
    summary_of_changes = models.TextField(blank=True)
    protocol_version = models.CharField(max_length=20)

    def __str__(self) -> str:
        return f"ICF {self.number}"


class IcfApproval(Record):
    """One site's ethics approval of an ICF version, and when the site put it in force."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="icf_approvals")
    icf = models.ForeignKey(IcfVersion, on_delete=models.PROTECT, related_name="approvals")
    approved_on = models.DateField()
    activated_at = models.DateTimeField(null=True, blank=True)

    objects = SiteScopedQuerySet["IcfApproval"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "icf"], name="icf_approved_once_per_site")]

    def __str__(self) -> str:
        return f"{self.icf_id} at {self.site_id}"


class ProtocolActivation(Record):
    """A site put a protocol version in force.

    rounds_begin_at: since when bedside rounds are logged here and not on paper; None = as before, at first from the
    beginning.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="protocol_activations")
    number = models.CharField(max_length=20)
    approved_on = models.DateField()
    activated_at = models.DateTimeField()
    rounds_begin_at = models.DateTimeField(null=True, blank=True)

    objects = SiteScopedQuerySet["ProtocolActivation"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "number"], name="protocol_activated_once_per_site")
        ]

    def __str__(self) -> str:
        return f"Protocol {self.number} at {self.site_id}"


class Signer(models.TextChoices):
    PARTICIPANT = "participant", "Participant"
    REPRESENTATIVE = "representative", "Legally authorised representative"


class Consent(Record):
    """A signed ICF. signed_at: instant of signature. withdrawn_at: when consent was taken back, the row stays."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="consents")
    icf = models.ForeignKey(IcfVersion, on_delete=models.PROTECT, related_name="consents")
    signed_at = models.DateTimeField()
    signer = models.CharField(max_length=14, choices=Signer.choices)
    representative_relation = models.CharField(max_length=100, blank=True)
    impartial_witness = models.CharField(max_length=100, blank=True)
    obtained_by = models.CharField(max_length=150)
    copy_handed_over = models.BooleanField(default=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = OfParticipantQuerySet["Consent"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "icf"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="consent_once_per_icf_version",
            ),
            models.CheckConstraint(
                name="consent_representative_relation",
                condition=~models.Q(signer=Signer.REPRESENTATIVE) | ~models.Q(representative_relation=""),
            ),
        ]

    def __str__(self) -> str:
        return f"Consent of {self.participant_id} to {self.icf_id}"
