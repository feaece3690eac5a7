"""One participant of the intravenous arm, taken by hand from the first contact to the end of the year.

Every act is a click or a keystroke on the page; the services are called by nobody else. Time moves on from act
to act, so each page shows what it shows on that day.
"""

from collections.abc import Callable

import pytest

from participants.models import Deviation, Participant
from screening.rules import open_criteria
from tests.browser.conftest import SiteClock
from tests.browser.pages import Desk
from tests.factories.journeys import Ward, make_ward
from trialsite.accounts.models import User
from trialsite.protocol.registry import resolve

VISITS = (
    ("2026-02-14", "Day 1 visit"),
    ("2026-02-15", "Day 2 visit"),
    ("2026-02-16", "Day 3 visit"),
    ("2026-02-17", "Day 4 visit"),
    ("2026-02-18", "Day 5 visit"),
    ("2026-02-19", "Day 6 visit"),
    ("2026-02-20", "Day 7 visit"),
    ("2026-02-23", "Day 10 visit"),
    ("2026-02-27", "Day 14 visit"),
    ("2026-03-06", "Day 21 visit"),
    ("2026-03-13", "Day 28 visit"),
    ("2026-04-13", "Month 2 visit"),
    ("2026-05-13", "Month 3 visit"),
    ("2026-08-13", "Month 6 visit"),
    ("2026-11-13", "Month 9 visit"),
    ("2027-02-13", "Month 12 visit"),
)


class Trial:
    """Who acts, and on whom. Each method is what one person does at one sitting."""

    def __init__(self, ward: Ward, wall: SiteClock, desk_of: Callable[[User], Desk]) -> None:
        self.wall = wall
        self.office = desk_of(ward.coordinator)
        self.doctor = desk_of(ward.investigator)
        self.bedside = desk_of(ward.nurse)
        self.code = ""

    def stands(self, *, state: str, next_due: str) -> None:
        self.office.opens(self.code)
        assert (self.office.state, self.office.next) == (state, next_due)

    def is_referred(self) -> None:
        self.wall.goes_to("2026-01-05 10:00")
        page = self.office
        page.page.goto("/")
        page.page.get_by_role("link", name="Refer a participant").first.click()
        page.chooses("Sex", "Female")
        page.fills_in("Year of birth", "1961")
        page.chooses("Intended arm", "Intravenous")
        page.fills_in("Referred by", "Ward 7")
        page.saves("Register and give a code", "Participant registered.")
        self.code = page.page.url.rstrip("/").rpartition("/")[2]

    def consents(self) -> None:
        self.wall.goes_to("2026-01-06 10:00")
        self.office.opens_from_home("Obtain consent or close the referral", self.code)
        self.office.saves("Record consent", "Consent recorded.")

    def is_screened(self) -> None:
        self.wall.goes_to("2026-01-07 10:00")
        self.office.opens_from_home("Start screening", self.code)
        self.office.chooses("Intended arm", "Intravenous")
        self.office.saves("Start screening", "")

    def has_every_criterion_answered(self) -> None:
        self.wall.goes_to("2026-01-12 10:00")
        self.office.opens_from_home("Decide on eligibility", self.code)
        for criterion in open_criteria(resolve("1.0")):
            self.office.answers(criterion, "Met" if criterion.startswith("I") else "Not met")

    def is_found_eligible(self) -> None:
        self.wall.goes_to("2026-01-12 15:00")
        self.doctor.opens_from_home("Decide on eligibility", self.code)
        self.doctor.page.get_by_role("link", name="Confirm eligibility").click()
        self.doctor.saves("Confirm eligibility", "")

    def is_enrolled(self) -> None:
        self.wall.goes_to("2026-01-13 10:00")
        self.office.opens_from_home("Enrol the participant", self.code)
        self.office.chooses("Dose level", "Dose level 1")
        self.office.saves("Enrol", "")

    def gives_cells(self) -> None:
        self.wall.goes_to("2026-01-16 10:00")
        self.bedside.opens_from_home("Leukapheresis", self.code)
        self.bedside.fills_in("Blood processed", "9500")
        self.bedside.saves("Record leukapheresis", "Leukapheresis recorded.")

    def has_a_lot_started(self) -> None:
        self.wall.goes_to("2026-01-17 10:00")
        self.office.opens_from_home("Release or reject the product", self.code)
        self.office.fills_in("Lot", "CT-2601")
        self.office.saves("Start lot", "Manufacturing started.")

    def has_the_lot_released(self) -> None:
        self.wall.goes_to("2026-01-30 10:00")
        self.doctor.opens_from_home("Release or reject the product", self.code)
        self.doctor.chooses("Release tests", "In specification")
        self.doctor.fills_in("CAR-positive viable cells in the bag", "120")
        self.doctor.fills_in("Last day it may be used", "2026-12-31")
        self.doctor.saves("Release product", "Product released.")


def test_the_year_of_one_participant_by_hand(
    desk_of: Callable[[User], Desk], site_clock: SiteClock
) -> None:
    trial = Trial(make_ward(), site_clock, desk_of)

    trial.is_referred()
    trial.stands(state="Referred", next_due="Obtain consent or close the referral: Due")
    trial.consents()
    trial.stands(state="Referred", next_due="Start screening: Due")
    trial.is_screened()
    trial.stands(state="Screening", next_due="Decide on eligibility: Due")
    trial.has_every_criterion_answered()
    trial.is_found_eligible()
    trial.stands(state="Eligible", next_due="Enrol the participant: Due")
    trial.is_enrolled()
    trial.stands(state="Enrolled", next_due="Leukapheresis: Due")
    trial.gives_cells()
    trial.stands(state="Leukapheresis", next_due="Release or reject the product: Due")
    trial.has_a_lot_started()
    trial.stands(state="Manufacturing", next_due="Release or reject the product: Due")
    trial.has_the_lot_released()
    trial.stands(state="Manufacturing", next_due="Plan the infusion date: Due")
