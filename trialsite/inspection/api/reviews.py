"""Reviews and saved views."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import CommandView
from trialsite.api.fields import CleanCharField, EnumField, StrictObjectField
from trialsite.api.problems import field_refused
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.steps import named
from trialsite.api.views import ScopedList
from trialsite.inspection.models import REVIEW_PERMISSION, Review, Reviewed, SavedView
from trialsite.inspection.services import NAME_LIMIT, NOTE_LIMIT, forget_view, record_review, save_view
from trialsite.inspection.web.saved import PAGES

_SOUGHT = "The filters of the search, by name, as its list takes them."
_LONGEST, _MOST = 200, 20


class ReviewIn(InSerializer):
    """That something was reviewed."""

    kind = EnumField(Reviewed, help_text="What was looked through.")
    site = CleanCharField(
        required=False,
        default="",
        max_length=6,
        help_text="Code of a site; empty for every site you may read.",
    )
    sought = StrictObjectField(required=False, default=dict, help_text=_SOUGHT)
    note = CleanCharField(
        multiline=True,
        max_length=NOTE_LIMIT,
        help_text="What was looked at and found; no name of a participant.",
    )


class ReviewOut(OutSerializer):
    """A review on record."""

    id = serializers.UUIDField(help_text="Id of the review.")
    kind = EnumField(Reviewed, help_text="What was looked through.")
    site = serializers.CharField(
        source="site.code",
        allow_null=True,
        help_text="Code of the site; null for every site of the reviewer.",
    )
    sought = serializers.JSONField(help_text=_SOUGHT)
    row_count = serializers.IntegerField(allow_null=True, help_text="How many rows the search found then.")
    note = serializers.CharField(help_text="What was looked at and found.")
    reviewed_by = serializers.CharField(help_text="Who reviewed.")
    reviewed_at = serializers.DateTimeField(help_text="When, UTC.")


class ReviewList(ScopedList):
    """List the reviews of the user's sites, the latest first."""

    required_permission = Permission.VIEW_TRAIL
    model = Review
    order = ("-reviewed_at", "-id")
    gives = ReviewOut

    def narrow(self, rows: QuerySet[Review]) -> QuerySet[Review]:
        return rows.select_related("site")


class RecordReview(CommandView):
    """Record that the trail, the access or the reads were reviewed."""

    required_permission = Permission.VIEW_TRAIL
    takes, gives, creates = ReviewIn, ReviewOut, True

    def run(self, target: None, given: dict[str, Any], *, by: User, at: datetime) -> Review:
        kind: Reviewed = given["kind"]
        sites = Site.objects.where_may(by, REVIEW_PERMISSION[kind])
        site = named(sites, "site", code=given["site"]) if given["site"] else None
        sought = plain_texts(given["sought"])
        return record_review(kind=kind, site=site, sought=sought, note=given["note"], by=by, at=at)


class SavedViewIn(InSerializer):
    """A search to keep."""

    page = CleanCharField(max_length=30, help_text="The list it belongs to: trail, deviations or reads.")
    name = CleanCharField(max_length=NAME_LIMIT, help_text="The same name again replaces the view.")
    sought = StrictObjectField(help_text=_SOUGHT)


class SavedViewOut(OutSerializer):
    """A search that its owner keeps."""

    id = serializers.UUIDField(help_text="Id of the view.")
    page = serializers.CharField(help_text="The list it belongs to.")
    name = serializers.CharField(help_text="Its name.")
    sought = serializers.JSONField(help_text=_SOUGHT)


class SavedViewList(ScopedList):
    """List the own saved views."""

    required_permission = Permission.VIEW_DEVIATIONS
    model = SavedView
    order = ("recorded_at", "id")
    gives = SavedViewOut
    from_columns = True


class KeepView(CommandView):
    """Keep a search under a name, for oneself."""

    required_permission = Permission.VIEW_DEVIATIONS
    takes, gives, creates = SavedViewIn, SavedViewOut, True

    def run(self, target: None, given: dict[str, Any], *, by: User, at: datetime) -> SavedView:
        if given["page"] not in PAGES:
            raise field_refused("page", "unknown-reference", f"Choose one of: {', '.join(sorted(PAGES))}.")
        return save_view(
            page=given["page"], name=given["name"], sought=plain_texts(given["sought"]), by=by, at=at
        )


class RemoveView(CommandView):
    """Remove one of the own saved views."""

    required_permission = Permission.VIEW_DEVIATIONS
    model = SavedView
    lookup = {"view_id": "id"}
    takes, gives = InSerializer, SavedViewOut

    def run(self, target: SavedView, given: dict[str, Any], *, by: User, at: datetime) -> SavedView:
        forget_view(view=target, by=by, at=at)
        return target


def plain_texts(sought: dict[str, Any]) -> dict[str, str]:
    """Return filters as texts. Raises RequestRefused 400 for anything but a few short texts."""
    is_plain = all(isinstance(value, str) and len(value) <= _LONGEST for value in sought.values())
    if not is_plain or len(sought) > _MOST or any(len(name) > _LONGEST for name in sought):
        raise field_refused("sought", "invalid", f"Give at most {_MOST} filters, each a text.")
    return dict(sought)
