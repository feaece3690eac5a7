"""How a form behaves under real hands: a wrong password, a double click, the back button, the keyboard."""

from collections.abc import Callable

from playwright.sync_api import expect

from participants.models import Participant
from participants.services.versions import activate_icf
from tests.browser.conftest import SiteClock
from tests.browser.pages import Desk
from tests.factories.accounts import PASSWORD
from tests.factories.journeys import make_ward, new_icf, refer
from trialsite.accounts.models import User

SeatedAt = Callable[[User], Desk]
REGISTER = "Register and give a code"


def _opens_the_referral(desk: Desk) -> None:
    desk.opens_home()
    desk.follows("Refer a participant")
    desk.chooses("Sex", "Female")


def test_a_wrong_password_says_so_and_keeps_the_door_shut(
    new_desk: Callable[..., Desk], site_clock: SiteClock
) -> None:
    nurse = make_ward().nurse
    desk = new_desk()

    desk.signs_in(nurse.username, "not the phrase at all")

    expect(desk.page.get_by_role("alert")).to_contain_text(
        "The username and/or password you specified are not"
    )
    expect(desk.page.get_by_label("Username")).to_have_value(nurse.username)
    expect(desk.page.get_by_label("Password")).to_have_value("")
    desk.signs_in(nurse.username, PASSWORD)
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Due today")


def test_a_page_asked_for_before_signing_in_is_there_afterwards(
    new_desk: Callable[..., Desk], site_clock: SiteClock
) -> None:
    ward = make_ward()
    code = refer(ward).participant.code
    desk = new_desk()

    desk.page.goto(f"/participants/{code}/consent/")
    desk.enters(ward.coordinator.username, PASSWORD)

    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Record consent")


def test_a_double_click_saves_once(desk_of: SeatedAt) -> None:
    desk = desk_of(make_ward().coordinator)
    _opens_the_referral(desk)

    desk.page.get_by_role("button", name=REGISTER).dblclick()

    desk.sees("Participant registered.")
    assert Participant.objects.count() == 1


def test_two_requests_of_one_form_save_once(desk_of: SeatedAt) -> None:
    """What the script holds back is held back by the server as well."""
    desk = desk_of(make_ward().coordinator)
    _opens_the_referral(desk)
    twice = """async () => {
      const form = document.getElementById("step-form");
      const send = () => fetch(form.action, { method: "POST", body: new FormData(form) });
      return (await Promise.all([send(), send(), send()])).map((answer) => [answer.status, answer.url]);
    }"""

    answers = desk.page.evaluate(twice)

    assert Participant.objects.count() == 1
    assert {status for status, _ in answers} == {200}
    assert {url.rstrip("/").rpartition("/")[2] for _, url in answers} == {Participant.objects.get().code}


def test_a_form_that_was_sent_is_closed_to_who_comes_back_to_it(desk_of: SeatedAt) -> None:
    desk = desk_of(make_ward().coordinator)
    _opens_the_referral(desk)
    desk.saves(REGISTER, "Participant registered.")

    desk.page.go_back()

    expect(desk.page.get_by_text("This form was sent already.")).to_be_visible()
    expect(desk.page.get_by_role("button", name=REGISTER)).to_be_disabled()
    desk.page.get_by_label("Referred by").press("Control+Enter")
    desk.page.wait_for_load_state("networkidle")
    assert Participant.objects.count() == 1
    desk.follows("open the form anew")
    desk.saves(REGISTER, "Participant registered.")
    assert Participant.objects.count() == 2


def test_a_form_that_was_refused_is_open_to_who_comes_back_to_it(desk_of: SeatedAt) -> None:
    desk = desk_of(make_ward().coordinator)
    _opens_the_referral(desk)
    desk.fills_in("Year of birth", "1861")
    desk.presses(REGISTER)
    expect(desk.page.get_by_role("alert")).to_contain_text("Nothing was saved yet")

    desk.page.go_back()
    desk.fills_in("Year of birth", "1961")
    desk.saves(REGISTER, "Participant registered.")

    assert Participant.objects.get().birth_year == 1961


def test_t_is_today_and_now_is_the_present_time_at_the_site(desk_of: SeatedAt, site_clock: SiteClock) -> None:
    ward = make_ward()
    story = refer(ward)
    desk = desk_of(ward.coordinator)
    site_clock.goes_to("2026-01-08 00:30")  # in London it is still the day before

    desk.page.goto(f"/participants/{story.participant.code}/identity/")
    born_on = desk.page.get_by_label("Date of birth")
    born_on.press("t")
    expect(born_on).to_have_value("2026-01-08")
    desk.page.goto(f"/participants/{story.participant.code}/consent/")
    signed_at = desk.page.get_by_label("Time of signature")
    signed_at.fill("2026-01-06 10:00")
    site_clock.goes_to("2026-01-08 00:42")
    desk.page.get_by_role("button", name="Now").click()

    expect(signed_at).to_have_value("2026-01-08 00:42")


def test_enter_in_a_field_does_not_send_a_half_filled_form(desk_of: SeatedAt) -> None:
    desk = desk_of(make_ward().coordinator)
    _opens_the_referral(desk)

    desk.page.get_by_label("Year of birth").fill("1961")
    desk.page.get_by_label("Year of birth").press("Enter")

    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Refer a participant")
    assert not Participant.objects.exists()


def test_what_was_typed_outlives_a_refusal_and_the_field_says_why(desk_of: SeatedAt) -> None:
    desk = desk_of(make_ward().coordinator)
    _opens_the_referral(desk)
    desk.fills_in("Referred by", "Ward 7")
    desk.fills_in("Year of birth", "1861")

    desk.presses(REGISTER)

    expect(desk.page.get_by_role("alert")).to_contain_text("Nothing was saved yet")
    expect(desk.page.get_by_role("alert")).to_be_focused()
    expect(desk.page.get_by_label("Referred by")).to_have_value("Ward 7")
    desk.page.get_by_role("alert").get_by_role("link", name="Year of birth").click()
    expect(desk.page.get_by_label("Year of birth")).to_be_focused()


def test_the_version_of_the_consent_form_is_held_against_the_time_while_it_is_entered(
    desk_of: SeatedAt, site_clock: SiteClock
) -> None:
    ward = make_ward()
    code = refer(ward).participant.code
    site_clock.goes_to("2026-01-20 10:00")
    newer = new_icf(ward.site, ward.admin, at=site_clock.now)
    activate_icf(
        site=ward.site,
        icf=newer,
        approved_on=site_clock.now.date(),
        activated_at=site_clock.now,
        by=ward.admin,
        at=site_clock.now,
    )
    desk = desk_of(ward.coordinator)
    remarks = desk.page.locator("#consent-remarks")

    desk.page.goto(f"/participants/{code}/consent/")
    desk.page.get_by_label("Time of signature").fill("2026-01-06 10:00")
    desk.page.get_by_label("Time of signature").press("Tab")

    expect(remarks).to_contain_text(f"In force at that time: ICF {ward.icf.number}.")
    desk.page.get_by_text(f"ICF {ward.icf.number}, approved").click()
    expect(remarks).not_to_contain_text("In force at that time")
