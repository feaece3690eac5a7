"""Signing, the list of what asks for a signature, and locks."""

from django.urls import path

from trialsite.signing.web import locks, pages

urlpatterns = [
    path("signatures/", pages.signatures, name="signatures"),
    path("signatures/<uuid:signature_id>/withdraw/", pages.withdraw_signature, name="signature-withdraw"),
    path("sign/<str:kind>/<uuid:record_id>/", pages.sign_record, name="sign"),
    path("locks/", locks.lock_list, name="locks"),
    path("locks/trial/", locks.lock_trial, name="lock-trial"),
    path("locks/sites/<str:code>/", locks.lock_site, name="lock-site"),
    path("locks/freeze/<str:kind>/<uuid:record_id>/", locks.freeze, name="freeze"),
    path("locks/<uuid:lock_id>/unlock/", locks.lift, name="unlock"),
]
