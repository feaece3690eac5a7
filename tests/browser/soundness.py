"""What makes a page unsound: an error in the console, a stranger asked for something, a scroll sideways, a barrier.

Axe comes in as a script of the browser's own, so the pages are examined under their own content security policy.
"""

from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response, ViewportSize, expect

WIDE: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 768, "height": 1024}
AXE = Path(__file__).parent / "axe" / "axe.min.js"
GRAVE = ("serious", "critical")
_WHAT_AXE_FINDS = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map((one) => [one.impact, one.id, one.nodes.map((node) => node.html)]);
}"""


class Watch:
    """Collects what goes wrong while pages are opened in one browser tab. is_axe_asked: look for barriers, too."""

    def __init__(self, page: Page, *, is_axe_asked: bool = True) -> None:
        self.page = page
        self.is_axe_asked = is_axe_asked
        self.faults: dict[str, list[str]] = {}  # what is wrong → where
        self._path = ""
        self._expected = 200
        self._host = ""
        if is_axe_asked:
            page.context.add_init_script(path=AXE)
        page.on("console", self._hears)
        page.on("pageerror", self._fails)
        page.on("request", self._asks)
        page.on("response", self._is_answered)

    def opens(self, path: str, *, status: int = 200) -> None:
        """Open a page, wait until all its parts are there, and note what is wrong with it."""
        self._path, self._expected = path, status
        answer = self.page.goto(path)
        self._host = urlsplit(self.page.url).netloc
        if answer is None or answer.status != status:
            self._note(f"answered {answer and answer.status}")
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0)
        self._measures()
        if self.is_axe_asked:
            self._asks_axe()

    def _measures(self) -> None:
        """Note a page that scrolls sideways, in the window as it is and in one as narrow as a tablet."""
        own = self.page.viewport_size or NARROW
        for size in (NARROW, own):
            self.page.set_viewport_size(size)
            wide, seen = self.page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
            if wide > seen:
                self._note(f"is {wide} px wide in a window of {seen} px")

    def _asks_axe(self) -> None:
        for impact, rule, places in self.page.evaluate(_WHAT_AXE_FINDS):
            if impact in GRAVE:
                self._note(f"{impact} barrier {rule}, {len(places)} ×: {places[0][:200]}")

    def _hears(self, message: ConsoleMessage) -> None:
        is_of_an_answer = message.text.startswith("Failed to load resource: the server responded")
        is_of_the_desk = "blocked by Playwright" in message.text  # most desks are without a service worker
        if message.type in {"error", "warning"} and not is_of_an_answer and not is_of_the_desk:
            self._note(f"console {message.type}: {message.text}")

    def _fails(self, error: Error) -> None:
        self._note(f"script error: {error}")

    def _asks(self, request: Request) -> None:
        asked = urlsplit(request.url)
        if self._host and asked.scheme != "data" and asked.netloc != self._host:
            self._note(f"asks another host: {request.url}")

    def _is_answered(self, response: Response) -> None:
        if response.status >= 400 and response.status != self._expected:
            self._note(f"{response.status} for {response.url}")

    def _note(self, fault: str) -> None:
        self.faults.setdefault(fault, []).append(self._path)

    def report(self) -> list[str]:
        """Return one line for each fault, with where it was seen first."""
        return [
            f"{fault} ({len(places)} pages, such as {places[0]})" for fault, places in self.faults.items()
        ]
