"""The audit trail, as a program reads it."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from participants.filters import TrailFilter
from participants.queries.trail import entries_shown, site_codes, trail_for
from trialsite.accounts.permissions import Permission, require_anywhere
from trialsite.api.serializers import OutSerializer
from trialsite.api.views import ScopedList
from trialsite.audit.models import Entry


class TrailEntryOut(OutSerializer):
    """What happened to one row of one table. Identifiers read `sealed`, answers that are not for the reader `confidential`."""

    id = serializers.IntegerField(help_text="Number of the entry; numbers may be left out.")
    recorded_at = serializers.DateTimeField(help_text="The database's clock, UTC.")
    acted_at = serializers.DateTimeField(help_text="The instant of the act, UTC.")
    who = serializers.CharField(help_text="Who acted: a person or a task of the system.")
    role = serializers.CharField(help_text="The roles of whoever acted.")
    action = serializers.CharField(help_text="What was done, such as participants.consent_recorded.")
    reason = serializers.CharField(help_text="Why.")
    request_id = serializers.CharField(help_text="Shared by everything one request wrote.")
    table = serializers.CharField(help_text="Table of the row.")
    row_id = serializers.CharField(help_text="Id of the row.")
    code = serializers.CharField(help_text="Subject code of the participant it is about; may be empty.")
    site = serializers.CharField(help_text="Code of the site; may be empty.")
    op = serializers.CharField(help_text="INSERT, UPDATE or DELETE.")
    old = serializers.JSONField(allow_null=True, help_text="Former values; of a change only what differs.")
    new = serializers.JSONField(allow_null=True, help_text="New values; of a change only what differs.")


class TrailList(ScopedList):
    """Search the audit trail of the user's sites, the newest entry first."""

    required_permission = Permission.VIEW_TRAIL
    model = Entry
    order = ("-id",)
    filterset_class = TrailFilter
    gives = TrailEntryOut

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer one page."""
        require_anywhere(self.person, self.required_permission)
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(self._filtered(self._rows()), request, view=self)
        shown = entries_shown(page, self.person, site_codes())
        return paginator.get_paginated_response([self.represent(entry) for entry in shown])

    def _rows(self) -> QuerySet[Entry]:
        return trail_for(self.person)
