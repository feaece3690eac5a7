"""Record: the base of every domain table. Identity, entry time and version, and the two ways to write one row."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import models

from trialsite.errors import Conflict


class Record(models.Model):
    """A row that is inserted once and changed only against the version that was read.

    recorded_at: when the system learned of it; given by the service, never read from a clock here.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recorded_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True

    def save_new(self) -> None:
        """Insert the row in one statement. Raises ValueError where an instant has no time zone."""
        self._require_aware(field.name for field in self._meta.concrete_fields)
        self.save(force_insert=True)

    def save_changes(self, fields: Iterable[str]) -> None:
        """Write `fields` and the next version in one UPDATE.

        Raises Conflict("stale-version") where the stored version is no longer the one this instance was read
        at; nothing is written then and the instance keeps its version. ValueError as in `save_new`.
        """
        names = tuple(fields)
        self._require_aware(names)
        found = type(self)._base_manager.filter(pk=self.pk, version=self.version)
        values = {name: getattr(self, name) for name in names}
        if not found.update(**values, version=self.version + 1):
            raise Conflict(
                "stale-version",
                "This record was changed after you read it. Load it again and repeat your change.",
                params={"version": self.version},
            )
        self.version += 1

    def _require_aware(self, names: Iterable[str]) -> None:
        for name in names:
            value = getattr(self, name)
            if isinstance(value, datetime) and value.utcoffset() is None:
                raise ValueError(f"{type(self).__name__}.{name} must carry a time zone.")
