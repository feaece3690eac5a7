"""What the sealer stores: signed batches, the leaf of each entry, and the definitions a batch was sealed under.

Inserted and never changed. Everything here is also checked from outside, so nothing here has to be believed.
"""

from django.db import models


class SealBatch(models.Model):
    """statement: the bytes that were signed (standalone.statement). It is also in the anchor file."""

    number = models.BigIntegerField(primary_key=True)
    statement = models.BinaryField()
    signature = models.BinaryField()

    class Meta:
        db_table = "audit_seal_batch"
        default_permissions = ()

    def __str__(self) -> str:
        return f"batch {self.number}"


class SealLeaf(models.Model):
    """sequence: gapless over all batches. entry_id: of the trail; no key, so that nothing hangs on the trail."""

    sequence = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    batch = models.ForeignKey(
        SealBatch, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    hash = models.BinaryField()

    class Meta:
        db_table = "audit_seal_leaf"
        default_permissions = ()

    def __str__(self) -> str:
        return f"leaf {self.sequence}"


class SealedDefinitions(models.Model):
    """The text behind the fingerprint `digest`: triggers, functions, roles, rights, one on each line."""

    digest = models.CharField(primary_key=True, max_length=64)
    text = models.TextField()

    class Meta:
        db_table = "audit_seal_definitions"
        default_permissions = ()

    def __str__(self) -> str:
        return self.digest
