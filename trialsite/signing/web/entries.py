"""How people come to signatures: the navigation and the audit page."""

from trialsite.accounts.permissions import Permission
from trialsite.inspection.entries import PEOPLE
from trialsite.inspection.places import Place, register_place
from trialsite.web.navigation import NavItem, register_nav


def register() -> None:
    register_nav(
        NavItem(
            name="signatures",
            title="Signatures",
            url_name="signatures",
            permission=Permission.VIEW_PARTICIPANT,
            icon="signature",
            order=65,
            is_further=True,
        )
    )
    register_place(
        Place(
            name="signatures",
            title="Signatures",
            sentence="Who signed what, when and with which meaning, and what changed after it was signed.",
            url_name="signatures",
            permission=Permission.VIEW_PARTICIPANT,
            icon="signature",
            group=PEOPLE,
            order=330,
        )
    )
