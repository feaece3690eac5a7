"""The pages as a person sees them: what stands there, and what can be clicked. No selector outside this module."""

from playwright.sync_api import Locator, Page, expect


class Desk:
    """One person before one browser."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address

    # ---- Coming in

    def signs_in(self, username: str, password: str) -> None:
        self.page.goto("/accounts/login/")
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    # ---- Due today

    def opens_due(self, title: str, code: str) -> None:
        """Open a line of the home page with the one click it offers."""
        self.page.goto("/")
        self.page.get_by_role("link", name=f"Open {title} {code}", exact=True).click()

    # ---- One participant

    def opens(self, code: str) -> None:
        """Open the page of a participant and wait for its panels."""
        self.page.goto(f"/participants/{code}/")
        self.waits_for_panels()

    def waits_for_panels(self) -> None:
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0)

    @property
    def state(self) -> str:
        """The state in the banner of the participant."""
        fact = self.page.locator(".banner-facts > div").filter(has=self.page.get_by_text("State", exact=True))
        return fact.locator("dd").inner_text().strip()

    @property
    def day(self) -> str:
        return self.page.locator(".banner-day").inner_text().strip()

    @property
    def due(self) -> list[str]:
        """What the participant page says is due now, as `Title: state`."""
        return self._lines(self.page.locator("#due-title ~ *, section:has(#due-title) .due-list").first)

    @property
    def next_up(self) -> list[str]:
        """All lines of the card `What is due`, the ones to come next included, as `Title: state`."""
        card = self.page.get_by_role("region", name="What is due")
        lines = card.locator(".due-line")
        return [
            f"{line.locator('.due-title').inner_text()}: {line.locator('.due-state').inner_text().strip()}"
            for line in lines.all()
        ]

    def _lines(self, place: Locator) -> list[str]:
        return place.all_inner_texts()

    # ---- Forms

    def fills_in(self, **entered: str) -> None:
        for label, value in entered.items():
            self.page.get_by_label(label.replace("_", " ")).fill(value)

    def chooses(self, question: str, answer: str) -> None:
        """Press one of the buttons under a question."""
        self.page.get_by_role("group", name=question).get_by_text(answer, exact=True).click()

    def presses(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()
