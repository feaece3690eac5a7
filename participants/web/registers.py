"""The register of the audit trail."""

from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from participants.queries import trail as reads
from participants.queries.paging import page_of
from participants.web.lists import template_for
from trialsite.accounts.permissions import Permission
from trialsite.web.access import requires, signed_in
from trialsite.web.components import Pages

_TRAIL_PAGE = 150  # entries; shown as the acts that wrote them


class TrailForm(forms.Form):
    """What to look for in the trail. Unlike a list's filter it takes a whole subject code."""

    code = forms.CharField(label="Subject code", required=False, max_length=16)
    who = forms.CharField(label="Person", required=False, max_length=80)
    table = forms.ChoiceField(label="Record", required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["table"].choices = [("", "Every record"), *reads.tables()]  # type: ignore[attr-defined]


@requires(Permission.VIEW_TRAIL)
@require_GET
def trail(request: HttpRequest) -> HttpResponse:
    """Show who did what when and why, with the old and the new values, the newest first."""
    form = TrailForm(request.GET)
    sought = form.cleaned_data if form.is_valid() else {}
    sought = {name: value.strip() for name, value in sought.items() if value.strip()}
    rows = reads.trail_for(signed_in(request), **sought)
    page = page_of(rows, ("-id",), request.GET.get("cursor", ""), _TRAIL_PAGE)
    context = {
        "form": form,
        "acts": reads.acts(page.rows),
        "pages": _links(sought, page.previous, page.next, len(page.rows)),
        "is_narrowed": bool(sought),
    }
    return render(request, template_for(request, "participants/trail.html", "rows"), context)


def _links(sought: dict[str, str], previous: str, following: str, shown: int) -> Pages:
    def link(cursor: str) -> str:
        return f"?{urlencode({**sought, 'cursor': cursor})}" if cursor else ""

    return Pages(previous=link(previous), next=link(following), shown=shown, noun="entries")
