"""The second factor at sign-in, counted and logged like the password."""

from typing import Any

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm as _AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as _ReauthenticateForm
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from trialsite.accounts.door import count_failure, is_locked, keep, one_guess_at_a_time
from trialsite.accounts.models import SignInOutcome
from trialsite.accounts.rules import name_hash

_LOCKED = "Too many failed attempts. Try again later."


class _CountedCode:
    """Refuses while the account is locked; a wrong code counts towards the lock."""

    user: Any
    cleaned_data: dict[str, Any]
    authenticator: Authenticator

    def clean_code(self) -> str:
        with one_guess_at_a_time(self.user.username):
            refusal = self._refusal(context.request)
        if refusal:  # raised out here: inside, it would take the count and the record back with it
            raise refusal
        return str(self.cleaned_data["code"])

    def _refusal(self, request: HttpRequest) -> ValidationError | None:
        if is_locked(request, self.user.username):
            keep(request, SignInOutcome.LOCKED, self.user)
            return ValidationError(_LOCKED, code="locked")
        try:
            super().clean_code()  # type: ignore[misc]
            _use_up(self.authenticator, self.cleaned_data["code"])
        except ValidationError as refusal:
            count_failure(request, self.user.username)
            keep(request, SignInOutcome.SECOND_FACTOR_REFUSED, self.user)
            return refusal
        return None


def _use_up(authenticator: Authenticator, code: str) -> None:
    """Refuse the app's code where it was the last one used, in whichever worker process that was."""
    if authenticator.type != Authenticator.Type.TOTP:
        return
    used = name_hash(code, settings.SECRET_KEY)
    if authenticator.data.get("last_code") == used:
        raise ValidationError("This code was used already. Wait for the next one.", code="used")
    authenticator.data["last_code"] = used
    authenticator.save(update_fields=["data"])


class AuthenticateForm(_CountedCode, _AuthenticateForm):
    """Asked after the password."""


class ReauthenticateForm(_CountedCode, _ReauthenticateForm):
    """Asked again before a sensitive act."""

    def save(self) -> None:
        super().save()
        keep(context.request, SignInOutcome.REAUTHENTICATED, self.user, by=self.user)
