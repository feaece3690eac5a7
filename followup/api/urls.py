"""URLs of the follow-up API, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from followup.api.views.casebook import CasebookList
from followup.api.views.contraception import (
    AgreementList,
    AllowContact,
    CorrectMethod,
    LedgerView,
    MethodDetail,
    MethodList,
    RecordAgreement,
    RecordMethod,
    RecordStatus,
    RefuseContact,
    SiteLineList,
    StatusList,
    StopMethod,
    VoidAgreement,
    VoidMethod,
    VoidStatus,
)
from followup.api.views.pictures import ParticipantTimeline, StudyPictureDetail
from followup.api.views.planning import PlanSchedule, ScheduleSchemas
from followup.api.views.response import AssessRecist, ResponseSchemas
from followup.api.views.response_records import (
    CorrectBaseline,
    CorrectScan,
    ParticipantResponse,
    RecordBaseline,
    RecordScan,
    TumourAssessmentDetail,
    TumourAssessmentList,
    TumourLesionList,
)
from followup.api.views.survival import (
    CorrectNewTherapy,
    CorrectProgression,
    CorrectSurvivalContact,
    NewTherapyList,
    ProgressionList,
    RecordNewTherapy,
    RecordProgression,
    RecordSurvivalContact,
    SurvivalContactList,
    WithdrawNewTherapy,
    WithdrawProgression,
    WithdrawSurvivalContact,
)
from followup.api.views.visits import (
    CompleteStudy,
    CorrectVisit,
    RecordVisit,
    RecordVisitProcedures,
    VisitDetail,
    VisitList,
    VisitProcedureList,
)
from screening.api.stateless import undescribed
from trialsite.api.routing import by_method

_ONE = "participants/<str:code>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("participants/<str:code>/visits/", by_method(get=VisitList, post=RecordVisit)),
    path("participants/<str:code>/completion/", by_method(post=CompleteStudy)),
    path("visits/<uuid:visit_id>/", by_method(get=VisitDetail, patch=CorrectVisit)),
    path(
        "visits/<uuid:visit_id>/procedures/",
        by_method(get=VisitProcedureList, patch=RecordVisitProcedures),
    ),
    path("schedule/plan/", by_method(post=PlanSchedule)),
    path("schedule/plan", undescribed(post=PlanSchedule)),
    path("schedule/schema/", by_method(get=ScheduleSchemas)),
    path("schedule/schema", undescribed(get=ScheduleSchemas)),
    path("response/recist/", by_method(post=AssessRecist)),
    path("response/recist", undescribed(post=AssessRecist)),
    path("response/schema/", by_method(get=ResponseSchemas)),
    path("response/schema", undescribed(get=ResponseSchemas)),
    path("participants/<str:code>/response/", by_method(get=ParticipantResponse)),
    path("participants/<str:code>/tumour-lesions/", by_method(get=TumourLesionList)),
    path("participants/<str:code>/tumour-baseline/", by_method(post=RecordBaseline)),
    path("participants/<str:code>/tumour-assessments/", by_method(get=TumourAssessmentList, post=RecordScan)),
    path("tumour-assessments/<uuid:scan_id>/", by_method(get=TumourAssessmentDetail, patch=CorrectScan)),
    path("tumour-baselines/<uuid:baseline_id>/", by_method(patch=CorrectBaseline)),
    path("participants/<str:code>/progressions/", by_method(get=ProgressionList, post=RecordProgression)),
    path("progressions/<uuid:progression_id>/", by_method(patch=CorrectProgression)),
    path("progressions/<uuid:progression_id>/withdrawal/", by_method(post=WithdrawProgression)),
    path("participants/<str:code>/new-therapies/", by_method(get=NewTherapyList, post=RecordNewTherapy)),
    path("new-therapies/<uuid:therapy_id>/", by_method(patch=CorrectNewTherapy)),
    path("new-therapies/<uuid:therapy_id>/withdrawal/", by_method(post=WithdrawNewTherapy)),
    path(
        "participants/<str:code>/survival-contacts/",
        by_method(get=SurvivalContactList, post=RecordSurvivalContact),
    ),
    path("survival-contacts/<uuid:contact_id>/", by_method(patch=CorrectSurvivalContact)),
    path("survival-contacts/<uuid:contact_id>/withdrawal/", by_method(post=WithdrawSurvivalContact)),
    path("pictures/<str:picture>/", by_method(get=StudyPictureDetail)),
    path(f"{_ONE}timeline/", by_method(get=ParticipantTimeline)),
    path("casebook/", by_method(get=CasebookList)),
    path("contraception/", by_method(get=SiteLineList)),
    path(f"{_ONE}contraception/ledger/", by_method(get=LedgerView)),
    path(f"{_ONE}contraceptive-methods/", by_method(get=MethodList, post=RecordMethod)),
    path("contraceptive-methods/<uuid:method_id>/", by_method(get=MethodDetail)),
    path("contraceptive-methods/<uuid:method_id>/stop/", by_method(post=StopMethod)),
    path("contraceptive-methods/<uuid:method_id>/corrections/", by_method(post=CorrectMethod)),
    path("contraceptive-methods/<uuid:method_id>/void/", by_method(post=VoidMethod)),
    path(f"{_ONE}childbearing-statuses/", by_method(get=StatusList, post=RecordStatus)),
    path("childbearing-statuses/<uuid:status_id>/void/", by_method(post=VoidStatus)),
    path(f"{_ONE}contraception-agreements/", by_method(get=AgreementList, post=RecordAgreement)),
    path("contraception-agreements/<uuid:agreement_id>/void/", by_method(post=VoidAgreement)),
    path(f"{_ONE}contact-refusals/", by_method(post=RefuseContact)),
    path(f"{_ONE}contact-refusals/taken-back/", by_method(post=AllowContact)),
]
