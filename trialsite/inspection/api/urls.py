"""URLs of an inspection, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from trialsite.api.routing import by_method
from trialsite.inspection.api.exports import AccessView, ExportList, TakeOut
from trialsite.inspection.api.reviews import KeepView, RecordReview, RemoveView, ReviewList, SavedViewList

urlpatterns: list[URLPattern | URLResolver] = [
    path("reviews/", by_method(get=ReviewList, post=RecordReview)),
    path("exports/", by_method(get=ExportList, post=TakeOut)),
    path("access/", by_method(get=AccessView)),
    path("saved-views/", by_method(get=SavedViewList, post=KeepView)),
    path("saved-views/<uuid:view_id>/remove/", by_method(post=RemoveView)),
]
