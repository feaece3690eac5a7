"""Two people at once, on two connections to a real PostgreSQL. Each test was seen red with the lock taken out."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection

from followup.services.visits import record_visit
from participants.models import Consent, Deviation, DispositionKind, JourneyEvent, Participant
from participants.queries.course import Course, load_course
from participants.services.consents import record_consent
from participants.services.dispositions import record_disposition
from participants.services.obligations import reconcile_participant
from participants.services.versions import activate_icf
from participants.states import State
from screening.services.decisions import enrol
from tests.factories.journeys import Story, Ward, make_ward, new_icf, participant_at, refer
from tests.factories.traces import at_once, codes
from trialsite.accounts.models import User
from trialsite.accounts.permissions import SystemActor
from trialsite.protocol.registry import resolve
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import DueState, EventKind

pytestmark = pytest.mark.django_db(transaction=True)


def enrols(story: Story, by: User) -> Participant:
    return enrol(
        participant=story.participant,
        arm=story.arm,
        dose_level=story.dose_level,
        enrolled_at=story.now,
        by=by,
        at=story.now,
    )


def is_as_planned(participant: Participant, story: Story) -> bool:
    course = load_course(Participant.objects.select_related("site").get(pk=participant.pk))
    fresh = plan(course.version_at(story.now), course.events, course.facts)
    return {one.key: one for one in course.obligations} == {one.key: one for one in fresh}


def test_of_two_who_enrol_the_same_participant_one_wins() -> None:
    story = participant_at(State.ELIGIBLE)
    ward = story.ward

    results = at_once(partial(enrols, story, ward.coordinator), partial(enrols, story, ward.investigator))

    assert codes(results) == ["enrolled-already"]
    assert JourneyEvent.objects.filter(kind=EventKind.ENROLLED).count() == 1
    assert story.state is State.ENROLLED
    assert is_as_planned(story.participant, story)


def test_of_two_nurses_who_record_the_same_visit_one_wins() -> None:
    story = participant_at(State.INFUSED)
    story.wait(1)
    visit = partial(
        record_visit,
        participant=story.participant,
        obligation_key="V-D1#1",
        performed_at=story.now,
        at=story.now,
    )

    results = at_once(partial(visit, by=story.ward.nurse), partial(visit, by=story.ward.coordinator))

    assert codes(results) == ["visit-recorded"]
    assert JourneyEvent.objects.filter(item="V-D1#1").count() == 1
    assert is_as_planned(story.participant, story)


def test_of_two_signatures_of_the_same_form_one_is_recorded() -> None:
    story = refer(make_ward())
    signature = partial(
        record_consent,
        participant=story.participant,
        icf=story.ward.icf,
        signed_at=story.now,
        at=story.now,
    )

    results = at_once(
        partial(signature, by=story.ward.coordinator), partial(signature, by=story.ward.investigator)
    )

    assert codes(results) == ["already-signed"]
    assert Consent.objects.count() == 1
    assert is_as_planned(story.participant, story)


def one_place_left(monkeypatch: pytest.MonkeyPatch, ward: Ward, candidates: int) -> list[Story]:
    """Leave one place in the trial, with several eligible participants at one site."""
    stories = [participant_at(State.ELIGIBLE, ward=ward) for _ in range(candidates)]
    version = resolve("1.0")
    small = replace(version, trial=replace(version.trial, planned_participants=1))
    monkeypatch.setattr(Course, "version_at", lambda self, at: small)
    return stories


def test_the_last_place_of_the_trial_is_taken_by_one_of_those_who_want_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ward = make_ward()
    stories = one_place_left(monkeypatch, ward, candidates=4)

    results = at_once(*(partial(enrols, story, ward.coordinator) for story in stories))

    assert codes(results) == ["gate-failed"] * 3
    assert Participant.objects.filter(state=State.ENROLLED).count() == 1


def test_a_signature_a_death_and_the_nightly_repair_at_once_leave_the_plan_whole() -> None:
    story = participant_at(State.FOLLOW_UP)
    ward = story.ward
    ward.icf = new_icf(ward.site, ward.admin, at=story.now)
    activate_icf(
        site=ward.site,
        icf=ward.icf,
        approved_on=story.now.date(),
        activated_at=story.now,
        by=ward.admin,
        at=story.now,
    )
    story.wait(1)
    sign = partial(
        record_consent,
        participant=story.participant,
        icf=ward.icf,
        signed_at=story.now - timedelta(hours=2),
        by=ward.coordinator,
        at=story.now,
    )
    die = partial(
        record_disposition,
        participant=story.participant,
        kind=DispositionKind.DIED,
        occurred_at=story.now - timedelta(hours=1),
        cause_of_death="unknown",
        by=ward.investigator,
        at=story.now,
    )
    repair = partial(
        reconcile_participant, participant_id=story.participant.pk, by=SystemActor("sweep"), at=story.now
    )

    results = at_once(sign, die, repair)

    assert codes(results) == []
    assert results[2] is False
    assert is_as_planned(story.participant, story)
    assert story.state is State.DIED
    assert story.due_states()[f"RECONSENT:{ward.icf.number}"] is DueState.DONE
    assert not Deviation.objects.exclude(rule_id__startswith="ROUND-MISSED").exists()


def test_the_threads_used_connections_of_their_own() -> None:
    pids = at_once(*[_backend] * 3)

    assert len({*pids, _backend()}) == 4


def _backend() -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]
