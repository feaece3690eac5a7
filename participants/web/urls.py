"""Home, participants and what belongs to them, the trial, the registers."""

from django.urls import path

from participants.web import (
    card,
    feeds,
    measurements,
    pages,
    panels,
    previews,
    registers,
    rounds,
    site_steps,
    steps,
    trial,
)
from trialsite.web.steps import step_view

urlpatterns = [
    path("", pages.home, name="home"),
    path("calendar/", feeds.feed_list, name="feeds"),
    path("calendar/new/", feeds.issue, name="feed-issue"),
    path("calendar/<uuid:feed_id>/revoke/", feeds.revoke, name="feed-revoke"),
    path("calendar/<str:feed_token>.ics", feeds.calendar, name="calendar"),
    path("trial/", trial.trial, name="trial"),
    path("versions/", trial.versions, name="versions"),
    path("versions/<str:code>/register/", step_view(site_steps.REGISTER_ICF), name="icf-register"),
    path("versions/<str:code>/icf/", step_view(site_steps.ACTIVATE_ICF), name="icf-activate"),
    path("versions/<str:code>/protocol/", step_view(site_steps.ACTIVATE_PROTOCOL), name="protocol-activate"),
    path("deviations/", registers.deviations, name="deviations"),
    path("trail/", registers.trail, name="trail"),
    path("refer/", pages.refer, name="participant-refer"),
    path("refer/<str:code>/", step_view(site_steps.REFER), name="participant-refer-at"),
    path("participants/", pages.participant_list, name="participants"),
    path("participants/<str:code>/", pages.participant, name="participant"),
    path("participants/<str:code>/card/", card.card, name="visit-card"),
    path("participants/<str:code>/panels/consent/", panels.consent, name="panel-consent"),
    path("participants/<str:code>/panels/identity/", panels.identity, name="panel-identity"),
    path("participants/<str:code>/panels/deviations/", panels.deviations, name="panel-deviations"),
    path("participants/<str:code>/panels/measurements/", measurements.panel, name="panel-measurements"),
    path("participants/<str:code>/measurements/", measurements.measurements, name="measurements"),
    path(
        "participants/<str:code>/measurements/laboratory/",
        step_view(rounds.LABORATORY),
        name="laboratory-record",
    ),
    path(
        "participants/<str:code>/measurements/vital-signs/",
        step_view(rounds.VITAL_SIGNS),
        name="vital-signs-record",
    ),
    path("participants/<str:code>/identity/open/", panels.identity_opened, name="identity-open"),
    path("participants/<str:code>/identity/", step_view(steps.IDENTITY), name="identity-record"),
    path("participants/<str:code>/edit/", step_view(steps.EDIT), name="participant-edit"),
    path("participants/<str:code>/consent/", step_view(steps.CONSENT), name="consent-record"),
    path("participants/<str:code>/consent/beside/", previews.consent_beside, name="consent-beside"),
    path(
        "participants/<str:code>/consents/<uuid:consent_id>/correct/",
        step_view(steps.CORRECT_CONSENT),
        name="consent-correct",
    ),
    path(
        "participants/<str:code>/consents/<uuid:consent_id>/preview/",
        previews.preview_consent,
        name="consent-preview",
    ),
    path("participants/<str:code>/close-referral/", step_view(steps.CLOSE_REFERRAL), name="referral-close"),
    path("participants/<str:code>/withdraw/", step_view(steps.WITHDRAW), name="participant-withdraw"),
    path("participants/<str:code>/lost/", step_view(steps.LOST), name="participant-lost"),
    path("participants/<str:code>/death/", step_view(steps.DEATH), name="participant-death"),
    path("participants/<str:code>/deviation/", step_view(steps.DEVIATION), name="deviation-record"),
    path(
        "participants/<str:code>/deviations/<uuid:deviation_id>/close/",
        step_view(steps.CLOSE_DEVIATION),
        name="deviation-close",
    ),
]
