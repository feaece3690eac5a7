"""The address under which a calendar program reads what is due. Only the digest of its secret part is kept."""

from django.db import models

from trialsite.accounts.models import User
from trialsite.audit.records import Record


class CalendarFeed(Record):
    """name: the program or telephone that reads it. It shows what its owner may see, as long as it is not revoked."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="calendar_feeds")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
