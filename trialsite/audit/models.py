"""Entry: one row of the audit trail, written by the database trigger alone. ReadEntry: somebody read something."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from trialsite.audit.records import Record


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
    site_zone: IANA zone of the site for which somebody acted, where one was named.
    through: the task or command that acted for the person, empty for a page or the API.
    The table is partitioned by months of `recorded_at` (migration 0003).
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
    site_zone = models.TextField(default="")
    through = models.TextField(default="")

    class Meta:
        db_table = "audit_entry"
        default_permissions = ()
        indexes = [
            models.Index(fields=["table_name", "row_id", "id"], name="audit_entry_row"),
            models.Index(fields=["participant_id", "id"], name="audit_entry_participant"),
            models.Index(fields=["actor_id", "id"], name="audit_entry_actor"),
            # Rows arrive in the order of these columns: a block range index finds them at a fraction of the
            # cost that a B-tree adds to every write.
            BrinIndex(fields=["recorded_at", "txid"], name="audit_entry_recorded", pages_per_range=32),
            # Deletions are rare; replay looks for them.
            models.Index(fields=["table_name"], name="audit_entry_deleted", condition=models.Q(op="DELETE")),
        ]

    def __str__(self) -> str:
        return f"{self.op} {self.table_name} {self.row_id} by {self.actor_label}"


class ReadEntry(Record):
    """Who read what, stored before it was shown; inserted and never changed, and in the trail like every record.

    kind: as in `reads.ReadKind`. what: name of the page or file. participant_id, site_id: where it concerns one alone.
    participant_ids, site_ids, fields: everything it concerns; empty where the reader saw all that is theirs to see.
    """

    kind = models.CharField(max_length=20)
    what = models.TextField()
    actor_id = models.TextField()
    actor_label = models.TextField()
    participant_id = models.UUIDField(null=True)
    site_id = models.UUIDField(null=True)
    participant_ids = models.JSONField(default=list)
    site_ids = models.JSONField(default=list)
    fields = models.JSONField(default=list)
    row_count = models.PositiveIntegerField(null=True)
    purpose = models.TextField(blank=True, default="")

    class Meta:
        db_table = "audit_read"
        default_permissions = ()
        indexes = [
            models.Index(fields=["actor_id", "recorded_at"], name="audit_read_actor"),
            models.Index(fields=["participant_id", "recorded_at"], name="audit_read_participant"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label} read {self.what}"
