"""What the pictures show, as a program reads it."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from followup.api.picture_shapes import PictureOut, picture_values
from followup.queries.lane import lane_of
from followup.queries.pictures.lane import lane_picture
from participants.models import Participant
from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.api.views import ScopedView


class ParticipantTimeline(ScopedView):
    """Read the one timeline of a participant: what happened and what is planned, a row for each."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Participant
    gives = PictureOut

    def narrow(self, rows: Any) -> Any:
        return rows.select_related("site")

    @extend_schema(responses=PictureOut)
    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer the rows behind the timeline."""
        picture = lane_picture(lane_of(self.target(), clock.now()))
        return Response(self.represent(picture_values(picture)))
