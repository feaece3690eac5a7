"""The door and the own account, under /accounts/. The names are the ones allauth looks up."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from trialsite.accounts.permissions import Permission
from trialsite.accounts.web import views

_OWN = Permission.USE_ACCOUNT


def _page(route: str, view: Callable[..., Any], name: str, needs: Permission | None) -> URLPattern:
    """Return the route of a page that says which permission it needs, None for one before sign-in."""
    view.required_permission = needs  # type: ignore[attr-defined]
    return path(route, view, name=name)


urlpatterns = [
    _page("login/", views.login, "account_login", None),
    _page("logout/", views.logout, "account_logout", _OWN),
    _page("2fa/authenticate/", views.second_factor_authenticate, "mfa_authenticate", None),
    _page("reauthenticate/", views.reauthenticate, "account_reauthenticate", _OWN),
    _page("password/change/", views.password_change, "account_change_password", _OWN),
    _page("2fa/", views.second_factor, "mfa_index", _OWN),
    _page("2fa/reauthenticate/", views.second_factor_reauthenticate, "mfa_reauthenticate", _OWN),
    _page("2fa/totp/activate/", views.totp_activate, "mfa_activate_totp", _OWN),
    _page("2fa/totp/deactivate/", views.totp_deactivate, "mfa_deactivate_totp", _OWN),
    _page("2fa/recovery-codes/", views.recovery_codes, "mfa_view_recovery_codes", _OWN),
    _page("2fa/recovery-codes/generate/", views.recovery_codes_generate, "mfa_generate_recovery_codes", _OWN),
]
