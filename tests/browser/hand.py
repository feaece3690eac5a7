"""A hand that counts: what an everyday task costs in clicks and keystrokes, in a real browser."""

from dataclasses import dataclass

from playwright.sync_api import Locator, expect

from tests.browser.pages import Desk


@dataclass
class Hand:
    """One person's hand. Nothing is done but by pressing what is on the page and typing on the keyboard.

    clicks: of the pointer; a choice in a list counts two. keys: of the keyboard, each letter and each Tab one.
    """

    desk: Desk
    clicks: int = 0
    keys: int = 0

    def presses(self, name: str, *, role: str = "button") -> None:
        self.on(self.desk.page.get_by_role(role, name=name, exact=True).first)  # type: ignore[arg-type]

    def follows(self, name: str) -> None:
        self.presses(name, role="link")

    def on(self, what: Locator) -> None:
        """Press something once."""
        what.click()
        self.clicks += 1

    def answers(self, question: str, answer: str) -> None:
        """Press one of the buttons under a question."""
        self.on(self.desk.page.get_by_role("group", name=question).get_by_text(answer, exact=True))

    def chooses(self, label: str, option: str) -> None:
        self.desk.page.get_by_label(label).select_option(label=option)
        self.clicks += 2

    def types(self, label: str, text: str) -> None:
        """Press a field and type into it."""
        self.on(self.desk.page.get_by_label(label, exact=True))
        self.goes_on(text)

    def goes_on(self, text: str) -> None:
        """Type where the cursor is."""
        self.desk.page.keyboard.type(text)
        self.keys += len(text)

    def key(self, name: str) -> None:
        self.desk.page.keyboard.press(name)
        self.keys += 1

    def sees(self, message: str) -> None:
        self.desk.sees(message)

    def finds(self, text: str) -> None:
        """Wait until the page shows something; looking costs nothing."""
        expect(self.desk.page.get_by_text(text).first).to_be_visible()
