"""One participant through screening as a site enters it, and the re-check months later.

Nothing is known, everything is to do; eligible; the IHC older than three months at the re-check and CEA owed;
re-confirmed. The acts between enrolment and lymphodepletion have tests of their own and run in the background.
"""

from collections.abc import Callable
from datetime import date

from playwright.sync_api import expect

from participants.states import State
from screening.models import EligibilityDecision, EligibilityEvaluation
from screening.rules.vocabulary import Group
from tests.browser.conftest import SiteClock
from tests.browser.evidence_entry import enter, enter_group, facts_of, judgements_of
from tests.browser.pages import Desk
from tests.factories.accounts import PASSWORD
from tests.factories.journeys import Story, participant_at
from trialsite.accounts.models import User
from trialsite.demo.evidence import RENEWED, eligible_answers
from trialsite.protocol.types import Arm

SCREENED_ON = date(2026, 1, 12)
PLANNED_ON = date(2026, 4, 20)
RECHECKED_ON = date(2026, 4, 14)


class Screening:
    """The people who act and the participant they act on. Each method is one sitting."""

    def __init__(self, story: Story, wall: SiteClock, desk_of: Callable[[User], Desk]) -> None:
        self.story = story
        self.wall = wall
        self.code = story.participant.code
        self.coordinator = desk_of(story.ward.coordinator)
        self.investigator = desk_of(story.ward.investigator)

    def has_all_to_do(self) -> None:
        self.wall.goes_to("2026-01-12 10:00")
        desk = self.coordinator
        desk.opens_checklist(self.code)
        expect(desk.verdict).to_contain_text("Not yet known")
        expect(desk.to_do.get_by_role("link", name="Enter Platelets")).to_be_visible()
        expect(desk.to_do).to_contain_text("ECOG performance status")
        expect(desk.verdict.get_by_role("button", name="Screen failure")).to_be_disabled()

    def is_entered(self) -> None:
        """Without the CEA: a recent IHC is enough."""
        answers = eligible_answers(SCREENED_ON, Arm.INTRAVENOUS)
        del answers["cea"]
        enter(self.coordinator, self.code, facts_of(answers), SCREENED_ON)
        expect(self.coordinator.to_do.get_by_role("link", name="Enter Platelets")).to_have_count(0)
        expect(self.coordinator.verdict).to_contain_text("Not yet known")
        enter(self.investigator, self.code, judgements_of(answers), SCREENED_ON)
        expect(self.investigator.to_do).to_contain_text("Every item that decides is on record.")
        expect(self.investigator.verdict).to_contain_text("Every criterion is decided and none excludes.")

    def is_confirmed(self) -> None:
        desk = self.investigator
        desk.follows("Confirm eligibility")
        expect(desk.beside).to_contain_text("The copy that will be signed")
        expect(desk.beside).to_contain_text("212 10⁹/L > 50 10⁹/L: yes")
        desk.signs(self.story.ward.investigator.username, PASSWORD)
        desk.saves("Confirm eligibility", "Eligibility confirmed.")

    def comes_to_the_plan(self) -> None:
        story = self.story.goes_to(self.wall.now)
        story.wait(1).enrols()
        story.wait(3).gives_cells()
        story.wait(1).has_lot_started()
        story.wait(74).has_lot_released()
        story.wait(1).has_infusion_planned(PLANNED_ON)
        self.wall.shows(story.now)

    def looks_ahead(self) -> None:
        desk = self.coordinator
        desk.opens_checklist(self.code)
        expect(
            desk.panel("Forecast").get_by_role("listitem").filter(has_text="CEA in serum")
        ).to_contain_text("I5 · none so far")

    def owes_cea(self) -> None:
        self.wall.goes_to("2026-04-14 10:00")
        desk = self.investigator
        desk.opens_from_home("Re-check eligibility before lymphodepletion", self.code)
        expect(desk.beside.get_by_role("link", name="Enter CEA in serum")).to_be_visible()
        desk.saves("Record the re-check", "The re-check is on record.")
        assert EligibilityEvaluation.objects.latest("recorded_at").verdict == "incomplete"

    def has_it_entered(self) -> None:
        self.wall.goes_to("2026-04-14 15:00")
        answers = eligible_answers(RECHECKED_ON, Arm.INTRAVENOUS)
        renewed = {name: answers[name] for name in RENEWED}
        enter_group(self.coordinator, self.code, Group.LABORATORY, {"cea": renewed.pop("cea")}, RECHECKED_ON)
        enter(self.coordinator, self.code, facts_of(renewed), RECHECKED_ON)
        enter(self.investigator, self.code, judgements_of(renewed), RECHECKED_ON)

    def is_rechecked(self) -> None:
        desk = self.investigator
        desk.opens_checklist(self.code)
        desk.panel("Re-checks before treatment").get_by_role("link", name="Re-check").first.click()
        expect(desk.beside).to_contain_text("Everything that must still hold, holds.")
        expect(desk.beside).to_contain_text("48.6 ng/mL > 10 ng/mL: yes")
        desk.saves("Record the re-check", "The re-check is on record.")


def test_from_nothing_known_to_the_recheck_that_asks_for_cea(
    desk_of: Callable[[User], Desk], site_clock: SiteClock
) -> None:
    story = participant_at(State.SCREENING)
    site_clock.shows(story.now)
    screening = Screening(story, site_clock, desk_of)

    screening.has_all_to_do()
    screening.is_entered()
    screening.is_confirmed()
    screening.comes_to_the_plan()
    screening.looks_ahead()
    screening.owes_cea()
    screening.has_it_entered()
    screening.is_rechecked()

    assert EligibilityDecision.objects.get().reopened_at is None
    last = EligibilityEvaluation.objects.filter(purpose="recheck").latest("recorded_at")
    assert (last.verdict, last.judged_on) == ("eligible", RECHECKED_ON)
