"""The top navigation: each app registers its entries, the page shows those its reader may open."""

from dataclasses import dataclass

from django.urls import reverse

from trialsite.accounts.permissions import Access, Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """One entry. `prefix`: the entry is marked as current on every path that starts with it, or with one of them.

    is_further: it stands in the menu at the end of the row, which has room for what is used daily.
    """

    name: str
    title: str
    url_name: str
    permission: Permission
    icon: str
    order: int
    prefix: str | tuple[str, ...] = ""
    is_further: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NavLink:
    title: str
    href: str
    icon: str
    is_current: bool
    is_further: bool = False


_items: dict[str, NavItem] = {}


def register_nav(item: NavItem) -> None:
    """Add `item`; a second registration under its name replaces it."""
    _items[item.name] = item


def nav_for(access: Access, path: str) -> tuple[NavLink, ...]:
    """Return the entries that `access` may open, in order, the one that `path` belongs to marked."""
    allowed = sorted((i for i in _items.values() if access.holds(i.permission)), key=lambda i: i.order)
    return tuple(_link(item, path) for item in allowed)


def _link(item: NavItem, path: str) -> NavLink:
    href = reverse(item.url_name)
    prefix = item.prefix or href
    is_current = path == href or (prefix != "/" and path.startswith(prefix))
    return NavLink(
        title=item.title, href=href, icon=item.icon, is_current=is_current, is_further=item.is_further
    )
