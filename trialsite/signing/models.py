"""Signatures, the statement before the first of them, and locks. None of these rows is ever changed or deleted.

A lock alone is changed once, by its unlocking. The database holds that itself: see migrations/0001_signatures.sql.
"""

from collections.abc import Iterable
from typing import Any, Self, TypeVar
from uuid import UUID

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.accounts.scoping import SiteScopedQuerySet
from trialsite.audit.records import Record
from trialsite.signing.rules import NEEDS_REASON, Meaning, digest

M = TypeVar("M", bound=models.Model)


def _participants() -> Any:
    """Participants belong to a later room: looked up by name, which is all that is needed to know their site."""
    return apps.get_model("participants", "Participant")._base_manager


def seen_at(sites: frozenset[UUID]) -> Q:
    """Return the condition for rows that people of `sites` see.

    What is of a participant goes along with a transfer, though its row keeps the site it was made at (decision 15).
    """
    there = _participants().filter(site__in=sites).values("pk")
    return Q(participant_id__in=there) | Q(participant_id__isnull=True, site__in=sites)


class OfOwnerQuerySet(SiteScopedQuerySet[M]):
    def visible_to(self, user: User, permission: Permission = Permission.VIEW_PARTICIPANT) -> Self:
        """Restrict to what is of the user's sites now: by the participant where there is one, else by the site."""
        sites = user.access.site_ids(permission)
        return self if sites is None else self.filter(seen_at(sites))


class SigningStatement(Record):
    """A person said, before signing for the first time, that it is as good as their handwriting."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="signing_statement")
    text = models.CharField(max_length=500)
    text_version = models.CharField(max_length=10)

    def __str__(self) -> str:
        return f"Statement of {self.user_id}"


class Signature(Record):
    """What one person signed, when, with which meaning, and what was shown.

    kind, record_id: the signed record; participant_id: empty where it belongs to none. content: the canonical values,
    of the version `schema_version` of its kind. own_digest: over everything here, so that a copy elsewhere is found out.
    zone: in which the time is shown. factors: what the signer gave. withdraws: the signature taken back by this one.
    bound: the ids of all rows in the content, to find the signatures that a change concerns.
    """

    kind = models.CharField(max_length=40)
    record_id = models.UUIDField()
    participant_id = models.UUIDField(null=True, blank=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    signer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="signatures")
    printed_name = models.CharField(max_length=120)
    user_name = models.CharField(max_length=64)
    role = models.CharField(max_length=100)
    signed_at = models.DateTimeField()
    zone = models.CharField(max_length=64)
    meaning = models.CharField(max_length=20, choices=[(m.value, m.value) for m in Meaning])
    meaning_words = models.CharField(max_length=200)
    meanings_version = models.CharField(max_length=10)
    reason = models.CharField(max_length=500, blank=True)
    shown = models.TextField()
    schema_version = models.PositiveSmallIntegerField()
    content = models.JSONField()
    content_digest = models.CharField(max_length=64)
    own_digest = models.CharField(max_length=64)
    factors = models.CharField(max_length=40)
    bound = ArrayField(models.TextField(), default=list)
    withdraws = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="withdrawn_by"
    )

    objects = OfOwnerQuerySet["Signature"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(meaning__in=[m.value for m in Meaning]), name="signature_meaning_known"
            ),
            models.CheckConstraint(
                condition=~Q(meaning__in=sorted(m.value for m in NEEDS_REASON)) | ~Q(reason=""),
                name="signature_refusal_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(meaning=Meaning.WITHDRAWAL.value, withdraws__isnull=False)
                | (~Q(meaning=Meaning.WITHDRAWAL.value) & Q(withdraws__isnull=True)),
                name="signature_withdraws_one",
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "record_id"], name="signature_of_record"),
            models.Index(fields=["site", "signed_at"], name="signature_of_site"),
            GinIndex(fields=["bound"], name="signature_bound"),
        ]

    def __str__(self) -> str:
        return f"{self.printed_name}, {self.meaning}"

    def digest_of_all(self) -> str:
        """Return the digest over what the signature says, binding it to its record, its signer and its time."""
        said: dict[str, Any] = {
            "kind": self.kind,
            "record": str(self.record_id),
            "signer": str(self.signer_id),
            "printed_name": self.printed_name,
            "user_name": self.user_name,
            "role": self.role,
            "signed_at": self.signed_at.timestamp().hex(),
            "zone": self.zone,
            "meaning": self.meaning,
            "meaning_words": self.meaning_words,
            "reason": self.reason,
            "shown": self.shown,
            "schema": self.schema_version,
            "content": self.content_digest,
            "factors": self.factors,
            "withdraws": str(self.withdraws_id or ""),
        }
        return digest(said)


class SignatureBreak(Record):
    """It was noticed that what a signature signed has changed. recorded_at: when it was noticed.

    paths: what differed then. entry_id: the trail entry of the change, where it is known. Whether the signature holds
    is computed whenever it is shown; this row only spares looking at every signature to find those that do not.
    """

    signature = models.OneToOneField(Signature, on_delete=models.PROTECT, related_name="noticed")
    paths = models.CharField(max_length=1000)
    entry_id = models.BigIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Broken: {self.signature_id}"


def with_present_sites(locks: Iterable["Lock"]) -> list["Lock"]:
    """Return the locks with their present sites read in one query."""
    found = list(locks)
    owners = [one.participant_id for one in found if one.participant_id]
    sites = {one.pk: one.site for one in _participants().select_related("site").filter(pk__in=owners)}
    for one in found:
        if one.participant_id:
            one.__dict__["site_now"] = sites.get(one.participant_id, one.site)
    return found


class LockScope(models.TextChoices):
    RECORD = "record", "one record"
    PARTICIPANT = "participant", "one participant"
    SITE = "site", "one site"
    TRIAL = "trial", "the whole trial"


class LockQuerySet(models.QuerySet["Lock"]):
    def visible_to(self, user: User, permission: Permission = Permission.VIEW_PARTICIPANT) -> "LockQuerySet":
        """Restrict to what is of the user's sites now, and to locks of the whole trial."""
        sites = user.access.site_ids(permission)
        return self if sites is None else self.filter(seen_at(sites) | Q(scope=LockScope.TRIAL.value))

    def in_force(self) -> "LockQuerySet":
        return self.filter(unlocked_at__isnull=True)


