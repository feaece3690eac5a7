"""The day it is at a site, inside a statement about rows of many sites."""

from datetime import datetime

from django.db.models import DateField, DateTimeField, F, Func, Value
from django.db.models.functions import Cast


def day_at(zone: str, at: datetime) -> Cast:
    """Return the civil date at the instant `at` in the zone that the field `zone` of a row holds."""
    local = Func(
        F(zone), Value(at, DateTimeField()), function="timezone", output_field=DateTimeField()
    )  # the wall clock there
    return Cast(local, DateField())
