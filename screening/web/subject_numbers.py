"""Under which numbers laboratories know the participants: the list, one more, one taken away."""

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from participants.models import Participant
from screening.models import SubjectAlias
from screening.services.aliases import link_subject, unlink_subject
from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.errors import RuleViolated
from trialsite.web.access import requires, signed_in
from trialsite.web.forms import StepForm
from trialsite.web.submit import submit

_LISTED = 200


class LinkForm(StepForm):
    number = forms.CharField(
        label="Subject number",
        max_length=60,
        help_text="Letter for letter as it stands in the laboratory's file. Never a name.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    code = forms.CharField(
        label="Participant",
        max_length=16,
        help_text="The subject code here, for example WH-7K3QX-R.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )


class UnlinkForm(StepForm):
    reason = forms.CharField(label="Reason", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


@requires(Permission.IMPORT_RESULTS)
@require_http_methods(["GET", "POST"])
def subject_numbers(request: HttpRequest) -> HttpResponse:
    """Show the numbers of the own sites, and link one more."""
    by = signed_in(request)
    status = 200
    form = LinkForm(initial={"once": uuid4(), "number": request.GET.get("number", "")[:60]})
    if request.method == "POST":
        form = LinkForm(request.POST, initial={"once": uuid4()})

        def link(entered: dict[str, Any]) -> str:
            link_subject(
                participant=_participant(request, entered["code"]),
                number=entered["number"],
                by=by,
                at=clock.now(),
            )
            return reverse("subject-numbers")

        answer = submit(request, form, link, done="Number linked. Results under it can be imported now.")
        if answer.response:
            return answer.response
        status = 422
    visible = SubjectAlias.objects.visible_to(by, Permission.IMPORT_RESULTS)
    numbers = visible.select_related("participant__site").order_by("-recorded_at", "number")[:_LISTED]
    return render(request, "screening/import_numbers.html", {"form": form, "numbers": numbers}, status=status)


@requires(Permission.IMPORT_RESULTS)
@require_http_methods(["GET", "POST"])
def unlink(request: HttpRequest, alias_id: UUID) -> HttpResponse:
    """Take a wrong number away, with the reason."""
    by = signed_in(request)
    visible = SubjectAlias.objects.visible_to(by, Permission.IMPORT_RESULTS).select_related(
        "participant__site"
    )
    alias: SubjectAlias = get_object_or_404(visible, pk=alias_id)
    form = UnlinkForm(request.POST or None, initial={"once": uuid4()})
    status = 200
    if request.method == "POST":

        def take(entered: dict[str, Any]) -> str:
            unlink_subject(alias=alias, by=by, at=clock.now(), reason=entered["reason"])
            return reverse("subject-numbers")

        answer = submit(request, form, take, done="Number taken away. Results imported under it stay.")
        if answer.response:
            return answer.response
        status = 422
    return render(request, "screening/import_unlink.html", {"form": form, "alias": alias}, status=status)


def _participant(request: HttpRequest, code: str) -> Participant:
    visible = Participant.objects.visible_to(signed_in(request), Permission.IMPORT_RESULTS)
    typed = code.strip().upper()
    found = visible.filter(code=typed).first() if typed.isascii() and typed.isprintable() else None
    if found is None:
        raise RuleViolated("unknown-participant", "No participant of your site has this code.", field="code")
    return found