class Lock(Record):
    """Nothing under `target_id` changes until it is unlocked. target_id: of the record, participant or site.

    name: what is locked, in words without identity. site: where it was locked; none for the whole trial.
    """

    scope = models.CharField(max_length=12, choices=LockScope.choices)
    kind = models.CharField(max_length=40, blank=True)
    target_id = models.UUIDField(null=True, blank=True)
    participant_id = models.UUIDField(null=True, blank=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=120)
    locked_at = models.DateTimeField()
    locked_by = models.CharField(max_length=190)
    reason = models.CharField(max_length=500)
    unlocked_at = models.DateTimeField(null=True, blank=True)
    unlocked_by = models.CharField(max_length=190, blank=True)
    unlock_reason = models.CharField(max_length=500, blank=True)
    unlock_signature = models.OneToOneField(
        Signature, on_delete=models.PROTECT, null=True, blank=True, related_name="unlocks"
    )

    objects = LockQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(scope__in=LockScope.values), name="lock_scope_known"),
            models.CheckConstraint(
                condition=Q(scope=LockScope.TRIAL.value, target_id__isnull=True)
                | (~Q(scope=LockScope.TRIAL.value) & Q(target_id__isnull=False)),
                name="lock_has_target",
            ),
            models.CheckConstraint(
                condition=Q(unlocked_at__isnull=True, unlock_signature__isnull=True)
                | (Q(unlocked_at__isnull=False, unlock_signature__isnull=False) & ~Q(unlock_reason="")),
                name="lock_unlocked_under_signature",
            ),
            models.UniqueConstraint(
                fields=["scope", "target_id"],
                condition=Q(unlocked_at__isnull=True),
                nulls_distinct=False,
                name="lock_once_in_force",
            ),
        ]
        indexes = [
            models.Index(fields=["target_id"], condition=Q(unlocked_at__isnull=True), name="lock_in_force")
        ]

    def __str__(self) -> str:
        return f"{self.get_scope_display()}: {self.name}"

    @property
    def present_site(self) -> Site | None:
        """The site whose people decide about it now: a participant may have been transferred since."""
        if self.participant_id is None:
            return self.site
        if "site_now" in self.__dict__:
            return self.__dict__["site_now"]  # type: ignore[no-any-return]
        found = _participants().select_related("site").filter(pk=self.participant_id).first()
        return found.site if found else self.site
