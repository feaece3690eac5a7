"""CRS and ICANS from assessments: opened, followed, resolved; entered late or corrected; judged."""

from datetime import datetime, timedelta

import pytest

from infusion.models import AdverseEvent
from infusion.services.adverse_events import EventDetails, record_adverse_event, record_safety_report
from infusion.services.safety_judgements import (
    judge_dlt,
    judge_seriousness,
    record_sponsor_assessment,
    resolve_adverse_event,
)
from infusion.services.toxicity_events import follow_toxicity, withdraw_toxicity
from participants.models import Deviation, JourneyEvent, Obligation
from participants.services.journey import command
from participants.states import State
from tests.factories.journeys import Story, participant_at
from tests.factories.traces import refused
from trialsite.accounts.permissions import Permission
from trialsite.protocol.windows import civil_date

pytestmark = pytest.mark.django_db


def assesses(story: Story, grade: int, at: datetime, ref: str, term: str = "CRS") -> AdverseEvent | None:
    by = story.ward.nurse
    with command(
        participant=story.participant,
        permission=Permission.RECORD_SAFETY,
        action="infusion.round_recorded",
        by=by,
        at=story.now,
    ) as course:
        return follow_toxicity(course, term=term, grade=grade, assessed_at=at, ref=ref, by=by, at=story.now)


def course_of(event: AdverseEvent) -> list[int]:
    entries = event.grades.filter(voided_at__isnull=True).order_by("assessed_at")
    return list(entries.values_list("grade", flat=True))


def due(story: Story) -> set[str]:
    rows = Obligation.objects.in_force().filter(participant=story.participant, fulfilled_at__isnull=True)
    return set(
        rows.filter(kind__in=["clock", "safety_task"], ended_at=None).values_list("item_id", flat=True)
    )


def test_assessments_open_follow_and_resolve_one_event_in_whatever_order() -> None:
    story = participant_at(State.INFUSED).wait(4)
    start = story.now - timedelta(days=3)

    def hour(count: int) -> datetime:
        return start + timedelta(hours=count)

    assert assesses(story, 0, hour(0), "r0") is None
    assert assesses(story, 2, hour(8), "r2") is not None
    assert assesses(story, 0, hour(40), "r5") is not None
    event = AdverseEvent.objects.get()
    assert (event.toxicity_grade, event.outcome, event.resolved_at) == (2, "recovered", hour(40))
    assert due(story) == set()

    assesses(story, 3, hour(16), "r4")  # entered late: it had been grade 3
    assesses(story, 1, hour(4), "r1")  # and had begun earlier
    event.refresh_from_db()
    assert course_of(event) == [1, 2, 3, 0]
    assert (event.toxicity_grade, event.onset_at, event.scale, event.scale_version) == (
        3,
        hour(4),
        "ASTCT",
        "2019",
    )
    assert (event.is_special_interest, event.special_interest_rule) == (True, "AESI-CRS")
    assert Obligation.objects.get(item_id="C-AESI").opens_at == hour(16)

    assesses(story, 3, hour(12), "r3")  # grade 3 earlier still: the clock moves
    assert Obligation.objects.get(item_id="C-AESI").opens_at == hour(12)
    assert JourneyEvent.objects.filter(kind="safety_event_aware", voided_at__isnull=True).count() == 1

    assert assesses(story, 1, hour(60), "r9") is not None  # after the end: a new event
    assert AdverseEvent.objects.count() == 2


def test_a_corrected_assessment_takes_its_clock_back_and_a_void_one_the_event() -> None:
    story = participant_at(State.INFUSED).wait(1)
    at = story.now - timedelta(hours=2)
    event = assesses(story, 4, at, "r1")
    assert event is not None
    assert due(story) == {"C-AESI", "T-SERIOUS", "T-DLT"}
    assert assesses(story, 4, at, "r1") == event  # the same again changes nothing

    assesses(story, 2, at, "r1")
    event.refresh_from_db()
    assert (event.is_special_interest, course_of(event), due(story)) == (False, [2], set())

    by = story.ward.nurse
    with command(
        participant=story.participant,
        permission=Permission.RECORD_SAFETY,
        action="infusion.round_voided",
        by=by,
        at=story.now,
        reason="wrong participant",
    ) as course:
        (taken,) = withdraw_toxicity(course, ref="r1", by=by, at=story.now, reason="wrong participant")
    assert (taken.voided_at, taken.void_reason) == (story.now, "wrong participant")
    assert assesses(story, 0, at, "r1") is None


def test_only_crs_and_icans_are_followed_with_a_grade_of_the_scale() -> None:
    story = participant_at(State.INFUSED).wait(1)
    with refused("term-unknown", field="term"):
        assesses(story, 1, story.now, "r", term="fever")
    with refused("grade-range", field="toxicity_grade"):
        assesses(story, 6, story.now, "r")


