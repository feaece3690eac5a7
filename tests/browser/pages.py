"""The pages as a person sees and uses them: what stands there, and what can be pressed."""

from django.conf import settings
from django.test import Client
from playwright.sync_api import Locator, Page, expect

ONE_ACT_MS = 20_000  # a slow machine is no fault of the page


class Desk:
    """One person before one browser."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address

    # ---- Coming in

    def signs_in(self, username: str, password: str) -> None:
        self.page.goto("/accounts/login/")
        self.enters(username, password)

    def enters(self, username: str, password: str) -> None:
        """Fill in the sign-in page that is open."""
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.presses("Sign in")

    def takes_over(self, client: Client) -> None:
        """Go on in the session of a client that is signed in."""
        name = settings.SESSION_COOKIE_NAME
        cookie = {"name": name, "value": client.cookies[name].value, "url": self.address}
        self.page.context.add_cookies([cookie])

    # ---- Going somewhere

    def opens_home(self) -> None:
        self.page.goto("/")

    def opens_from_home(self, title: str, code: str) -> None:
        """Open what is due with the one click that the home page offers."""
        self.opens_home()
        self.page.get_by_role("link", name=f"Open {title} {code}", exact=True).click()
        expect(self.page.get_by_role("heading", level=1, name="Due today")).to_have_count(
            0, timeout=ONE_ACT_MS
        )

    def follows(self, link: str) -> None:
        """Press a link, wherever on the page it stands first."""
        self.page.get_by_role("link", name=link, exact=True).first.click()

    # ---- One participant

    def opens(self, code: str) -> None:
        """Open the page of a participant and wait for its panels."""
        self.page.goto(f"/participants/{code}/")
        self.waits_for_panels()

    def opens_checklist(self, code: str) -> None:
        self.page.goto(f"/participants/{code}/screening/")

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
    def code(self) -> str:
        """The code of the participant whose page is open."""
        return self.page.url.rstrip("/").rpartition("/")[2]

    @property
    def next_due(self) -> str:
        """The first line of `What is due` on the page of the participant, as `Title: state`."""
        line = self.page.get_by_role("region", name="What is due").locator(".due-line").first
        return f"{line.locator('.due-title').inner_text()}: {line.locator('.due-state .status-words').inner_text()}"

    def panel(self, title: str) -> Locator:
        return self.page.get_by_role("region", name=title, exact=True)

    # ---- Forms

    @property
    def side(self) -> Locator:
        """What stands beside the form."""
        return self.page.get_by_role("complementary")

    @property
    def beside(self) -> Locator:
        """The part beside the form that follows what is entered."""
        return self.page.locator("#beside")

    @property
    def preview(self) -> Locator:
        """The dates that would move."""
        return self.page.locator("#preview")

    @property
    def to_do(self) -> Locator:
        """What is still owed, on the checklist."""
        return self.page.locator("#to-do")

    @property
    def verdict(self) -> Locator:
        """The verdict line of the checklist."""
        return self.page.locator("#verdict-line")

    def fills_in(self, label: str, value: str) -> None:
        """Enter a value and leave the field, as Tab does."""
        field = self.page.get_by_label(label)
        field.fill(value)
        field.press("Tab")

    def chooses(self, question: str, answer: str) -> None:
        """Press one of the buttons under a question."""
        self.page.get_by_role("group", name=question).get_by_text(answer, exact=True).click()

    def signs(self, username: str, password: str) -> None:
        """Give the components of a signature, as many as the form asks for."""
        self.page.get_by_label("Your password").fill(password)  # asked always: the page is there then
        if (name := self.page.get_by_label("Your user name")).count():
            name.fill(username)
        if (statement := self.page.get_by_label("I intend my electronic signature")).count():
            statement.check()

    def presses(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def saves(self, button: str, done: str) -> None:
        """Press the button of the form; the page that follows says that it was done."""
        self.presses(button)
        self.sees(done)
        self.waits_for_panels()

    def sees(self, message: str) -> None:
        """Wait until the page says what was done."""
        expect(self.page.locator("#messages").get_by_text(message)).to_be_visible(timeout=ONE_ACT_MS)
