"""The protocol as it is resolved."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from participants.api.serializers.trial import TrialOut
from trialsite.accounts.permissions import Permission, require_anywhere
from trialsite.api.problems import field_refused
from trialsite.api.views import ApiView
from trialsite.protocol.registry import latest, numbers, resolve


class TrialView(ApiView):
    """Read the trial: registry record, criteria, schedule, clocks, doses. Each item says where it comes from."""

    required_permission = Permission.VIEW_TRIAL
    gives = TrialOut
    query_parameters = frozenset({"version"})
    query_parameter_docs = (
        OpenApiParameter("version", str, description="Protocol version number; the newest by default."),
    )

    def get(self, request: Request) -> Response:
        """Answer one version. Raises RequestRefused 400 unknown-protocol-version."""
        require_anywhere(self.person, self.required_permission)
        number = request.query_params.get("version", latest().number)
        if number not in numbers():
            message = f"There is no such protocol version. Known: {', '.join(numbers())}."
            raise field_refused("version", "unknown-protocol-version", message)
        return Response(TrialOut.represent(resolve(number)))
