"""User administration: the people of the sites one manages, their roles, and their leaving."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from trialsite import clock
from trialsite.accounts.models import Membership, User
from trialsite.accounts.permissions import Permission
from trialsite.accounts.services.roles import grant_role, revoke_role
from trialsite.accounts.services.users import create_user, deactivate_user, reactivate_user, set_shared
from trialsite.web.access import requires, signed_in
from trialsite.web.components import Pages
from trialsite.web.forms import StepForm
from trialsite.web.frame import chosen_site_id
from trialsite.web.submit import submit
from trialsite.web.users_forms import AddUserForm, ReasonForm, RoleForm

_PAGE = 50


@requires(Permission.MANAGE_USERS)
@require_GET
def user_list(request: HttpRequest) -> HttpResponse:
    """List the people with a role at a site that the reader manages, and those without any."""
    people = _managed_by(signed_in(request)).order_by("username")
    if site_id := chosen_site_id(request):
        people = people.filter(Exists(Membership.objects.filter(user=OuterRef("pk"), site=site_id)))
    found = request.GET.get("q", "").strip()
    if found:
        people = people.filter(Q(username__icontains=found) | Q(display_name__icontains=found))
    shown = list(people.filter(username__gt=request.GET.get("after", ""))[: _PAGE + 1])
    following = f"?after={shown[_PAGE - 1].username}&q={found}" if len(shown) > _PAGE else ""
    start = f"?q={found}" if request.GET.get("after") else ""
    shown = shown[:_PAGE]
    pages = Pages(previous=start, next=following, shown=len(shown), noun="people")
    return render(request, "web/users/list.html", {"people": shown, "pages": pages, "found": found})


@requires(Permission.MANAGE_USERS)
@require_GET
def user_page(request: HttpRequest, user_id: UUID) -> HttpResponse:
    person = _person(request, user_id)
    return render(request, "web/users/user.html", {"person": person, "is_own": person == request.user})


@requires(Permission.MANAGE_USERS)
@require_http_methods(["GET", "POST"])
def add_user(request: HttpRequest) -> HttpResponse:
    by, at = signed_in(request), clock.now()

    def add(entered: dict[str, Any]) -> str:
        new = create_user(
            username=entered["username"],
            display_name=entered["display_name"],
            email=entered["email"],
            password=entered["password"],
            by=by,
            at=at,
        )
        grant_role(user=new, role=entered["role"], site=entered["site"], by=by, at=at)
        return reverse("web:user", args=[new.pk])

    form = AddUserForm(request.POST or None, manager=by, initial={"once": uuid4()})
    page = _Page(title="Add a user", submit="Add user", done="User added.", back=reverse("web:users"))
    return _form_page(request, page, form, add)


@requires(Permission.MANAGE_USERS)
@require_http_methods(["GET", "POST"])
def grant(request: HttpRequest, user_id: UUID) -> HttpResponse:
    person, by, at = _person(request, user_id), signed_in(request), clock.now()
    page = _about(person, title="Give a role", submit="Give role", done="Role given. It counts from now on.")

    def give(entered: dict[str, Any]) -> str:
        grant_role(user=person, role=entered["role"], site=entered["site"], by=by, at=at)
        return page.back

    return _form_page(
        request, page, RoleForm(request.POST or None, manager=by, initial={"once": uuid4()}), give
    )


@requires(Permission.MANAGE_USERS)
@require_http_methods(["GET", "POST"])
def revoke(request: HttpRequest, user_id: UUID, membership_id: UUID) -> HttpResponse:
    person, by, at = _person(request, user_id), signed_in(request), clock.now()
    held = get_object_or_404(
        Membership.objects.visible_to(by).select_related("user", "site"), pk=membership_id, user=person
    )
    title = f"Take away: {held.role}, {held.site.code if held.site else 'every site'}"
    page = _about(person, title=title, submit="Take role away", done="Role taken away.", is_destructive=True)

    def take(entered: dict[str, Any]) -> str:
        revoke_role(membership=held, by=by, at=at, reason=entered["reason"])
        return page.back if _managed_by(by).filter(pk=person.pk).exists() else reverse("web:users")

    return _form_page(request, page, ReasonForm(request.POST or None, initial={"once": uuid4()}), take)


@requires(Permission.MANAGE_USERS)
@require_http_methods(["GET", "POST"])
def deactivate(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Lock a person out, or let one who came back sign in again."""
    person, by, at = _person(request, user_id), signed_in(request), clock.now()
    verb = "Deactivate" if person.is_active else "Reactivate"
    change = deactivate_user if person.is_active else reactivate_user
    page = _about(
        person,
        title=f"{verb} {person.display_name}",
        submit=f"{verb} user",
        done=f"User {verb.lower()}d.",
        is_destructive=person.is_active,
        note="The person is signed out at once. Roles and everything recorded stay."
        if person.is_active
        else "",
    )

    def switch(entered: dict[str, Any]) -> str:
        change(user=person, by=by, at=at, reason=entered["reason"])
        return page.back

    return _form_page(request, page, ReasonForm(request.POST or None, initial={"once": uuid4()}), switch)


@requires(Permission.MANAGE_USERS)
@require_http_methods(["GET", "POST"])
def shared(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Note that several people use the account, or that one person does again."""
    person, by, at = _person(request, user_id), signed_in(request), clock.now()
    verb = "Belongs to one person again" if person.is_shared else "Is a shared account"
    page = _about(
        person,
        title=f"{person.display_name}: {verb.lower()}",
        submit=verb,
        done="Noted.",
        note="" if person.is_shared else "A shared account, say of a screen on the ward, signs nothing.",
    )

    def note(entered: dict[str, Any]) -> str:
        set_shared(user=person, is_shared=not person.is_shared, by=by, at=at, reason=entered["reason"])
        return page.back

    return _form_page(request, page, ReasonForm(request.POST or None, initial={"once": uuid4()}), note)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    title: str
    submit: str
    done: str
    back: str
    person: User | None = None
    note: str = ""
    is_destructive: bool = False


def _about(person: User, **page: Any) -> _Page:
    return _Page(person=person, back=reverse("web:user", args=[person.pk]), **page)


def _form_page(
    request: HttpRequest, page: _Page, form: StepForm, act: Callable[[dict[str, Any]], str]
) -> HttpResponse:
    status = 200
    if request.method == "POST":
        answer = submit(request, form, act, done=page.done)
        if answer.response:
            return answer.response
        status = 422
    return render(request, "web/users/form.html", {"page": page, "form": form}, status=status)


def _managed_by(manager: User) -> Any:
    """Return the people whose roles `manager` may see, with these roles; and those who hold none anywhere."""
    roles = Membership.objects.visible_to(manager)
    held = Prefetch(
        "memberships", roles.select_related("site").order_by("site__code", "role"), to_attr="roles_seen"
    )
    holds_none = ~Exists(Membership.objects.filter(user=OuterRef("pk")))
    return User.objects.filter(Q(pk__in=roles.values("user")) | holds_none).prefetch_related(held)


def _person(request: HttpRequest, user_id: UUID) -> User:
    person: User = get_object_or_404(_managed_by(signed_in(request)), pk=user_id)
    return person
