"""What the pictures show, as a program reads it."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from followup.api.picture_shapes import PictureOut, picture_values
from followup.queries.lane import lane_of
from followup.queries.pictures.lane import lane_picture
from followup.queries.pictures.reach import reach_of
from followup.queries.pictures.registry import PICTURES
from participants.models import Participant
from trialsite import clock
from trialsite.accounts.permissions import Permission, require_anywhere
from trialsite.api.problems import field_refused
from trialsite.api.views import ApiView, ScopedView


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


_SITES = OpenApiParameter(
    "sites",
    str,
    enum=["own", "all"],
    description="The participants of your sites, or the whole trial with small numbers withheld.",
)


class StudyPictureDetail(ApiView):
    """Read the rows behind one picture of the study.

    Of the whole trial there are no pictures that show participants one by one; they are answered 404.
    """

    required_permission = Permission.VIEW_FIGURES
    query_parameters = frozenset({"sites"})

    @extend_schema(responses=PictureOut, parameters=[_SITES])
    def get(self, request: Request, picture: str) -> Response:
        """Answer the rows. Raises RequestRefused 400 unknown-reference for sites that there are not."""
        require_anywhere(self.person, self.required_permission)
        sites = request.query_params.get("sites", "own")
        if sites not in ("own", "all"):
            raise field_refused("sites", "unknown-reference", "Choose one of: own, all.")
        reach = reach_of(self.person, clock.now(), is_whole=sites == "all")
        one = PICTURES.get(picture)
        if one is None or not one.is_shown(reach):
            raise Http404
        return Response(PictureOut.represent(picture_values(one.draw(reach))))
