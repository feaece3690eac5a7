"""Pages of an inspection, under /audit/."""

from django.urls import path

from trialsite.inspection.web import access, exports, home, reviews, saved

urlpatterns = [
    path("", home.home, name="audit"),
    path("reviews/", reviews.reviews, name="reviews"),
    path("access/", access.access, name="access-review"),
    path("access/review/", access.review, name="access-reviewed"),
    path("export/", exports.export, name="export"),
    path("views/<slug:page>/keep/", saved.save, name="view-save"),
    path("views/<uuid:view_id>/remove/", saved.remove, name="view-remove"),
]
