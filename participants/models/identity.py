"""Direct identifiers, apart from trial data and sealed. Opened only through services.identity."""

from django.db import models

from participants.models.participant import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class IdentityQuerySet(OfParticipantQuerySet["Identity"]):
    pass


class Identity(Record):
    """Each *_sealed value is ciphertext bound to this row and column; no plain text is ever stored."""

    participant = models.OneToOneField(Participant, on_delete=models.PROTECT, related_name="identity")
    name_sealed = models.TextField(blank=True)
    name_pinyin_sealed = models.TextField(blank=True)
    national_id_sealed = models.TextField(blank=True)
    phone_sealed = models.TextField(blank=True)
    born_on_sealed = models.TextField(blank=True)

    objects = IdentityQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Identity of {self.participant_id}"


class IdentityOpening(Record):
    """Somebody read direct identifiers: who, when, which fields, what for. Written before they are shown."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="identity_openings")
    opened_by = models.CharField(max_length=150)
    purpose = models.CharField(max_length=300)
    fields_opened = models.CharField(max_length=200)

    objects = OfParticipantQuerySet["IdentityOpening"].as_manager()

    def __str__(self) -> str:
        return f"{self.opened_by} opened the identity of {self.participant_id}"
