"""The API tokens of the person who is signed in: issued, shown once, revoked."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from trialsite import clock
from trialsite.accounts.models import ApiToken
from trialsite.accounts.permissions import Permission
from trialsite.accounts.services.tokens import (
    LONGEST_LIFE,
    IssuedToken,
    create_api_token,
    revoke_api_token,
)
from trialsite.web.access import requires, signed_in
from trialsite.web.form_pages import FormPage
from trialsite.web.forms import StepForm
from trialsite.web.submit import submit

UP = "API tokens"
_LIVES = ((7, "A week"), (30, "30 days"), (90, "90 days"), (LONGEST_LIFE.days, "A year"))


class TokenForm(StepForm):
    """What the token is for, and how long it lasts."""

    name = forms.CharField(
        label="Used by", max_length=80, help_text="The program or machine that will act in your name."
    )
    days = forms.TypedChoiceField(label="Valid for", coerce=int, choices=_LIVES, initial=30)


class RevokeForm(StepForm):
    """One press."""


@requires(Permission.USE_ACCOUNT)
@require_GET
def token_list(request: HttpRequest) -> HttpResponse:
    """List the own tokens, those that still open the door first."""
    at = clock.now()
    own = list(ApiToken.objects.filter(user=signed_in(request)).order_by("-recorded_at"))
    valid = [one for one in own if one.revoked_at is None and one.expires_at > at]
    ended = [one for one in own if one not in valid]
    return render(request, "web/tokens/list.html", {"valid": valid, "ended": ended})


@requires(Permission.USE_ACCOUNT)
@require_http_methods(["GET", "POST"])
def issue(request: HttpRequest) -> HttpResponse:
    """Issue a token. The answer to this one POST is the only page that ever shows it."""
    by, at = signed_in(request), clock.now()
    issued: list[IssuedToken] = []

    def make(entered: dict[str, Any]) -> str:
        expires_at = at + timedelta(days=entered["days"])
        issued.append(create_api_token(user=by, name=entered["name"], expires_at=expires_at, by=by, at=at))
        return reverse("web:tokens")

    form = TokenForm(request.POST or None, initial={"once": uuid4()})
    if request.method == "POST":
        answer = submit(request, form, make, done="")
        if issued:
            return render(request, "web/tokens/issued.html", {"issued": issued[0]})
        if answer.response:  # sent a second time: the token was shown the first time
            return answer.response
    page = FormPage(title="New API token", submit="Issue token", up=UP, back=reverse("web:tokens"))
    return page.render(request, form)


@requires(Permission.USE_ACCOUNT)
@require_http_methods(["GET", "POST"])
def revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    by, at = signed_in(request), clock.now()
    token = get_object_or_404(ApiToken, pk=token_id, user=by)

    def end(entered: dict[str, Any]) -> str:
        revoke_api_token(token=token, by=by, at=at)
        return reverse("web:tokens")

    form = RevokeForm(request.POST or None, initial={"once": uuid4()})
    if request.method == "POST":
        answer = submit(request, form, end, done="Token revoked. It opens nothing any more.")
        if answer.response:
            return answer.response
    page = FormPage(
        title=f"Revoke {token}",
        submit="Revoke token",
        up=UP,
        back=reverse("web:tokens"),
        is_destructive=True,
    )
    return page.render(request, form)
