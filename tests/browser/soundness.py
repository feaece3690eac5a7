"""What makes a page unsound: an error in the console, a stranger asked for something, a scroll sideways, a barrier.

Axe comes in as a script of the browser's own, so the pages are examined under their own content security policy.
"""

from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response, expect

AXE = Path(__file__).parent / "axe" / "axe.min.js"
GRAVE = ("serious", "critical")
_WHAT_AXE_FINDS = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map((one) => [one.impact, one.id, one.nodes.map((node) => node.html)]);
}"""


class Watch:
    """Collects what goes wrong while pages are opened in one browser tab."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        self._path = ""
        self._host = ""
        page.context.add_init_script(path=AXE)
        page.on("console", self._hears)
        page.on("pageerror", self._fails)
        page.on("request", self._asks)
        page.on("response", self._is_answered)

    def opens(self, path: str, *, status: int = 200, is_examined: bool = True) -> None:
        """Open a page, wait until all its parts are there, and note what is wrong with it."""
        self._path, self._expected = path, status
        answer = self.page.goto(path)
        self._host = urlsplit(self.page.url).netloc
        if answer is None or answer.status != status:
            self._note(f"answered {answer and answer.status}")
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0)
        self._measures()
        if is_examined:
            self._examines()

    def _measures(self) -> None:
        wide, seen = self.page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
        if wide > seen:
            self._note(f"is {wide} px wide in a window of {seen} px")

    def _examines(self) -> None:
        for impact, rule, places in self.page.evaluate(_WHAT_AXE_FINDS):
            if impact in GRAVE:
                self._note(f"{impact} barrier {rule}, {len(places)} ×: {places[0][:200]}")

    def _hears(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
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
        self.faults.append(f"{self._path}: {fault}")
