"""Screening, under the page of a participant."""

from django.urls import path

from screening.web import enrolment, steps
from screening.web.acts import step_paths
from screening.web.amendment import amendment
from screening.web.board import board
from screening.web.checklist import checklist
from screening.web.evidence import group_evidence, item_evidence
from screening.web.history import TAKE_BACK, item_history
from screening.web.imports import (
    discard_result_file,
    result_file,
    result_file_progress,
    result_file_report,
    result_files,
    start_result_file,
)
from screening.web.log import criteria_file, log_file, screening_log
from screening.web.panels import panel
from screening.web.rechecks import RECHECK
from screening.web.subject_numbers import subject_numbers, unlink

_OF = "participants/<str:code>"

urlpatterns = [
    path("laboratory/", result_files, name="result-files"),
    path("laboratory/numbers/", subject_numbers, name="subject-numbers"),
    path("laboratory/numbers/<uuid:alias_id>/unlink/", unlink, name="subject-unlink"),
    path("laboratory/<uuid:import_id>/", result_file, name="result-file"),
    path("laboratory/<uuid:import_id>/progress/", result_file_progress, name="result-file-progress"),
    path("laboratory/<uuid:import_id>/report/", result_file_report, name="result-file-report"),
    path("laboratory/<uuid:import_id>/<str:act>/start/", start_result_file, name="result-file-start"),
    path("laboratory/<uuid:import_id>/discard/", discard_result_file, name="result-file-discard"),
    path("screening/", board, name="screening-board"),
    path("screening/log/", screening_log, name="screening-log"),
    path("screening/log/export/", log_file, name="screening-log-file"),
    path("screening/log/criteria/", criteria_file, name="screening-criteria-file"),
    path("screening/amendment/", amendment, name="amendment-dry-run"),
    path(f"{_OF}/panels/screening/", panel, name="panel-screening"),
    path(f"{_OF}/screening/", checklist, name="screening-checklist"),
    *step_paths(f"{_OF}/screening/start/", steps.START),
    *step_paths(f"{_OF}/screening/confirm/", steps.CONFIRM),
    *step_paths(f"{_OF}/screening/fail/", steps.FAIL),
    path(f"{_OF}/screening/evidence/<str:group>/", group_evidence, name="screening-evidence"),
    path(f"{_OF}/screening/items/<str:item>/", item_history, name="screening-item"),
    path(f"{_OF}/screening/items/<str:item>/enter/", item_evidence, name="screening-enter"),
    *step_paths(f"{_OF}/screening/answers/<uuid:evidence_id>/take-back/", TAKE_BACK),
    *step_paths(f"{_OF}/screening/recheck/<str:key>/", RECHECK),
    *step_paths(f"{_OF}/enrol/", enrolment.ENROL),
    *step_paths(f"{_OF}/enrol/<str:arm>/", enrolment.ENROL),
    *step_paths(f"{_OF}/enrol/<str:arm>/elsewhere/", enrolment.ENROL_ELSEWHERE),
]
