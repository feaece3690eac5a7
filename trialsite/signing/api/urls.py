"""URLs of signatures and locks, under /api/v1/."""

from django.urls import path

from trialsite.api.routing import by_method
from trialsite.signing.api.views import (
    FreezeRecord,
    LockList,
    LockSite,
    LockTrial,
    ReadSignable,
    SignRecord,
    Unlock,
)

urlpatterns = [
    path("signables/<str:kind>/<uuid:record_id>/", by_method(get=ReadSignable)),
    path("signables/<str:kind>/<uuid:record_id>/signatures/", by_method(post=SignRecord)),
    path("signables/<str:kind>/<uuid:record_id>/lock/", by_method(post=FreezeRecord)),
    path("locks/", by_method(get=LockList)),
    path("sites/<str:code>/lock/", by_method(post=LockSite)),
    path("trial/lock/", by_method(post=LockTrial)),
    path("locks/<uuid:lock_id>/unlock/", by_method(post=Unlock)),
]
