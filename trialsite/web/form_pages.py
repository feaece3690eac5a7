"""A page with one form that belongs to no participant: of the own account, say."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from trialsite.web.forms import StepForm


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPage:
    """up: the page that it belongs to, at `back`. note: a sentence under the title."""

    title: str
    submit: str
    up: str
    back: str
    note: str = ""
    is_destructive: bool = False

    def render(self, request: HttpRequest, form: StepForm) -> HttpResponse:
        """Show the form; with 422 if it was sent and not accepted."""
        context = {"page": self, "form": form, "up": self.up}
        return render(request, "web/users/form.html", context, status=422 if form.is_bound else 200)
