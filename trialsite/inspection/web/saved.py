"""Searches that a person keeps: the chips on a page, keeping one, removing one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID, uuid4

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.inspection.models import SavedView
from trialsite.inspection.services import NAME_LIMIT, forget_view, save_view
from trialsite.inspection.words import sought_in_words
from trialsite.web.access import requires, signed_in
from trialsite.web.form_pages import FormPage
from trialsite.web.forms import StepForm
from trialsite.web.submit import submit

PAGES = {"trail": "Audit trail", "deviations": "Deviations", "reads": "What was read"}
_LONGEST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewChip:
    name: str
    href: str
    is_current: bool
    remove_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """save_href: "" where nothing is narrowed, or where the very search is kept already."""

    chips: tuple[ViewChip, ...]
    save_href: str


class SaveForm(StepForm):
    """A name for the search."""

    name = forms.CharField(label="Name of the view", max_length=NAME_LIMIT)


class RemoveForm(StepForm):
    """One press."""


def views_of(request: HttpRequest, page: str, href: str, sought: Mapping[str, str]) -> Views:
    """Return the reader's own views of a page, in one query."""
    kept = SavedView.objects.filter(owner=signed_in(request), page=page).order_by("name")
    chips = tuple(
        ViewChip(
            name=one.name,
            href=f"{href}?{urlencode(one.sought)}" if one.sought else href,
            is_current=one.sought == sought,
            remove_href=reverse("view-remove", args=[one.pk]),
        )
        for one in kept
    )
    is_new = bool(sought) and not any(chip.is_current for chip in chips)
    save = f"{reverse('view-save', args=[page])}?{urlencode(sought)}" if is_new else ""
    return Views(chips=chips, save_href=save)


@requires(Permission.VIEW_DEVIATIONS)
@require_http_methods(["GET", "POST"])
def save(request: HttpRequest, page: str) -> HttpResponse:
    """Keep the search in the address under a name."""
    if page not in PAGES:
        raise Http404
    by, at = signed_in(request), clock.now()
    sought = dict(parse_qsl(request.META.get("QUERY_STRING", "")[:_LONGEST]))
    back = f"{reverse(page)}?{urlencode(sought)}" if sought else reverse(page)

    def run(entered: dict[str, Any]) -> str:
        save_view(page=page, name=entered["name"], sought=sought, by=by, at=at)
        return back

    form = SaveForm(request.POST or None, initial={"once": uuid4()})
    if request.method == "POST":
        answer = submit(request, form, run, done="View kept. Only you see it.")
        if answer.response:
            return answer.response
    shown = FormPage(
        title="Keep this view",
        submit="Keep view",
        up=PAGES[page],
        back=back,
        note=sought_in_words(sought) or "Everything.",
    )
    return shown.render(request, form)


@requires(Permission.VIEW_DEVIATIONS)
@require_http_methods(["GET", "POST"])
def remove(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Remove one of the own views."""
    by, at = signed_in(request), clock.now()
    view = get_object_or_404(SavedView, pk=view_id, owner=by)

    def run(entered: dict[str, Any]) -> str:
        forget_view(view=view, by=by, at=at)
        return reverse(view.page)

    form = RemoveForm(request.POST or None, initial={"once": uuid4()})
    if request.method == "POST":
        answer = submit(request, form, run, done="View removed.")
        if answer.response:
            return answer.response
    shown = FormPage(
        title=f"Remove the view {view.name}",
        submit="Remove view",
        up=PAGES.get(view.page, "Back"),
        back=reverse(view.page),
        note=sought_in_words(view.sought),
        is_destructive=True,
    )
    return shown.render(request, form)
