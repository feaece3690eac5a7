"""Follow-up services: visits, their correction, and the end of the year."""

from datetime import timedelta

import pytest

from followup.models import Visit
from followup.services.visits import complete_study, correct_visit, record_visit
from followup.states import VisitMode
from infusion.services.adverse_events import record_adverse_event
from participants.models import Deviation, DispositionKind, JourneyEvent, Obligation
from participants.services import journey
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.journeys import FIRST_SERIES, Story, make_ward, participant_at
from tests.factories.traces import everything, permitted, refused, traces
from trialsite.accounts.permissions import Role
from trialsite.protocol.types import DueState

pytestmark = pytest.mark.django_db


def visits(story: Story, key: str = "V-D1#1", **given: object) -> Visit:
    values = {
        "participant": story.participant,
        "obligation_key": key,
        "performed_at": story.now,
        "by": story.ward.nurse,
        "at": story.now,
    }
    return record_visit(**values | given)  # type: ignore[arg-type]


def corrects(story: Story, visit: Visit, **given: object) -> Visit:
    values = {"visit": visit, "by": story.ward.nurse, "at": story.now, "reason": "day misread"}
    return correct_visit(**values | given)  # type: ignore[arg-type]


def completes(story: Story, **given: object) -> object:
    values = {
        "participant": story.participant,
        "completed_at": story.now,
        "by": story.ward.coordinator,
        "at": story.now,
    }
    return complete_study(**values | given)  # type: ignore[arg-type]


def breaks(*args: object, **kwargs: object) -> None:
    raise RuntimeError("no room left")


class TestVisits:
    def test_a_visit_fulfils_the_scheduled_one(self) -> None:
        story = participant_at(State.INFUSED)

        visit = visits(
            story.wait(1), mode=VisitMode.REMOTE, not_done="no cytokines: tube broken", reason="by video"
        )

        row = Obligation.objects.get(key="V-D1#1")
        assert (row.fulfilled_at, row.fulfilled_ref, row.is_settled) == (story.now, str(visit.pk), True)
        assert (visit.mode, visit.not_done) == ("remote", "no cytokines: tube broken")
        assert JourneyEvent.objects.get(item="V-D1#1").ref == str(visit.pk)
        assert (story.ward.nurse.actor_id, "by video", "followup_visit") in traces("followup.visit_recorded")
        assert not Deviation.objects.exists()

    @pytest.mark.parametrize(
        ("days", "state", "rule"),
        [
            (7, DueState.DONE_EARLY, "WINDOW-EARLY"),
            (9, DueState.DONE, None),
            (11, DueState.DONE, None),
            (12, DueState.DONE_LATE, "WINDOW-LATE"),
        ],
        ids=["before the window", "first day", "last day", "after the window"],
    )
    def test_outside_the_window_it_is_accepted_and_a_deviation(
        self, days: int, state: DueState, rule: str | None
    ) -> None:
        story = participant_at(State.INFUSED)

        visits(story.wait(days), "V-D10#1")

        assert story.due_states()["V-D10#1"] is state
        assert list(Deviation.objects.values_list("rule_id", flat=True)) == ([rule] if rule else [])

    def test_follow_up_starts_with_the_first_visit_after_close_monitoring(self) -> None:
        story = participant_at(State.INFUSED)
        starts = next(key for key in FIRST_SERIES if _epoch(key) == "follow_up")

        story.comes_on_target("V-D1#1")
        assert story.state is State.INFUSED
        story.comes_on_target(starts)

        assert story.state is State.FOLLOW_UP
        assert JourneyEvent.objects.filter(kind="follow_up_started").count() == 1

    def test_an_unscheduled_visit_fulfils_nothing(self) -> None:
        story = participant_at(State.INFUSED)
        before = story.due_states()

        visits(story, "")

        assert story.due_states() == before
        visits(story, "", performed_at=story.now - timedelta(minutes=1))  # several are possible
        assert Visit.objects.filter(obligation_key="").count() == 2

    @pytest.mark.parametrize("key", ["V-D99#1", "P-CONTRA", "T-RELEASE#1", "V-D0#1"])
    def test_only_a_visit_of_the_schedule_can_be_named(self, key: str) -> None:
        story = participant_at(State.INFUSED)

        with refused("unknown-visit", field="obligation_key"):
            visits(story, key)

    def test_a_visit_that_is_not_in_the_plan_any_more_cannot_be_named(self) -> None:
        story = participant_at(State.FOLLOW_UP)
        story.now = story.now.replace(month=6, day=1)
        story.gets_infusion(reason="second dose")

        with refused("unknown-visit", field="obligation_key"):
            visits(story, "V-M6#1")

    def test_a_visit_is_recorded_once(self) -> None:
        story = participant_at(State.INFUSED)
        visits(story.wait(1))

        with refused("visit-recorded"):
            visits(story)

    def test_tomorrow_is_refused(self) -> None:
        story = participant_at(State.INFUSED)

        with refused("in-the-future", field="performed_at"):
            visits(story, performed_at=story.now + timedelta(days=1))

    def test_after_a_withdrawal_from_visits_it_needs_a_reason(self) -> None:
        story = participant_at(State.INFUSED)
        story.leaves(DispositionKind.WITHDRAWN_FROM_VISITS)

        with refused("reason-required", field="reason"):
            visits(story.wait(1), "")
        visits(story, "", reason="came as an emergency")

        assert Deviation.objects.get().rule_id == "ORDER-visit_performed"

    def test_staff_of_the_site_record_visits(self) -> None:
        story = participant_at(State.INFUSED)
        ward = story.ward
        elsewhere = make_user(Role.NURSE, make_ward().site)
        people = [ward.admin, make_user(Role.AUDITOR), ward.coordinator, ward.nurse, ward.investigator]

        with refused("not-permitted"):
            visits(story, "", by=elsewhere)
        assert permitted(lambda user: visits(story, "", by=user), people) == {
            "coordinator",
            "nurse",
            "investigator",
        }

    def test_a_failure_leaves_no_visit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        story = participant_at(State.INFUSED)
        before = everything()
        monkeypatch.setattr(journey, "reconcile", breaks)

        with pytest.raises(RuntimeError):
            visits(story.wait(1))

        assert everything() == before


