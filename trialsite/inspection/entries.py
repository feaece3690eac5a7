"""How people come to the pages of an inspection."""

from trialsite.accounts.permissions import Permission
from trialsite.inspection.access_table import ACCESS
from trialsite.inspection.files.tables import register_table
from trialsite.inspection.places import Place, register_place
from trialsite.web.navigation import NavItem, register_nav

FINDINGS, TRAIL, PEOPLE, FILES = (
    "What departed",
    "What was changed",
    "Who may and who did",
    "Files that leave",
)

_PLACES = (
    Place(
        name="reviews",
        title="Reviews",
        sentence="Who looked through the trail and the access, when, and what they found.",
        url_name="reviews",
        permission=Permission.VIEW_TRAIL,
        icon="checkbox",
        group=TRAIL,
        order=30,
    ),
    Place(
        name="access",
        title="Access",
        sentence="Who has which role where and since when, their last sign-in, how much they opened.",
        url_name="access-review",
        permission=Permission.REVIEW_ACCESS,
        icon="users-group",
        group=PEOPLE,
        order=10,
    ),
    Place(
        name="export",
        title="Take tables out",
        sentence="Any of these as CSV, JSON and certified PDF, from one moment, with a manifest of hashes.",
        url_name="export",
        permission=Permission.EXPORT_RECORDS,
        icon="download",
        group=FILES,
        order=10,
    ),
)


def register() -> None:
    """Add the pages of this app to the audit page, and the audit page to the navigation."""
    for place in _PLACES:
        register_place(place)
    register_table(ACCESS)
    register_nav(
        NavItem(
            name="audit",
            title="Audit",
            url_name="audit",
            permission=Permission.VIEW_TRAIL,
            icon="shield-check",
            order=80,
        )
    )
