"""What allauth calls at each step of the door. Every step is written down; nobody signs up."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from trialsite import clock
from trialsite.accounts.door import DOOR, client_ip, keep, one_guess_at_a_time, second_factor_cipher
from trialsite.accounts.models import SignInOutcome, User
from trialsite.accounts.queries import user_named
from trialsite.accounts.services.passwords import set_password
from trialsite.accounts.session_limits import start_session

_UNSAID = {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}  # the page itself shows it


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        start_session(request, clock.now())
        keep(request, SignInOutcome.SIGNED_IN, user, by=user)

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, User):
            keep(request, SignInOutcome.SIGNED_OUT, request.user, by=request.user)
        super().logout(request)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        with one_guess_at_a_time(str(credentials.get("username", ""))):
            user: User | None = super().authenticate(request, **credentials)
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        typed = str(credentials.get("username", ""))
        keep(request, _refusal(request), user_named(typed), typed_name=typed, by=DOOR)

    def reauthenticate(self, user: User, password: str) -> bool:
        is_right: bool = super().reauthenticate(user, password)
        if is_right:
            keep(self.request, SignInOutcome.REAUTHENTICATED, user, by=user)
        return is_right

    def set_password(self, user: User, password: str) -> None:
        set_password(user=user, password=password, by=user, at=clock.now())

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request) or "unknown"

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        if message_template not in _UNSAID:
            super().add_message(request, level, message_template, *args, **kwargs)


class SecondFactorAdapter(DefaultMFAAdapter):
    def get_totp_label(self, user: User) -> str:
        return user.username

    def encrypt(self, text: str) -> str:
        return second_factor_cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return second_factor_cipher().decrypt(encrypted_text.encode()).decode()


def _refusal(request: HttpRequest) -> SignInOutcome:
    if getattr(request, "axes_locked_out", False):
        return SignInOutcome.LOCKED
    is_inside = request.user.is_authenticated
    return SignInOutcome.REAUTHENTICATION_REFUSED if is_inside else SignInOutcome.PASSWORD_REFUSED
