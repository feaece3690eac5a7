"""One row for each part. No domain record, so outside the trail: it is written every few seconds."""

from django.db import models

from trialsite.health.rules import Part, SignOfLife


class Heartbeat(models.Model):
    """ok_at: when the part last worked, null where it never did. failing_since_at: it answers, but without success, since then.

    reason: class of the failure, no text of a server. alarmed_at: when people were last told of this trouble.
    """

    part = models.CharField(
        primary_key=True, max_length=10, choices=[(part.value, part.value) for part in Part]
    )
    ok_at = models.DateTimeField(null=True)
    failing_since_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=40, blank=True, default="")
    alarmed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.part

    def to_value(self) -> SignOfLife:
        return SignOfLife(
            part=Part(self.part),
            ok_at=self.ok_at,
            failing_since_at=self.failing_since_at,
            reason=self.reason,
        )
