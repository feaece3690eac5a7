"""Site scoping: the one place where a user's sites restrict a queryset, for pages and API alike."""

from typing import Self, TypeVar

from django.db import models

from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission

M = TypeVar("M", bound=models.Model)


class SiteScopedQuerySet(models.QuerySet[M]):
    """Base queryset of every model that hangs on a site, through the field path `site_path`."""

    site_path = "site"

    def visible_to(self, user: User, permission: Permission = Permission.VIEW_PARTICIPANT) -> Self:
        """Restrict to the sites at which `user` holds `permission`; none is the default."""
        sites = user.access.site_ids(permission)
        return self if sites is None else self.filter(**{f"{self.site_path}__in": sites})
