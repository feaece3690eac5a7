"""Deviations: found once, closed by a person with a note or by a correction, reopened if true again."""

from datetime import timedelta

import pytest

from followup.services.visits import correct_visit, record_visit
from infusion.services.infusions import correct_infusion
from participants.models import Deviation, DeviationStep
from participants.rules import SETTLED
from participants.services.deviations import record_deviation
from participants.services.sweep import sweep_once
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.handling import is_closed
from tests.factories.journeys import Story, make_ward, participant_at
from tests.factories.traces import permitted, refused, traces
from trialsite.accounts.permissions import Role, SystemActor
from trialsite.protocol.findings import Category

pytestmark = pytest.mark.django_db


def notices(story: Story, **given: object) -> Deviation:
    values = {
        "participant": story.participant,
        "category": Category.MEDICATION,
        "description": "Live vaccine in the week after infusion",
        "is_important": True,
        "occurred_at": story.now - timedelta(days=1),
        "by": story.ward.nurse,
        "at": story.now,
        "reason": "told by the family",
    } | given
    return record_deviation(**values)  # type: ignore[arg-type]


def test_what_a_person_noticed_is_recorded_in_their_name() -> None:
    story = participant_at(State.REFERRED)

    first, second = notices(story), notices(story)

    assert Deviation.objects.count() == 2  # two alike may both have happened
    assert (first.rule_id, first.status, first.detected_by) == (
        "MANUAL",
        "draft",
        story.ward.nurse.actor_label,
    )
    assert first.subject != second.subject
    assert traces("participants.deviation_recorded") == {
        (story.ward.nurse.actor_id, "told by the family", "participants_deviation")
    }


def test_it_is_described_and_lies_in_the_past() -> None:
    story = participant_at(State.REFERRED)

    with refused("description-required", field="description"):
        notices(story, description=" ")
    with refused("in-the-future", field="occurred_at"):
        notices(story, occurred_at=story.now + timedelta(hours=1))


def test_staff_and_administrator_of_the_site_record_deviations() -> None:
    story = participant_at(State.REFERRED)
    ward = story.ward
    elsewhere = make_user(Role.NURSE, make_ward().site)
    people = [ward.coordinator, ward.nurse, ward.investigator, ward.admin, make_user(Role.AUDITOR)]

    assert permitted(lambda user: notices(story, by=user), people) == {
        "coordinator", "nurse", "investigator", "admin"
    }  # fmt: skip
    with refused("not-permitted"):
        notices(story, by=elsewhere)


class TestFoundByTheSystem:
    def late_visit(self) -> tuple[Story, Deviation]:
        story = participant_at(State.INFUSED)
        story.wait(3).comes_to("V-D1#1")
        return story, Deviation.objects.get(rule_id="WINDOW-LATE")

    def set_to(self, story: Story, days_after: int) -> None:
        visit = story.participant.visits.get(obligation_key="V-D1#1")
        infused_at = story.now - timedelta(days=3)
        correct_visit(
            visit=visit,
            performed_at=infused_at + timedelta(days=days_after),
            by=story.ward.nurse,
            at=story.now,
            reason="day misread",
        )

    def test_it_occurred_when_the_visit_took_place_not_when_it_was_entered(self) -> None:
        story, found = self.late_visit()

        assert found.occurred_at == story.now
        assert found.detected_by == "system"

    def test_a_correction_closes_it_and_another_reopens_it(self) -> None:
        story, found = self.late_visit()

        self.set_to(story, 1)
        found.refresh_from_db()
        assert found.status == "closed"

        self.set_to(story, 2)
        found.refresh_from_db()
        assert (found.status, found.closed_at) == ("draft", None)
        assert found.occurred_at == story.now - timedelta(days=1)
        assert Deviation.objects.filter(subject="V-D1#1").count() == 1

    def test_what_a_person_closed_no_correction_reopens(self) -> None:
        story, found = self.late_visit()
        is_closed(found, story, note="explained")
        self.set_to(story, 1)

        self.set_to(story, 2)

        found.refresh_from_db()
        assert (found.status, found.closing_note) == ("closed", "explained")

    def test_missed_explained_away_and_missed_again_is_open_again(self) -> None:
        story = participant_at(State.INFUSED)
        sweeper = SystemActor("sweep")
        sweep_once(by=sweeper, at=story.wait(2).now)
        found = Deviation.objects.get(rule_id="WINDOW-MISSED", subject="V-D1#1")
        infusion = story.infusion
        assert infusion is not None
        correct_infusion(
            infusion=infusion,
            started_at=infusion.started_at + timedelta(days=2),
            by=story.ward.nurse,
            at=story.now,
            reason="it was postponed",
        )
        found.refresh_from_db()
        assert found.status == "closed"

        sweep_once(by=sweeper, at=story.wait(2).now)

        found.refresh_from_db()
        assert found.status == "draft"


class TestDates:
    def test_what_was_found_at_a_gate_is_dated_by_the_corrected_time(self) -> None:
        story = participant_at(State.LYMPHODEPLETION).wait(1)
        infusion = story.gets_infusion(reason="bed free a day early")
        found = Deviation.objects.get(rule_id="GATE-infuse-lymphodepletion")
        earlier = infusion.started_at - timedelta(hours=3)

        correct_infusion(
            infusion=infusion, started_at=earlier, by=story.ward.nurse, at=story.now, reason="clock was wrong"
        )

        found.refresh_from_db()
        assert (found.occurred_at, found.status) == (earlier, "draft")

    def test_a_late_visit_that_is_still_late_is_dated_by_the_corrected_day(self) -> None:
        story = participant_at(State.INFUSED)
        visit = story.comes_on_target("V-D1#1", delay_days=3)
        earlier = visit.performed_at - timedelta(days=1)

        correct_visit(
            visit=visit, performed_at=earlier, by=story.ward.nurse, at=story.now, reason="typing error"
        )

        assert Deviation.objects.get(rule_id="WINDOW-LATE").occurred_at == earlier


def test_what_was_done_in_time_and_written_up_late_is_closed_in_these_words() -> None:
    story = participant_at(State.INFUSED)
    done_at = story.now + timedelta(days=1)
    sweep_once(by=SystemActor("sweep"), at=story.wait(3).now)
    found = Deviation.objects.get(rule_id="WINDOW-MISSED", subject="V-D1#1")

    record_visit(
        participant=story.participant,
        obligation_key="V-D1#1",
        performed_at=done_at,
        by=story.ward.nurse,
        at=story.now,
    )

    found.refresh_from_db()
    assert (found.status, found.closing_note) == (
        "closed",
        f"It was recorded afterwards: done on {done_at.date().isoformat()}.",
    )


def test_steps_of_one_instant_keep_the_order_in_which_they_were_taken() -> None:
    story = participant_at(State.REFERRED)
    found = notices(story)
    is_closed(found, story)

    taken = list(DeviationStep.objects.filter(deviation=found).in_order())

    assert len({step.recorded_at for step in taken}) < len(taken)
    assert [one.after for one in taken[:-1]] == [one.before for one in taken[1:]]
    assert [one.number for one in taken] == sorted({one.number for one in taken})


def test_a_person_who_closes_in_the_words_of_the_system_is_not_taken_for_it() -> None:
    story = participant_at(State.REFERRED)
    found = notices(story)
    is_closed(found, story, note=SETTLED)

    assert not Deviation.objects.settled().exists()
    assert found in Deviation.objects.standing()
