"""How people come to the pages of screening that belong to no single participant."""

from screening.web.tables import SCREENING_LOG
from trialsite.accounts.permissions import Permission
from trialsite.inspection.entries import FINDINGS
from trialsite.inspection.files.tables import register_table
from trialsite.inspection.places import Place, register_place
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
            is_further=True,
        )
    )
    register_table(SCREENING_LOG)
    register_place(
        Place(
            name="screening-log",
            title="Screening and enrolment log",
            sentence="Everybody who was referred, what became of it, and who decided.",
            url_name="screening-log",
            permission=Permission.VIEW_PARTICIPANT,
            icon="clipboard-list",
            group=FINDINGS,
            order=120,
        )
    )
