"""Every page, at 1440 px and as narrow as a tablet: no error, no stranger, no sideways scroll, no barrier.

The pages come from the URL conf. A new one is examined the day it appears.
"""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from playwright.sync_api import expect

from followup.models import Visit
from infusion.models import AdverseEvent
from infusion.services.adverse_events import record_adverse_event
from participants.services.deviations import record_deviation
from participants.states import State
from screening.models import Evidence
from tests.architecture.test_routes import (
    EXCEPTIONS,
    ROUTES,
    Route,
    World,
    has_mail_that_failed,
    has_round,
    is_on_medication,
    of_a_question,
    of_the_feed,
    of_the_ledger,
    of_the_record,
    of_the_signatures,
)
from tests.browser.conftest import IS_AT_LENGTH, SiteClock
from tests.browser.pages import Desk
from tests.browser.soundness import Watch
from tests.factories.accounts import make_user
from tests.factories.handling import of_a_deviation
from tests.factories.journeys import Story, make_ward, participant_at, there
from tests.participants.web import browser_of
from trialsite.accounts.models import Membership, User
from trialsite.accounts.permissions import PERMISSIONS, Permission, Role
from trialsite.protocol.findings import Category

# Two roles that between them may open every page: each page is looked at once.
# At length, every role looks, and these two on a tablet as well.
LOOKING = (Role.INVESTIGATOR, Role.ADMIN)


def make_world() -> World:
    """A participant in follow-up with a record of every kind: everything that a URL may name."""
    story = participant_at(State.FOLLOW_UP)
    ward = story.ward
    event = record_adverse_event(
        participant=story.participant,
        term="Neutropenia after lymphodepletion, with fever",
        onset_at=story.now,
        aware_at=story.now,
        toxicity_grade=3,
        is_serious=True,
        by=ward.nurse,
        at=story.now,
    )
    record_deviation(
        participant=story.participant,
        category=Category.OTHER,
        description="The label of a tube was torn",
        is_important=False,
        occurred_at=story.now,
        by=ward.coordinator,
        at=story.now,
        reason="",
    )
    story.wait(hours=30)
    return World(story=story, values=_values(story, event))


def _values(story: Story, event: AdverseEvent) -> dict[str, str]:
    values = {
        "round_id": has_round(story),
        "reminder_id": has_mail_that_failed(story).pk,
        "consent_id": there(story.consent).pk,
        **of_a_deviation(story),
        "leukapheresis_id": there(story.leukapheresis).pk,
        "product_id": there(story.product).pk,
        "entry_id": story.moves_bag("stored", temperature_c="-120").pk,
        "infusion_id": there(story.infusion).pk,
        "cohort_id": there(story.slot).cohort_id,
        "slot_id": there(story.slot).pk,
        "medication_id": is_on_medication(story),
        "bridging_id": story.gets_bridging().pk,
        "event_id": event.pk,
        "visit_id": Visit.objects.get(obligation_key="V-D1#1").pk,
        "group": "laboratory",
        "item": "lesions",
        "evidence_id": Evidence.objects.filter(episode=there(story.episode), item="lesions")
        .latest("recorded_at")
        .pk,
        "page": "trail",
        "section": "safety",
        "picture": "flow",
        "arm": "intravenous",
        "route": "intravenous",
        "clock_id": "C-SAE",
        "key": "V-D28#1",
        "user_id": story.ward.nurse.pk,
        "membership_id": Membership.objects.get(user=story.ward.nurse).pk,
        **of_the_record(story),
        **of_the_ledger(story),
        **of_the_feed(story),
        **of_a_question(story, event),
        **of_the_signatures(story),
    }
    return {name: str(value) for name, value in values.items()}


def person_for(role: Role, world: World) -> User:
    ward = world.story.ward
    return make_user(role, ward.site) if role is Role.AUDITOR else getattr(ward, role.value)


