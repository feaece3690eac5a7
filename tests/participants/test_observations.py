"""Measured values: a round at once, all or none."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection

from participants.models import Observation, ObservationDomain
from participants.services.observations import Reading, record_observations
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.journeys import START_AT, Story, make_ward, participant_at
from tests.factories.traces import permitted, refused, traces
from trialsite.accounts.permissions import Role
from trialsite.audit.acting import acting

pytestmark = pytest.mark.django_db

PLATELETS = Reading(
    domain=ObservationDomain.LABORATORY,
    test_code="PLAT",
    unit="10⁹/L",
    taken_at=START_AT - timedelta(hours=3),
    value=Decimal("148"),
)
NOT_TAKEN = Reading(
    domain=ObservationDomain.VITAL_SIGNS,
    test_code="TEMP",
    unit="°C",
    taken_at=START_AT - timedelta(hours=3),
    not_done="asleep",
)


def records(story: Story, *readings: Reading, **given: object) -> list[Observation]:
    values = {"participant": story.participant, "readings": readings, "by": story.ward.nurse, "at": story.now}
    return record_observations(**values | given)  # type: ignore[arg-type]


def changed(reading: Reading, **values: object) -> Reading:
    names = ("domain", "test_code", "unit", "taken_at", "value", "not_done")
    return Reading(**{name: getattr(reading, name) for name in names} | values)  # type: ignore[arg-type]


def test_a_round_is_stored_with_its_visit_and_its_exact_values() -> None:
    story = participant_at(State.REFERRED)

    records(story, PLATELETS, NOT_TAKEN, obligation_key="V-BL#1", reason="typed from the sheet")

    stored = {one.test_code: one for one in Observation.objects.all()}
    assert (stored["PLAT"].value, stored["PLAT"].not_done) == (Decimal("148"), "")
    assert (stored["TEMP"].value, stored["TEMP"].not_done) == (None, "asleep")
    assert {one.obligation_key for one in stored.values()} == {"V-BL#1"}
    assert traces("participants.observations_recorded") == {
        (story.ward.nurse.actor_id, "typed from the sheet", table)
        for table in ("participants_observation", "infusion_laboratorygrade")
    }


def test_zero_is_a_value() -> None:
    story = participant_at(State.REFERRED)

    records(story, changed(PLATELETS, test_code="NEUT", value=Decimal(0)))

    assert Observation.objects.get().value == 0


def test_an_empty_round_is_refused() -> None:
    story = participant_at(State.REFERRED)

    with refused("nothing-given"):
        records(story)


@pytest.mark.parametrize(
    "wrong",
    [
        changed(PLATELETS, value=None),
        changed(PLATELETS, value=None, not_done="  "),
        changed(PLATELETS, not_done="haemolysed"),
    ],
    ids=["neither", "a blank reason", "both"],
)
def test_a_reading_has_a_value_or_the_reason_why_not(wrong: Reading) -> None:
    story = participant_at(State.REFERRED)

    with refused("value-or-reason", field="value"):
        records(story, NOT_TAKEN, wrong)


def test_a_sample_of_tomorrow_is_refused() -> None:
    story = participant_at(State.REFERRED)

    with refused("in-the-future", field="taken_at"):
        records(story, PLATELETS, changed(NOT_TAKEN, taken_at=story.now + timedelta(days=1)))


def test_a_test_has_one_value_per_instant_and_nothing_of_the_round_is_kept() -> None:
    story = participant_at(State.REFERRED)
    records(story, PLATELETS)

    with refused("recorded-already"):
        records(story, NOT_TAKEN, changed(PLATELETS, value=Decimal("150")))


def test_staff_of_the_site_record_values() -> None:
    story = participant_at(State.REFERRED)
    ward = story.ward
    elsewhere = make_user(Role.NURSE, make_ward().site)
    people = [ward.coordinator, ward.nurse, ward.investigator, ward.admin, make_user(Role.AUDITOR)]

    assert permitted(lambda user: records(story, PLATELETS, by=user), people) == {
        "coordinator",
        "nurse",
        "investigator",
    }
    with refused("not-permitted"):
        records(story, NOT_TAKEN, by=elsewhere)


def test_the_database_itself_asks_for_a_value_or_a_reason() -> None:
    story = participant_at(State.REFERRED)
    (stored,) = records(story, PLATELETS)

    with (
        pytest.raises(IntegrityError, match="observation_value_or_reason"),
        acting(by=story.ward.nurse, at=story.now, action="participants.tampered"),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE participants_observation SET value = NULL WHERE id = %s", [stored.pk])
