"""What happened at the door: sign-ins, refusals, locks, sign-outs, changes of the second factor."""

from django.db import models

from trialsite.accounts.models.user import User
from trialsite.audit.records import Record


class SignInOutcome(models.TextChoices):
    SIGNED_IN = "signed_in", "Signed in"
    PASSWORD_REFUSED = "password_refused", "Name or password refused"
    SECOND_FACTOR_REFUSED = "second_factor_refused", "Second factor refused"
    LOCKED = "locked", "Refused while locked"
    REAUTHENTICATED = "reauthenticated", "Confirmed the password again"
    REAUTHENTICATION_REFUSED = "reauthentication_refused", "Wrong password when asked again"
    SIGNED_OUT = "signed_out", "Signed out"
    TIMED_OUT = "timed_out", "Session ended by time"
    SECOND_FACTOR_ADDED = "second_factor_added", "Second factor set up"
    SECOND_FACTOR_REMOVED = "second_factor_removed", "Second factor removed"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed", "Recovery codes renewed"


class SignInRecord(Record):
    """user: who, where the name belongs to somebody. name_hash: keyed hash of the name that was typed.

    The typed name itself is not kept: people type passwords into the wrong box.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="sign_ins")
    name_hash = models.CharField(max_length=64)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    outcome = models.CharField(max_length=30, choices=SignInOutcome.choices)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(outcome__in=SignInOutcome.values), name="sign_in_outcome_known"
            ),
        ]
        indexes = [models.Index(fields=["user", "recorded_at"], name="sign_in_by_user")]

    def __str__(self) -> str:
        return f"{self.outcome} {self.recorded_at:%Y-%m-%d %H:%M}Z"
