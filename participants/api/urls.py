"""URLs of the participants API, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from participants.api.views.consent import ConsentDetail, ConsentList, CorrectConsent, RecordConsent
from participants.api.views.deviation import (
    CloseDeviation,
    DeviationDetail,
    DeviationList,
    DeviationsOfParticipant,
    RecordDeviation,
)
from participants.api.views.deviation_figures import DeviationFigures
from participants.api.views.identity import OpenIdentity, RecordIdentity
from participants.api.views.obligation import ContraceptionView, ObligationList, PreviewChange, WorkListView
from participants.api.views.observation import ObservationList, RecordObservations
from participants.api.views.participant import (
    DispositionList,
    EditParticipant,
    EventList,
    ParticipantDetail,
    ParticipantList,
    RecordDisposition,
    ReferParticipant,
    TransferParticipant,
)
from participants.api.views.reminder import (
    Acknowledge,
    Confirm,
    HandOver,
    ReminderList,
    Resend,
    Snooze,
    UnsettledList,
)
from participants.api.views.replanning import FormerPlans, PreviewAmendment
from participants.api.views.trail import TrailList
from participants.api.views.trial import TrialView
from participants.api.views.version import (
    ActivateIcf,
    ActivateProtocol,
    IcfApprovalList,
    IcfVersionList,
    ProtocolActivationList,
    RegisterIcfVersion,
    SiteList,
)
from trialsite.api.routing import by_method

ONE = "participants/<str:code>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("trial/", by_method(get=TrialView)),
    path("sites/", by_method(get=SiteList)),
    path(
        "sites/<str:code>/protocol-activations/", by_method(get=ProtocolActivationList, post=ActivateProtocol)
    ),
    path("sites/<str:code>/icf-approvals/", by_method(get=IcfApprovalList, post=ActivateIcf)),
    path("sites/<str:code>/amendment-preview/", by_method(get=PreviewAmendment)),
    path("icf-versions/", by_method(get=IcfVersionList, post=RegisterIcfVersion)),
    path("worklist/", by_method(get=WorkListView)),
    path("participants/", by_method(get=ParticipantList, post=ReferParticipant)),
    path(ONE, by_method(get=ParticipantDetail, patch=EditParticipant)),
    path(f"{ONE}events/", by_method(get=EventList)),
    path(f"{ONE}obligations/", by_method(get=ObligationList)),
    path(f"{ONE}preview/", by_method(post=PreviewChange)),
    path(f"{ONE}transfer/", by_method(post=TransferParticipant)),
    path(f"{ONE}plans/", by_method(get=FormerPlans)),
    path(f"{ONE}contraception/", by_method(get=ContraceptionView)),
    path(f"{ONE}observations/", by_method(get=ObservationList, post=RecordObservations)),
    path(f"{ONE}consents/", by_method(get=ConsentList, post=RecordConsent)),
    path(f"{ONE}dispositions/", by_method(get=DispositionList, post=RecordDisposition)),
    path(f"{ONE}deviations/", by_method(get=DeviationsOfParticipant, post=RecordDeviation)),
    path(f"{ONE}identity/", by_method(post=RecordIdentity)),
    path(f"{ONE}identity/open/", by_method(post=OpenIdentity)),
    path("consents/<uuid:consent_id>/", by_method(get=ConsentDetail, patch=CorrectConsent)),
    path("reminders/", by_method(get=ReminderList)),
    path("reminders/unsettled/", by_method(get=UnsettledList)),
    path("reminders/<uuid:reminder_id>/acknowledge/", by_method(post=Acknowledge)),
    path("reminders/<uuid:reminder_id>/snooze/", by_method(post=Snooze)),
    path("reminders/<uuid:reminder_id>/hand-over/", by_method(post=HandOver)),
    path("reminders/<uuid:reminder_id>/resend/", by_method(post=Resend)),
    path("reminders/<uuid:reminder_id>/confirm/", by_method(post=Confirm)),
    path("deviations/figures/", by_method(get=DeviationFigures)),
    path("trail/", by_method(get=TrailList)),
    path("deviations/", by_method(get=DeviationList)),
    path("deviations/<uuid:deviation_id>/", by_method(get=DeviationDetail)),
    path("deviations/<uuid:deviation_id>/close/", by_method(post=CloseDeviation)),
]
