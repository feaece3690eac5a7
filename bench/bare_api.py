"""The reference: a bare ModelSerializer view over the same rows, with the same authentication and page size."""

from django.urls import path
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import IsAuthenticated
from rest_framework.serializers import ModelSerializer

from participants.models import Participant
from trialsite.api.authentication import TokenAuthentication
from trialsite.urls import urlpatterns as product

BARE_PATH = "/bench/bare/"


class BareSerializer(ModelSerializer[Participant]):
    class Meta:
        model = Participant
        exclude = ()


class BarePages(CursorPagination):
    page_size = 50
    ordering = ("recorded_at", "id")


class BareList(ListAPIView[Participant]):
    queryset = Participant.objects.all()
    serializer_class = BareSerializer
    pagination_class = BarePages
    authentication_classes = (TokenAuthentication,)
    permission_classes = (IsAuthenticated,)


urlpatterns = [*product, path(BARE_PATH.lstrip("/"), BareList.as_view())]
