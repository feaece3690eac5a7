"""allauth's pages of the second factor, with every change written to the sign-in log."""

from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as factor
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.utils import is_mfa_enabled
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views import View

from trialsite.accounts.door import keep
from trialsite.accounts.models import SignInOutcome, User
from trialsite.errors import NotPermitted


class _OnlyWithSecondFactor(View):
    """Leads back to the overview where there is no second factor to show or take off."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if isinstance(request.user, User) and not is_mfa_enabled(request.user):
            return redirect("mfa_index")
        return super().dispatch(request, *args, **kwargs)


class ActivateTotpView(totp.ActivateTOTPView):
    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            _keep_change(self.request, SignInOutcome.SECOND_FACTOR_ADDED)
            response: HttpResponse = super().form_valid(form)
        return response


class DeactivateTotpView(_OnlyWithSecondFactor, totp.DeactivateTOTPView):
    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            _keep_change(self.request, SignInOutcome.SECOND_FACTOR_REMOVED)
            response: HttpResponse = super().form_valid(form)
        return response


class GenerateRecoveryCodesView(_OnlyWithSecondFactor, recovery.GenerateRecoveryCodesView):
    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            _keep_change(self.request, SignInOutcome.RECOVERY_CODES_RENEWED)
            response: HttpResponse = super().form_valid(form)
        return response


class RecoveryCodesView(_OnlyWithSecondFactor, recovery.ViewRecoveryCodesView):
    """Shows the codes that are left."""


def _keep_change(request: HttpRequest, outcome: SignInOutcome) -> None:
    if not isinstance(request.user, User):
        raise NotPermitted("not-signed-in", "Sign in first.")
    keep(request, outcome, request.user, by=request.user)


login = account.LoginView.as_view()
logout = account.LogoutView.as_view()
password_change = account.PasswordChangeView.as_view()
reauthenticate = account.ReauthenticateView.as_view()
second_factor = factor.IndexView.as_view()
second_factor_authenticate = factor.AuthenticateView.as_view()
second_factor_reauthenticate = factor.ReauthenticateView.as_view()
totp_activate = ActivateTotpView.as_view()
totp_deactivate = DeactivateTotpView.as_view()
recovery_codes = RecoveryCodesView.as_view()
recovery_codes_generate = GenerateRecoveryCodesView.as_view()
