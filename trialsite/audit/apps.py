"""The audit trail: kept by the database, read here."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "trialsite.audit"
    label = "audit"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        post_migrate.connect(_follow_the_columns, sender=self)


def _follow_the_columns(*, using: str, plan: Any = None, **_: Any) -> None:
    """Make the trail's functions name the columns that migrations left. A plan is given where any migration ran."""
    from trialsite.audit.trail import renew_stale

    if plan:
        renew_stale(using)
