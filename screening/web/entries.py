"""How people come to the pages of screening that belong to no single participant."""

from trialsite.accounts.permissions import Permission
from trialsite.web.navigation import NavItem, register_nav


def register() -> None:
    register_nav(
        NavItem(
            name="screening",
            title="Screening",
            url_name="screening-board",
            permission=Permission.VIEW_PARTICIPANT,
            icon="microscope",
            order=25,
            prefix="/screening/",
        )
    )
    register_nav(
        NavItem(
            name="laboratory",
            title="Laboratory",
            url_name="result-files",
            permission=Permission.IMPORT_RESULTS,
            icon="test-pipe",
            order=27,
        )
    )
