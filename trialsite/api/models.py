"""What the API itself remembers: the answers it gave, so that a retried command is not done again."""

from django.db import models


class IdempotencyRecord(models.Model):
    """One answered command. Not a domain table: it states nothing about the trial and carries no trail.

    user_id: plain value, no key, so that it stands in nobody's way. body_digest: keyed, because a body may
    name a person and could otherwise be guessed from its hash. status: null only inside the transaction that
    still runs.
    """

    user_id = models.UUIDField()
    method_path = models.CharField(max_length=500)
    key = models.CharField(max_length=200)
    body_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    # The exact text of the answer. jsonb would reorder its keys, and a replay is to be the same to the byte.
    response_body = models.TextField(default="")
    response_headers = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user_id", "method_path", "key"], name="api_command_once"),
        ]
        indexes = [models.Index(fields=["created_at"], name="api_command_by_age")]

    def __str__(self) -> str:
        return f"{self.method_path} {self.status}"
