"""URLs of the screening API, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from screening.api.views import (
    ConfirmEligibility,
    DecisionList,
    Enrol,
    EpisodeDetail,
    EpisodeList,
    EpisodeVerdict,
    FailScreening,
    FindingList,
    RecordFinding,
    StartScreening,
)
from trialsite.api.routing import by_method

EPISODE = "screening-episodes/<uuid:episode_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("participants/<str:code>/screening-episodes/", by_method(get=EpisodeList, post=StartScreening)),
    path("participants/<str:code>/enrolment/", by_method(post=Enrol)),
    path(EPISODE, by_method(get=EpisodeDetail)),
    path(f"{EPISODE}verdict/", by_method(get=EpisodeVerdict)),
    path(f"{EPISODE}findings/", by_method(get=FindingList, post=RecordFinding)),
    path(f"{EPISODE}decisions/", by_method(get=DecisionList)),
    path(f"{EPISODE}confirm/", by_method(post=ConfirmEligibility)),
    path(f"{EPISODE}fail/", by_method(post=FailScreening)),
]
