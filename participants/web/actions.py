"""Which form fulfils what is due: one click from a due line to the act.

Each stage registers its forms in its `apps.py`; the work list and the participant page look them up. So the
pages offer forms of stages they cannot import.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from trialsite.accounts.permissions import PERMISSIONS, Access, Permission
from trialsite.protocol.types import DueState, Obligation

# What can still be done; a missed visit, too, may be entered late.
_OFFERED = frozenset({DueState.UPCOMING, DueState.DUE, DueState.OVERDUE, DueState.MISSED})

Route = Callable[[Obligation], Mapping[str, str]]


def by_code(obligation: Obligation) -> Mapping[str, str]:
    """The form takes the subject code alone."""
    return {}


def by_key(obligation: Obligation) -> Mapping[str, str]:
    """The form takes the obligation's key as `key`, such as V-D28#1."""
    return {"key": obligation.key}


def by_ref(obligation: Obligation) -> Mapping[str, str]:
    """The form takes the record the obligation is about as `ref`: C-SAE:<id> → <id>."""
    return {"ref": obligation.key.partition(":")[2]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """url_name: a view that takes `code` and what `route` adds. query: likewise, behind the question mark."""

    url_name: str
    permission: Permission
    route: Route
    query: Route


_actions: dict[str, Action] = {}


def register_action(
    item_prefix_or_kind: str,
    url_name: str,
    permission: Permission,
    *,
    route: Route = by_code,
    query: Route = by_code,
) -> None:
    """Say that this form fulfils these obligations; registered again, the later one stands.

    item_prefix_or_kind: an item id (V-APH), the beginning of several (V-LD), or a kind (visit). The longest
    beginning of the item id wins, the kind comes last.
    """
    _actions[item_prefix_or_kind] = Action(url_name=url_name, permission=permission, route=route, query=query)


def action_for(obligation: Obligation) -> Action | None:
    """Return the action that fulfils `obligation`, or None where no stage offers one."""
    fitting = [name for name in _actions if obligation.item_id.startswith(name)]
    name = max(fitting, key=len, default=obligation.kind.value)
    return _actions.get(name)


def who_may(obligation: Obligation, state: DueState, access: Access, site_id: UUID) -> str:
    """Return who may do it, as `for coordinator or investigator`, where the reader may not; else ""."""
    action = action_for(obligation) if state in _OFFERED else None
    if action is None or access.may(action.permission, site_id):
        return ""
    *others, last = sorted(role.value for role in PERMISSIONS[action.permission])
    return f"for {', '.join(others)} or {last}" if others else f"for {last}"


def href_for(obligation: Obligation, state: DueState, code: str, access: Access, site_id: UUID) -> str:
    """Return the address of the form, or "" where nothing is left to do or the reader may not do it."""
    action = action_for(obligation) if state in _OFFERED else None
    if action is None or not access.may(action.permission, site_id):
        return ""
    href = reverse(action.url_name, kwargs={"code": code, **action.route(obligation)})
    query = action.query(obligation)
    return f"{href}?{urlencode(query)}" if query else href