def test_what_is_asked_about_a_severe_event_is_answered_by_the_investigator() -> None:
    story = participant_at(State.INFUSED).wait(1)
    event = assesses(story, 3, story.now, "r1")
    assert event is not None
    doctor = story.ward.investigator
    story.wait(hours=2)

    with refused("not-permitted"):
        judge_dlt(adverse_event=event, is_dlt=False, by=story.ward.nurse, at=story.now)
    with refused("reason-required", field="reason"):
        judge_dlt(adverse_event=event, is_dlt=None, by=doctor, at=story.now)
    judged = judge_dlt(adverse_event=event, is_dlt=True, by=doctor, at=story.now)
    assert (judged.dlt_judged_by, judged.dlt_dose_level) == (doctor.actor_label, story.participant.dose_level)
    assert JourneyEvent.objects.filter(kind="dlt_reported", voided_at__isnull=True).count() == 1
    with refused("reason-required", field="reason"):
        judge_dlt(adverse_event=event, is_dlt=False, by=doctor, at=story.now)
    judge_dlt(adverse_event=event, is_dlt=False, by=doctor, at=story.now, reason="seen again with the team")
    assert not JourneyEvent.objects.filter(kind="dlt_reported", voided_at__isnull=True).exists()

    judge_seriousness(
        adverse_event=event,
        is_serious=True,
        seriousness=["hospitalisation"],
        by=doctor,
        at=story.now,
    )
    assert due(story) == {"C-AESI", "C-SAE", "T-SAE-FU"}
    assert (
        Obligation.objects.get(item_id="C-SAE").opens_at == story.now
    )  # from when it became known as serious

    story.wait(hours=25)
    with refused("reason-required", field="reason"):
        judge_seriousness(adverse_event=event, is_serious=False, by=doctor, at=story.now)
    judge_seriousness(adverse_event=event, is_serious=False, by=doctor, at=story.now, reason="no longer stay")
    assert due(story) == {"C-AESI"}
    event.refresh_from_db()
    assert (event.seriousness, event.serious_aware_at) == ([], None)


def test_a_serious_event_is_followed_every_seven_days_until_it_is_over() -> None:
    story = participant_at(State.INFUSED).wait(1)
    office = story.ward.coordinator
    event = record_adverse_event(
        participant=story.participant,
        term="Pneumonia",
        onset_at=story.now,
        aware_at=story.now,
        toxicity_grade=2,
        seriousness=["hospitalisation"],
        details=EventDetails(category="infections", severity="moderate", relation_product="possible"),
        by=story.ward.nurse,
        at=story.now,
    )
    assert (event.is_serious, event.collection_period) == (True, "AE-ANY")
    for clock in ("C-SAE", "T-SAE-FU", "T-SAE-FU"):
        story.wait(hours=6)
        record_safety_report(
            adverse_event=event,
            clock_id=clock,
            sent_at=story.now,
            recipient="Sponsor",
            by=office,
            at=story.now,
        )
    assert Obligation.objects.in_force().filter(item_id="T-SAE-FU").count() == 3

    record_sponsor_assessment(
        adverse_event=event,
        sponsor_relation="probable",
        is_expected=False,
        sponsor_aware_at=story.now,
        by=office,
        at=story.now,
    )
    judge_seriousness(
        adverse_event=event,
        is_serious=True,
        seriousness=["hospitalisation", "life_threatening"],
        by=office,
        at=story.now,
    )
    assert due(story) == {"C-SUSAR-7", "C-SUSAR-FULL", "T-SAE-FU"}
    assert Obligation.objects.get(item_id="C-SAE").opens_at == event.aware_at  # as it was

    today = civil_date(story.now, story.ward.site.time_zone)
    with refused("end-required", field="resolved_on"):
        resolve_adverse_event(adverse_event=event, outcome="recovered", by=office, at=story.now)
    with refused("in-the-future", field="resolved_on"):
        resolve_adverse_event(
            adverse_event=event,
            outcome="recovered",
            resolved_on=today + timedelta(days=1),
            by=office,
            at=story.now,
        )
    with refused("unknown-code", field="outcome"):
        resolve_adverse_event(adverse_event=event, outcome="fine", by=office, at=story.now)
    resolve_adverse_event(adverse_event=event, outcome="recovering", by=office, at=story.now)
    resolve_adverse_event(
        adverse_event=event, outcome="recovered", resolved_on=today, by=office, at=story.now
    )
    assert due(story) == {"C-SUSAR-7", "C-SUSAR-FULL"}  # only what is filed stops a clock
    with refused("resolved-already"):
        resolve_adverse_event(
            adverse_event=event, outcome="recovered", resolved_on=today, by=office, at=story.now
        )
    assert not Deviation.objects.filter(rule_id="SAFETY-LATE").exists()


def test_a_grade_that_differs_from_the_proposed_one_needs_a_reason() -> None:
    story = participant_at(State.INFUSED).wait(1)
    with refused("grade-reason-required", field="grade_reason"):
        record_adverse_event(
            participant=story.participant,
            term="ALT increased",
            onset_at=story.now,
            aware_at=story.now,
            toxicity_grade=2,
            details=EventDetails(proposed_grade=3),
            by=story.ward.nurse,
            at=story.now,
        )
