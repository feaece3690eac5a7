"""Signing a record, taking a signature back, and the list of what asks for one."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.errors import Conflict
from trialsite.signing.kinds import Kind, kind_named
from trialsite.signing.models import Signature
from trialsite.signing.queries import (
    awaiting_for,
    broken_for,
    changed_after,
    obstacles_of,
    seen_digest,
    signatures_of,
)
from trialsite.signing.services.signing import sign, withdraw
from trialsite.signing.web.forms import SignForm, WithdrawForm, signing_of
from trialsite.web.access import requires, signed_in
from trialsite.web.submit import submit


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def signatures(request: HttpRequest) -> HttpResponse:
    """Show what asks for a signature: broken ones first, then what was never signed, then the newest signatures."""
    user = signed_in(request)
    newest = Signature.objects.visible_to(user).select_related("site").order_by("-signed_at", "-id")[:30]
    context = {
        "broken": broken_for(user),
        "awaiting": awaiting_for(user),
        "newest": [(one, kind_named(one.kind)) for one in newest],
        "may_export": user.access.holds(Permission.EXPORT_RECORDS)
        and user.access.holds(Permission.VIEW_TRAIL),
    }
    return render(request, "signing/list.html", context)


@requires(Permission.VIEW_PARTICIPANT)
@require_http_methods(["GET", "POST"])
def sign_record(request: HttpRequest, kind: str, record_id: UUID) -> HttpResponse:
    """Show a record as it would be signed, its signatures, and the form that signs it."""
    user, opened_at = signed_in(request), clock.now()
    found, record = _record(user, kind, record_id)
    page = _Page(user=user, kind=found, record=record)
    if request.method == "GET":
        return page.show(request, page.form(None, seen_digest(record), opened_at))
    form = page.form(request.POST, "", opened_at)

    def act(given: dict[str, Any]) -> str:
        signing = signing_of(given)
        sign(
            record=record,
            by=user,
            at=clock.now(),
            seen=given["seen"],
            reason=given.get("reason", ""),
            **signing,
        )
        return found.href(record)

    answer = submit(
        request, form, act, done="Signed. The signature holds as long as the record stays as it is."
    )
    if answer.response:
        return answer.response
    if isinstance(answer.refused, Conflict):
        return page.show_changed(request, form)
    return page.show(request, form, status=422)


@dataclass(slots=True, kw_only=True)
class _Page:
    """What the page of one record shows."""

    user: User
    kind: Kind
    record: Any
    changes: list[Any] = field(default_factory=list)

    def form(self, entered: Any, seen: str, opened_at: Any) -> SignForm:
        owner = self.kind.owner(self.record)
        first = {"seen": seen, "opened_at": opened_at.isoformat(), "once": uuid4()}
        zone = owner.site.time_zone if owner.site else "UTC"
        return SignForm(entered, initial=first, zone=zone, meanings=self.kind.meanings)

    def show_changed(self, request: HttpRequest, form: SignForm) -> HttpResponse:
        """Show the record as it is now, and what changed since the page was opened; the next press signs this."""
        opened_at = form.cleaned_data.get("opened_at")
        self.changes = list(changed_after(self.record, opened_at)) if opened_at else []
        self.record = self.kind.all_rows().get(pk=self.record.pk)
        entered = request.POST.copy()
        entered["seen"], entered["opened_at"] = seen_digest(self.record), clock.now().isoformat()
        form.data = entered
        return self.show(request, form, status=409)

    def show(self, request: HttpRequest, form: SignForm, status: int = 200) -> HttpResponse:
        owner = self.kind.owner(self.record)
        context = {
            "kind": self.kind,
            "record": self.record,
            "owner": owner,
            "shown": self.kind.shown(self.record),
            "zone": owner.site.time_zone if owner.site else "UTC",
            "form": form,
            "obstacles": obstacles_of(self.record, self.user),
            "manifests": signatures_of(self.record),
            "changes": self.changes,
            "back": self.kind.href(self.record),
        }
        return render(request, "signing/sign.html", context, status=status)


@requires(Permission.VIEW_PARTICIPANT)
@require_http_methods(["GET", "POST"])
def withdraw_signature(request: HttpRequest, signature_id: UUID) -> HttpResponse:
    """Take the own signature back; the reason and the first signature stay visible."""
    user = signed_in(request)
    signature = get_object_or_404(
        Signature.objects.visible_to(user).select_related("site"), pk=signature_id, withdraws__isnull=True
    )
    kind, record = _record(user, signature.kind, signature.record_id)
    form = WithdrawForm(request.POST or None, initial={"once": uuid4()}, zone=signature.zone)

    def act(given: dict[str, Any]) -> str:
        signing = signing_of(given)
        withdraw(signature=signature, proof=signing["proof"], by=user, at=clock.now(), reason=given["reason"])
        return kind.href(record)

    status = 200
    if request.method == "POST":
        answer = submit(request, form, act, done="Signature withdrawn. Both stay on record.")
        if answer.response:
            return answer.response
        status = 422
    is_own = signature.signer_id == user.pk
    context = {
        "kind": kind,
        "signature": signature,
        "form": form,
        "zone": signature.zone,
        "blocked": "" if is_own else "A signature is withdrawn by the person who gave it.",
        "manifests": [one for one in signatures_of(record) if one.signature.pk == signature.pk],
        "back": kind.href(record),
    }
    return render(request, "signing/withdraw.html", context, status=status)


def sign_href(record: Any, kind: Kind) -> str:
    return reverse("sign", args=[kind.name, record.pk])


def _record(user: User, name: str, record_id: UUID) -> tuple[Kind, Any]:
    kind = kind_named(name)
    if kind is None or not kind.has_page:
        raise Http404
    record = kind.visible_to(user).filter(pk=record_id).first()
    if record is None:
        raise Http404
    return kind, record
