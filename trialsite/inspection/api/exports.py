"""Taking tables out through the API, the access review, and what was read."""

from typing import Any

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from trialsite import clock
from trialsite.accounts.permissions import Permission, require_anywhere
from trialsite.api.fields import CleanCharField, EnumField, StrictListField, StrictObjectField
from trialsite.api.problems import field_refused
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.views import ApiView
from trialsite.inspection.access import people_held
from trialsite.inspection.api.reviews import plain_texts
from trialsite.inspection.exporting import PURPOSE_LIMIT, export_tables
from trialsite.inspection.files.archive import Kind
from trialsite.inspection.files.tables import tables_for
from trialsite.inspection.web.exports import ZIP, archive_response


class ExportIn(InSerializer):
    """What is taken out."""

    tables = StrictListField(
        child=CleanCharField(max_length=40),
        max_length=20,
        help_text="Names of the tables, as GET lists them.",
    )
    kinds = StrictListField(
        child=EnumField(Kind),
        max_length=3,
        required=False,
        help_text="csv, json, pdf; all of them by default.",
    )
    sought = StrictObjectField(
        required=False, default=dict, help_text="For each table the filters of its list, by name."
    )
    purpose = CleanCharField(max_length=PURPOSE_LIMIT, help_text="What it is for; no name of a participant.")


class ExportTableOut(OutSerializer):
    """A table that may be taken out."""

    name = serializers.CharField(help_text="Its name.")
    title = serializers.CharField(help_text="What it holds.")
    column_names = serializers.ListField(child=serializers.CharField(), help_text="Its columns.")
    filters = serializers.ListField(child=serializers.CharField(), help_text="Filters that narrow it.")


class ExportList(ApiView):
    """List the tables the user may take out."""

    required_permission = Permission.EXPORT_RECORDS

    @extend_schema(responses=ExportTableOut(many=True))
    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer all of them."""
        require_anywhere(self.person, self.required_permission)
        shown = [
            {
                "name": one.name,
                "title": one.title,
                "column_names": [column.name for column in one.columns],
                "filters": sorted(one.filters),
            }
            for one in tables_for(self.person.access)
        ]
        return Response(shown)


class TakeOut(ApiView):
    """Take tables out: an archive of files with a manifest of hashes. It is on record before the first byte leaves."""

    required_permission = Permission.EXPORT_RECORDS
    throttle_scope = "command"

    @extend_schema(request=ExportIn, responses={(200, ZIP): OpenApiTypes.BINARY})
    def post(self, request: Request, **kwargs: Any) -> FileResponse:
        """Answer the archive."""
        require_anywhere(self.person, self.required_permission)
        shape = ExportIn(data=request.data)
        shape.is_valid(raise_exception=True)
        given: dict[str, Any] = shape.validated_data
        taken = export_tables(
            names=given["tables"],
            sought=_by_table(given["sought"]),
            kinds=given.get("kinds", list(Kind)),
            purpose=given["purpose"],
            by=self.person,
            at=clock.now(),
        )
        return archive_response(taken)


def _by_table(sought: dict[str, Any]) -> dict[str, dict[str, str]]:
    if not all(isinstance(one, dict) for one in sought.values()):
        raise field_refused("sought", "invalid", "Give an object of filters for each table.")
    return {name: plain_texts(one) for name, one in sought.items()}


class RoleHeldOut(OutSerializer):
    """A role somebody holds."""

    role = serializers.CharField(help_text="The role.")
    site = serializers.CharField(help_text="Code of the site; empty for every site.")
    since_at = serializers.DateTimeField(help_text="Since when, UTC.")


class PersonHeldOut(OutSerializer):
    """Somebody with a role."""

    name = serializers.CharField(help_text="Printed name.")
    username = serializers.CharField(help_text="User name.")
    is_active = serializers.BooleanField(help_text="Whether the account is active.")
    roles = RoleHeldOut(many=True, help_text="What they hold.")
    last_sign_in_at = serializers.DateTimeField(allow_null=True, help_text="When they last came in, UTC.")
    last_refused_at = serializers.DateTimeField(
        allow_null=True, help_text="When they were last refused, UTC."
    )
    reads = serializers.IntegerField(help_text="How often they opened identifiers, files or the like.")
    identity_reads = serializers.IntegerField(help_text="How often they opened direct identifiers.")


class AccessView(ApiView):
    """List who has which role at the user's sites, with their last sign-in and what they opened."""

    required_permission = Permission.REVIEW_ACCESS

    @extend_schema(responses=PersonHeldOut(many=True))
    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer everybody, in order of the user name."""
        require_anywhere(self.person, self.required_permission)
        return Response([PersonHeldOut.represent(one) for one in people_held(self.person)])
