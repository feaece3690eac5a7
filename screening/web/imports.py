"""Laboratory results from a file: send it, look at what would happen row by row, import it."""

from typing import Any
from uuid import UUID, uuid4

from celery import signature
from django import forms
from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from screening.models import ResultImport
from screening.queries.result_files import RUNNING, has_stalled, report_text
from screening.rules.feed import ENCODINGS
from screening.services.result_files import discard_file, queue_file, receive_file
from screening.states import ImportState
from screening.web.import_words import shown
from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.audit.reads import ReadKind, note_read
from trialsite.web import sheets
from trialsite.web.access import requires, signed_in
from trialsite.web.forms import StepForm
from trialsite.web.submit import go_to, submit

_TASKS = {"check": "screening.tasks.check_result_file", "import": "screening.tasks.import_result_file"}
_LISTED = 50
_AROUND_THE_FILE = 100_000  # bytes that a form sends besides its file


class FileForm(StepForm):
    """A file, and the site whose participants it is about."""

    site = forms.ChoiceField(label="Site")
    file = forms.FileField(
        label="File of results",
        help_text="CSV or XLSX with the columns of SDTM LB. Nothing is imported before you have seen the report.",
        widget=forms.ClearableFileInput(
            attrs={"accept": ".csv,.txt,.tsv,.xlsx", "data-max-bytes": str(settings.RESULT_UPLOAD_MAX_BYTES)}
        ),
    )
    encoding = forms.ChoiceField(label="Text of a CSV file", choices=list(ENCODINGS.items()), initial="utf-8")

    field_order = ("site", "file", "encoding")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites = Site.objects.where_may(user, Permission.IMPORT_RESULTS).order_by("code")
        self.sites = {str(site.pk): site for site in sites}
        self.choose("site", [(key, f"{site.code} {site.name}") for key, site in self.sites.items()])
        if len(self.sites) == 1:
            self.initial.setdefault("site", next(iter(self.sites)))

    def clean_site(self) -> Site:
        return self.sites[self.cleaned_data["site"]]


# Whether the form is ours can only be seen once it is read; how large it is, before.
@csrf_exempt
@requires(Permission.IMPORT_RESULTS)
def result_files(request: HttpRequest) -> HttpResponseBase:
    """Show the files sent so far, and take another one."""
    if request.method == "POST" and _length(request) > settings.RESULT_UPLOAD_MAX_BYTES + _AROUND_THE_FILE:
        return _too_large(request)
    return _files(request)


@csrf_protect
@require_http_methods(["GET", "POST"])
def _files(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    if request.method == "GET":
        return _files_page(request, FileForm(user=user, initial={"once": uuid4()}))
    form = FileForm(request.POST, request.FILES, user=user, initial={"once": uuid4()})

    def receive(entered: dict[str, Any]) -> str:
        found = receive_file(
            site=entered["site"],
            name=entered["file"].name,
            content=entered["file"].chunks(),
            encoding=entered["encoding"],
            by=user,
            at=clock.now(),
        )
        _start("check", found, user)
        return reverse("result-file", args=[found.pk])

    return submit(request, form, receive, done="").response or _files_page(request, form, status=422)


def _files_page(
    request: HttpRequest, form: FileForm, *, status: int = 200, refusal: str = ""
) -> HttpResponse:
    files = ResultImport.objects.visible_to(signed_in(request), Permission.IMPORT_RESULTS)
    recent = files.select_related("site", "uploaded_by").order_by("-recorded_at")[:_LISTED]
    context = {
        "form": form,
        "files": [(one, shown(one)) for one in recent],
        "refusal": refusal,
        "most_mb": settings.RESULT_UPLOAD_MAX_BYTES // 1_000_000,
    }
    return render(request, "screening/imports.html", context, status=status)


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _too_large(request: HttpRequest) -> HttpResponse:
    """Refuse before a byte of the file is read."""
    most = settings.RESULT_UPLOAD_MAX_BYTES // 1_000_000
    words = (
        f"The file has {_length(request) / 1e6:,.0f} MB; the browser may send up to {most} MB. Split it, or let "
        "the administrator import it with the command."
    )
    form = FileForm(user=signed_in(request), initial={"once": uuid4()})
    return _files_page(request, form, status=413, refusal=words)


@requires(Permission.IMPORT_RESULTS)
@require_GET
def result_file(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Show how far the work is, then what becomes of the rows."""
    return render(request, "screening/import.html", _context(_found(request, import_id)))


@requires(Permission.IMPORT_RESULTS)
@require_GET
def result_file_progress(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Answer the bar; once the work is done, send the browser to the whole page."""
    found = _found(request, import_id)
    if found.import_state not in RUNNING:
        return HttpResponse(status=204, headers={"HX-Redirect": reverse("result-file", args=[found.pk])})
    return render(request, "screening/import_progress.html", _context(found))


@requires(Permission.IMPORT_RESULTS)
@require_POST
def start_result_file(request: HttpRequest, import_id: UUID, act: str) -> HttpResponse:
    """Let a worker check the file anew, or import it."""
    found = _found(request, import_id)
    if act not in _TASKS:
        raise Http404
    user = signed_in(request)
    queue_file(result_import=found, is_import=act == "import", by=user, at=clock.now())
    _start(act, found, user)
    return go_to(request, reverse("result-file", args=[found.pk]))


@requires(Permission.IMPORT_RESULTS)
@require_POST
def discard_result_file(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Drop a file that is not to be imported."""
    discard_file(result_import=_found(request, import_id), by=signed_in(request), at=clock.now())
    return go_to(request, reverse("result-files"))


@requires(Permission.IMPORT_RESULTS)
@require_GET
def result_file_report(request: HttpRequest, import_id: UUID) -> StreamingHttpResponse:
    """Send the report, a line for every row; every cell is safe to open in a spreadsheet."""
    found = _found(request, import_id)
    name = f"import-{found.recorded_at:%Y%m%d}-{str(found.pk)[:8]}.csv"
    note_read(
        kind=ReadKind.EXPORT, what=name, by=signed_in(request), at=clock.now(), site_ids=[found.site_id]
    )
    return StreamingHttpResponse(
        report_text(found),
        content_type=sheets.CONTENT_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _start(act: str, found: ResultImport, user: User) -> None:
    """Nudge a worker once all is stored; what gets lost on the way is taken up by the clock."""
    task = signature(_TASKS[act], args=[str(found.pk), str(user.pk)])
    transaction.on_commit(lambda: task.delay())


def _found(request: HttpRequest, import_id: UUID) -> ResultImport:
    visible = ResultImport.objects.visible_to(signed_in(request), Permission.IMPORT_RESULTS)
    found: ResultImport = get_object_or_404(visible.select_related("site", "uploaded_by"), pk=import_id)
    return found


def _context(found: ResultImport) -> dict[str, object]:
    return {
        "file": found,
        "shown": shown(found),
        "counts": found.counts,
        "is_working": found.import_state in RUNNING,
        "has_stalled": has_stalled(found, clock.now()),
        "may_check": found.import_state is ImportState.REFUSED,
        "may_import": found.import_state is ImportState.CHECKED and found.counts.get("new", 0) > 0,
        "may_discard": found.import_state in {ImportState.CHECKED, ImportState.REFUSED},
        "has_report": bool(found.counts),
        "unknown_subjects": found.counts.get("faults", {}).get("unknown-subject", 0),
    }
