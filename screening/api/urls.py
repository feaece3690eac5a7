"""URLs of the screening API, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from screening.api.evaluate import EligibilitySchemas, EvaluateEligibility
from screening.api.stateless import undescribed
from screening.api.views import (
    ConfirmEligibility,
    DecisionList,
    Enrol,
    EpisodeDetail,
    EpisodeList,
    EpisodeVerdict,
    EvaluationList,
    EvidenceList,
    FailScreening,
    RecheckEligibility,
    RecordEvidence,
    StartScreening,
)
from trialsite.api.routing import by_method

EPISODE = "screening-episodes/<uuid:episode_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("eligibility/evaluate/", by_method(post=EvaluateEligibility)),
    path("eligibility/evaluate", undescribed(post=EvaluateEligibility)),
    path("eligibility/schema/", by_method(get=EligibilitySchemas)),
    path("eligibility/schema", undescribed(get=EligibilitySchemas)),
    path("participants/<str:code>/screening-episodes/", by_method(get=EpisodeList, post=StartScreening)),
    path("participants/<str:code>/enrolment/", by_method(post=Enrol)),
    path(EPISODE, by_method(get=EpisodeDetail)),
    path(f"{EPISODE}verdict/", by_method(get=EpisodeVerdict)),
    path(f"{EPISODE}evidence/", by_method(get=EvidenceList, post=RecordEvidence)),
    path(f"{EPISODE}evaluations/", by_method(get=EvaluationList)),
    path("participants/<str:code>/eligibility-rechecks/", by_method(post=RecheckEligibility)),
    path(f"{EPISODE}decisions/", by_method(get=DecisionList)),
    path(f"{EPISODE}confirm/", by_method(post=ConfirmEligibility)),
    path(f"{EPISODE}fail/", by_method(post=FailScreening)),
]
