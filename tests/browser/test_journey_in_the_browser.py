"""One participant of each arm, taken by hand from the first contact to the end of the year.

Every act is a click or a keystroke on a page; time moves on from act to act, so each page shows what it shows on
that day. What is the same form again and again comes through the service in the suite: the evidence of the second arm,
the evidence renewed for the re-checks, the visits between the first and the last. `make browser-at-length` does all of
it by hand.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import expect

from participants.models import Deviation, Obligation, Participant
from tests.browser.conftest import IS_AT_LENGTH, SiteClock
from tests.browser.evidence_entry import enter, facts_of, judgements_of
from tests.browser.pages import Desk
from tests.factories.accounts import PASSWORD
from tests.factories.journeys import Story, Ward, make_ward
from trialsite.accounts.models import User
from trialsite.demo.evidence import RENEWED, eligible_answers
from trialsite.demo.story import certified, expansion_for
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Arm

FIRST_DAYS = (
    ("2026-02-14", "Day 1 visit"),
    ("2026-02-15", "Day 2 visit"),
    ("2026-02-16", "Day 3 visit"),
    ("2026-02-17", "Day 4 visit"),
    ("2026-02-18", "Day 5 visit"),
    ("2026-02-19", "Day 6 visit"),
    ("2026-02-20", "Day 7 visit"),
    ("2026-02-23", "Day 10 visit"),
    ("2026-02-27", "Day 14 visit"),
)
FOLLOW_UP = (
    ("2026-03-06", "Day 21 visit"),
    ("2026-03-13", "Day 28 visit"),
    ("2026-04-13", "Month 2 visit"),
    ("2026-05-13", "Month 3 visit"),
    ("2026-08-13", "Month 6 visit"),
    ("2026-11-13", "Month 9 visit"),
    ("2027-02-13", "Month 12 visit"),
)


ARMS = {Arm.INTRAVENOUS: "Intravenous", Arm.INTRAPLEURAL: "Intrapleural"}
FIRST_LEVEL = {
    Arm.INTRAVENOUS: "Dose level 1 · 1 × 10⁶ cells/kg",
    Arm.INTRAPLEURAL: "Dose level 1 · 3 × 10⁵ cells/kg",
}
MILLIONS_OF_CELLS = {Arm.INTRAVENOUS: "60", Arm.INTRAPLEURAL: "18"}  # at 60 kg


class Trial:
    """The three people who act and the participant they act on. Each method is one person's sitting."""

    def __init__(self, ward: Ward, wall: SiteClock, desk_of: Callable[[User], Desk], arm: Arm) -> None:
        self.wall = wall
        self.ward = ward
        self.arm = arm
        self.coordinator = desk_of(ward.coordinator)
        self.investigator = desk_of(ward.investigator)
        self.nurse = desk_of(ward.nurse)
        self.enters_evidence = IS_AT_LENGTH or arm is Arm.INTRAVENOUS
        self.code = ""

    def stands(self, *, state: str, next_due: str, day: str = "not infused") -> None:
        """Assert what the page of the participant says in its banner and in the first line of what is due."""
        self.coordinator.opens(self.code)
        seen = (self.coordinator.state, self.coordinator.next_due, self.coordinator.day)
        assert seen == (state, next_due, day)

    # ---- From the first contact to enrolment

    def is_referred(self) -> None:
        self.wall.goes_to("2026-01-05 10:00")
        self.coordinator.opens_home()
        self.coordinator.follows("Refer a participant")
        self.coordinator.chooses("Sex", "Female")
        self.coordinator.fills_in("Year of birth", "1961")
        self.coordinator.chooses("Intended arm", ARMS[self.arm])
        self.coordinator.saves("Register and give a code", "Participant registered.")
        self.code = self.coordinator.code

    def consents(self) -> None:
        self.wall.goes_to("2026-01-06 10:00")
        self.coordinator.opens_from_home("Obtain consent or close the referral", self.code)
        self.coordinator.fills_in("Time of signature", "2026-01-06 09:40")
        self.coordinator.saves("Record consent", "Consent recorded.")

    def begins_screening(self) -> None:
        self.wall.goes_to("2026-01-07 10:00")
        self.coordinator.opens_from_home("Start screening", self.code)
        self.coordinator.chooses("Intended arm", ARMS[self.arm])
        self.coordinator.saves("Start screening", "Screening started.")

    def has_its_evidence_entered(self) -> None:
        self.wall.goes_to("2026-01-12 10:00")
        self.coordinator.opens_from_home("Decide on eligibility", self.code)
        expect(self.coordinator.to_do).to_contain_text("Enter Platelets")
        if self.enters_evidence:
            self._enters(eligible_answers(date(2026, 1, 12), self.arm), date(2026, 1, 12))
        else:
            self._story().finds_everything_in_order()
        self.investigator.opens_checklist(self.code)
        expect(self.investigator.to_do).to_contain_text("Every item that decides is on record.")

    def _enters(self, answers: Mapping[str, Mapping[str, Any]], on: date) -> None:
        """The coordinator enters the facts, the investigator judges."""
        enter(self.coordinator, self.code, facts_of(answers), on)
        enter(self.investigator, self.code, judgements_of(answers), on)

    def is_rechecked(self, now: str, title: str) -> None:
        """What lapses is taken anew on the day, and looked at again."""
        self.wall.goes_to(now)
        on = self.wall.now.date()
        if IS_AT_LENGTH:
            answers = eligible_answers(on, self.arm)
            self._enters({name: answers[name] for name in RENEWED}, on)
        else:
            self._story().renews_evidence()
        self.investigator.opens_from_home(title, self.code)
        expect(self.investigator.beside).to_contain_text("Everything that must still hold, holds.")
        self.investigator.saves("Record the re-check", "The re-check is on record.")

    def is_confirmed_by_the_investigator(self) -> None:
        self.wall.goes_to("2026-01-12 15:00")
        self.investigator.opens_from_home("Decide on eligibility", self.code)
        self.investigator.follows("Confirm eligibility")
        self.investigator.signs(self.ward.investigator.username, PASSWORD)
        self.investigator.saves("Confirm eligibility", "Eligibility confirmed.")

    def is_enrolled(self) -> None:
        self.wall.goes_to("2026-01-13 10:00")
        self.coordinator.opens_from_home("Enrol the participant", self.code)
        self.coordinator.chooses("Dose level", FIRST_LEVEL[self.arm])
        self.coordinator.saves("Enrol", "Enrolled.")
        story = self._story()
        story.takes_slot(expansion_for(story))

    def _story(self) -> Story:
        """What is told otherwise than by hand, from where the clock on the wall stands."""
        participant = Participant.objects.select_related("site").get(code=self.code)
        episode = participant.screening_episodes.get()
        return Story(
            ward=self.ward, participant=participant, now=self.wall.now, arm=self.arm, episode=episode
        )

    # ---- From vein to vein

    def gives_cells(self) -> None:
        self.wall.goes_to("2026-01-16 11:00")
        self.nurse.opens_from_home("Leukapheresis", self.code)
        self.nurse.fills_in("Start of the collection", "2026-01-16 09:00")
        self.nurse.fills_in("Blood processed", "9500")
        self.nurse.saves("Record leukapheresis", "Leukapheresis recorded.")

    def has_a_lot_started(self) -> None:
        self.wall.goes_to("2026-01-17 10:00")
        self.coordinator.opens_from_home("Release or reject the product", self.code)
        self.coordinator.fills_in("Lot", "CT-2601")
        self.coordinator.saves("Start lot", "Manufacturing started.")

    def has_the_lot_tested(self) -> None:
        self.wall.goes_to("2026-01-30 10:00")
        self.coordinator.opens_from_home("Release or reject the product", self.code)
        for test in resolve("1.0").release_tests:
            if test.value is None:
                self.coordinator.chooses(test.title, test.finding.capitalize())
            else:
                self.coordinator.fills_in(test.title, str(certified(test).value))
        self.coordinator.saves("Record tests", "Release tests recorded.")

    def has_the_lot_released(self) -> None:
        self.investigator.opens_from_home("Release or reject the product", self.code)
        self.investigator.fills_in("CAR-positive viable cells in the bag", "120")
        self.investigator.fills_in("Last day it may be used", "2026-12-31")
        self.investigator.saves("Release product", "Product released.")

    def has_the_infusion_planned(self) -> None:
        self.wall.goes_to("2026-01-31 10:00")
        self.coordinator.opens_from_home("Plan the infusion date", self.code)
        self.coordinator.fills_in("Planned date of infusion", "2026-02-13")
        expect(self.coordinator.preview).to_contain_text("This would change")
        expect(self.coordinator.preview.get_by_role("row", name="CAR-T infusion")).to_contain_text(
            "2026-02-13"
        )
        expect(self.coordinator.preview.get_by_role("row", name="Lymphodepletion dose 1")).to_contain_text(
            "2026-02-07 – 2026-02-09"
        )
        self.coordinator.saves("Set this date", "Infusion date set.")

    def comes_to_baseline(self) -> None:
        self.has_visit("2026-02-07", "Baseline visit")

    def gets_lymphodepletion(self) -> None:
        for dose, on in enumerate(("2026-02-08", "2026-02-09", "2026-02-10"), start=1):
            self.wall.goes_to(f"{on} 10:00")
            self.nurse.opens_from_home(f"Lymphodepletion dose {dose}", self.code)
            if dose == 1:
                self.nurse.fills_in("Height", "167")
                self.nurse.fills_in("Measured on", on)
                self.nurse.fills_in("Body weight", "60")
                self.nurse.fills_in("Weighed on", on)
            self.nurse.fills_in("Fludarabine given", "50")
            self.nurse.fills_in("Cyclophosphamide given", "500")
            self.nurse.saves("Record dose", "Dose recorded.")

    def is_made_ready(self) -> None:
        """Nothing stops the infusion, and two persons compare wristband and bag."""
        self.wall.goes_to("2026-02-13 09:40")
        self.nurse.opens(self.code)
        self.nurse.follows("Infusion room")
        self.nurse.follows("Stop checks")
        for stop in resolve("1.0").stop_checks:
            self.nurse.chooses(stop.question, "No")
        self.nurse.saves("Save answers", "Stop checks answered.")
        bag = Participant.objects.get(code=self.code).products.get().bag_code
        for desk in (self.nurse, self.coordinator):
            desk.opens(self.code)
            desk.follows("Infusion room")
            desk.follows("Wristband and bag")
            desk.fills_in("Wristband", self.code)
            desk.fills_in("Bag", bag)
            desk.saves("Confirm", "Comparison recorded.")

    def is_infused(self) -> None:
        """In the infusion room: dose and thaw, start, end."""
        self.is_made_ready()
        self.wall.goes_to("2026-02-13 09:55")
        self.nurse.opens_from_home("CAR-T infusion", self.code)
        self.nurse.follows("Prepared dose")
        self.nurse.fills_in("CAR-positive viable cells prepared", MILLIONS_OF_CELLS[self.arm])
        self.nurse.fills_in("Volume prepared", "50")
        self.nurse.fills_in("Body weight", "60")
        self.nurse.fills_in("Weighed on", "2026-02-13")
        self.nurse.fills_in("End of thaw", "2026-02-13 09:50")
        self.nurse.saves("Save prepared dose", "Prepared dose recorded.")
        expect(self.nurse.page.get_by_role("timer")).to_have_text("25:00")
        self.wall.goes_to("2026-02-13 10:00")
        self.nurse.follows("Start the infusion")
        if self.arm is Arm.INTRAPLEURAL:
            self.nurse.fills_in("Catheter", "right, 5th intercostal space")
            self.nurse.chooses("Position shown by", "Ultrasound")
        self.nurse.saves("Start now", "The infusion runs. Day 0 is set.")
        self.wall.goes_to("2026-02-13 10:30")
        self.nurse.follows("End the infusion")
        self.nurse.fills_in("Left in the bag or syringe", "0")
        self.nurse.saves("It ends now", "Infusion ended.")

    # ---- The year

    def has_visit(self, on: str, title: str) -> None:
        self.wall.goes_to(f"{on} 10:00")
        self.nurse.opens_from_home(title, self.code)
        expect(self.nurse.beside).to_contain_text("Within the window.")
        self.nurse.saves("Record visit", "Visit recorded.")

    def has_visits(self, visits: Sequence[tuple[str, str]], by_hand: Callable[[str, str], None]) -> None:
        """The first and the last by hand, those between them as well where there is time."""
        for number, (on, title) in enumerate(visits, start=1):
            if IS_AT_LENGTH or number in {1, len(visits)}:
                by_hand(on, title)
            else:
                self.wall.goes_to(f"{on} 10:00")
                visit = Obligation.objects.in_force().get(participant__code=self.code, title=title)
                self._story().comes_to(visit.key)

    def has_visit_from_the_own_page(self, on: str, title: str) -> None:
        self.wall.goes_to(f"{on} 10:00")
        self.coordinator.opens(self.code)
        self.coordinator.panel("Visits").get_by_role("link", name=f"Record {title}").click()
        self.coordinator.saves("Record visit", "Visit recorded.")

    def has_the_owed_test(self, title: str) -> None:
        self.coordinator.opens_from_home(title, self.code)
        self.coordinator.chooses("Specimen", "Urine")
        self.coordinator.chooses("Result", "Negative")
        self.coordinator.saves("Record result", "Result recorded.")

    def completes_the_year(self) -> None:
        self.wall.goes_to("2027-02-15 10:00")
        self.coordinator.opens_from_home("Record the end of the one-year study", self.code)
        expect(self.coordinator.side).to_contain_text("Every check passes.")
        self.coordinator.saves("Complete the study", "One-year study completed.")


