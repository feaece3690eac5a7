"""Screening services: episodes, evidence, the decision, enrolment and the re-checks."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from participants.models import (
    Deviation,
    DispositionKind,
    JourneyEvent,
    Observation,
    ObservationDomain,
    Participant,
)
from participants.queries.course import Course
from participants.rules import SETTLED
from participants.services import journey
from participants.services.observations import Reading, record_observations
from participants.services.referral import edit_participant
from participants.states import State
from screening.models import EligibilityDecision, EligibilityEvaluation, Evidence, ScreeningEpisode
from screening.rules.evaluate import evaluate
from screening.rules.wire import read_case, write_evaluation
from screening.services.decisions import confirm_eligibility, enrol, record_screen_failure
from screening.services.episodes import start_screening
from screening.services.evidence import Given, record_evidence, void_evidence
from screening.services.rechecks import recheck_eligibility
from tests.factories.accounts import make_user
from tests.factories.journeys import Story, make_ward, participant_at, there
from tests.factories.traces import everything, permitted, refused, traces
from trialsite.accounts.permissions import Role
from trialsite.errors import RuleViolated
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Arm, DueState

pytestmark = pytest.mark.django_db


def starts(story: Story, **given: object) -> ScreeningEpisode:
    values = {
        "participant": story.participant,
        "started_at": story.now,
        "by": story.ward.coordinator,
        "at": story.now,
    }
    return start_screening(**values | given)  # type: ignore[arg-type]


def answers(story: Story, *given: Given, **other: object) -> list[Any]:
    values = {
        "episode": there(story.episode),
        "given": given,
        "by": story.ward.coordinator,
        "at": story.now,
    }
    return list(record_evidence(**values | other))  # type: ignore[arg-type]


def result(item: str, value: Mapping[str, str], taken_at: datetime, **given: str) -> Given:
    """A laboratory result, dated on the site's calendar (the tests take it in the morning)."""
    entry = {"value": value, "on": taken_at.date().isoformat()}
    return Given(item=item, entry=entry, taken_at=taken_at, **given)


def rechecks(story: Story, key: str, **given: object) -> EligibilityEvaluation:
    values = {
        "participant": story.participant,
        "obligation_key": key,
        "checked_at": story.now,
        "by": story.ward.investigator,
        "at": story.now,
    }
    return recheck_eligibility(**values | given)  # type: ignore[arg-type]


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


