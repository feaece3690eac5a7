"""Screening services: episodes, findings, the decision and enrolment."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from participants.models import Deviation, DispositionKind, JourneyEvent, Participant
from participants.queries.course import Course
from participants.services import journey
from participants.states import State
from screening.models import EligibilityDecision, EligibilityFinding, ScreeningEpisode
from screening.services.decisions import confirm_eligibility, enrol, record_screen_failure
from screening.services.episodes import Found, record_finding, record_findings, start_screening
from tests.factories.accounts import make_user
from tests.factories.journeys import Story, make_ward, participant_at, there
from tests.factories.traces import everything, permitted, refused, traces
from trialsite.accounts.permissions import Role
from trialsite.protocol.criteria import CriterionStatus
from trialsite.protocol.types import Arm, DueState

pytestmark = pytest.mark.django_db
MET, NOT_MET, UNKNOWN = CriterionStatus.MET, CriterionStatus.NOT_MET, CriterionStatus.UNKNOWN


def starts(story: Story, **given: object) -> ScreeningEpisode:
    values = {
        "participant": story.participant,
        "started_at": story.now,
        "by": story.ward.coordinator,
        "at": story.now,
    }
    return start_screening(**values | given)  # type: ignore[arg-type]


def finds(story: Story, criterion_id: str, status: CriterionStatus, **given: object) -> EligibilityFinding:
    values = {
        "episode": there(story.episode),
        "criterion_id": criterion_id,
        "status": status,
        "by": story.ward.coordinator,
        "at": story.now,
    }
    return record_finding(**values | given)  # type: ignore[arg-type]


def decides(
    service: Callable[..., EligibilityDecision], story: Story, **given: object
) -> EligibilityDecision:
    values = {
        "episode": there(story.episode),
        "decided_at": story.now,
        "by": story.ward.investigator,
        "at": story.now,
    }
    return service(**values | given)


def enrols(story: Story, **given: object) -> Participant:
    values = {
        "participant": story.participant,
        "arm": story.arm,
        "dose_level": story.dose_level,
        "enrolled_at": story.now,
        "by": story.ward.coordinator,
        "at": story.now,
    }
    return enrol(**values | given)  # type: ignore[arg-type]


def breaks(*args: object, **kwargs: object) -> None:
    raise RuntimeError("no room left")


class TestStart:
    def test_it_opens_an_episode_dated_on_the_sites_calendar(self) -> None:
        story = participant_at(State.REFERRED)
        story.wait(1).signs()
        story.wait(1).now = story.now.replace(hour=16, minute=30)  # half past midnight in Wuhan

        episode = starts(story, intended_arm=Arm.INTRAPLEURAL, reason="as agreed")

        assert (episode.number, episode.state, episode.intended_arm) == (1, "open", "intrapleural")
        assert episode.started_on == story.now.date() + timedelta(days=1)
        assert story.state is State.SCREENING
        assert story.due_states()["T-ELIG#1"] in {DueState.DUE, DueState.UPCOMING}
        assert (story.ward.coordinator.actor_id, "as agreed", "screening_screeningepisode") in traces(
            "screening.episode_started"
        )

    def test_without_an_arm_the_referrals_is_kept(self) -> None:
        story = participant_at(State.REFERRED)
        story.signs()

        assert starts(story).intended_arm == "intravenous"

    def test_before_consent_it_is_one_important_deviation_not_two(self) -> None:
        story = participant_at(State.REFERRED)

        with refused("reason-required", field="reason"):
            starts(story)
        starts(story, reason="blood was drawn at the referring hospital")

        found = Deviation.objects.get()
        assert (found.rule_id, found.category) == ("CONSENT-BEFORE-PROCEDURE", "consent")

    def test_one_episode_at_a_time(self) -> None:
        story = participant_at(State.SCREENING)

        with refused("episode-open"):
            starts(story)

    def test_tomorrow_is_refused(self) -> None:
        story = participant_at(State.REFERRED)
        story.signs()

        with refused("in-the-future", field="started_at"):
            starts(story, started_at=story.now + timedelta(days=1))

    def test_somebody_who_was_never_screened_is_screened_only_with_a_reason(self) -> None:
        story = participant_at(State.REFERRED)
        story.leaves(DispositionKind.REFERRAL_CLOSED)
        story.wait(1).signs(reason="came back")

        with refused("reason-required", field="reason"):
            starts(story.wait(1))

    def test_only_the_office_starts_it(self) -> None:
        story = participant_at(State.REFERRED)
        story.signs()
        elsewhere = make_user(Role.COORDINATOR, make_ward().site)
        ward = story.ward
        people = [ward.nurse, ward.admin, make_user(Role.AUDITOR), ward.investigator, ward.coordinator]

        with refused("not-permitted"):
            starts(story, by=elsewhere)
        assert permitted(lambda user: starts(story, by=user), people) == {"coordinator", "investigator"}

    def test_a_failure_leaves_no_episode(self, monkeypatch: pytest.MonkeyPatch) -> None:
        story = participant_at(State.REFERRED)
        story.signs()
        before = everything()
        monkeypatch.setattr(journey, "reconcile", breaks)

        with pytest.raises(RuntimeError):
            starts(story)

        assert everything() == before


class TestFindings:
    def test_several_are_recorded_at_once_all_or_none(self) -> None:
        story = participant_at(State.SCREENING)
        given = {"episode": there(story.episode), "by": story.ward.coordinator, "at": story.now}

        record_findings(
            found=[
                Found(criterion_id="I1", status=MET, evidence_on=story.now.date()),
                Found(criterion_id="E5", status=UNKNOWN, note="culture pending"),
            ],
            reason="from the chart",
            **given,  # type: ignore[arg-type]
        )
        with refused("unknown-criterion", field="criterion_id"):
            record_findings(
                found=[Found(criterion_id="I2", status=MET), Found(criterion_id="I99", status=MET)],
                **given,  # type: ignore[arg-type]
            )

        assert set(EligibilityFinding.objects.values_list("criterion_id", flat=True)) == {"I1", "E5"}
        assert traces("screening.findings_recorded") == {
            (story.ward.coordinator.actor_id, "from the chart", "screening_eligibilityfinding")
        }

    @pytest.mark.parametrize("parent", ["I10", "E7", "E10"])
    def test_a_criterion_with_parts_is_not_answered_by_itself(self, parent: str) -> None:
        story = participant_at(State.SCREENING)

        with refused("unknown-criterion", field="criterion_id"):
            finds(story, parent, MET)

    def test_evidence_of_tomorrow_is_refused_by_the_sites_calendar(self) -> None:
        story = participant_at(State.SCREENING)
        story.now = story.now.replace(hour=16, minute=30)  # already tomorrow in Wuhan
        today_there = story.now.date() + timedelta(days=1)

        with refused("evidence-in-the-future", field="evidence_on"):
            finds(story, "I1", MET, evidence_on=today_there + timedelta(days=1))
        assert finds(story, "I1", MET, evidence_on=today_there).evidence_on == today_there

    def test_an_answer_is_changed_only_with_a_reason(self) -> None:
        story = participant_at(State.SCREENING)
        finds(story, "I1", MET)

        with refused("reason-required", field="reason"):
            finds(story, "I1", NOT_MET)
        changed = finds(story, "I1", NOT_MET, reason="date of birth misread")

        assert (changed.status, changed.version) == ("not_met", 2)

    def test_an_open_answer_is_settled_and_an_empty_date_filled_in_without_a_reason(self) -> None:
        story = participant_at(State.SCREENING)
        finds(story, "I1", UNKNOWN)

        finds(story, "I1", MET)
        filled = finds(story, "I1", MET, evidence_on=story.now.date(), note="passport seen")

        assert (filled.evidence_on, filled.note) == (story.now.date(), "passport seen")
        with refused("reason-required", field="reason"):
            finds(story, "I1", MET, evidence_on=story.now.date(), note="another note")

    def test_after_the_sign_off_a_change_reopens_the_decision_and_needs_a_reason(self) -> None:
        story = participant_at(State.ELIGIBLE)

        with refused("reason-required", field="reason"):
            finds(story, "I10.6", NOT_MET)
        finds(story, "I10.6", NOT_MET, reason="91 % on repeat")

        assert there(EligibilityDecision.objects.get().reopened_at) == story.now
        assert ScreeningEpisode.objects.get().state == "open"
        voided = JourneyEvent.objects.get(kind="eligibility_confirmed")
        assert (voided.voided_at, voided.void_reason) == (story.now, "91 % on repeat")
        assert story.state is State.SCREENING

    def test_after_a_screen_failure_the_episode_is_closed(self) -> None:
        story = participant_at(State.SCREENING)
        story.fails_screening("changed his mind")

        with refused("episode-closed"):
            finds(story, "I1", MET)

    def test_after_enrolment_a_change_makes_the_enrolment_a_deviation_and_takes_nobody_out(self) -> None:
        story = participant_at(State.ENROLLED)

        finds(story, "I10.6", NOT_MET, reason="result came late")

        found = Deviation.objects.get()
        assert (found.rule_id, found.proposed_important) == ("ORDER-enrolled", True)
        assert story.state is State.ENROLLED

    def test_only_the_office_enters_them(self) -> None:
        story = participant_at(State.SCREENING)
        ward = story.ward
        people = [ward.nurse, ward.admin, make_user(Role.AUDITOR), ward.investigator, ward.coordinator]

        assert permitted(lambda user: finds(story, "I1", MET, by=user), people) == {
            "coordinator",
            "investigator",
        }


class TestDecision:
    def test_it_keeps_a_frozen_copy_of_what_was_known(self) -> None:
        story = participant_at(State.SCREENING)
        story.finds_everything_in_order()

        decision = decides(confirm_eligibility, story, reason="reviewed with the sponsor")

        assert (decision.outcome, decision.protocol_version, decision.failed_criteria) == (
            "eligible",
            "1.0",
            [],
        )
        assert decision.decided_by == story.ward.investigator.actor_label
        assert (decision.findings["I1"], decision.findings["E12"]) == ("met", "not_met")
        assert len(decision.findings) == EligibilityFinding.objects.count() == 36
        assert story.state is State.ELIGIBLE
        assert (
            story.ward.investigator.actor_id,
            "reviewed with the sponsor",
            "screening_eligibilitydecision",
        ) in (traces("screening.eligibility_confirmed"))

    def test_a_missing_answer_is_not_an_eligible_one(self) -> None:
        story = participant_at(State.SCREENING)
        story.finds_everything_in_order(but={"E12": UNKNOWN})

        with refused("gate-failed"):
            decides(confirm_eligibility, story)

    def test_it_is_decided_once(self) -> None:
        story = participant_at(State.ELIGIBLE)

        with refused("already-decided"):
            decides(confirm_eligibility, story)

    def test_a_sign_off_of_tomorrow_is_refused(self) -> None:
        story = participant_at(State.SCREENING)
        story.finds_everything_in_order()

        with refused("in-the-future", field="decided_at"):
            decides(confirm_eligibility, story, decided_at=story.now + timedelta(days=1))

    @pytest.mark.parametrize("service", [confirm_eligibility, record_screen_failure])
    def test_the_investigator_decides_and_nobody_else(
        self, service: Callable[..., EligibilityDecision]
    ) -> None:
        story = participant_at(State.SCREENING)
        ward = story.ward
        people = [ward.nurse, ward.admin, make_user(Role.AUDITOR), ward.coordinator, ward.investigator]

        assert permitted(lambda user: decides(service, story, by=user, reason="so decided"), people) == {
            "investigator"
        }

    def test_a_screen_failure_names_its_reason(self) -> None:
        story = participant_at(State.SCREENING)

        with refused("reason-required", field="reason"):
            decides(record_screen_failure, story, reason=" ")

    def test_who_was_eligible_can_still_fail_before_enrolment(self) -> None:
        story = participant_at(State.ELIGIBLE)

        decides(record_screen_failure, story, reason="stroke during the wait")

        assert story.state is State.SCREEN_FAILED
        assert [d.outcome for d in EligibilityDecision.objects.filter(reopened_at__isnull=True)] == [
            "screen_failed"
        ]
        with refused("already-decided"):
            decides(record_screen_failure, story, reason="again")

    @pytest.mark.parametrize("state", [State.ENROLLED, State.INFUSED])
    def test_who_is_enrolled_cannot_fail_screening_any_more(self, state: State) -> None:
        story = participant_at(state)

        with refused("enrolled-already"):
            decides(record_screen_failure, story, reason="wrong button")
        assert story.state is state

    def test_a_failure_leaves_the_episode_open(self, monkeypatch: pytest.MonkeyPatch) -> None:
        story = participant_at(State.SCREENING)
        story.finds_everything_in_order()
        before = everything()
        monkeypatch.setattr(journey, "reconcile", breaks)

        with pytest.raises(RuntimeError):
            decides(confirm_eligibility, story)

        assert everything() == before


class TestEnrolment:
    def test_it_assigns_arm_and_dose_level_and_owes_the_cells(self) -> None:
        story = participant_at(State.ELIGIBLE)

        enrolled = enrols(story, reason="slot of this week")

        assert (enrolled.arm, enrolled.dose_level, enrolled.state) == ("intravenous", "DL-IV-1", "enrolled")
        assert story.due_states()["V-APH#1"] is DueState.DUE
        assert {
            table for actor, reason, table in traces("screening.enrolled") if reason == "slot of this week"
        } >= {"participants_participant", "participants_journeyevent", "participants_obligation"}

    @pytest.mark.parametrize("level", ["", "DL-IP-1", "DL-IV-9"])
    def test_the_dose_level_is_one_of_the_arm(self, level: str) -> None:
        story = participant_at(State.ELIGIBLE)

        with refused("unknown-dose-level", field="dose_level"):
            enrols(story, dose_level=level)

    def test_the_verdict_is_that_of_the_assigned_arm(self) -> None:
        story = participant_at(State.ELIGIBLE)
        finds(story, "I4", NOT_MET, reason="no effusion")
        decides(confirm_eligibility, story)  # I4 does not count in the intravenous arm

        with refused("gate-failed"):
            enrols(story, arm=Arm.INTRAPLEURAL, dose_level="DL-IP-1")
        assert enrols(story).arm == "intravenous"

    @pytest.mark.parametrize(("places", "is_full"), [(1, True), (2, False)])
    def test_the_places_of_the_trial_count_over_all_sites(
        self, monkeypatch: pytest.MonkeyPatch, places: int, is_full: bool
    ) -> None:
        participant_at(State.ENROLLED)
        story = participant_at(State.ELIGIBLE)
        _with_places(monkeypatch, places)

        if is_full:
            with refused("gate-failed"):
                enrols(story)
        else:
            assert enrols(story).state == "enrolled"

    def test_who_left_after_enrolment_keeps_the_place(self, monkeypatch: pytest.MonkeyPatch) -> None:
        other = participant_at(State.ENROLLED)
        other.leaves(DispositionKind.WITHDRAWN_FROM_TREATMENT)
        story = participant_at(State.ELIGIBLE)
        _with_places(monkeypatch, 1)

        with refused("gate-failed"):
            enrols(story)

    @pytest.mark.parametrize("state", [State.ENROLLED, State.FOLLOW_UP])
    def test_nobody_is_enrolled_twice_not_even_with_a_reason(self, state: State) -> None:
        story = participant_at(state)

        with refused("enrolled-already"):
            enrols(
                story, arm=Arm.INTRAPLEURAL, dose_level="DL-IP-1", already_happened=True, reason="other arm"
            )

    def test_tomorrow_is_refused(self) -> None:
        story = participant_at(State.ELIGIBLE)

        with refused("in-the-future", field="enrolled_at"):
            enrols(story, enrolled_at=story.now + timedelta(days=1))

    def test_only_the_office_enrols(self) -> None:
        story = participant_at(State.ELIGIBLE)
        ward = story.ward
        elsewhere = make_user(Role.COORDINATOR, make_ward().site)
        people = [ward.nurse, ward.admin, make_user(Role.AUDITOR), ward.investigator, ward.coordinator]

        with refused("not-permitted"):
            enrols(story, by=elsewhere)
        assert permitted(lambda user: enrols(story, by=user), people) == {"coordinator", "investigator"}

    def test_a_failure_leaves_neither_arm_nor_event(self, monkeypatch: pytest.MonkeyPatch) -> None:
        story = participant_at(State.ELIGIBLE)
        before = everything()
        monkeypatch.setattr(journey, "reconcile", breaks)

        with pytest.raises(RuntimeError):
            enrols(story)

        assert everything() == before


def _with_places(monkeypatch: pytest.MonkeyPatch, places: int) -> None:
    version = Course.version_at

    def small(course: Course, at: object) -> object:
        found = version(course, at)  # type: ignore[arg-type]
        return replace(found, trial=replace(found.trial, planned_participants=places))

    monkeypatch.setattr(Course, "version_at", small)
