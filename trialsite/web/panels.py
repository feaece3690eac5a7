"""The panels of the participant page: each stage registers its own, the page loads them by URL.

So the page shows stages it cannot import. The panel's own view decides who may see it; the registry only
spares a request that would be refused.
"""

from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse

from trialsite.accounts.permissions import Access, Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """`url_name`: a view that takes the participant's `code` and answers with a fragment."""

    name: str
    title: str
    url_name: str
    permission: Permission
    order: int
    icon: str = "list-details"

    def href(self, code: str) -> str:
        return reverse(self.url_name, kwargs={"code": code})


_panels: dict[str, Panel] = {}


def register_panel(panel: Panel) -> None:
    """Add `panel`; a second registration under its name replaces it."""
    _panels[panel.name] = panel


def panels_for(access: Access, site_id: UUID) -> tuple[Panel, ...]:
    """Return the panels that `access` may see at the site, in order."""
    allowed = (panel for panel in _panels.values() if access.may(panel.permission, site_id))
    return tuple(sorted(allowed, key=lambda panel: panel.order))
