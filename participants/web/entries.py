"""How people come to the pages of this app: the navigation, and the forms behind a due line."""

from participants.web import tables
from participants.web.actions import register_action
from trialsite.accounts.permissions import Permission
from trialsite.inspection.entries import FINDINGS, PEOPLE, TRAIL
from trialsite.inspection.places import Place, register_place
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
        is_further=True,
    ),
    NavItem(
        name="trial",
        title="Trial",
        url_name="trial",
        permission=Permission.VIEW_TRIAL,
        icon="book-2",
        order=70,
        is_further=True,
    ),
    NavItem(
        name="versions",
        title="Versions",
        url_name="versions",
        permission=Permission.MANAGE_VERSIONS,
        icon="file-diff",
        order=75,
        is_further=True,
    ),
    NavItem(
        name="health",
        title="Health",
        url_name="health",
        permission=Permission.MANAGE_USERS,
        icon="activity",
        order=85,
        is_further=True,
    ),
)

_PLACES = (
    Place(
        name="deviations",
        title="Deviations",
        sentence="Every departure from the protocol, with its evidence, its rule and how it was dealt with.",
        url_name="deviations",
        permission=Permission.VIEW_DEVIATIONS,
        icon="flag",
        group=FINDINGS,
        order=110,
    ),
    Place(
        name="deviation-figures",
        title="Deviations in numbers",
        sentence="How many a month per site and category, how long until they are noticed and closed.",
        url_name="deviation-figures",
        permission=Permission.VIEW_DEVIATIONS,
        icon="activity",
        group=FINDINGS,
        order=115,
    ),
    Place(
        name="trail",
        title="Audit trail",
        sentence="Every change of every record: who, when, why, with the old and the new value.",
        url_name="trail",
        permission=Permission.VIEW_TRAIL,
        icon="history",
        group=TRAIL,
        order=210,
    ),
    Place(
        name="reads",
        title="What was read",
        sentence="Who opened direct identifiers, took files out or looked at a former state, and what for.",
        url_name="reads",
        permission=Permission.REVIEW_ACCESS,
        icon="eye",
        group=PEOPLE,
        order=320,
    ),
)


def register() -> None:
    """Add this app's pages to the navigation and its forms to the due lines."""
    for item in _NAV:
        register_nav(item)
    for place in _PLACES:
        register_place(place)
    tables.register()
    register_action("T-CONSENT", "consent-record", Permission.RECORD_CONSENT)
    register_action("reconsent", "consent-record", Permission.RECORD_CONSENT)
