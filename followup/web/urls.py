"""Follow-up, under the page of a participant."""

from django.urls import path

from followup.web import contraception, lane, panels, response_panel, steps, study_pictures
from followup.web import contraception_steps as ledger
from followup.web import response_steps as response
from followup.web.casebook import casebook
from infusion.web.previews import preview_view
from screening.web.acts import step_paths

_OF = "participants/<str:code>"

urlpatterns = [
    path("casebook/", casebook, name="casebook"),
    path("pictures/", study_pictures.section, name="pictures"),
    path("pictures/study.pdf", study_pictures.all_pictures, name="pictures-pdf"),
    path(
        "pictures/files/<str:picture>.csv", study_pictures.picture_file, {"kind": "csv"}, name="picture-csv"
    ),
    path(
        "pictures/files/<str:picture>.pdf", study_pictures.picture_file, {"kind": "pdf"}, name="picture-pdf"
    ),
    path("pictures/<str:section>/", study_pictures.section, name="pictures-section"),
    path(f"{_OF}/panels/timeline/", lane.panel, name="panel-timeline"),
    path(f"{_OF}/timeline.csv", lane.lane_file, {"kind": "csv"}, name="timeline-csv"),
    path(f"{_OF}/timeline.pdf", lane.lane_file, {"kind": "pdf"}, name="timeline-pdf"),
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
    path(f"{_OF}/panels/response/", response_panel.panel, name="panel-response"),
    *step_paths(f"{_OF}/response/<str:review>/baseline/", response.BASELINE),
    *step_paths(f"{_OF}/response/baseline/<uuid:baseline_id>/correct/", response.CORRECT_BASELINE),
    *step_paths(f"{_OF}/response/<str:review>/scan/", response.SCAN),
    *step_paths(f"{_OF}/response/scan/<uuid:scan_id>/correct/", response.CORRECT_SCAN),
    *step_paths(f"{_OF}/progression/", response.PROGRESSION),
    *step_paths(f"{_OF}/progression/<uuid:progression_id>/correct/", response.CORRECT_PROGRESSION),
    *step_paths(f"{_OF}/progression/<uuid:progression_id>/take-back/", response.WITHDRAW_PROGRESSION),
    *step_paths(f"{_OF}/new-therapy/", response.NEW_THERAPY),
    *step_paths(f"{_OF}/new-therapy/<uuid:therapy_id>/correct/", response.CORRECT_NEW_THERAPY),
    *step_paths(f"{_OF}/new-therapy/<uuid:therapy_id>/take-back/", response.WITHDRAW_NEW_THERAPY),
    *step_paths(f"{_OF}/survival/", response.SURVIVAL_CONTACT),
    *step_paths(f"{_OF}/survival/<uuid:contact_id>/correct/", response.CORRECT_SURVIVAL_CONTACT),
    *step_paths(f"{_OF}/survival/<uuid:contact_id>/take-back/", response.WITHDRAW_SURVIVAL_CONTACT),
    path("contraception/", contraception.site_list, name="contraception"),
    path(f"{_OF}/panels/contraception/", contraception.panel, name="panel-contraception"),
    path(f"{_OF}/contraception/", contraception.ledger_page, name="contraception-ledger"),
    *step_paths(f"{_OF}/contraception/status/record/", ledger.STATUS),
    *step_paths(f"{_OF}/contraception/status/<uuid:status_id>/void/", ledger.VOID_STATUS),
    *step_paths(f"{_OF}/contraception/methods/record/", ledger.METHOD),
    *step_paths(f"{_OF}/contraception/methods/named/<int:place>/", ledger.NAMED_METHOD),
    *step_paths(f"{_OF}/contraception/methods/<uuid:method_id>/stop/", ledger.STOP_METHOD),
    *step_paths(f"{_OF}/contraception/methods/<uuid:method_id>/correct/", ledger.CORRECT_METHOD),
    *step_paths(f"{_OF}/contraception/methods/<uuid:method_id>/void/", ledger.VOID_METHOD),
    *step_paths(f"{_OF}/contraception/agreement/record/", ledger.AGREEMENT),
    *step_paths(f"{_OF}/contraception/agreement/<uuid:agreement_id>/void/", ledger.VOID_AGREEMENT),
    *step_paths(f"{_OF}/contraception/contact/refuse/", ledger.REFUSE_CONTACT),
    *step_paths(f"{_OF}/contraception/contact/allow/", ledger.ALLOW_CONTACT),
    *step_paths(f"{_OF}/tests/record/", ledger.OTHER_TEST),
    *step_paths(f"{_OF}/tests/ask/", ledger.ASK_TEST),
    *step_paths(f"{_OF}/tests/<uuid:test_id>/correct/", ledger.CORRECT_TEST),
    *step_paths(f"{_OF}/tests/<uuid:test_id>/void/", ledger.VOID_TEST),
    *step_paths(f"{_OF}/tests/<str:key>/record/", ledger.TEST),
]
