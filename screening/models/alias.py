"""Under which number a laboratory or another study system knows a participant."""

from django.db import models

from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class SubjectAlias(Record):
    """number: as the laboratory writes it in its files; pseudonymous, never a name or a national number."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="subject_aliases")
    number = models.CharField(max_length=60, unique=True)

    objects = OfParticipantQuerySet["SubjectAlias"].as_manager()

    def __str__(self) -> str:
        return self.number
