"""Every URL of the product. The only place where the apps' web and API URLs come together."""

from django.urls import include, path

from trialsite.api.urls import unknown

urlpatterns = [
    path("accounts/", include("trialsite.accounts.urls")),
    path("", include("trialsite.web.urls")),
    path("audit/", include("trialsite.inspection.urls")),
    path("", include("participants.web.urls")),
    path("", include("screening.web.urls")),
    path("", include("infusion.web.urls")),
    path("", include("followup.web.urls")),
    path("api/v1/", include("trialsite.api.urls")),
    path("api/v1/", include("trialsite.inspection.api.urls")),
    path("api/v1/", include("participants.api.urls")),
    path("api/v1/", include("screening.api.urls")),
    path("api/v1/", include("infusion.api.urls")),
    path("api/v1/", include("followup.api.urls")),
    path("api/v1/", include(unknown)),
]

handler400 = "trialsite.web.errors.bad_request"
handler403 = "trialsite.web.errors.forbidden"
handler404 = "trialsite.web.errors.not_found"
handler500 = "trialsite.web.errors.fault"
