"""Follow-up, under the page of a participant."""

from django.urls import path

from followup.web import panels, steps
from followup.web.casebook import casebook
from infusion.web.previews import preview_view
from screening.web.acts import step_paths

_OF = "participants/<str:code>"

urlpatterns = [
    path("casebook/", casebook, name="casebook"),
    path(f"{_OF}/panels/visits/", panels.panel, name="panel-visits"),
    *step_paths(f"{_OF}/visits/unscheduled/", steps.UNSCHEDULED),
    *step_paths(f"{_OF}/visits/<uuid:visit_id>/correct/", steps.CORRECT_VISIT),
    path(
        f"{_OF}/visits/<uuid:visit_id>/correct/preview/",
        preview_view(steps.CORRECT_VISIT),
        name="visit-correct-preview",
    ),
    *step_paths(f"{_OF}/visits/<uuid:visit_id>/procedures/", steps.PROCEDURES),
    *step_paths(f"{_OF}/visits/<str:key>/record/", steps.VISIT),
    *step_paths(f"{_OF}/complete/", steps.COMPLETE),
    *step_paths(f"{_OF}/complete/elsewhere/", steps.COMPLETE_ELSEWHERE),
]
