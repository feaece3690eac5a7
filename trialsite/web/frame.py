"""What stands around every page of a signed-in user: navigation, sites, role, time left in the session."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest

from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.web.navigation import NavLink, nav_for

SITE_KEY = "site"
_KEPT = "_page_frame"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """nav, further: what stands in the row, and in the menu at its end. chosen_site None: all of the user's sites together. expires_in: seconds until the session ends.

    now_ms: the server's clock, milliseconds since 1970; the browser holds its own against it.
    """

    user: User
    nav: tuple[NavLink, ...]
    further: tuple[NavLink, ...]
    sites: tuple[Site, ...]
    chosen_site: Site | None
    roles: str
    expires_in: int
    now_ms: int

    @property
    def holds_current(self) -> bool:
        """Whether the page that is open stands in the menu at the end of the row."""
        return any(link.is_current for link in self.further)


def frame_for(request: HttpRequest) -> Frame | None:
    """Return the frame of the page, None when nobody is signed in. Built once per request."""
    if not hasattr(request, _KEPT):
        user = request.user
        setattr(request, _KEPT, _build(request, user) if isinstance(user, User) else None)
    frame: Frame | None = getattr(request, _KEPT)
    return frame


def _build(request: HttpRequest, user: User) -> Frame:
    sites = tuple(Site.objects.visible_to(user).order_by("code"))
    chosen_id = chosen_site_id(request)
    links = nav_for(user.access, request.path)
    return Frame(
        user=user,
        nav=tuple(one for one in links if not one.is_further),
        further=tuple(one for one in links if one.is_further),
        sites=sites,
        chosen_site=next((site for site in sites if site.id == chosen_id), None),
        roles=_roles(user),
        expires_in=seconds_left(request),
        now_ms=int(clock.now().timestamp() * 1000),
    )


def seconds_left(request: HttpRequest) -> int:
    """Return the seconds until the session ends if nothing more is done in it."""
    expires_at: datetime | None = getattr(request, "session_expires_at", None)
    return int((expires_at - clock.now()).total_seconds()) if expires_at else request.session.get_expiry_age()


def chosen_site_id(request: HttpRequest) -> UUID | None:
    """Return the site that the user narrowed the lists to, None for all of theirs.

    It only narrows: what may be seen is still decided by `visible_to`.
    """
    chosen = request.session.get(SITE_KEY)
    return UUID(chosen) if chosen else None


def choose_site(request: HttpRequest, site_id: UUID | None) -> None:
    """Narrow the lists to one site of the user; None or a site that is not theirs: all of theirs."""
    user = request.user
    may_see = isinstance(user, User) and site_id and user.access.may(Permission.VIEW_TRIAL, site_id)
    request.session[SITE_KEY] = str(site_id) if may_see else ""


def _roles(user: User) -> str:
    return ", ".join(sorted(role.capitalize() for role in user.access.roles)) or "No role yet"
