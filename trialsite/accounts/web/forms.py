"""The second factor at sign-in, counted and logged like the password."""

from typing import Any

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm as _AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as _ReauthenticateForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from trialsite.accounts.door import count_failure, is_locked, keep, one_guess_at_a_time
from trialsite.accounts.models import SignInOutcome

_LOCKED = "Too many failed attempts. Try again later."


class _CountedCode:
    """Refuses while the account is locked; a wrong code counts towards the lock."""

    user: Any
    cleaned_data: dict[str, Any]

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
        except ValidationError as refusal:
            count_failure(request, self.user.username)
            keep(request, SignInOutcome.SECOND_FACTOR_REFUSED, self.user)
            return refusal
        return None


class AuthenticateForm(_CountedCode, _AuthenticateForm):  # type: ignore[misc]
    """Asked after the password."""


class ReauthenticateForm(_CountedCode, _ReauthenticateForm):  # type: ignore[misc]
    """Asked again before a sensitive act."""

    def save(self) -> None:
        super().save()
        keep(context.request, SignInOutcome.REAUTHENTICATED, self.user, by=self.user)
