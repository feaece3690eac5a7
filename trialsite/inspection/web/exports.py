"""Taking tables out: which, as what, and what for; the answer is the archive."""

from urllib.parse import parse_qsl

from django import forms
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.errors import NotPermitted, RuleViolated
from trialsite.inspection.exporting import PURPOSE_LIMIT, Export, export_tables
from trialsite.inspection.files.archive import Kind
from trialsite.inspection.files.tables import tables_for
from trialsite.inspection.words import sought_in_words
from trialsite.web.access import requires, signed_in
from trialsite.web.forms import StepForm

ZIP = "application/zip"
_LONGEST = 1000
_KINDS = [
    (Kind.CSV.value, "CSV, for spreadsheets"),
    (Kind.JSON.value, "JSON, for programs"),
    (Kind.PDF.value, "PDF, certified"),
]


class ExportForm(StepForm):
    """What is taken out, as what, and what for."""

    tables = forms.MultipleChoiceField(label="Tables", widget=forms.CheckboxSelectMultiple)
    kinds = forms.MultipleChoiceField(
        label="As", choices=_KINDS, initial=[one.value for one in Kind], widget=forms.CheckboxSelectMultiple
    )
    purpose = forms.CharField(
        label="What it is for",
        max_length=PURPOSE_LIMIT,
        help_text="It stands in the files and on record. No name of a participant.",
    )

    def offer(self, user: User) -> None:
        field = self.fields["tables"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(one.name, one.title) for one in tables_for(user.access)]


@requires(Permission.EXPORT_RECORDS)
@require_http_methods(["GET", "POST"])
def export(request: HttpRequest) -> HttpResponseBase:
    """Show the form; sent, answer the archive. `?table=…` and its filters narrow that table."""
    user = signed_in(request)
    sought = dict(parse_qsl(request.META.get("QUERY_STRING", "")[:_LONGEST]))
    table = sought.pop("table_name", "")
    form = ExportForm(request.POST or None, initial={"tables": [table] if table else []})
    form.offer(user)
    if request.method == "POST" and form.is_valid():
        taken = _take(form, user, {table: sought} if table else {})
        if taken is not None:
            return archive_response(taken)
    context = {
        "form": form,
        "narrowed": sought_in_words(sought) if table else "",
        "table": next((one.title for one in tables_for(user.access) if one.name == table), ""),
        "back": reverse("audit"),
    }
    status = 422 if form.is_bound else 200
    answer: HttpResponse = render(request, "inspection/export.html", context, status=status)
    return answer


def archive_response(taken: Export) -> FileResponse:
    """Return the archive as a download; it is removed from the server when it has left."""
    response = FileResponse(taken.file, as_attachment=True, filename=taken.name, content_type=ZIP)
    response.headers["X-Manifest-SHA256"] = taken.archive.manifest_sha256
    return response


def _take(form: ExportForm, user: User, sought: dict[str, dict[str, str]]) -> Export | None:
    """Return the archive; None where it was refused, with the refusal in the form."""
    try:
        return export_tables(
            names=form.cleaned_data["tables"],
            sought=sought,
            kinds=[Kind(one) for one in form.cleaned_data["kinds"]],
            purpose=form.cleaned_data["purpose"],
            by=user,
            at=clock.now(),
        )
    except NotPermitted:
        raise
    except RuleViolated as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.message)
        return None