def pages_for(client: Client, role: Role, world: World, *, is_all: bool = IS_AT_LENGTH) -> Iterator[str]:
    """Yield the paths that answer this role with a whole page; parts of pages come with the pages they belong to.

    is_all: those, too, at which a role before this one looks.
    """
    for route in ROUTES:
        if route.method != "GET" or route.is_api or not _is_open(route, role):
            continue
        if not is_all and any(_is_open(route, one) for one in LOOKING[: LOOKING.index(role)]):
            continue
        if route.template.endswith(".ics"):
            continue  # for calendar programs, under a secret of their owner
        answer = client.get(world.path(route))
        if answer.status_code == 405 or str(route) in EXCEPTIONS:
            continue
        assert answer.status_code in {200, 302, 303}, (str(route), answer.status_code)
        if answer.status_code == 200 and not answer.streaming and b"<!doctype html>" in answer.content[:200]:
            yield world.path(route)


def _is_open(route: Route, role: Role) -> bool:
    return route.permission is None or role in PERMISSIONS[Permission(str(route.permission))]


@pytest.mark.parametrize("role", list(Role) if IS_AT_LENGTH else LOOKING)
def test_every_page_of_a_role_is_sound(
    role: Role, new_desk: Callable[..., Desk], site_clock: SiteClock
) -> None:
    world = make_world()
    site_clock.shows(world.story.now)
    client = browser_of(person_for(role, world))
    pages = list(pages_for(client, role, world))
    faults = []
    for is_tablet in (False, True) if IS_AT_LENGTH and role in LOOKING else (False,):
        desk = new_desk(is_tablet=is_tablet)
        desk.takes_over(client)
        watch = Watch(desk.page)
        for path in pages:
            watch.opens(path)
        faults += watch.report()

    assert len(pages) > 5
    assert not faults, "\n".join(faults)


def test_two_roles_together_may_open_every_page() -> None:
    permissions = {route.permission for route in ROUTES if not route.is_api and route.permission}

    unseen = {one for one in permissions if not PERMISSIONS[Permission(str(one))] & set(LOOKING)}

    assert not unseen


@pytest.mark.parametrize("is_tablet", [False, True], ids=["1440", "768"])
def test_the_doors_are_sound(is_tablet: bool, new_desk: Callable[..., Desk], site_clock: SiteClock) -> None:
    ward = make_ward()
    desk = new_desk(is_tablet=is_tablet)
    watch = Watch(desk.page)

    watch.opens("/accounts/login/")
    desk.takes_over(browser_of(ward.nurse))
    watch.opens("/participants/NOBODY/", status=404)
    watch.opens("/users/", status=403)
    watch.opens("/accounts/logout/")

    assert not watch.faults, "\n".join(watch.report())


def test_the_api_pages_ask_nobody_else(new_desk: Callable[..., Desk], site_clock: SiteClock) -> None:
    desk = new_desk()
    desk.takes_over(browser_of(make_ward().coordinator))
    watch = Watch(desk.page, is_axe_asked=False)  # the page is Swagger's own

    watch.opens("/api/v1/docs/")

    expect(desk.page.get_by_role("heading", name="adverse-events")).to_be_visible(timeout=30_000)
    desk.page.keyboard.press("End")  # Swagger renders the sections that are in view
    expect(desk.page.get_by_role("heading", name="worklist")).to_be_visible(timeout=30_000)
    assert not watch.faults, "\n".join(watch.report())


def test_the_watch_sees_what_is_wrong_with_a_page(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk()
    wrong = """<!doctype html><html lang="en"><title>Wrong</title><script>alert(1)</script>
        <div style="width: 3000px">wide</div><img src="http://elsewhere.invalid/a.png"><button></button>"""
    rules = {"Content-Security-Policy": "default-src 'none'", "Content-Type": "text/html"}
    desk.page.route("**/wrong/", lambda route: route.fulfill(status=500, body=wrong, headers=rules))
    desk.page.route("**/wide/", lambda route: route.fulfill(body=wrong, content_type="text/html"))
    watch = Watch(desk.page)
    desk.page.on("dialog", lambda dialog: dialog.dismiss())

    watch.opens("/wrong/")
    watch.opens("/wide/")

    report = "\n".join(watch.report())
    for sign in ("answered 500", "Executing inline script", "px wide", "asks another host", "button-name"):
        assert sign in report, report
