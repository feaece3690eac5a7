"""Deviations in numbers, as a program reads them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from participants.filters import DeviationFilter
from participants.models import Deviation
from participants.queries.deviation_figures import Figures, figures_of
from participants.queries.lists import deviations_listed
from trialsite import clock
from trialsite.accounts.permissions import Permission, require_anywhere
from trialsite.api.serializers import OutSerializer
from trialsite.api.views import ScopedList


class MonthOut(OutSerializer):
    """One month."""

    month = serializers.CharField(help_text="Such as 2026-05, at the calendar of the site.")
    count = serializers.IntegerField(help_text="Deviations that happened in it.")


class LineOut(OutSerializer):
    """One category or one site."""

    key = serializers.CharField(help_text="As the filter of the list takes it.")
    total = serializers.IntegerField(help_text="Within the months.")
    important = serializers.IntegerField(help_text="Of which important.")
    months = MonthOut(many=True, source="bars", help_text="Twelve months, the oldest first.")


class FiguresOut(OutSerializer):
    """Deviations in numbers; times in seconds."""

    total = serializers.IntegerField(help_text="Deviations that fit.")
    unclosed = serializers.IntegerField(help_text="Of which not closed.")
    overdue = serializers.IntegerField(help_text="Of which with an action that should have been done by now.")
    detection_median_s = serializers.FloatField(
        allow_null=True, help_text="From happening to detection, the middle one."
    )
    detection_most_s = serializers.FloatField(
        allow_null=True, help_text="Within which nine in ten were detected."
    )
    closure_median_s = serializers.FloatField(
        allow_null=True, help_text="From detection to closure, the middle one."
    )
    closure_most_s = serializers.FloatField(
        allow_null=True, help_text="Within which nine in ten were closed."
    )
    by_category = LineOut(many=True, help_text="Per category, the most frequent first.")
    by_site = LineOut(many=True, help_text="Per site, the most frequent first.")


class DeviationFigures(ScopedList):
    """Count the deviations of the user's sites by month, category and site; say how long they took."""

    required_permission = Permission.VIEW_DEVIATIONS
    model = Deviation
    order = ("-detected_at", "-id")
    filterset_class = DeviationFilter
    gives = FiguresOut

    @extend_schema(responses=FiguresOut)
    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer the figures."""
        require_anywhere(self.person, self.required_permission)
        rows = self._filtered(deviations_listed(self.person))
        return Response(self.represent(_seconds(figures_of(rows, clock.now()))))


def _seconds(told: Figures) -> dict[str, Any]:
    times = {
        f"{name}_s": None if taken is None else taken.total_seconds()
        for name in ("detection_median", "detection_most", "closure_median", "closure_most")
        for taken in [getattr(told, name)]
    }
    shared = {
        name: getattr(told, name) for name in ("total", "unclosed", "overdue", "by_category", "by_site")
    }
    return shared | times
