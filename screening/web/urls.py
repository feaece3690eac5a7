"""Screening, under the page of a participant."""

from django.urls import path

from screening.web import steps
from screening.web.acts import step_paths
from screening.web.checklist import checklist, record
from screening.web.panels import panel

_OF = "participants/<str:code>"

urlpatterns = [
    path(f"{_OF}/panels/screening/", panel, name="panel-screening"),
    path(f"{_OF}/screening/", checklist, name="screening-checklist"),
    path(f"{_OF}/screening/findings/<str:criterion_id>/", record, name="screening-finding"),
    *step_paths(f"{_OF}/screening/start/", steps.START),
    *step_paths(f"{_OF}/screening/confirm/", steps.CONFIRM),
    *step_paths(f"{_OF}/screening/fail/", steps.FAIL),
    *step_paths(f"{_OF}/enrol/", steps.ENROL),
    *step_paths(f"{_OF}/enrol/<str:arm>/", steps.ENROL),
    *step_paths(f"{_OF}/enrol/<str:arm>/elsewhere/", steps.ENROL_ELSEWHERE),
]
