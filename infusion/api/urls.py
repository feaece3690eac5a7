"""URLs of the infusion API, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from infusion.api.views.bedside import (
    BedsideRoundDetail,
    BedsideRoundList,
    CorrectBedsideRound,
    RecordBedsideRound,
)
from infusion.api.views.cohort import (
    CohortDetail,
    CohortList,
    CohortSlotList,
    CohortWhatIf,
    DecideCohort,
    FreeSlot,
    OpenCohort,
    TakeSlot,
)
from infusion.api.views.confidential import (
    ConfidentialCaseList,
    RecordConfidentialCase,
    RecordConfidentialReport,
)
from infusion.api.views.grading import GradeCrs, GradeCtcae, GradeIcans, GradingSchemas
from infusion.api.views.infusion import (
    BridgingList,
    CorrectInfusion,
    EndBridging,
    InfusionDetail,
    InfusionList,
    LymphodepletionDoseList,
    PlanInfusion,
    RecordBridging,
    RecordInfusion,
    RecordLymphodepletionDose,
)
from infusion.api.views.laboratory import LaboratoryGradeList
from infusion.api.views.medication import EndMedication, MedicationList, RecordMedication
from infusion.api.views.pleural import (
    ChestImageList,
    DrainedVolumeList,
    FluidSampleList,
    InterruptionList,
    PositionChangeList,
    RecordCatheter,
    RecordChestImage,
    RecordDrainedVolume,
    RecordFluidSample,
    RecordInterruption,
    RecordPositionChange,
)
from infusion.api.views.product import (
    CorrectLeukapheresis,
    FailProduct,
    LeukapheresisDetail,
    LeukapheresisList,
    ProductDetail,
    ProductList,
    RecordLeukapheresis,
    ReleaseProduct,
    StartManufacturing,
)
from infusion.api.views.product_file import (
    CellsLabel,
    CustodyList,
    DecideExcursion,
    PlanLeukapheresis,
    ProductDispositionList,
    ProductLabel,
    RecordCustodyOfCells,
    RecordCustodyOfProduct,
    RecordProductDisposition,
    RecordReleaseTests,
    ReleaseTestList,
)
from infusion.api.views.readiness import (
    ConfirmIdentity,
    IdentityCheckList,
    InfusionRoom,
    PauseInfusion,
    PremedicationList,
    PreparedDoseList,
    PrepareDose,
    RecordPremedication,
    RecordStopChecks,
    RecordThaw,
    ResumeInfusion,
    StartInfusion,
    StopCheckList,
    StopInfusion,
)
from infusion.api.views.safety import (
    AdverseEventDetail,
    AdverseEventList,
    GradeEntryList,
    JudgeDlt,
    JudgeRelation,
    JudgeSeriousness,
    RecordAdverseEvent,
    RecordSafetyReport,
    RecordSponsorAssessment,
    ResolveAdverseEvent,
    SafetyReportList,
)
from screening.api.stateless import undescribed
from trialsite.api.routing import by_method

ONE = "participants/<str:code>/"
COHORT = "cohorts/<uuid:cohort_id>/"
LEUKAPHERESIS = "leukaphereses/<uuid:leukapheresis_id>/"
PRODUCT = "products/<uuid:product_id>/"
INFUSION = "infusions/<uuid:infusion_id>/"
ADVERSE_EVENT = "adverse-events/<uuid:adverse_event_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("grading/crs/", by_method(post=GradeCrs)),
    path("grading/crs", undescribed(post=GradeCrs)),
    path("grading/icans/", by_method(post=GradeIcans)),
    path("grading/icans", undescribed(post=GradeIcans)),
    path("grading/ctcae/", by_method(post=GradeCtcae)),
    path("grading/ctcae", undescribed(post=GradeCtcae)),
    path("grading/schema/", by_method(get=GradingSchemas)),
    path("grading/schema", undescribed(get=GradingSchemas)),
    path("cohorts/", by_method(get=CohortList, post=OpenCohort)),
    path(COHORT, by_method(get=CohortDetail)),
    path(f"{COHORT}decisions/", by_method(post=DecideCohort)),
    path(f"{COHORT}what-if/", by_method(get=CohortWhatIf)),
    path(f"{ONE}cohort-slots/", by_method(get=CohortSlotList, post=TakeSlot)),
    path("cohort-slots/<uuid:slot_id>/free/", by_method(post=FreeSlot)),
    path(f"{ONE}leukaphereses/", by_method(get=LeukapheresisList, post=RecordLeukapheresis)),
    path(LEUKAPHERESIS, by_method(get=LeukapheresisDetail, patch=CorrectLeukapheresis)),
    path(f"{LEUKAPHERESIS}products/", by_method(post=StartManufacturing)),
    path(f"{ONE}products/", by_method(get=ProductList)),
    path(PRODUCT, by_method(get=ProductDetail)),
    path(f"{PRODUCT}release/", by_method(post=ReleaseProduct)),
    path(f"{PRODUCT}fail/", by_method(post=FailProduct)),
    path(f"{PRODUCT}release-tests/", by_method(get=ReleaseTestList, post=RecordReleaseTests)),
    path(f"{PRODUCT}dispositions/", by_method(get=ProductDispositionList, post=RecordProductDisposition)),
    path(f"{PRODUCT}label/", by_method(get=ProductLabel)),
    path(f"{LEUKAPHERESIS}label/", by_method(get=CellsLabel)),
    path(f"{PRODUCT}custody/", by_method(post=RecordCustodyOfProduct)),
    path(f"{LEUKAPHERESIS}custody/", by_method(post=RecordCustodyOfCells)),
    path(f"{ONE}custody/", by_method(get=CustodyList)),
    path("custody/<uuid:entry_id>/decision/", by_method(post=DecideExcursion)),
    path(f"{ONE}leukapheresis-plan/", by_method(post=PlanLeukapheresis)),
    path(f"{ONE}infusion-plan/", by_method(post=PlanInfusion)),
    path(
        f"{ONE}lymphodepletion-doses/",
        by_method(get=LymphodepletionDoseList, post=RecordLymphodepletionDose),
    ),
    path(f"{ONE}bridging-therapies/", by_method(get=BridgingList, post=RecordBridging)),
    path("bridging-therapies/<uuid:bridging_id>/end/", by_method(post=EndBridging)),
    path(f"{ONE}infusions/", by_method(get=InfusionList, post=RecordInfusion)),
    path(f"{ONE}bedside-rounds/", by_method(get=BedsideRoundList, post=RecordBedsideRound)),
    path("bedside-rounds/<uuid:round_id>/", by_method(get=BedsideRoundDetail, patch=CorrectBedsideRound)),
    path(f"{ONE}medications/", by_method(get=MedicationList, post=RecordMedication)),
    path("medications/<uuid:medication_id>/end/", by_method(post=EndMedication)),
    path(f"{ONE}infusion-room/", by_method(get=InfusionRoom)),
    path(f"{ONE}prepared-doses/", by_method(get=PreparedDoseList, post=PrepareDose)),
    path(f"{ONE}stop-checks/", by_method(get=StopCheckList, post=RecordStopChecks)),
    path(f"{ONE}premedications/", by_method(get=PremedicationList, post=RecordPremedication)),
    path(f"{ONE}identity-checks/", by_method(get=IdentityCheckList, post=ConfirmIdentity)),
    path(f"{ONE}infusions/start/", by_method(post=StartInfusion)),
    path(f"{ONE}thaw/", by_method(post=RecordThaw)),
    path(f"{INFUSION}pause/", by_method(post=PauseInfusion)),
    path(f"{INFUSION}resume/", by_method(post=ResumeInfusion)),
    path(f"{INFUSION}stop/", by_method(post=StopInfusion)),
    path(f"{INFUSION}interruptions/", by_method(get=InterruptionList, post=RecordInterruption)),
    path(f"{INFUSION}catheter/", by_method(post=RecordCatheter)),
    path(f"{INFUSION}position-changes/", by_method(get=PositionChangeList, post=RecordPositionChange)),
    path(f"{INFUSION}chest-images/", by_method(get=ChestImageList, post=RecordChestImage)),
    path(f"{INFUSION}drained-volumes/", by_method(get=DrainedVolumeList, post=RecordDrainedVolume)),
    path(f"{INFUSION}fluid-samples/", by_method(get=FluidSampleList, post=RecordFluidSample)),
    path(INFUSION, by_method(get=InfusionDetail, patch=CorrectInfusion)),
    path(f"{ONE}laboratory-grades/", by_method(get=LaboratoryGradeList)),
    path(f"{ONE}confidential-cases/", by_method(get=ConfidentialCaseList, post=RecordConfidentialCase)),
    path("confidential-cases/<uuid:case_id>/reports/", by_method(post=RecordConfidentialReport)),
    path(f"{ONE}adverse-events/", by_method(get=AdverseEventList, post=RecordAdverseEvent)),
    path(ADVERSE_EVENT, by_method(get=AdverseEventDetail)),
    path(f"{ADVERSE_EVENT}grades/", by_method(get=GradeEntryList)),
    path(f"{ADVERSE_EVENT}seriousness/", by_method(post=JudgeSeriousness)),
    path(f"{ADVERSE_EVENT}relation/", by_method(post=JudgeRelation)),
    path(f"{ADVERSE_EVENT}dlt/", by_method(post=JudgeDlt)),
    path(f"{ADVERSE_EVENT}sponsor-assessment/", by_method(post=RecordSponsorAssessment)),
    path(f"{ADVERSE_EVENT}resolve/", by_method(post=ResolveAdverseEvent)),
    path(f"{ADVERSE_EVENT}safety-reports/", by_method(get=SafetyReportList, post=RecordSafetyReport)),
]
