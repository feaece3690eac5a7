"""The pages as a person sees and uses them: what stands there, and what can be pressed."""

from playwright.sync_api import Locator, Page, expect

ONE_ACT_MS = 20_000  # a slow machine is no fault of the page


class Desk:
    """One person before one browser."""

    def __init__(self, page: Page) -> None:
        self.page = page

    # ---- Coming in

    def signs_in(self, username: str, password: str) -> None:
        self.page.goto("/accounts/login/")
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.presses("Sign in")

    # ---- Due today

    def due_today(self) -> dict[str, list[str]]:
        """Return the groups of the home page with the titles of their lines."""
        self.page.goto("/")
        groups = self.page.locator(".due-group").all()
        return {
            group.get_by_role("heading").locator("xpath=text()[1]").inner_text()
            if False
            else group.get_attribute("aria-labelledby") or "": group.locator(".due-title").all_inner_texts()
            for group in groups
        }

    def opens_from_home(self, title: str, code: str) -> None:
        """Open what is due with the one click that the home page offers."""
        self.page.goto("/")
        self.page.get_by_role("link", name=f"Open {title} {code}", exact=True).click()

    # ---- One participant

    def opens(self, code: str) -> None:
        """Open the page of a participant and wait for its panels."""
        self.page.goto(f"/participants/{code}/")
        self.waits_for_panels()

    def waits_for_panels(self) -> None:
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0, timeout=ONE_ACT_MS)

    @property
    def state(self) -> str:
        """The state in the banner of the participant."""
        return self._banner_fact("State")

    @property
    def day(self) -> str:
        return self._banner_fact("Day")

    def _banner_fact(self, name: str) -> str:
        banner = self.page.get_by_role("region", name="Participant", exact=True)
        fact = banner.locator("dl > div").filter(has=self.page.get_by_text(name, exact=True))
        return fact.locator(".status-words, .banner-day").inner_text().strip()

    @property
    def next(self) -> str:
        """The first line of `What is due` on the page of the participant, as `Title: state`."""
        line = self.page.get_by_role("region", name="What is due").locator(".due-line").first
        return f"{line.locator('.due-title').inner_text()}: {line.locator('.due-state .status-words').inner_text()}"

    def deviations(self, code: str) -> str:
        """Return what the page of the participant says about deviations."""
        self.opens(code)
        return self.page.get_by_role("region", name="Deviations").inner_text()

    def panel(self, title: str) -> Locator:
        return self.page.get_by_role("region", name=title, exact=True)

    # ---- Forms

    def fills_in(self, label: str, value: str) -> None:
        """Enter a value and leave the field, as Tab does."""
        field = self.page.get_by_label(label)
        field.fill(value)
        field.press("Tab")

    def chooses(self, question: str, answer: str) -> None:
        """Press one of the buttons under a question."""
        self.page.get_by_role("group", name=question).get_by_text(answer, exact=True).click()

    def presses(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def saves(self, button: str, done: str) -> None:
        """Press the button of the form; the page that follows says that it was done."""
        self.presses(button)
        expect(self.page.locator("#messages").get_by_text(done)).to_be_visible(timeout=ONE_ACT_MS)
        self.waits_for_panels()

    def answers(self, criterion: str, answer: str) -> None:
        """Press an answer of the checklist and wait until it is on record."""
        row = self.page.locator(f'[id="criterion-{criterion}"]')
        button = row.get_by_role("button", name=answer, exact=True)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true", timeout=ONE_ACT_MS)
