"""How people come to the pages of this app: the navigation, and the forms behind a due line."""

from participants.web.actions import register_action
from trialsite.accounts.permissions import Permission
from trialsite.web.navigation import NavItem, register_nav

_NAV = (
    NavItem(
        name="home",
        title="Due today",
        url_name="home",
        permission=Permission.VIEW_WORKLIST,
        icon="calendar-due",
        order=10,
    ),
    NavItem(
        name="inbox",
        title="Inbox",
        url_name="inbox",
        permission=Permission.VIEW_WORKLIST,
        icon="bell",
        order=15,
    ),
    NavItem(
        name="participants",
        title="Participants",
        url_name="participants",
        permission=Permission.VIEW_PARTICIPANT,
        icon="users",
        order=20,
    ),
    NavItem(
        name="deviations",
        title="Deviations",
        url_name="deviations",
        permission=Permission.VIEW_DEVIATIONS,
        icon="flag",
        order=60,
    ),
    NavItem(
        name="data-queries",
        title="Queries",
        url_name="data-queries",
        permission=Permission.VIEW_PARTICIPANT,
        icon="help-circle",
        order=65,
    ),
    NavItem(
        name="trial",
        title="Trial",
        url_name="trial",
        permission=Permission.VIEW_TRIAL,
        icon="book-2",
        order=70,
    ),
    NavItem(
        name="versions",
        title="Versions",
        url_name="versions",
        permission=Permission.MANAGE_VERSIONS,
        icon="file-diff",
        order=75,
    ),
    NavItem(
        name="health",
        title="Health",
        url_name="health",
        permission=Permission.MANAGE_USERS,
        icon="activity",
        order=85,
    ),
    NavItem(
        name="trail",
        title="Audit trail",
        url_name="trail",
        permission=Permission.VIEW_TRAIL,
        icon="history",
        order=80,
    ),
)


def register() -> None:
    """Add this app's pages to the navigation and its forms to the due lines."""
    for item in _NAV:
        register_nav(item)
    register_action("T-CONSENT", "consent-record", Permission.RECORD_CONSENT)
    register_action("reconsent", "consent-record", Permission.RECORD_CONSENT)
