"""A second infusion or collection shows first what it changes; the first of either has nothing to change."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from infusion.queries.again import preview_collection, preview_infusion
from infusion.web.beside import chosen_product
from infusion.web.targets import InTreatment
from participants.queries.changes import preview_of
from participants.queries.preview import Replan
from screening.web.acts import step_paths
from trialsite.protocol.types import Arm
from trialsite.web.access import requires, signed_in
from trialsite.web.steps import Step

AGAIN_FIELDS = "infusion/again_fields.html"

# What is entered so far, as far as it can be read; None where nothing can be told of it yet.
Told = Callable[[Any, Mapping[str, Any]], Replan | None]


def is_second_infusion(target: InTreatment[Any]) -> bool:
    return bool(target.treatment.infusions)


def is_second_collection(target: InTreatment[Any]) -> bool:
    return bool(target.treatment.leukaphereses)


def told_of_infusion(target: InTreatment[Arm], given: Mapping[str, Any]) -> Replan | None:
    """Return what the infusion entered so far would change."""
    if not is_second_infusion(target) or not given.get("started_at"):
        return None
    names = ("ended_at", "infused_cells", "weight_kg", "weight_on", "thawed_at")
    return preview_infusion(
        target.treatment,
        product=chosen_product(target.treatment, given.get("product")),
        route=target.subject,
        started_at=given["started_at"],
        **{name: given.get(name) for name in names},
    )


def told_of_collection(target: InTreatment[None], given: Mapping[str, Any]) -> Replan | None:
    """Return what the collection entered so far would change."""
    if not is_second_collection(target) or not given.get("performed_at"):
        return None
    return preview_collection(target.treatment, performed_at=given["performed_at"])


def again_context(request: HttpRequest, field: str, change: Replan | None) -> Mapping[str, object]:
    """Return what infusion/again_fields.html needs beside `is_again`. field: whose value the preview is made for."""
    found: dict[str, object] = {
        "entered": request.POST.get(field, ""),
        "preview_href": quote(f"{request.path.removesuffix('preview/')}preview/"),
        "preview_field": field,
    }
    return found if change is None else {**found, "preview": preview_of(change)}


def again_paths(route: str, step: Step) -> list[URLPattern]:
    """Return the URLs of `step` and of what the entry would change. It is posted: an address holds no entry."""
    return [
        *step_paths(route, step),
        path(f"{route}preview/", _preview_view(step), name=f"{step.name}-preview"),
    ]


def _preview_view(step: Step) -> Callable[..., HttpResponseBase]:
    @requires(step.permission)
    @require_POST
    def view(request: HttpRequest, code: str, **route: Any) -> HttpResponse:
        target = step.find(signed_in(request), code, **route)
        context = {"target": target, "zone": target.site.time_zone, **step.context(request, target)}
        return render(request, "participants/preview.html", context)

    return view
