"""One URL, several methods, each its own class with its own permission; and what answers where no URL is."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

from django.http import Http404
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.views import APIView

from trialsite.accounts.permissions import Permission
from trialsite.api.views import ApiView

View = Callable[..., HttpResponseBase]


class MethodTable(APIView):
    """Hands each method of a URL to the class that serves it."""

    table: ClassVar[Mapping[str, View]] = {}

    @property
    def allowed_methods(self) -> list[str]:
        """Return the methods of the URL."""
        return list(self.table)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Pass the request on; any other method is 405 for those who are signed in."""
        view = self.table.get("GET" if request.method == "HEAD" else request.method)
        if view is None:
            return super().dispatch(request, *args, **kwargs)
        response = view(request, *args, **kwargs)
        response.headers["Allow"] = ", ".join(self.table)
        return response


def by_method(**classes: type[ApiView]) -> View:
    """Return one view for a URL: `by_method(get=ParticipantList, post=ReferParticipant)`.

    The view carries `by_method`: method -> view function with its class as `.cls`, for the permission test.
    """
    table = {method.upper(): cls.as_view() for method, cls in classes.items()}
    joined: Any = type("MethodTable", (MethodTable,), {"table": table})
    view = joined.as_view()
    view.by_method = table
    return cast(View, view)


class UnknownRoute(APIView):
    """Answers every URL under the API that is none, as a problem and not as a page. Include it last."""

    required_permission = Permission.USE_ACCOUNT
    default_response_headers: ClassVar[dict[str, str]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Tell signed-in people only that there is nothing."""
        super().initial(request, *args, **kwargs)
        raise Http404
