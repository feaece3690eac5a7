"""URLs of an inspection, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from trialsite.api.routing import by_method
from trialsite.inspection.api.reviews import KeepView, RecordReview, RemoveView, ReviewList, SavedViewList

urlpatterns: list[URLPattern | URLResolver] = [
    path("reviews/", by_method(get=ReviewList, post=RecordReview)),
    path("saved-views/", by_method(get=SavedViewList, post=KeepView)),
    path("saved-views/<uuid:view_id>/remove/", by_method(post=RemoveView)),
]
