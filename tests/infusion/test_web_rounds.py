"""Bedside rounds in the browser: the form with its live grades, the correction, the panel, the handover sheet."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from infusion.models import BedsideRound
from infusion.queries.bedside import vital_signs_of
from infusion.services.bedside import record_round
from participants.models import ObservationDomain, Participant
from participants.services.observations import Reading, record_observations
from participants.states import State
from tests.factories.journeys import Story, participant_at
from tests.infusion.test_bedside import SIGNS, quiet
from tests.participants.web import browser_of, filled, queries_of
from tests.screening.desk import desk, path, wall
from trialsite import clock
from trialsite.protocol.types import Arm

pytestmark = pytest.mark.django_db

NEUROLOGY = {"ice": "all", "neurology": "normal"}


def on_the_ward(monkeypatch: pytest.MonkeyPatch, arm: Arm = Arm.INTRAVENOUS) -> Story:
    story = participant_at(State.INFUSED, arm=arm).wait(hours=1)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    return story


def round_of(story: Story, **more: object) -> dict[str, object]:
    return {
        "taken_at": wall(story.now),
        "TEMP": "100.4",
        "temperature_unit": "°F",
        "PULSE": "96",
        "RESP": "18",
        "SYSBP": "112",
        "DIABP": "64",
        "OXYSAT": "95",
        "oxygen_device": "room_air",
        "hypotension": "none",
        **NEUROLOGY,
        **more,
    }


def test_one_form_records_the_round_and_the_page_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    story = on_the_ward(monkeypatch)
    nurse, here = desk(story, "nurse"), path(story, "rounds/record/")
    opened = nurse.get(here).content.decode()
    assert 'inputmode="decimal"' in opened
    assert "data-keeps-unsent" in opened
    assert "drained_volume_ml" not in opened  # of the other route

    live = nurse.post(f"{here}beside/", filled(**round_of(story))).content.decode()
    assert "Fever of 38.0 °C" in live
    assert "CRS-FEVER" in live
    assert "Round after infusion, 1 h" in live  # what it is for
    assert not BedsideRound.objects.exists()
    partly = nurse.post(
        f"{here}beside/", filled(TEMP="38.5", temperature_unit="°C", TEMPX="x")
    ).content.decode()
    assert "between 1 and 4" in partly
    assert "Not documented:" in partly

    saved = nurse.post(here, filled(**round_of(story, antipyretic_at=wall(story.now))))
    assert (saved.status_code, saved.headers["Location"]) == (303, path(story, "rounds/"))
    row = BedsideRound.objects.get()
    assert (row.crs_grade, row.icans_grade, str(vital_signs_of(row)["TEMP"])) == (1, 0, "38.0")

    page = nurse.get(path(story, "rounds/")).content.decode()
    assert "antipyretic" in page
    panel = nurse.get(path(story, "panels/bedside/")).content.decode()
    assert "Fever of 38.0 °C" in panel
    assert "1 done" in panel
    sheet = nurse.get("/handover/").content.decode()
    assert story.participant.code in sheet
    assert "CRS 1" in sheet
    assert "Fever up to 38 °C" in sheet


REFUSED = [
    ({"TEMP": "50", "temperature_unit": "°C"}, "TEMP"),
    ({"TEMP": "41.0", "temperature_unit": "°C"}, "TEMP"),
    ({"SYSBP": "60"}, "DIABP"),
    ({"crs_grade": "0"}, "override_reason"),
    ({"neurology": "findings", "pressure": "yes"}, "pressure_signs"),
]


def test_what_wants_a_second_look_or_a_reason_is_asked_for_at_its_field(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = on_the_ward(monkeypatch)
    nurse, here = desk(story, "nurse"), path(story, "rounds/record/")
    for change, field in REFUSED:
        answer = nurse.post(here, filled(**round_of(story, **change)))
        assert answer.status_code == 422, change
        assert field in answer.context["form"].errors, answer.context["form"].errors
    assert not BedsideRound.objects.exists()

    unusual = round_of(
        story, TEMP="41.0", temperature_unit="°C", is_checked="on", crs_grade="2", override_reason="shock"
    )
    assert nurse.post(here, filled(**unusual)).status_code == 303
    assert BedsideRound.objects.get().crs_grade == 2
    again = nurse.post(here, filled(**unusual))
    assert "taken_at" in again.context["form"].errors  # one round at one time
    assert desk(story, "admin").get(here).status_code == 403


def test_the_intrapleural_arm_is_asked_about_the_chest_and_findings_item_by_item(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = on_the_ward(monkeypatch, Arm.INTRAPLEURAL)
    items = {"year": "yes", "month": "yes", "city": "no", "hospital": "yes", "follows_command": "yes"}
    items |= {"writes_sentence": "no", "counts_backwards": "yes"}
    entered = round_of(
        story,
        ice="items",
        ice_objects_named="2",
        neurology="findings",
        consciousness="to_voice",
        seizure="clinical",
        seizure_min="2",
        has_seizure_resolved="yes",
        has_deep_focal_weakness="no",
        pressure="yes",
        pressure_signs=["focal_oedema"],
        not_icans=["pressure"],
        vasopressors=["norepinephrine"],
        vasopressor_doses="0.1 µg/kg/min",
        pain_score="3",
        has_dyspnoea="no",
        drained_volume_ml="120",
        chest_image="pneumothorax",
        **{f"ice_{name}": answer for name, answer in items.items()},
    )

    assert desk(story, "nurse").post(path(story, "rounds/record/"), filled(**entered)).status_code == 303

    row = BedsideRound.objects.get()
    assert (row.crs_grade, row.icans_grade) == (3, 3)
    assert row.vasopressors == {"norepinephrine": "0.1 µg/kg/min"}
    assert (row.ice["objects_named"], row.ice["city"], row.chest_image) == (2, False, "pneumothorax")
    assert {"symptoms", "drained_volume", "chest_image"} <= set(row.covers)


def test_a_correction_starts_from_the_round_and_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    story = on_the_ward(monkeypatch)
    row = record_round(
        participant=story.participant,
        findings=quiet(story.now),
        vital_signs=SIGNS,
        by=story.ward.nurse,
        at=story.now,
    )
    office, here = desk(story, "coordinator"), path(story, f"rounds/{row.pk}/correct/")
    opened = office.get(here)
    first = opened.context["form"].initial
    assert (str(first["TEMP"]), first["ice"], first["neurology"]) == ("36.8", "items", "findings")
    form = opened.context["form"]
    values = {name: form[name].value() for name in form.fields}
    kept = {name: value for name, value in values.items() if value or value == 0}
    kept |= {"taken_at": wall(story.now), "TEMP": "38.2", "reason": "read from the wrong line"}

    assert "Fever of 38.2" in office.post(f"{here}beside/", filled(**kept)).content.decode()
    assert office.post(here, filled(**kept)).status_code == 303
    right = BedsideRound.objects.get(voided_at=None)
    assert (right.crs_grade, right.icans_grade, right.corrects_id) == (1, 0, row.pk)
    assert "corrected already" in office.get(here).content.decode()
    assert desk(story, "admin").get(here).status_code == 403


def test_values_that_call_for_it_raise_the_alert_of_iec_hs(monkeypatch: pytest.MonkeyPatch) -> None:
    story = on_the_ward(monkeypatch)
    now, before = story.now - timedelta(minutes=10), story.now - timedelta(days=20)
    values = [
        ("FERRITIN", "µg/L", "300", before),
        ("FERRITIN", "µg/L", "9000", now),
        ("FIBRINO", "g/L", "0.9", now),
    ]
    values += [("NEUT", "10⁹/L", "0.2", now)]

    def reading(code: str, unit: str, value: str, at: datetime) -> Reading:
        return Reading(
            domain=ObservationDomain.LABORATORY,
            test_code=code,
            unit=unit,
            taken_at=at,
            value=Decimal(value),
        )

    here = path(story, "panels/bedside/")
    assert "IEC-HS" not in desk(story, "nurse").get(here).content.decode()
    record_observations(
        participant=story.participant,
        readings=[reading(*one) for one in values],
        by=story.ward.nurse,
        at=story.now,
    )

    assert (
        "Ferritin is raised, with fibrinogen, cytopenia." in desk(story, "nurse").get(here).content.decode()
    )


def test_the_pages_cost_the_same_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    story = on_the_ward(monkeypatch)
    nurse = desk(story, "nurse")
    paths = ("/handover/", path(story, "rounds/"), path(story, "panels/bedside/"))

    def looks(one: Story) -> None:
        record_round(
            participant=Participant.objects.get(pk=one.participant.pk),
            findings=quiet(one.now),
            vital_signs=SIGNS,
            by=one.ward.nurse,
            at=one.now,
        )

    looks(story)
    few = [queries_of(nurse, one) for one in paths]
    other = participant_at(State.INFUSED, ward=story.ward).wait(hours=1)
    story.wait(hours=1)
    looks(story)
    looks(other)
    later = browser_of(story.ward.nurse)  # the day's session of the former one is over
    assert [queries_of(later, one) for one in paths] == few
    assert other.participant.code in later.get("/handover/").content.decode()