class TestCorrection:
    def test_it_moves_the_visit_and_keeps_the_first_value(self) -> None:
        story = participant_at(State.INFUSED)
        first = story.wait(1).now
        visit = visits(story)

        corrected = corrects(story.wait(1), visit, performed_at=first + timedelta(hours=3))

        voided = JourneyEvent.objects.get(item="V-D1#1", voided_at__isnull=False)
        assert (voided.occurred_at, voided.void_reason) == (first, "day misread")
        assert (corrected.performed_at, corrected.version) == (first + timedelta(hours=3), 2)
        assert Obligation.objects.get(key="V-D1#1").fulfilled_at == first + timedelta(hours=3)

    def test_the_start_of_follow_up_moves_with_its_visit(self) -> None:
        story = participant_at(State.FOLLOW_UP)
        start = JourneyEvent.objects.get(kind="follow_up_started")
        visit = Visit.objects.get(pk=start.ref)

        corrects(story, visit, performed_at=visit.performed_at - timedelta(hours=2))

        moved = JourneyEvent.objects.get(kind="follow_up_started", voided_at__isnull=True)
        assert moved.occurred_at == visit.performed_at - timedelta(hours=2)
        assert story.state is State.FOLLOW_UP

    def test_it_needs_a_reason_and_the_version_that_was_read(self) -> None:
        story = participant_at(State.INFUSED)
        visit = visits(story.wait(1))

        with refused("reason-required", field="reason"):
            corrects(story, visit, performed_at=story.now, reason=" ")
        with refused("stale-version"):
            corrects(story, visit, performed_at=story.now, version=7)
        with refused("in-the-future", field="performed_at"):
            corrects(story, visit, performed_at=story.now + timedelta(days=1))
        with refused("not-permitted"):
            corrects(story, visit, performed_at=story.now, by=story.ward.admin)


class TestCompletion:
    def year_over(self) -> Story:
        story = participant_at(State.FOLLOW_UP)
        for key in FIRST_SERIES[10:]:
            story.comes_on_target(key)
        return story.wait(1)

    def test_it_closes_the_year_and_long_term_follow_up_goes_on(self) -> None:
        story = self.year_over()

        completes(story, reason="all visits done")

        assert story.state is State.COMPLETED
        assert story.due_states()["V-M18#1"] is DueState.UPCOMING
        assert (story.ward.coordinator.actor_id, "all visits done", "participants_disposition") in traces(
            "participants.completed"
        )

    def test_an_open_visit_holds_it(self) -> None:
        story = participant_at(State.FOLLOW_UP)

        with refused("gate-failed"):
            completes(story)

    def test_a_running_safety_clock_holds_it(self) -> None:
        story = self.year_over()
        record_adverse_event(
            participant=story.participant,
            term="fracture",
            onset_at=story.now,
            aware_at=story.now,
            toxicity_grade=3,
            is_serious=True,
            by=story.ward.nurse,
            at=story.now,
        )

        with refused("gate-failed"):
            completes(story)

    def test_closed_all_the_same_it_is_recorded_with_a_reason_and_a_deviation(self) -> None:
        story = participant_at(State.FOLLOW_UP)

        with refused("reason-required", field="reason"):
            completes(story, already_happened=True)
        completes(story, already_happened=True, reason="sponsor closed the site")

        found = Deviation.objects.get(rule_id="GATE-visit-open-visits")
        assert found.reason == "sponsor closed the site"
        assert Deviation.objects.filter(rule_id="GATE-visit-year-over", proposed_important=True).exists()
        assert found.description.startswith("Still open: ")
        assert story.state is State.COMPLETED

    def test_dated_before_the_year_was_over_it_needs_a_reason_and_becomes_an_important_deviation(
        self,
    ) -> None:
        story = self.year_over()
        early = story.now - timedelta(days=100)

        with refused("reason-required", field="reason"):
            completes(story, completed_at=early)
        completes(story, completed_at=early, reason="date on the sponsor's form")

        rules = {"GATE-visit-year-over", "GATE-visit-last-visit"}
        found = Deviation.objects.filter(rule_id__in=rules, proposed_important=True, occurred_at=early)
        assert set(found.values_list("rule_id", flat=True)) == rules
        assert story.state is State.COMPLETED

    def test_what_was_open_at_that_time_holds_it_although_it_is_missed_by_now(self) -> None:
        story = participant_at(State.FOLLOW_UP)
        early = story.now
        story.wait(600)

        with refused("gate-failed"):
            completes(story, completed_at=early, reason="written up late")

    def test_it_lies_in_the_past(self) -> None:
        story = self.year_over()

        with refused("in-the-future", field="completed_at"):
            completes(story, completed_at=story.now + timedelta(days=1))

    def test_a_nurse_is_told_that_she_may_not_before_anything_else(self) -> None:
        story = participant_at(State.FOLLOW_UP)

        with refused("not-permitted"):
            completes(story, by=story.ward.nurse)


def _epoch(key: str) -> str:
    return Obligation.objects.get(key=key).epoch
