"""What the stages' APIs share: the reason of an act, a correction, a record named in a body."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework import serializers

from trialsite.api.commands import CommandView
from trialsite.api.fields import CleanCharField, StrictBooleanField
from trialsite.api.problems import field_refused
from trialsite.api.serializers import InSerializer

M = TypeVar("M", bound=Model)


class ReasonedIn(InSerializer):
    """Input of an act that needs a reason only where it departs from the protocol."""

    reason = CleanCharField(
        required=False,
        default="",
        allow_blank=True,
        multiline=True,
        max_length=500,
        help_text="Why; needed where the act departs from the protocol. It stands in the audit trail.",
    )


class GatedIn(ReasonedIn):
    """Input of an act that is refused while its gate is not passed, unless it took place already."""

    already_happened = StrictBooleanField(
        required=False,
        default=False,
        help_text="True where the act took place although its gate was not passed; needs a reason then.",
    )


class CorrectionIn(InSerializer):
    """Input of a correction: the corrected value and the reason are both required, though it is a PATCH."""

    reason = CleanCharField(
        multiline=True, max_length=500, help_text="Why the entry is corrected. Required, also in a PATCH."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for what a partial input may leave out."""
        missing = [name for name, one in self.fields.items() if one.required and name not in attrs]
        if missing:
            words = serializers.ErrorDetail("This field is required.", code="required")
            raise serializers.ValidationError({name: [words] for name in missing})
        return attrs


class UnderCommand(CommandView, abstract=True):
    """A command that answers with something else than the record in the URL."""

    def represent_target(self, target: Any) -> dict[str, Any]:
        """Return the version that an `If-Match` of this URL speaks of."""
        return {"version": target.version}


def named(rows: QuerySet[M], field: str, **lookup: object) -> M:
    """Return the record that a body names in `field`. `rows`: those the user may see.

    Raises RequestRefused 400 unknown-reference, alike for one that does not exist and for another site's.
    """
    found = rows.filter(**lookup).first()
    if found is None:
        raise field_refused(field, "unknown-reference", "There is nothing by this name that you may see.")
    return found
