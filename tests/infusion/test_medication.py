"""Concomitant medication: what the protocol prohibits, and what becomes of it. The rules first, then service, API, page."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from infusion.models import ConcomitantMedication
from infusion.rules.medication import (
    MedicationClass,
    MedicationFacts,
    Treated,
    is_rescue,
    medication_findings,
    prohibitions,
)
from infusion.services.adverse_events import record_adverse_event
from infusion.services.medications import end_medication, record_medication
from participants.models import Deviation
from participants.states import State
from tests.factories.api import Program, answers, shown, statements
from tests.factories.api import refused as turned_away
from tests.factories.journeys import Story, make_ward, participant_at
from tests.factories.traces import refused, traces
from tests.participants.web import browser_of, filled
from tests.protocol.engine import event
from tests.screening.desk import path
from trialsite import clock
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import EventKind

V = resolve("1.0")
COLLECTED = date(2026, 3, 1)
D0 = date(2026, 4, 1)
DAY = timedelta(days=1)
STEROID, VACCINE = MedicationClass.CORTICOSTEROID, MedicationClass.LIVE_VACCINE
EVENTS = (
    event(EventKind.SCREENING_STARTED, "2026-02-09"),
    event(EventKind.LEUKAPHERESIS_PERFORMED, "2026-03-01"),
    event(EventKind.INFUSED, "2026-04-01"),
)


def steroid(started_on: date = D0, mg: str | None = "40", **more: object) -> MedicationFacts:
    return MedicationFacts(
        medication_class=STEROID,
        started_on=started_on,
        prednisone_mg=None if mg is None else Decimal(mg),
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("facts", "is_prohibited"),
    [
        (steroid(), True),
        (steroid(mg="10.01"), True),
        (steroid(mg="10"), False),
        (steroid(mg=None), True),
        (steroid(is_rescue=True), False),
        (steroid(COLLECTED - 9 * DAY, ended_on=COLLECTED - DAY), False),
        (steroid(COLLECTED - 9 * DAY, ended_on=COLLECTED), True),
        (steroid(COLLECTED - 9 * DAY), True),
        (steroid(D0 + 28 * DAY), True),
        (steroid(D0 + 29 * DAY), False),
        (MedicationFacts(medication_class=VACCINE, started_on=date(2027, 4, 1), is_rescue=True), True),
        (MedicationFacts(medication_class=VACCINE, started_on=date(2027, 4, 2)), False),
        (MedicationFacts(medication_class=MedicationClass.OTHER, started_on=D0), False),
    ],
)
def test_what_is_prohibited(facts: MedicationFacts, is_prohibited: bool) -> None:
    assert bool(prohibitions(V, facts, EVENTS)) is is_prohibited
    found = medication_findings(V, facts, EVENTS, "m")
    assert [(one.category.value, one.is_important) for one in found] == [
        ("prohibited_medication", True)
    ] * is_prohibited


@pytest.mark.parametrize(("known", "is_prohibited"), [(EVENTS[:1], False), (EVENTS[:2], True)])
def test_a_period_begins_with_its_event_and_stays_open_until_the_infusion(
    known: tuple[object, ...], is_prohibited: bool
) -> None:
    assert bool(prohibitions(V, steroid(D0 + 90 * DAY), known)) is is_prohibited  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("treated", "day", "answer"),
    [
        (None, 0, False),
        (Treated(syndrome="crs", onset_on=D0, resolved_on=None), 0, True),
        (Treated(syndrome="crs", onset_on=D0, resolved_on=None), -1, False),
        (Treated(syndrome="icans", onset_on=D0, resolved_on=D0 + DAY), 1, True),
        (Treated(syndrome="icans", onset_on=D0, resolved_on=D0 + DAY), 2, False),
        (Treated(syndrome="", onset_on=D0, resolved_on=None), 0, False),
    ],
)
def test_rescue_is_for_a_crs_or_icans_that_is_there(treated: Treated | None, day: int, answer: bool) -> None:
    assert is_rescue(treated, D0 + day * DAY) is answer


def today(story: Story) -> date:
    return clock.local_date(story.ward.site.time_zone, story.now)


def is_given(story: Story, **given: object) -> ConcomitantMedication:
    values = {
        "participant": story.participant,
        "name": "Dexamethasone",
        "medication_class": STEROID,
        "started_on": today(story),
        "prednisone_mg_per_day": Decimal(60),
        "by": story.ward.nurse,
        "at": story.now,
    }
    return record_medication(**values | given)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_prohibited_medication_is_recorded_with_a_reason_and_is_a_deviation() -> None:
    story = participant_at(State.INFUSED).wait(2)
    with refused("reason-required", field="reason"):
        is_given(story)
    with refused("dose-required", field="prednisone_mg_per_day"):
        is_given(story, prednisone_mg_per_day=None)
    with refused("name-required", field="name"):
        is_given(story, name=" ")
    with refused("in-the-future", field="started_on"):
        is_given(story, started_on=today(story) + DAY)
    with refused("in-the-future", field="ended_on"):
        is_given(story, ended_on=today(story) + DAY)
    with refused("ended-before-start", field="ended_on"):
        is_given(story, ended_on=today(story) - DAY)

    given = is_given(story, reason="Swelling of the throat")
    found = Deviation.objects.get(rule_id="PROHIBITED-M-STEROID")
    assert (found.subject, found.category, found.proposed_important) == (
        str(given.pk),
        "prohibited_medication",
        True,
    )
    assert {table for _, _, table in traces("infusion.medication_recorded")} == {
        "infusion_concomitantmedication",
        "participants_deviation",
    }
    crs = record_adverse_event(
        participant=story.participant,
        term="CRS",
        onset_at=story.now,
        aware_at=story.now,
        toxicity_grade=2,
        by=story.ward.nurse,
        at=story.now,
    )
    is_given(story, adverse_event=crs)
    assert Deviation.objects.filter(category="prohibited_medication").count() == 1

    story.wait(3)
    end_medication(medication=given, ended_on=today(story), by=story.ward.nurse, at=story.now)
    with refused("ended-already"):
        end_medication(medication=given, ended_on=today(story), by=story.ward.nurse, at=story.now)


@pytest.mark.django_db
def test_one_that_ended_before_the_period_is_found_no_longer_and_one_that_reaches_into_it_is() -> None:
    story = participant_at(State.ENROLLED)
    begun = today(story)
    early, late = (is_given(story, name=name, started_on=begun) for name in ("Early", "Late"))
    story.wait(3).gives_cells()
    again = is_given(story, name="Again", started_on=begun, reason="Entered from the letter")
    nurse, at = story.ward.nurse, story.now
    end_medication(medication=early, ended_on=begun, by=nurse, at=at)
    end_medication(medication=late, ended_on=today(story), by=nurse, at=at)
    end_medication(medication=again, ended_on=begun + DAY, by=nurse, at=at)
    rows = Deviation.objects.filter(rule_id="PROHIBITED-M-STEROID").values_list("subject", "status")
    assert set(rows) == {(str(late.pk), "draft"), (str(again.pk), "closed")}


@pytest.mark.django_db
def test_medication_through_the_api() -> None:
    story = participant_at(State.ENROLLED)
    nurse, here = Program(story.ward.nurse, story.now), f"participants/{story.participant.code}/medications/"
    body = {"name": "Paracetamol", "medication_class": "other", "started_on": today(story).isoformat()}
    made = nurse.post(here, body | {"dose": "1 g by mouth"})
    assert (made.status_code, made.json()["ended_on"]) == (201, None)
    unknown = body | {"adverse_event": str(story.ward.site.pk)}
    assert turned_away(nurse.post(here, unknown)) == (400, "unknown-reference")
    assert nurse.get(here).json()["results"] == [made.json()]
    statements(nurse, here)  # the first one also reads who asks
    alone = statements(nurse, here)
    end = f"medications/{made.json()['id']}/end/"
    assert nurse.post(end, {"ended_on": body["started_on"]}).json()["ended_on"] == body["started_on"]
    event_of = {
        "term": "Headache",
        "onset_at": shown(story.now),
        "aware_at": shown(story.now),
        "toxicity_grade": 1,
    }
    headache = nurse.post(f"participants/{story.participant.code}/adverse-events/", event_of).json()
    second = nurse.post(here, body | {"adverse_event": headache["id"]})
    assert second.json()["adverse_event"] == headache["id"]
    assert statements(nurse, here) == alone
    routes = [("post", here), ("post", end)]
    assert set(answers(Program(story.ward.admin, story.now), routes).values()) == {(403, "not-permitted")}
    assert set(answers(Program(make_ward().nurse, story.now), routes).values()) == {(404, "not-found")}


@pytest.mark.django_db
def test_the_page_records_a_medication_and_says_what_is_prohibited(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.INFUSED).wait(1)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    client = browser_of(story.ward.nurse)
    entered = filled(
        name="Prednisolone",
        medication_class="corticosteroid",
        started_on=today(story).isoformat(),
        prednisone_mg_per_day="50",
        version=str(story.participant.version),
    )
    refused_page = client.post(path(story, "medication/record/"), entered)
    assert refused_page.status_code == 422
    assert "Prohibited medication" in refused_page.content.decode()
    saved = client.post(path(story, "medication/record/"), entered | filled(reason="Swelling of the throat"))
    assert saved.status_code == 303
    medication = ConcomitantMedication.objects.get()
    panel = client.get(path(story, "panels/medication/")).content.decode()
    assert "Systemic corticosteroid above 10 mg" in panel
    ended = client.post(
        path(story, f"medication/{medication.pk}/end/"), filled(ended_on=today(story).isoformat())
    )
    assert ended.status_code == 303
