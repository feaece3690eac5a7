"""Locks: what is frozen or locked, freezing and locking, and lifting it, each under signature."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.signing.kinds import kind_named
from trialsite.signing.models import Lock, LockScope, with_present_sites
from trialsite.signing.queries import signatures_of_many
from trialsite.signing.services.locks import lock, unlock
from trialsite.signing.web.forms import LockForm, SignedForm, UnlockForm, signing_of
from trialsite.web.access import requires, signed_in
from trialsite.web.submit import submit

_WHAT_FOLLOWS = (
    "Every change under it is refused, whichever way it comes: pages, API, imports, tasks, SQL.",
    "No reminder or deviation comes of it any more; tasks skip it and say so.",
    "It ends by a signed unlock with a reason. Lock and unlock stay on record.",
)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def lock_list(request: HttpRequest) -> HttpResponse:
    """Show the locks in force at the reader's sites and those that ended, with their signatures."""
    user = signed_in(request)
    rows = with_present_sites(_visible(user).order_by("-locked_at", "-id")[:200])
    lockable = list(Site.objects.where_may(user, Permission.LOCK_DATA).order_by("code"))
    context = {
        "in_force": [(one, _may(user, one)) for one in rows if one.unlocked_at is None],
        "ended": [one for one in rows if one.unlocked_at is not None],
        "signed": signatures_of_many(rows),
        "sites": lockable,
        "may_lock_trial": bool(lockable) and len(lockable) == Site.objects.count(),
    }
    return render(request, "signing/locks.html", context)


@requires(Permission.FREEZE_DATA)
@require_http_methods(["GET", "POST"])
def freeze(request: HttpRequest, kind: str, record_id: UUID) -> HttpResponse:
    """Freeze one record, or, by its casebook, one participant."""
    user = signed_in(request)
    found = kind_named(kind)
    if found is None or not found.has_page:
        raise Http404
    record = found.visible_to(user).filter(pk=record_id).first()
    if record is None:
        raise Http404
    site = found.owner(record).site
    blocked = (
        ""
        if site and user.access.may(Permission.FREEZE_DATA, site.pk)
        else "Your role does not allow this here."
    )
    return _lock_page(request, record, title=f"Freeze: {found.shown(record).heading}", blocked=blocked)


@requires(Permission.LOCK_DATA)
@require_http_methods(["GET", "POST"])
def lock_site(request: HttpRequest, code: str) -> HttpResponse:
    site = Site.objects.where_may(signed_in(request), Permission.LOCK_DATA).filter(code=code).first()
    if site is None:
        raise Http404
    return _lock_page(request, site, title=f"Lock the data of site {site.code}")


@requires(Permission.LOCK_DATA)
@require_http_methods(["GET", "POST"])
def lock_trial(request: HttpRequest) -> HttpResponse:
    return _lock_page(request, None, title="Lock the data of the whole trial")


@requires(Permission.FREEZE_DATA)
@require_http_methods(["GET", "POST"])
def lift(request: HttpRequest, lock_id: UUID) -> HttpResponse:
    user = signed_in(request)
    found = get_object_or_404(_visible(user), pk=lock_id, unlocked_at__isnull=True)

    def act(given: dict[str, Any]) -> None:
        signing = signing_of(given)
        signing.pop("meaning")
        unlock(locked=found, by=user, at=clock.now(), reason=given["reason"], **signing)

    return _page(
        request,
        UnlockForm,
        act,
        title=f"Unlock {found.name}",
        done="Unlocked. The lock and its end stay on record.",
        submit_words="Sign and unlock",
        follows=(
            "It can be changed again; every change leaves its trail.",
            "Lock it again when it is corrected.",
        ),
        blocked="" if _may(user, found) else "Your role does not allow this here.",
    )


def _lock_page(request: HttpRequest, target: Model | None, *, title: str, blocked: str = "") -> HttpResponse:
    user = signed_in(request)

    def act(given: dict[str, Any]) -> None:
        signing = signing_of(given)
        signing.pop("meaning")
        lock(target=target, by=user, at=clock.now(), reason=given["reason"], **signing)

    return _page(
        request,
        LockForm,
        act,
        title=title,
        done="Locked under your signature.",
        submit_words="Sign and lock",
        follows=_WHAT_FOLLOWS,
        blocked=blocked,
    )


def _page(
    request: HttpRequest,
    form_class: type[SignedForm],
    act: Callable[[dict[str, Any]], None],
    *,
    title: str,
    done: str,
    submit_words: str,
    follows: tuple[str, ...],
    blocked: str = "",
) -> HttpResponse:
    def run(given: dict[str, Any]) -> str:
        act(given)
        return reverse("locks")

    form = form_class(request.POST or None, initial={"once": uuid4()})
    status = 200
    if request.method == "POST":
        answer = submit(request, form, run, done=done)
        if answer.response:
            return answer.response
        status = 422
    context = {
        "title": title,
        "form": form,
        "submit": submit_words,
        "follows": follows,
        "blocked": blocked,
        "back": reverse("locks"),
        "zone": "UTC",
    }
    return render(request, "signing/lock.html", context, status=status)


def _visible(user: User) -> Any:
    return Lock.objects.visible_to(user).select_related("site", "unlock_signature")


def _may(user: User, row: Lock) -> bool:
    if row.scope == LockScope.TRIAL:
        return Site.objects.where_may(user, Permission.LOCK_DATA).count() == Site.objects.count()
    permission = Permission.LOCK_DATA if row.scope == LockScope.SITE else Permission.FREEZE_DATA
    site = row.present_site
    return user.access.may(permission, site.pk if site else None)
