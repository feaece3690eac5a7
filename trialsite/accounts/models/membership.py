"""A role that one user holds at one site, or, for an auditor, at every site."""

from django.db import models

from trialsite.accounts.models.site import Site
from trialsite.accounts.models.user import User
from trialsite.accounts.permissions import Permission, Role
from trialsite.audit.records import Record

# Kept as text: migrations compare this list, and a StrEnum would be written into them by reference.
_ROLES = [role.value for role in Role]


class MembershipQuerySet(models.QuerySet["Membership"]):
    def visible_to(self, user: User) -> "MembershipQuerySet":
        """Return the roles held at the sites whose users `user` manages."""
        site_ids = user.access.site_ids(Permission.MANAGE_USERS)
        return self.all() if site_ids is None else self.filter(site__in=site_ids)


class Membership(Record):
    """Taken away by deleting the row; the trail keeps when, by whom and why."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    site = models.ForeignKey(
        Site, on_delete=models.PROTECT, null=True, blank=True, related_name="memberships"
    )
    role = models.CharField(max_length=20, choices=[(role, role.capitalize()) for role in _ROLES])

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "site", "role"], nulls_distinct=False, name="membership_once"
            ),
            models.CheckConstraint(condition=models.Q(role__in=_ROLES), name="membership_role_known"),
            models.CheckConstraint(
                condition=models.Q(role=Role.AUDITOR.value, site__isnull=True)
                | (~models.Q(role=Role.AUDITOR.value) & models.Q(site__isnull=False)),
                name="membership_auditor_everywhere",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"
