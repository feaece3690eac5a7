"""A hospital that takes part in the trial."""

from typing import TYPE_CHECKING

from django.db import models

from trialsite.accounts.permissions import Permission
from trialsite.accounts.rules import COUNTRY_PATTERN, SITE_CODE_PATTERN, SUBJECT_PREFIX_PATTERN
from trialsite.audit.records import Record

if TYPE_CHECKING:
    from trialsite.accounts.models.user import User


class SiteQuerySet(models.QuerySet["Site"]):
    def visible_to(self, user: "User") -> "SiteQuerySet":
        """Return the sites at which `user` holds any role."""
        return self.where_may(user, Permission.VIEW_TRIAL)

    def where_may(self, user: "User", permission: Permission) -> "SiteQuerySet":
        """Return the sites at which `user` holds `permission`; for the choices of a form."""
        site_ids = user.access.site_ids(permission)
        return self.all() if site_ids is None else self.filter(pk__in=site_ids)


class Site(Record):
    """Civil dates of a participant are dates in this site's time zone.

    country: ISO 3166, two letters; its holidays and make-up days are the site's.
    """

    code = models.CharField(max_length=6, unique=True)
    name = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200, blank=True, default="")
    time_zone = models.CharField(max_length=64)
    subject_prefix = models.CharField(max_length=4, unique=True)
    country = models.CharField(max_length=2, default="CN")

    objects = SiteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(code__regex=SITE_CODE_PATTERN), name="site_code_form"),
            models.CheckConstraint(
                condition=models.Q(subject_prefix__regex=SUBJECT_PREFIX_PATTERN),
                name="site_subject_prefix_form",
            ),
            models.CheckConstraint(
                condition=models.Q(country__regex=COUNTRY_PATTERN), name="site_country_form"
            ),
        ]

    def __str__(self) -> str:
        return self.code
