"""From vein to vein, and safety, under the page of a participant."""

from django.urls import URLPattern, path

from infusion.web import (
    bag_pages,
    cohort_steps,
    cohorts,
    confidential,
    handover,
    medication_steps,
    panels,
    pleural_steps,
    product_steps,
    ready_steps,
    room_steps,
    rounds,
    safety_steps,
    steps,
)
from infusion.web.again import again_paths
from infusion.web.previews import preview_view
from infusion.web.room import room
from screening.web.acts import step_paths
from trialsite.web.steps import Step

_OF = "participants/<str:code>"
_ONE = f"{_OF}/infusion/<uuid:infusion_id>"


def _previewed(route: str, step: Step) -> list[URLPattern]:
    """Return the URL of a step and of what it would move."""
    return [
        *step_paths(route, step),
        path(f"{route}preview/", preview_view(step), name=f"{step.name}-preview"),
    ]


urlpatterns = [
    path("handover/", handover.sheet, name="handover"),
    path("cohorts/", cohorts.board, name="cohorts"),
    path("cohorts/<uuid:cohort_id>/what-if/", cohorts.what_if, name="cohort-what-if"),
    *step_paths("cohorts/<str:code>/open/", cohort_steps.OPEN),
    *step_paths("cohorts/<str:code>/<uuid:cohort_id>/decide/", cohort_steps.DECIDE),
    *step_paths(f"{_OF}/slot/take/", cohort_steps.TAKE),
    *step_paths(f"{_OF}/slot/<uuid:slot_id>/free/", cohort_steps.FREE),
    path(f"{_OF}/panels/product/", panels.product, name="panel-product"),
    path(f"{_OF}/panels/infusion/", panels.infusion, name="panel-infusion"),
    path(f"{_OF}/panels/safety/", panels.safety, name="panel-safety"),
    path(f"{_OF}/panels/laboratory/", panels.laboratory, name="panel-laboratory"),
    path(f"{_OF}/panels/medication/", medication_steps.panel, name="panel-medication"),
    *step_paths(f"{_OF}/medication/record/", medication_steps.RECORD),
    *step_paths(f"{_OF}/medication/<uuid:medication_id>/end/", medication_steps.END),
    *again_paths(f"{_OF}/leukapheresis/", steps.COLLECT),
    path(
        f"{_OF}/leukapheresis/<uuid:leukapheresis_id>/",
        bag_pages.leukapheresis_page,
        name="leukapheresis-page",
    ),
    path(f"{_OF}/products/<uuid:product_id>/", bag_pages.product_page, name="product-page"),
    path(f"{_OF}/labels/<uuid:print_id>/label.pdf", bag_pages.label_pdf, name="label-pdf"),
    *(url for route, step in product_steps.STEPS.items() for url in step_paths(f"{_OF}/{route}", step)),
    *_previewed(f"{_OF}/leukapheresis/<uuid:leukapheresis_id>/correct/", steps.CORRECT_COLLECTION),
    path(f"{_OF}/products/next/", panels.product_next, name="product-next"),
    *step_paths(f"{_OF}/products/start/", steps.START_LOT),
    *step_paths(f"{_OF}/products/<uuid:product_id>/release/", steps.RELEASE),
    *step_paths(f"{_OF}/products/<uuid:product_id>/fail/", steps.FAIL_LOT),
    *_previewed(f"{_OF}/infusion/plan/", steps.PLAN),
    path(f"{_OF}/infusion/room/", room, name="infusion-room"),
    *step_paths(f"{_OF}/infusion/dose/", room_steps.PREPARE),
    *step_paths(f"{_OF}/infusion/thaw/", room_steps.THAW),
    *step_paths(f"{_OF}/infusion/premedication/", room_steps.PREMEDICATION),
    *step_paths(f"{_OF}/infusion/start/", room_steps.START),
    *step_paths(f"{_ONE}/pause/", room_steps.PAUSE),
    *step_paths(f"{_ONE}/resume/", room_steps.RESUME),
    *step_paths(f"{_ONE}/stop/", room_steps.STOP),
    *step_paths(f"{_ONE}/interruption/", room_steps.INTERRUPTION),
    *step_paths(f"{_ONE}/catheter/", pleural_steps.CATHETER),
    *step_paths(f"{_ONE}/position/", pleural_steps.POSITION),
    *step_paths(f"{_ONE}/chest-image/", pleural_steps.IMAGE),
    *step_paths(f"{_ONE}/drained/", pleural_steps.DRAINED),
    *step_paths(f"{_ONE}/sample/", pleural_steps.SAMPLE),
    *step_paths(f"{_OF}/infusion/stop-checks/", ready_steps.STOP_CHECKS),
    *step_paths(f"{_OF}/infusion/identity/", ready_steps.IDENTITY),
    *again_paths(f"{_OF}/infusion/record/", steps.INFUSE),
    *again_paths(f"{_OF}/infusion/record/<str:route>/", steps.INFUSE),
    *_previewed(f"{_OF}/infusion/<uuid:infusion_id>/correct/", steps.CORRECT_INFUSION),
    *step_paths(f"{_OF}/bridging/record/", steps.BRIDGE),
    *step_paths(f"{_OF}/bridging/<uuid:bridging_id>/end/", steps.END_BRIDGING),
    *step_paths(f"{_OF}/lymphodepletion/<str:key>/", steps.DOSE),
    path(f"{_OF}/panels/bedside/", rounds.panel, name="panel-bedside"),
    path(f"{_OF}/rounds/", rounds.page, name="rounds"),
    *step_paths(f"{_OF}/rounds/record/", rounds.RECORD_ROUND),
    *step_paths(f"{_OF}/rounds/<uuid:round_id>/correct/", rounds.CORRECT_ROUND),
    *step_paths(f"{_OF}/adverse-events/record/", safety_steps.RECORD),
    *step_paths(f"{_OF}/adverse-events/record/<uuid:grade_id>/", safety_steps.RECORD),
    *step_paths(f"{_OF}/adverse-events/<uuid:event_id>/seriousness/", safety_steps.SERIOUSNESS),
    *step_paths(f"{_OF}/adverse-events/<uuid:event_id>/relation/", safety_steps.RELATION),
    *step_paths(f"{_OF}/adverse-events/<uuid:event_id>/sponsor/", safety_steps.SPONSOR),
    *step_paths(f"{_OF}/adverse-events/<uuid:event_id>/dlt/", safety_steps.DLT),
    *step_paths(f"{_OF}/adverse-events/<uuid:event_id>/outcome/", safety_steps.RESOLVE),
    path(f"{_OF}/panels/confidential/", confidential.panel, name="panel-confidential"),
    *step_paths(f"{_OF}/confidential/record/", confidential.RECORD),
    *step_paths(f"{_OF}/confidential/<uuid:case_id>/report/", confidential.REPORT),
    *step_paths(f"{_OF}/confidential/<uuid:case_id>/follow-up/", confidential.FOLLOW_UP),
    *step_paths(f"{_OF}/confidential/<uuid:case_id>/void/", confidential.VOID_CASE),
    *step_paths(f"{_OF}/confidential/follow-ups/<uuid:follow_up_id>/void/", confidential.VOID_FOLLOW_UP),
    *step_paths(f"{_OF}/safety-reports/<str:clock_id>/<uuid:event_id>/", safety_steps.REPORT),
]
