"""URLs of the follow-up API, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from followup.api.views.planning import PlanSchedule, ScheduleSchemas
from followup.api.views.response import AssessRecist, ResponseSchemas
from followup.api.views.visits import CompleteStudy, CorrectVisit, RecordVisit, VisitDetail, VisitList
from screening.api.stateless import undescribed
from trialsite.api.routing import by_method

urlpatterns: list[URLPattern | URLResolver] = [
    path("participants/<str:code>/visits/", by_method(get=VisitList, post=RecordVisit)),
    path("participants/<str:code>/completion/", by_method(post=CompleteStudy)),
    path("visits/<uuid:visit_id>/", by_method(get=VisitDetail, patch=CorrectVisit)),
    path("schedule/plan/", by_method(post=PlanSchedule)),
    path("schedule/plan", undescribed(post=PlanSchedule)),
    path("schedule/schema/", by_method(get=ScheduleSchemas)),
    path("schedule/schema", undescribed(get=ScheduleSchemas)),
    path("response/recist/", by_method(post=AssessRecist)),
    path("response/recist", undescribed(post=AssessRecist)),
    path("response/schema/", by_method(get=ResponseSchemas)),
    path("response/schema", undescribed(get=ResponseSchemas)),
]
