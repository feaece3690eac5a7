"""What is entered while the network is gone: kept, encrypted, over a reload; recorded once when it is back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect
from pytest_django.live_server_helper import LiveServer

from infusion.models import BedsideRound
from participants.models import Observation, Participant
from tests.browser.conftest import ARGUMENTS, SiteClock, browser_program
from tests.browser.pages import Desk
from tests.browser.soundness import NARROW
from tests.factories.accounts import PASSWORD, make_user
from tests.factories.journeys import Ward, make_ward, refer
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Role
from trialsite.web.models import AnsweredForm

SAVE = "Record vital signs"
SAVE_ROUND = "Record round"
WAITS = "Kept on this device, not sent yet"
CONTROLLED = """async () => {
  await navigator.serviceWorker.ready;
  while (!navigator.serviceWorker.controller) await new Promise((on) => setTimeout(on, 50));
}"""
# How many rows and keys the store of the browser holds, read past our own scripts.
STORED = """() => new Promise((resolve) => {
  const asked = indexedDB.open("trialsite");
  asked.onsuccess = () => {
    const reading = asked.result.transaction(["rows", "keys"]);
    const rows = reading.objectStore("rows").getAll(), keys = reading.objectStore("keys").getAllKeys();
    reading.oncomplete = () => {
      asked.result.close();
      resolve([rows.result.map((row) => row.state).filter((state) => state !== "page").sort(), keys.result.length]);
    };
  };
})"""
# The next sealing takes long, as on a slow tablet: what comes after it would overtake it.
SLOW_SEALING = """() => {
  const { encrypt } = SubtleCrypto.prototype;
  SubtleCrypto.prototype.encrypt = async function (...given) {
    SubtleCrypto.prototype.encrypt = encrypt;
    document.body.dataset.seals = "slowly";
    await new Promise((on) => setTimeout(on, 1500));
    delete document.body.dataset.seals;
    return encrypt.apply(this, given);
  };
}"""
Tablet = Callable[..., Desk]


class Bed:
    """One participant on a ward, and the address of the form for a round of vital signs."""

    def __init__(self, ward: Ward) -> None:
        self.ward = ward
        story = refer(ward)
        story.wait(1).signs()
        self.code = story.participant.code
        self.now = story.now
        self.form = f"/participants/{self.code}/measurements/vital-signs/"

    def temperatures(self) -> list[str]:
        """What is on record, in the order of entry."""
        found = Observation.objects.filter(participant__code=self.code, test_code="TEMP")
        return [f"{one.value:.1f}" for one in found.order_by("recorded_at", "taken_at") if one.value]


@pytest.fixture
def bed(site_clock: SiteClock) -> Bed:
    bed = Bed(make_ward())
    site_clock.shows(bed.now)
    return bed


@pytest.fixture
def tablet_of(new_desk: Callable[..., Desk]) -> Tablet:
    """Hand a tablet to a person, who signs in on it."""

    def hand_over(user: User, *, has_worker: bool = False) -> Desk:
        desk = new_desk(is_tablet=True, has_worker=has_worker)
        desk.signs_in(user.username, PASSWORD)
        expect(desk.page.get_by_role("heading", level=1)).to_have_text("Due today")
        if has_worker:
            desk.page.evaluate(CONTROLLED)
        return desk

    return hand_over


def _opens(desk: Desk, bed: Bed) -> None:
    desk.page.goto(bed.form)
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Record vital signs")


def _enters(desk: Desk, temperature: str, taken_at: str = "2026-01-06 09:00") -> None:
    desk.page.get_by_label("Taken at").fill(taken_at.replace(" ", "T"))
    desk.page.get_by_role("spinbutton", name="Body temperature").fill(temperature)


def _sends_in_vain(desk: Desk, button: str = SAVE) -> None:
    desk.presses(button)
    expect(desk.page.get_by_role("heading", name=WAITS)).to_be_visible()


def _bar_says(desk: Desk, words: str) -> None:
    expect(desk.page.locator("#kept")).to_contain_text(words)


@contextmanager
def _server_out_of_reach(desk: Desk, status: int = 0) -> Iterator[None]:
    """Let pages through and no entry: nothing answers, or a proxy with `status`."""

    def refuse(route: Route) -> None:
        if status:
            route.fulfill(status=status, body="busy")
        else:
            route.abort()

    desk.page.route("**/session/presence/**", refuse)
    yield
    desk.page.unroute("**/session/presence/**")


def test_an_entry_made_without_a_network_outlives_a_reload_and_is_recorded_once(
    tablet_of: Tablet, bed: Bed
) -> None:
    desk = tablet_of(bed.ward.nurse, has_worker=True)
    _opens(desk, bed)
    _enters(desk, "38.4")
    expect(desk.page.locator("[data-draft-note]")).to_contain_text("A draft is kept on this device.")

    desk.page.context.set_offline(True)
    _bar_says(desk, "No connection.")
    desk.page.reload()
    expect(desk.page.get_by_role("spinbutton", name="Body temperature")).to_have_value("38.4")
    expect(desk.page.get_by_role("region", name="Participant")).to_contain_text(bed.code)
    _sends_in_vain(desk)
    desk.follows("Enter another one")
    expect(desk.page.get_by_role("spinbutton", name="Body temperature")).to_have_value("")
    _enters(desk, "38.9", "2026-01-06 09:30")
    _sends_in_vain(desk)
    desk.page.reload()
    _bar_says(desk, "2 entries wait on this device")
    assert bed.temperatures() == []
    desk.page.context.set_offline(False)

    _bar_says(desk, "2 entries sent and recorded.")
    assert bed.temperatures() == ["38.4", "38.9"]
    assert desk.page.evaluate(STORED) == [[], 1]
    desk.page.reload()
    _opens(desk, bed)
    assert bed.temperatures() == ["38.4", "38.9"]


def test_a_draft_that_is_still_being_sealed_does_not_undo_the_sending(tablet_of: Tablet, bed: Bed) -> None:
    desk = tablet_of(bed.ward.nurse)
    _opens(desk, bed)
    desk.page.wait_for_load_state("networkidle")
    desk.page.evaluate(SLOW_SEALING)
    _enters(desk, "38.4")
    expect(desk.page.locator("body[data-seals]")).to_have_count(1)
    with _server_out_of_reach(desk):
        _sends_in_vain(desk)
        expect(desk.page.locator("body[data-seals]")).to_have_count(0)

        assert desk.page.evaluate(STORED) == [["unsent"], 1]


def test_a_lost_reply_and_a_session_that_ended_double_nothing(tablet_of: Tablet, bed: Bed) -> None:
    desk = tablet_of(bed.ward.nurse)
    _opens(desk, bed)
    _enters(desk, "38.4")

    desk.page.route(f"**{bed.form}", _loses_the_reply)
    _sends_in_vain(desk)
    assert bed.temperatures() == ["38.4"]
    desk.page.unroute(f"**{bed.form}")
    desk.page.context.clear_cookies()  # meanwhile the session ended
    desk.page.goto("/unsent/")
    _bar_says(desk, "1 entry waits on this device for the person who made it to sign in.")
    desk.enters(bed.ward.nurse.username, PASSWORD)

    _bar_says(desk, "1 entry sent and recorded.")
    assert bed.temperatures() == ["38.4"]
    assert desk.page.evaluate(STORED) == [[], 1]


def test_who_signs_in_on_the_same_tablet_sees_nothing_of_another_and_sends_nothing(
    tablet_of: Tablet, bed: Bed
) -> None:
    desk, other = tablet_of(bed.ward.nurse), make_user(Role.NURSE, bed.ward.site, at=bed.now)
    _opens(desk, bed)
    _enters(desk, "38.4")
    with _server_out_of_reach(desk, status=503):
        _sends_in_vain(desk)
        desk.page.context.clear_cookies()
        desk.signs_in(other.username, PASSWORD)
        expect(desk.page.get_by_role("heading", level=1)).to_have_text("Due today")

    desk.page.goto("/unsent/")
    expect(desk.page.get_by_text("Nothing waits on this device.")).to_be_visible()
    expect(desk.page.locator("#kept")).to_be_hidden()
    _opens(desk, bed)
    expect(desk.page.get_by_role("spinbutton", name="Body temperature")).to_have_value("")
    assert desk.page.evaluate(STORED) == [["unsent"], 1]  # sealed, and the only key is the other's
    assert bed.temperatures() == []
    desk.page.context.clear_cookies()
    desk.signs_in(bed.ward.nurse.username, PASSWORD)
    _bar_says(desk, "1 entry sent and recorded.")
    assert bed.temperatures() == ["38.4"]
    assert AnsweredForm.objects.get().user_id == bed.ward.nurse.pk


def test_an_open_form_of_one_person_is_not_recorded_in_the_session_of_another(
    tablet_of: Tablet, bed: Bed
) -> None:
    desk, other = tablet_of(bed.ward.nurse), make_user(Role.NURSE, bed.ward.site, at=bed.now)
    _opens(desk, bed)
    _enters(desk, "38.4")
    second = Desk(desk.page.context.new_page(), desk.address)
    second.page.context.clear_cookies()
    second.signs_in(other.username, PASSWORD)
    expect(second.page.get_by_role("heading", level=1)).to_have_text("Due today")

    _sends_in_vain(desk)

    expect(desk.page.get_by_text("You are not signed in any more.")).to_be_visible()
    assert bed.temperatures() == []


def test_a_refused_entry_stays_and_opens_with_its_values(tablet_of: Tablet, bed: Bed) -> None:
    desk = tablet_of(bed.ward.nurse)
    _opens(desk, bed)
    _enters(desk, "384")
    with _server_out_of_reach(desk):
        _sends_in_vain(desk)
    desk.page.goto("/unsent/")

    _bar_says(desk, "1 entry was not accepted and needs your attention.")
    expect(desk.page.locator(".kept-why")).to_contain_text("Between 30 and 44")
    desk.follows("Open")
    expect(desk.page.get_by_role("spinbutton", name="Body temperature")).to_have_value("384")
    desk.presses(SAVE)
    expect(desk.page.get_by_role("alert")).to_contain_text("Nothing was saved yet")
    desk.page.get_by_role("spinbutton", name="Body temperature").fill("38.4")
    desk.saves(SAVE, "Vital signs recorded.")

    assert bed.temperatures() == ["38.4"]
    assert desk.page.evaluate(STORED) == [[], 1]


def test_a_waiting_entry_that_is_changed_after_its_reply_was_lost_is_not_doubled_and_says_so(
    tablet_of: Tablet, bed: Bed
) -> None:
    desk = tablet_of(bed.ward.nurse)
    _opens(desk, bed)
    _enters(desk, "38.4")
    desk.page.route("**/session/presence/**", lambda route: route.abort())
    _sends_in_vain(desk)
    token = desk.page.locator("[data-kept-entry]").get_attribute("data-kept-entry")
    send = f"""async () => {{
      const proof = document.querySelector('meta[name="csrf-token"]').content;
      const body = new URLSearchParams({{ taken_at: "2026-01-06T09:00", TEMP: "38.4", once: "{token}" }});
      return (await fetch("{bed.form}", {{ method: "POST", headers: {{ "X-CSRFToken": proof }}, body }})).status;
    }}"""
    assert desk.page.evaluate(send) == 200  # the server has it, with other values than will come
    desk.page.unroute("**/session/presence/**")
    desk.page.goto("/unsent/")

    expect(desk.page.locator(".kept-why")).to_contain_text("This form was sent already with other values.")
    desk.presses("Discard")
    desk.presses("Keep it")
    desk.presses("Discard")
    desk.presses("Discard entry")

    expect(desk.page.get_by_text("Nothing waits on this device.")).to_be_visible()
    assert bed.temperatures() == ["38.4"]


def test_signing_out_warns_of_what_is_not_recorded_and_then_leaves_nothing(
    tablet_of: Tablet, bed: Bed
) -> None:
    desk = tablet_of(bed.ward.nurse)
    _opens(desk, bed)
    _enters(desk, "38.4")
    with _server_out_of_reach(desk):
        _sends_in_vain(desk)
        desk.page.get_by_role("button", name="Account:").click()
        desk.presses("Sign out")
        expect(desk.page.get_by_role("dialog")).to_contain_text("1 entry was not sent.")
        desk.presses("Stay signed in")
        assert desk.page.evaluate(STORED) == [["unsent"], 1]
        desk.page.goto("/accounts/logout/")
        desk.presses("Sign out")
        desk.presses("Remove and sign out")

        expect(desk.page.get_by_label("Username")).to_be_visible()
    assert desk.page.evaluate(STORED) == [[], 0]


def test_a_form_that_needs_its_answer_keeps_a_draft_until_it_is_recorded(
    desk_of: Callable[[User], Desk],
) -> None:
    desk = desk_of(make_ward().coordinator)
    desk.opens_home()
    desk.follows("Refer a participant")
    desk.chooses("Sex", "Female")
    desk.fills_in("Referred by", "Ward 7")
    expect(desk.page.locator("[data-draft-note]")).to_contain_text("A draft is kept on this device.")

    desk.page.reload()
    expect(desk.page.get_by_label("Referred by")).to_have_value("Ward 7")
    expect(desk.page.get_by_label("Female")).to_be_checked()
    desk.saves("Register and give a code", "Participant registered.")

    expect(desk.page.locator("#kept")).to_be_hidden()
    desk.page.wait_for_load_state("networkidle")
    assert desk.page.evaluate(STORED) == [[], 1]
    assert Participant.objects.count() == 1


@pytest.mark.parametrize(
    ("minutes", "source", "now"),
    [(0, "Clock of the server", "10:00"), (7, "this device is 7 min ahead", "10:00")],
    ids=["agrees", "ahead"],
)
def test_now_is_the_time_of_the_server_and_says_so(
    minutes: int, source: str, now: str, tablet_of: Tablet, bed: Bed
) -> None:
    desk = tablet_of(bed.ward.nurse)
    desk.page.clock.set_fixed_time(bed.now + timedelta(minutes=minutes))

    _opens(desk, bed)
    desk.presses("Now: enter the present time")

    expect(desk.page.locator(".now-source")).to_contain_text(source)
    expect(desk.page.get_by_label("Taken at")).to_have_value(f"2026-01-06T{now}")


CANARY = "quetzalcanarykvxw"


def test_nothing_that_was_typed_can_be_read_in_the_files_of_the_browser(
    chromium: Browser, live_server: LiveServer, bed: Bed, tmp_path: Path
) -> None:
    kept: Any = chromium.browser_type.launch_persistent_context(
        tmp_path,
        executable_path=browser_program(),
        args=ARGUMENTS,
        base_url=live_server.url,
        viewport=NARROW,
    )
    kept.clock.set_fixed_time(bed.now)
    desk = Desk(kept.new_page(), live_server.url)
    desk.signs_in(bed.ward.nurse.username, PASSWORD)
    desk.page.evaluate(CONTROLLED)
    _opens(desk, bed)
    desk.page.get_by_label("Why not").fill(CANARY)
    desk.page.get_by_label("Taken at").fill("2026-01-06 09:00")
    expect(desk.page.locator("[data-draft-note]")).to_contain_text("A draft is kept on this device.")
    kept.set_offline(True)
    _sends_in_vain(desk)
    desk.page.reload()
    desk.page.evaluate("document.cookie = 'plain=seenbythescan'")
    desk.page.evaluate("localStorage.setItem('plain', 'seenbythescan')")
    kept.close()

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert _holding("seenbythescan", files), "the scan finds what is written plainly"
    assert _holding(CANARY, files) == []


def _holding(words: str, files: list[Path]) -> list[str]:
    forms = (words.encode(), words.encode("utf-16-le"))
    return [path.name for path in files if any(form in path.read_bytes() for form in forms)]


# ---- An evening


class Evening:
    """Bedside rounds of one evening, each with a temperature of its own, so that one lost or doubled is seen."""

    def __init__(self, desk: Desk, bed: Bed, wall: SiteClock) -> None:
        self.desk = desk
        self.bed = bed
        self.wall = wall
        self.form = f"/participants/{bed.code}/rounds/record/"
        self.entered: list[tuple[str, str]] = []

    def round_at(self, time: str) -> None:
        self.wall.goes_to(f"2026-01-06 {time}")
        temperature = f"{36 + len(self.entered) / 10:.1f}"
        self.desk.page.goto(self.form)
        self.desk.page.get_by_role("button", name="Now: enter the present time").first.click()
        self.desk.page.get_by_role("spinbutton", name="Body temperature").fill(temperature)
        self.desk.chooses("Low blood pressure", "None")
        self.desk.chooses("ICE score", "10: all right")
        self.desk.page.get_by_label("Reason", exact=False).last.fill("Watched before the trial began")
        self.entered.append((time, temperature))

    def is_recorded(self) -> None:
        self.desk.saves(SAVE_ROUND, "Round recorded.")

    def waits(self) -> None:
        _sends_in_vain(self.desk, SAVE_ROUND)

    def on_record(self) -> list[tuple[str, str]]:
        found = Observation.objects.filter(participant__code=self.bed.code, test_code="TEMP").order_by(
            "recorded_at", "taken_at"
        )
        return [
            (f"{one.taken_at.astimezone(self.wall.zone):%H:%M}", f"{one.value:.1f}")
            for one in found
            if one.value is not None
        ]


def test_an_evening_of_four_hours_with_the_network_cut_in_the_middle_loses_and_doubles_nothing(
    tablet_of: Tablet, bed: Bed, site_clock: SiteClock
) -> None:
    site_clock.goes_to("2026-01-06 17:55")
    desk = tablet_of(bed.ward.nurse, has_worker=True)
    context, evening = desk.page.context, Evening(desk, bed, site_clock)
    for time in ("18:00", "18:30", "19:00"):
        evening.round_at(time)
        evening.is_recorded()

    # The network goes while an entry is under way: the server has it, the tablet does not know.
    evening.round_at("19:30")
    context.route(f"**{evening.form}", _loses_the_reply)
    evening.waits()
    context.unroute(f"**{evening.form}")
    assert evening.on_record() == evening.entered
    context.set_offline(True)
    for time in ("20:00", "20:15"):
        evening.round_at(time)
        evening.waits()
    evening.round_at("20:30")
    expect(desk.page.locator("[data-draft-note]")).to_contain_text("A draft is kept on this device.")
    expect(desk.page.locator('form[data-draft-state="kept"]')).to_be_attached()  # the last stroke as well
    desk.page.reload()  # the tablet was put down, and the page is loaded anew
    evening.waits()
    _bar_says(desk, "4 entries wait on this device")
    context.clear_cookies()  # nobody asked the server for an hour: the session is over
    evening.round_at("20:45")
    evening.waits()
    assert len(evening.on_record()) == 4

    site_clock.goes_to("2026-01-06 21:00")
    context.set_offline(False)
    _bar_says(desk, "5 entries wait on this device. Sign in again to send.")
    desk.page.locator("#kept").get_by_role("link", name="Sign in").click()
    desk.enters(bed.ward.nurse.username, PASSWORD)
    _bar_says(desk, "5 entries sent and recorded.")
    for time in ("21:15", "21:45", "22:00"):
        evening.round_at(time)
        evening.is_recorded()

    assert len(evening.entered) == 11
    assert evening.on_record() == evening.entered
    rounds = BedsideRound.objects.filter(participant__code=bed.code, voided_at=None, ice__isnull=False)
    assert rounds.count() == len(evening.entered)
    assert desk.page.evaluate(STORED) == [[], 1]
    assert AnsweredForm.objects.count() == len(evening.entered)


def _loses_the_reply(route: Route) -> None:
    """The server gets it and answers; the answer never arrives."""
    if route.request.method == "POST":
        route.fetch()
        route.abort()
    else:
        route.fallback()
