"""Entry: one row of the audit trail. Written by the database trigger alone; the product only reads it."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models


class Operation(models.TextChoices):
    INSERT = "INSERT", "created"
    UPDATE = "UPDATE", "changed"
    DELETE = "DELETE", "deleted"


class Entry(models.Model):
    """What happened to one row of one domain table, by whom, when and why.

    Plain values and no foreign keys, so that nothing cascades into the trail.
    old, new: the whole row of a deletion or creation; of a change only the columns that differ.
    recorded_at: the database's clock. acted_at: the instant the act states.
    participant_id, site_id: of the row, as text; empty where the row has none.
    """

    id = models.BigAutoField(primary_key=True)
    recorded_at = models.DateTimeField()
    acted_at = models.DateTimeField()
    actor_id = models.TextField()
    actor_label = models.TextField()
    role = models.TextField()
    action = models.TextField()
    reason = models.TextField()
    request_id = models.TextField()
    table_name = models.TextField()
    row_id = models.TextField()
    participant_id = models.TextField()
    site_id = models.TextField()
    op = models.TextField(choices=Operation.choices)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    txid = models.BigIntegerField()

    class Meta:
        db_table = "audit_entry"
        default_permissions = ()
        indexes = [
            models.Index(fields=["table_name", "row_id", "id"], name="audit_entry_row"),
            models.Index(fields=["participant_id", "id"], name="audit_entry_participant"),
            models.Index(fields=["actor_id", "id"], name="audit_entry_actor"),
            # Rows arrive in the order of this column: a block range index finds them at a fraction of the
            # cost that a B-tree adds to every write.
            BrinIndex(fields=["recorded_at"], name="audit_entry_recorded", pages_per_range=32),
        ]

    def __str__(self) -> str:
        return f"{self.op} {self.table_name} {self.row_id} by {self.actor_label}"
