"""Tokens for programs.

People who are signed in use their session, which the framework checks against CSRF.
"""

from typing import TYPE_CHECKING

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from trialsite import clock
from trialsite.accounts.services.tokens import user_for_token

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema

    from trialsite.accounts.models import User


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`.

    One refusal for every bad token: unknown, expired, revoked, malformed.
    """

    def authenticate(self, request: Request) -> "tuple[User, str] | None":
        """Return the token's user, None where no bearer token is offered. Raises AuthenticationFailed."""
        scheme, _, raw = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        user = user_for_token(raw, clock.now()) if raw and raw.isascii() and raw.isprintable() else None
        if user is None or not user.is_active:
            raise AuthenticationFailed("This token is not valid.", code="invalid-token")
        return user, "token"

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge that goes with a 401."""
        return 'Bearer realm="trialsite"'


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes the token."""

    target_class = "trialsite.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: "AutoSchema") -> dict[str, str]:
        """Return the scheme's definition."""
        return {"type": "http", "scheme": "bearer"}
