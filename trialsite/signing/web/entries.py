"""How people come to signatures: the navigation."""

from trialsite.accounts.permissions import Permission
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