class TestEvidence:
    def test_answers_are_recorded_all_or_none_and_evaluated(self) -> None:
        story = participant_at(State.SCREENING)
        good = Given(item="extent", entry={"value": "metastatic"}, source_document="letter of 2026-01-03")

        (saved,) = answers(story, good, reason="from the chart")
        with refused("unknown-item", field="item"):
            answers(story, good, Given(item="blood_group", entry={"value": "A"}))
        with refused("evidence-invalid", field="histology.value"):
            answers(story, Given(item="histology", entry={"value": "sarcoma"}))
        with refused("nothing-given"):
            answers(story)

        assert (saved.entry["value"], saved.entered_by) == ("metastatic", story.ward.coordinator.actor_label)
        kept = EligibilityEvaluation.objects.get(cause="screening.evidence_recorded")
        assert (kept.verdict, kept.cause) == ("incomplete", "screening.evidence_recorded")
        assert "I2" in kept.missing
        assert (story.ward.coordinator.actor_id, "from the chart", "screening_evidence") in traces(
            "screening.evidence_recorded"
        )

    def test_what_was_kept_gives_the_same_when_it_is_computed_again(self) -> None:
        story = participant_at(State.ELIGIBLE)
        assert story.episode is not None
        kept = EligibilityEvaluation.objects.filter(episode=story.episode).latest("recorded_at")

        case = read_case(kept.inputs)
        again = evaluate(resolve(case.version), case.record, case.anchors, case.arm)

        without_refs = json.loads(json.dumps(write_evaluation(again)))
        assert without_refs["verdict"] == kept.outcome["verdict"]
        assert [one["status"] for one in without_refs["criteria"]] == [
            one["status"] for one in kept.outcome["criteria"]
        ]

    def test_a_laboratory_result_becomes_an_observation_with_its_limits(self) -> None:
        story = participant_at(State.SCREENING)
        value = {"value": "71.5", "unit": "umol/L", "lower": "41", "upper": "81"}

        answers(story, result("creat", value, story.now, laboratory="Central laboratory"))

        kept = Observation.objects.get(participant=story.participant)
        assert (kept.test_code, kept.value, kept.unit) == ("CREAT", Decimal("71.5"), "umol/L")
        assert (kept.reference_upper, kept.laboratory) == (Decimal(81), "Central laboratory")
        assert not Evidence.objects.filter(item="creat").exists()

    def test_a_date_after_today_is_refused_by_the_sites_calendar(self) -> None:
        story = participant_at(State.SCREENING)
        story.now = story.now.replace(hour=16, minute=30)  # already tomorrow in Wuhan
        today_there = story.now.date() + timedelta(days=1)

        def dated(on: date) -> Given:
            return Given(item="hiv_ab", entry={"value": "negative", "on": on.isoformat()})

        with refused("in-the-future", field="hiv_ab.on"):
            answers(story, dated(today_there + timedelta(days=1)))
        assert answers(story, dated(today_there))[0].entry["on"] == today_there.isoformat()

    def test_a_changed_answer_needs_a_reason_and_the_first_stays_readable(self) -> None:
        story = participant_at(State.SCREENING)
        (first,) = answers(story, Given(item="extent", entry={"value": "advanced"}))
        changed = Given(item="extent", entry={"value": "recurrent"})

        with refused("reason-required", field="reason"):
            answers(story, changed)
        (second,) = answers(story, changed, reason="letter misread")

        first.refresh_from_db()
        assert (first.voided_at, first.void_reason) == (story.now, "letter misread")
        assert second.corrects_id == first.pk
        assert first.entry["value"] == "advanced"

    def test_a_later_date_is_a_new_answer_not_a_correction(self) -> None:
        story = participant_at(State.SCREENING)
        old, new = (
            Given(item="hbsag", entry={"value": "negative", "on": day})
            for day in ("2026-01-02", "2026-01-06")
        )

        answers(story, old)
        answers(story, new)

        assert Evidence.objects.filter(item="hbsag", voided_at=None).count() == 2

    def test_a_corrected_result_keeps_the_first_value(self) -> None:
        story = participant_at(State.SCREENING)
        low, right = ({"value": text, "unit": "10^9/L"} for text in ("48", "148"))
        answers(story, result("plat", low, story.now))

        with refused("reason-required", field="reason"):
            answers(story, result("plat", right, story.now))
        answers(story, result("plat", right, story.now), reason="digit lost in copying")

        rows = Observation.objects.filter(participant=story.participant, test_code="PLAT")
        assert set(rows.values_list("value", "void_reason")) == {
            (Decimal(48), "digit lost in copying"),
            (Decimal(148), ""),
        }
        assert rows.get(voided_at=None).corrects == rows.get(value=48)

    def test_an_unusual_value_is_asked_back_and_an_impossible_one_refused(self) -> None:
        story = participant_at(State.SCREENING)
        unusual = result("wbc", {"value": "61", "unit": "10^9/L"}, story.now)

        with refused("confirm-value", field="wbc.value"):
            answers(story, unusual)
        answers(story, replace(unusual, is_confirmed=True))
        with refused("evidence-invalid", field="wbc.value.value"):
            answers(story, result("wbc", {"value": "6100", "unit": "10^9/L"}, story.now))

        assert Observation.objects.get(participant=story.participant).value == 61

    def test_a_result_needs_the_whole_date_of_its_specimen(self) -> None:
        story = participant_at(State.SCREENING)
        entry = {"value": {"value": "6.1", "unit": "10^9/L"}, "on": "2026-01"}

        with refused("specimen-date", field="wbc.on"):
            answers(story, Given(item="wbc", entry=entry))

    def test_the_full_date_of_birth_is_not_kept_here(self) -> None:
        story = participant_at(State.SCREENING)

        with refused("full-birth-date", field="birth_on.value"):
            answers(story, Given(item="birth_on", entry={"value": "1961-04-17"}))
        assert answers(story, Given(item="birth_on", entry={"value": "1961-04"}))

    def test_an_opinion_is_the_investigators_and_has_its_reason(self) -> None:
        story = participant_at(State.SCREENING)
        opinion = Given(item="psychiatric", entry={"value": False, "reason": "no history, seen today"})

        with refused("not-permitted"):
            answers(story, opinion)
        with refused("judgement-reason", field="psychiatric.reason"):
            answers(story, Given(item="psychiatric", entry={"value": False}), by=story.ward.investigator)
        (saved,) = answers(story, opinion, by=story.ward.investigator)

        assert saved.entry["reason"] == "no history, seen today"

    def test_an_answer_is_taken_back_with_a_reason_by_who_may_give_it(self) -> None:
        story = participant_at(State.ELIGIBLE)
        evidence = Evidence.objects.get(item="ecog")
        given = {"episode": there(story.episode), "answer": evidence, "at": story.now}

        with refused("reason-required", field="reason"):
            void_evidence(by=story.ward.investigator, reason=" ", **given)
        with refused("not-permitted"):
            void_evidence(by=story.ward.coordinator, reason="wrong person", **given)
        void_evidence(by=story.ward.investigator, reason="wrong person", **given)

        assert EligibilityDecision.objects.get().reopened_reason == "I7 was met, is unknown"
        assert story.state is State.SCREENING

    def test_a_result_is_taken_back_too(self) -> None:
        story = participant_at(State.SCREENING)
        (row,) = answers(story, result("plat", {"value": "48", "unit": "10^9/L"}, story.now))

        void_evidence(
            episode=there(story.episode),
            answer=row,
            by=story.ward.coordinator,
            at=story.now,
            reason="specimen of somebody else",
        )

        row.refresh_from_db()
        assert (row.voided_at, row.void_reason) == (story.now, "specimen of somebody else")
        assert "I10.1" in EligibilityEvaluation.objects.latest("recorded_at").missing

    def test_a_change_that_overturns_the_sign_off_reopens_it_and_says_why(self) -> None:
        story = participant_at(State.ELIGIBLE)
        low = {"value": {"value": "91", "unit": "%"}, "method": "room_air"}

        story.finds("spo2", low, reason="91 % on repeat")

        decision = EligibilityDecision.objects.get()
        assert (decision.reopened_at, decision.reopened_reason) == (story.now, "I10.6 was met, is not met")
        assert ScreeningEpisode.objects.get().state == "open"
        voided = JourneyEvent.objects.get(kind="eligibility_confirmed")
        assert (voided.voided_at, voided.void_reason) == (story.now, "I10.6 was met, is not met")
        assert story.state is State.SCREENING

    def test_a_new_answer_that_changes_no_status_leaves_the_sign_off(self) -> None:
        story = participant_at(State.ELIGIBLE)

        story.wait(hours=2).finds("effusion_volume_ml", {"value": "120"})

        assert EligibilityDecision.objects.get().reopened_at is None
        assert story.state is State.ELIGIBLE

    def test_a_round_of_values_taken_elsewhere_is_evaluated_too(self) -> None:
        story = participant_at(State.ELIGIBLE).wait(1)
        reading = Reading(
            domain=ObservationDomain.LABORATORY,
            test_code="PLAT",
            unit="10⁹/L",
            taken_at=story.now,
            value=Decimal(31),
        )

        record_observations(
            participant=story.participant, readings=[reading], by=story.ward.nurse, at=story.now
        )

        assert EligibilityDecision.objects.get().reopened_reason == "I10.1 was met, is not met"

    def test_after_a_screen_failure_the_episode_is_closed(self) -> None:
        story = participant_at(State.SCREENING)
        story.fails_screening("changed his mind")

        with refused("episode-closed"):
            answers(story, Given(item="extent", entry={"value": "advanced"}))

    def test_after_enrolment_a_change_makes_the_enrolment_a_deviation_and_takes_nobody_out(self) -> None:
        story = participant_at(State.ENROLLED)

        story.finds("spo2", {"value": {"value": "91", "unit": "%"}, "method": "room_air"})

        assert dict(Deviation.objects.values_list("rule_id", "proposed_important")) == {
            "ORDER-enrolled": True,
            "GATE-enrol-eligible": True,
        }
        assert story.state is State.ENROLLED

    def test_evidence_corrected_after_enrolment_is_judged_for_the_day_of_enrolment(self) -> None:
        story = participant_at(State.ENROLLED)
        enrolled_on = story.now.date().isoformat()
        air = {"method": "room_air", "on": enrolled_on}
        story.wait(2)

        story.finds("spo2", {"value": {"value": "90", "unit": "%"}, "method": "room_air"})
        assert not Deviation.objects.filter(rule_id="GATE-enrol-eligible").exists()  # it was better that day

        story.finds("spo2", {"value": {"value": "91", "unit": "%"}, **air}, reason="misread")
        found = Deviation.objects.get(rule_id="GATE-enrol-eligible")
        enrolment = JourneyEvent.objects.get(kind="enrolled")
        assert (found.status, found.category, found.occurred_at) == (
            "draft",
            "eligibility",
            enrolment.occurred_at,
        )
        assert found.description == "Not eligible by I10.6"

        story.finds("spo2", {"value": {"value": "97", "unit": "%"}, **air}, reason="it was right at first")
        found.refresh_from_db()
        assert (found.status, found.closing_note) == ("closed", SETTLED)

        story.finds("spo2", {"value": {"value": "91", "unit": "%"}, **air}, reason="no, it was not")
        found.refresh_from_db()
        assert found.status == "draft"
        assert Deviation.objects.filter(rule_id="GATE-enrol-eligible").count() == 1

    def test_only_the_office_enters_evidence(self) -> None:
        story = participant_at(State.SCREENING)
        ward = story.ward
        people = [ward.nurse, ward.admin, make_user(Role.AUDITOR), ward.investigator, ward.coordinator]
        given = Given(item="extent", entry={"value": "advanced"})

        assert permitted(lambda user: answers(story, given, by=user, reason="again"), people) == {
            "coordinator",
            "investigator",
        }


