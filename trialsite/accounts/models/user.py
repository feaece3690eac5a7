"""A person who signs in. One person, one account, never reused, never deleted."""

import re
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password
from django.db import models

from trialsite.accounts.permissions import Access, Permission, Role
from trialsite.accounts.rules import USERNAME_PATTERN, normalise_username
from trialsite.audit.records import Record

if TYPE_CHECKING:
    from trialsite.accounts.models.membership import Membership


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: "User") -> "UserQuerySet":
        """Return the people with a role at a site where `user` has one too, and `user`."""
        site_ids = user.access.site_ids(Permission.VIEW_TRIAL)
        if site_ids is None:
            return self.all()
        shared = models.Exists(_memberships().filter(user=models.OuterRef("pk"), site__in=site_ids))
        return self.filter(shared | models.Q(pk=user.pk))


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the user of any spelling of the name. Text that no name can be is not looked up."""
        name = normalise_username(username or "")
        if not re.fullmatch(USERNAME_PATTERN, name):
            raise User.DoesNotExist
        found: User = self.get(username=name)
        return found


class User(Record, AbstractBaseUser):
    """username: normalised (rules.normalise_username). display_name: printed on records and signatures.

    is_shared: several people know the password, say of a screen on a ward; such an account signs nothing.
    password_reset_at: when somebody else last set the password.
    """

    username = models.CharField(max_length=64, unique=True)
    display_name = models.CharField(max_length=120)
    email = models.EmailField(blank=True, default="")
    is_active = models.BooleanField(default=True)
    is_shared = models.BooleanField(default=False)
    password_reset_at = models.DateTimeField(null=True, blank=True)
    # Django would write this at sign-in without an actor; sign-ins have their own record.
    last_login = None

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["display_name"]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(username__regex=USERNAME_PATTERN), name="user_name_form"
            ),
            models.CheckConstraint(condition=~models.Q(display_name=""), name="user_display_name_given"),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def actor_id(self) -> str:
        return str(self.pk)

    @property
    def actor_label(self) -> str:
        return f"{self.display_name} ({self.username})"

    @property
    def actor_role(self) -> str:
        """The roles held anywhere, for the trail."""
        return ", ".join(sorted(self.access.roles))

    @cached_property
    def access(self) -> Access:
        """Return the roles held now, read once per request in one query; none when inactive."""
        if not self.is_active:
            return Access()
        held: defaultdict[UUID | None, set[Role]] = defaultdict(set)
        for site_id, role in _memberships().filter(user=self.pk).values_list("site_id", "role"):
            held[site_id].add(Role(role))
        everywhere = frozenset(held.pop(None, set()))
        by_site = {site_id: frozenset(roles) for site_id, roles in held.items() if site_id is not None}
        return Access(by_site, everywhere, granted=frozenset({Permission.USE_ACCOUNT}))

    def check_password(self, raw_password: str | None) -> bool:
        """Compare only. Django's version may also store a newer hash, a write that has no actor."""
        return check_password(raw_password, self.password)

    def get_full_name(self) -> str:
        return self.display_name


def _memberships() -> models.QuerySet["Membership"]:
    from trialsite.accounts.models.membership import Membership

    return Membership.objects.all()
