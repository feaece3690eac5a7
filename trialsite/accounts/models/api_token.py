"""A key with which a program acts as a user. Only its digest is kept."""

from datetime import datetime

from django.db import models

from trialsite.accounts.models.user import User
from trialsite.audit.records import Record


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def valid_at(self, at: datetime) -> "ApiTokenQuerySet":
        """Return the tokens that are neither expired nor revoked at `at`."""
        return self.filter(expires_at__gt=at, revoked_at__isnull=True)


class ApiToken(Record):
    """last4: the end of the token, so that its owner can tell tokens apart."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    last4 = models.CharField(max_length=4)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("recorded_at")), name="api_token_expires_later"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} …{self.last4}"