@pytest.mark.parametrize("arm", list(Arm))
def test_the_year_of_one_participant_by_hand(
    arm: Arm, desk_of: Callable[[User], Desk], site_clock: SiteClock
) -> None:
    trial = Trial(make_ward(), site_clock, desk_of, arm)

    trial.is_referred()
    trial.stands(state="Referred", next_due="Obtain consent or close the referral: Due")
    trial.consents()
    trial.stands(state="Referred", next_due="Start screening: Due")
    trial.begins_screening()
    trial.stands(state="Screening", next_due="Decide on eligibility: Due")
    trial.has_its_evidence_entered()
    trial.is_confirmed_by_the_investigator()
    trial.stands(state="Eligible", next_due="Enrol the participant: Due")
    trial.is_enrolled()
    trial.stands(state="Enrolled", next_due="Leukapheresis: Due")
    trial.gives_cells()
    trial.stands(state="Leukapheresis", next_due="Release or reject the product: Due")
    trial.has_a_lot_started()
    trial.stands(state="Manufacturing", next_due="Release or reject the product: Due")
    trial.has_the_lot_tested()
    trial.has_the_lot_released()
    trial.stands(state="Manufacturing", next_due="Plan the infusion date: Due")
    trial.has_the_infusion_planned()
    trial.stands(state="Manufacturing", next_due="Baseline visit: Upcoming")
    trial.comes_to_baseline()
    trial.is_rechecked("2026-02-08 09:00", "Re-check eligibility before lymphodepletion")
    trial.gets_lymphodepletion()
    trial.stands(state="Lymphodepletion", next_due="Re-check eligibility before infusion: Upcoming")
    trial.is_rechecked("2026-02-13 09:00", "Re-check eligibility before infusion")
    trial.stands(state="Lymphodepletion", next_due="CAR-T infusion: Due")
    trial.is_infused()
    trial.stands(state="Infused", next_due="Day 1 visit: Upcoming", day="0")
    trial.has_visits(FIRST_DAYS, trial.has_visit)
    trial.stands(state="Infused", next_due="Day 21 visit: Upcoming", day="+14")
    trial.has_visits(FOLLOW_UP, trial.has_visit_from_the_own_page)
    trial.stands(state="Follow-up", next_due="Confidential test, month 12: Due", day="+365")
    trial.has_the_owed_test("Confidential test, month 12")
    trial.stands(state="Follow-up", next_due="Record the end of the one-year study: Due", day="+365")
    trial.completes_the_year()

    trial.stands(state="Completed", next_due="Month 18 visit: Upcoming", day="+367")
    completed = Participant.objects.get()
    assert (completed.state, completed.arm) == ("completed", arm.value)
    assert not Deviation.objects.exists()
    expect(trial.coordinator.panel("Deviations")).to_contain_text("None.")
