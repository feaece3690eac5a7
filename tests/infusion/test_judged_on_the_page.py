"""What the office judges of an adverse event on the page, and what stays confidential: each starts its clocks."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.test import Client
from django.urls import get_resolver, reverse

from infusion.models import AdverseEvent, ConfidentialCase
from infusion.rules.safety_case import susar_clocks
from infusion.services.confidential import record_confidential_case
from participants.models import Deviation, JourneyEvent, Obligation
from participants.services.delivery import message_for
from participants.services.sweep import sweep_once
from participants.states import State
from tests.factories.api import Program, shown
from tests.factories.api import refused as answered
from tests.factories.journeys import Story, participant_at
from tests.factories.traces import refused
from tests.participants.web import browser_of, filled
from trialsite.accounts.permissions import SystemActor
from trialsite.audit.models import Entry

NOT_SAID = "pregnan"


def on_the_clock(story: Story, hours: float = 0) -> str:
    at = story.now + timedelta(hours=hours)
    return at.astimezone(ZoneInfo(story.ward.site.time_zone)).strftime("%Y-%m-%dT%H:%M")


def clocks(story: Story) -> dict[str, Obligation]:
    rows = Obligation.objects.in_force().filter(participant=story.participant, kind="clock")
    return {row.item_id: row for row in rows if row.cancelled_at is None}


def sends(client: Client, name: str, *args: object, **entered: Any) -> int:
    return client.post(reverse(name, args=args), filled(**entered)).status_code


@pytest.mark.django_db
def test_the_clocks_of_a_susar_are_started_from_the_browser() -> None:
    story = participant_at(State.INFUSED).wait(2)
    code, nurse = story.participant.code, browser_of(story.ward.nurse)
    event = {"term": "Pneumonitis", "onset_at": on_the_clock(story, -3), "aware_at": on_the_clock(story, -2)}
    judged = {
        "is_serious": "yes",
        "is_special_interest": "no",
        "is_dlt": "open",
        "relation_procedure": "unlikely",
    }
    assert sends(nurse, "adverse-event-record", code, toxicity_grade="3", **event, **judged) == 303
    found = AdverseEvent.objects.get()
    assert (found.relation_product, found.relation_procedure) == ("", "unlikely")
    assert nurse.get(reverse("adverse-event-sponsor", args=[code, found.pk])).status_code == 403

    office, args = browser_of(story.ward.coordinator), (code, found.pk)
    assert (
        sends(
            office,
            "adverse-event-relation",
            *args,
            relation_product="possible",
            relation_procedure="unlikely",
        )
        == 303
    )
    assert "C-SUSAR-15" not in clocks(story)
    version = str(AdverseEvent.objects.get().version)
    seen = {"sponsor_relation": "unrelated", "is_expected": "no", "sponsor_aware_at": on_the_clock(story, -1)}
    page = office.post(reverse("adverse-event-sponsor-beside", args=args), filled(**seen)).text
    assert "Other SUSAR" in page
    assert sends(office, "adverse-event-sponsor", *args, **seen, version=version) == 303
    assert clocks(story)["C-SUSAR-15"].opens_at == (story.now - timedelta(hours=1)).replace(
        second=0, microsecond=0
    )

    api, url = Program(story.ward.coordinator, story.now), f"adverse-events/{found.pk}/relation/"
    assert answered(api.post(url, {"relation_product": "unlikely"})) == (422, "reason-required")
    changed = api.post(url, {"relation_product": "unlikely", "reason": "Culture positive."}).json()
    assert (changed["relation_product"], changed["relation_procedure"]) == ("unlikely", "")
    assert "C-SUSAR-15" not in clocks(story)  # neither side sees a relation any more


@pytest.mark.django_db
def test_a_confidential_case_starts_its_clock_and_is_named_nowhere() -> None:
    story = participant_at(State.INFUSED).wait(2)
    code, office = story.participant.code, browser_of(story.ward.coordinator)
    entered = {"concerns": "participant", "aware_at": on_the_clock(story, -2), "expected_on": "2026-07-01"}
    assert sends(office, "confidential-record", code, **entered) == 303
    case = ConfidentialCase.objects.get()
    clock = clocks(story)["C-CONF"]
    assert (clock.closes_at, clock.fulfilled_at) == (case.aware_at + timedelta(hours=24), None)
    assert "The participant" in office.get(reverse("panel-confidential", args=[code])).text
    assert browser_of(story.ward.admin).get(reverse("panel-confidential", args=[code])).status_code == 403

    late = story.now + timedelta(hours=30)
    sweep_once(by=SystemActor("sweep"), at=late)  # past its time it is still owed
    assert clocks(story)["C-CONF"].fulfilled_at is None
    written = [
        *(str(message_for(one).message()) for one in clock.reminders.select_related("recipient")),
        *(f"{one.facts} {one.reason} {one.item}" for one in JourneyEvent.objects.all()),
        *(
            f"{one.action} {one.table_name} {one.old} {one.new}"
            for one in Entry.objects.filter(participant_id=str(story.participant.pk))
        ),
        *(f"{one.title} {one.key}" for one in Obligation.objects.all()),
        *(one.description for one in Deviation.objects.all()),
        *(str(pattern) for pattern in get_resolver().reverse_dict.values()),
        office.get("/").text,
    ]
    assert not [one for one in written if NOT_SAID in one.lower() or "2026-07-01" in one]

    story.now = late
    report = {"sent_at": on_the_clock(story), "recipient": "Sponsor"}
    assert sends(office, "confidential-report", code, case.pk, **report) == 303
    assert clocks(story)["C-CONF"].fulfilled_at is not None
    assert "on record already" in office.get(reverse("confidential-report", args=[code, case.pk])).text


@pytest.mark.django_db
def test_a_confidential_case_is_refused_where_it_cannot_be() -> None:
    story = participant_at(State.SCREENING)
    given = {"participant": story.participant, "by": story.ward.nurse, "at": story.now}
    with refused("unknown-code", field="concerns"):
        record_confidential_case(concerns="sister", aware_at=story.now, **given)
    with refused("date-impossible", field="expected_on"):
        record_confidential_case(
            concerns="partner",
            aware_at=story.now,
            expected_on=story.now.date() + timedelta(days=400),
            **given,
        )
    story.participant.sex = "male"
    with refused("concerns-nobody", field="concerns"):
        record_confidential_case(concerns="participant", aware_at=story.now, **given)
    case = record_confidential_case(concerns="partner", aware_at=story.now, **given)
    with refused("recorded-already"):
        record_confidential_case(concerns="partner", aware_at=story.now, **given)

    api, url = Program(story.ward.coordinator, story.now), f"confidential-cases/{case.pk}/reports/"
    body = {"sent_at": shown(story.now), "recipient": "Sponsor"}
    assert api.post(url, body).status_code == 201
    assert answered(api.post(url, body)) == (409, "reported-already")
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("serious", "criteria", "related", "expected", "found"),
    [
        (True, (), True, False, ("C-SUSAR-15",)),
        (True, ("death",), True, False, ("C-SUSAR-7", "C-SUSAR-FULL")),
        (True, ("hospitalisation", "life_threatening"), True, False, ("C-SUSAR-7", "C-SUSAR-FULL")),
        (False, (), True, False, ()),
        (True, (), False, False, ()),
        (True, (), True, True, ()),
        (True, (), True, None, ()),
    ],
)
def test_which_clocks_of_a_susar_run(
    serious: bool, criteria: tuple[str, ...], related: bool, expected: bool | None, found: tuple[str, ...]
) -> None:
    given = susar_clocks(is_serious=serious, seriousness=criteria, is_related=related, is_expected=expected)
    assert given == found