class TestRecheck:
    def test_what_has_become_too_old_is_owed_before_lymphodepletion(self) -> None:
        story = participant_at(State.MANUFACTURING)
        story.wait(70).has_lot_released()
        story.has_infusion_planned((story.now + timedelta(days=5)).date())

        found = rechecks(story, "T-RECHECK-LD#1")

        assert (found.purpose, found.act, found.verdict) == ("recheck", "lymphodepletion", "incomplete")
        assert story.due_states()["T-RECHECK-LD#1"] is DueState.DUE
        assert {"I5", "I10.1", "I10.6"} <= set(found.missing)
        with pytest.raises(RuleViolated, match="left open or found against: I5"):
            story.gets_first_dose_unchecked()

    def test_with_cea_above_its_limit_an_old_stain_is_enough(self) -> None:
        story = participant_at(State.MANUFACTURING)
        story.wait(70).has_lot_released()
        story.has_infusion_planned((story.now + timedelta(days=5)).date())

        story.renews_evidence()

        found = rechecks(story, "T-RECHECK-LD#1")
        (assessed,) = [one for one in found.outcome["criteria"] if one["id"] == "I5"]
        assert (found.verdict, assessed["status"]) == ("eligible", "met")
        assert "cea" in {one["item"] for one in assessed["compared"]}
        assert story.due_states()["T-RECHECK-LD#1"] is DueState.DONE
        story.gets_first_dose_unchecked()
        assert not Deviation.objects.exists()

    def test_an_infusion_without_it_asks_for_a_reason_and_is_a_deviation(self) -> None:
        story = participant_at(State.LYMPHODEPLETION).wait(4)
        story.is_made_ready()

        with refused("reason-required", field="reason"):
            story.gets_infusion()
        story.gets_infusion(reason="the form was filled in on paper")

        assert Deviation.objects.filter(rule_id="GATE-infuse-recheck", proposed_important=True).exists()

    @pytest.mark.parametrize("key", ["V-LD1#1", "T-RECHECK-LD#9", "T-RECHECK"])
    def test_only_a_recheck_that_is_owed_can_be_answered(self, key: str) -> None:
        story = participant_at(State.LYMPHODEPLETION)

        with refused("unknown-recheck", field="obligation_key"):
            rechecks(story, key)

    def test_the_investigator_rechecks_and_not_before_it_happened(self) -> None:
        story = participant_at(State.LYMPHODEPLETION)
        ward = story.ward
        people = [ward.nurse, ward.admin, make_user(Role.AUDITOR), ward.coordinator, ward.investigator]

        with refused("in-the-future", field="checked_at"):
            rechecks(story, "T-RECHECK-INF#1", checked_at=story.now + timedelta(days=1))
        assert permitted(lambda user: rechecks(story, "T-RECHECK-INF#1", by=user), people) == {"investigator"}

    def test_who_was_never_screened_cannot_be_rechecked(self) -> None:
        story = participant_at(State.REFERRED)

        with refused("not-screened"):
            rechecks(story, "T-RECHECK-LD#1")


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
        assert len(decision.findings) == 36
        assert there(decision.evaluation).verdict == "eligible"
        assert story.state is State.ELIGIBLE
        assert (
            story.ward.investigator.actor_id,
            "reviewed with the sponsor",
            "screening_eligibilitydecision",
        ) in (traces("screening.eligibility_confirmed"))

    def test_a_missing_answer_is_not_an_eligible_one(self) -> None:
        story = participant_at(State.SCREENING)
        story.finds_everything_in_order(but={"unsuitable": None})

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
        story = participant_at(State.ELIGIBLE)  # without effusion: I4 does not count in the intravenous arm

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


class TestWhatIsKnownElsewhere:
    def test_a_corrected_year_of_birth_is_evaluated_and_reopens_the_sign_off(self) -> None:
        story = participant_at(State.ELIGIBLE)
        participant = Participant.objects.get(pk=story.participant.pk)

        edited = edit_participant(
            participant=participant,
            version=participant.version,
            birth_year=story.now.year - 17,
            reason="misread on the referral",
            by=story.ward.coordinator,
            at=story.now,
        )

        assert EligibilityDecision.objects.get().reopened_reason == "I1 was met, is not met"
        assert edited.version == Participant.objects.get(pk=participant.pk).version

    def test_where_it_was_referred_from_is_no_evidence(self) -> None:
        story = participant_at(State.ELIGIBLE)
        before = EligibilityEvaluation.objects.count()
        participant = Participant.objects.get(pk=story.participant.pk)

        edit_participant(
            participant=participant,
            version=participant.version,
            referral_source="Thoracic ward 4",
            reason="ward moved",
            by=story.ward.coordinator,
            at=story.now,
        )

        assert EligibilityEvaluation.objects.count() == before
