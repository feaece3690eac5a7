"""The API's own URLs: its description, the page that shows it, and the end of the road.

The assembly includes `urlpatterns` first and `unknown` after the URLs of all apps, both under /api/v1/.
"""

from typing import Any

from csp.decorators import csp_update
from django.contrib.auth.views import redirect_to_login
from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotAuthenticated

from trialsite.accounts.permissions import Permission
from trialsite.api.routing import UnknownRoute


class SchemaView(SpectacularAPIView):
    """The OpenAPI document, for everybody who is signed in."""

    required_permission = Permission.USE_ACCOUNT
    throttle_scope = "description"


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI, served from here; its start-up script is a URL of its own, so that no script is inline."""

    required_permission = Permission.USE_ACCOUNT
    throttle_scope = "description"
    url_name = "api-schema"

    def handle_exception(self, exc: Exception) -> Any:
        """Send people who are not signed in to the sign-in page; this one is read in a browser."""
        if isinstance(exc, NotAuthenticated):
            return redirect_to_login(self.request.get_full_path())
        return super().handle_exception(exc)


# Swagger UI sets styles of its own and carries its icons as data URLs. Scripts stay 'self'.
_docs: Any = DocsView.as_view()
docs: Any = csp_update({"style-src": ["'unsafe-inline'"], "img-src": ["data:"]})(_docs)


urlpatterns = [
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("docs/", docs, name="api-docs"),
]
unknown = [re_path(r"^.*$", UnknownRoute.as_view(), name="api-unknown")]
