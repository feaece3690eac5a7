"""Base of every row that belongs to one participant."""

from typing import TypeVar

from django.db import models

from trialsite.accounts.scoping import SiteScopedQuerySet

M = TypeVar("M", bound=models.Model)


class OfParticipantQuerySet(SiteScopedQuerySet[M]):
    """Scoped by the site of the row's participant."""

    site_path = "participant__site"
