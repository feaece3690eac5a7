"""Reviews that were made, and the searches people keep."""

from django.db import models

from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.audit.records import Record


class Reviewed(models.TextChoices):
    TRAIL = "trail", "Audit trail"
    ACCESS = "access", "Access"
    READS = "reads", "What was read"


REVIEW_PERMISSION = {
    Reviewed.TRAIL: Permission.VIEW_TRAIL,
    Reviewed.ACCESS: Permission.REVIEW_ACCESS,
    Reviewed.READS: Permission.REVIEW_ACCESS,
}


class ReviewQuerySet(models.QuerySet["Review"]):
    def visible_to(self, user: User) -> "ReviewQuerySet":
        """Return the reviews of the sites whose trail `user` may read, and the own ones."""
        sites = user.access.site_ids(Permission.VIEW_TRAIL)
        return self if sites is None else self.filter(models.Q(site__in=sites) | models.Q(reviewer=user))


class Review(Record):
    """Somebody looked through something and says so (ICH E6(R3) 4.2.3). Never changed.

    site: null where the reviewer looked at every site that is theirs. sought: the search that was reviewed, as its page
    takes it. row_count: what it found then.
    """

    kind = models.CharField(max_length=10, choices=Reviewed.choices)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    sought = models.JSONField(default=dict)
    row_count = models.PositiveIntegerField(null=True, blank=True)
    note = models.CharField(max_length=2000)
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reviewed_by = models.CharField(max_length=190)
    reviewed_at = models.DateTimeField()

    objects = ReviewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=Reviewed.values), name="review_kind_known"),
            models.CheckConstraint(condition=~models.Q(note=""), name="review_note_given"),
        ]
        indexes = [models.Index(fields=["kind", "reviewed_at", "id"], name="review_by_kind")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} reviewed by {self.reviewed_by}"


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: User) -> "SavedViewQuerySet":
        """Return the own views."""
        return self.filter(owner=user)


class SavedView(Record):
    """A search that its owner keeps under a name. Removed by deleting the row; the trail keeps that."""

    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="saved_views")
    page = models.CharField(max_length=30)
    name = models.CharField(max_length=60)
    sought = models.JSONField(default=dict)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "page", "name"], name="saved_view_once"),
            models.CheckConstraint(condition=~models.Q(name=""), name="saved_view_named"),
        ]

    def __str__(self) -> str:
        return self.name
