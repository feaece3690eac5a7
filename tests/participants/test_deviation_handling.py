"""From found to closed: each step by whom it may be taken, the clock of important ones, actions, opening again."""

from datetime import timedelta

import pytest

from participants.models import Deviation, DeviationNotice, DeviationStep, NoticeTo
from participants.queries.deviations import actions_due, alike_to, lineage_of, notices_due
from participants.services.deviations import record_site_deviation
from participants.services.handling import reopen_deviation
from participants.services.notices import sweep_notices
from participants.states import State
from tests.factories import handling as told
from tests.factories.accounts import make_user
from tests.factories.journeys import participant_at
from tests.factories.traces import permitted, refused, traces
from trialsite.accounts.permissions import Role, SystemActor
from trialsite.protocol.findings import Category
from trialsite.signing.queries import signatures_of

pytestmark = pytest.mark.django_db
SWEEP = SystemActor("sweep")


def late_notice(of: Deviation) -> Deviation | None:
    return Deviation.objects.filter(rule_id="NOTICE-LATE", subject=str(of.pk)).first()


def fresh(deviation: Deviation) -> Deviation:
    return Deviation.objects.get(pk=deviation.pk)


def test_a_minor_one_is_reported_assessed_by_another_and_closed() -> None:
    story = participant_at(State.REFERRED)
    found = told.is_noticed(story)
    assert (found.status, found.notice_due_on) == ("draft", None)

    with refused("not-at-this-stage"):
        told.is_assessed(found, story)
    with refused("explanation-required", field="explanation"):
        told.is_reported(found, story, explanation=" ")
    told.is_reported(found, story, by=story.ward.investigator)
    with refused("same-person"):
        told.is_assessed(found, story)
    with refused("reason-required", field="reason"):
        told.is_assessed(found, story, reason="", by=story.ward.admin)
    told.is_assessed(found, story, by=story.ward.admin)
    with refused("same-person"):
        told.closes(found, story)
    with refused("note-required", field="note"):
        told.closes(found, story, note=" ", by=story.ward.admin)
    closed = told.closes(found, story, by=story.ward.admin)

    assert (closed.status, closed.closed_at, closed.closing_note) == ("closed", story.now, "dealt with")
    steps = DeviationStep.objects.filter(deviation=found).order_by("recorded_at", "before")
    assert {(one.step, one.after) for one in steps} == {
        ("report", "reported"),
        ("assess", "assessed"),
        ("close", "closed"),
    }
    tables = (
        "participants_deviation",
        "participants_deviationstep",
        "signing_signature",
        "signing_signingstatement",
    )
    assert traces("participants.deviation_closed") == {
        (story.ward.admin.actor_id, "dealt with", table) for table in tables
    }
    (signature,) = signatures_of(Deviation.objects.get(pk=found.pk))
    assert (signature.signature.signer, signature.holds) == (story.ward.admin, True)
    with refused("not-at-this-stage"):
        told.closes(found, story, by=story.ward.admin)


def test_who_may_report_and_who_may_judge() -> None:
    story = participant_at(State.REFERRED)
    ward = story.ward
    people = [ward.coordinator, ward.nurse, ward.investigator, ward.admin, make_user(Role.AUDITOR)]
    found = told.is_noticed(story)

    staff = {"coordinator", "nurse", "investigator", "admin"}
    assert permitted(lambda user: told.is_reported(found, story, by=user), people) == staff
    assert permitted(lambda user: told.is_told(found, story, NoticeTo.SPONSOR, by=user), people) == staff
    judges = {"investigator", "admin"}
    for act in (told.is_assessed, told.is_to_be_done, told.is_checked, told.closes):
        assert permitted(lambda user, act=act: act(found, story, by=user), people) == judges


def test_an_important_one_is_closed_after_its_actions_had_effect_and_everybody_was_told() -> None:
    story = participant_at(State.REFERRED)
    found = told.is_noticed(story, is_important=True)
    told.is_reported(found, story)
    told.is_assessed(found, story, is_important=True)
    with refused("not-closable"):
        told.closes(found, story)
    with refused("due-in-the-past", field="due_on"):
        told.is_to_be_done(found, story, due_on=(story.now - timedelta(days=2)).date())
    with refused("owner-elsewhere", field="owner"):
        told.is_to_be_done(found, story, owner=make_user(Role.AUDITOR))
    action = told.is_to_be_done(found, story)
    assert list(actions_due(story.ward.nurse)) == [action]
    with refused("actions-open"):
        told.is_checked(found, story)
    told.is_done(action, story)
    with refused("action-done-already"):
        told.is_done(action, story)
    told.is_checked(found, story, is_effective=False)
    told.is_done(told.is_to_be_done(found, story), story)
    told.is_checked(found, story)
    told.is_told(found, story, NoticeTo.SPONSOR)
    with refused("not-closable"):
        told.closes(found, story)
    told.is_told(found, story, NoticeTo.ETHICS_COMMITTEE)

    assert told.closes(found, story).status == "closed"
    assert late_notice(found) is None
    assert not actions_due(story.ward.nurse)


def test_a_notice_that_did_not_leave_in_time_is_found_by_the_sweep_once() -> None:
    story = participant_at(State.REFERRED)
    found = told.is_noticed(story, is_important=True)
    detected_at, due_on = story.now, found.notice_due_on
    assert due_on is not None
    assert list(notices_due(story.ward.nurse)) == [found]

    while story.now.date() < due_on:
        story.wait(1)
    assert sweep_notices(by=SWEEP, at=story.now) == 0
    story.wait(1)
    assert [sweep_notices(by=SWEEP, at=story.now) for _ in range(2)] == [1, 0]
    late = late_notice(found)
    assert late is not None
    assert (late.status, late.proposed_important, late.notice_due_on) == ("draft", False, None)
    assert [one.title for one in lineage_of(late, story.now).evidence] == [found.description]

    in_time = {"sent_at": detected_at + timedelta(hours=2)}
    with refused("told-before-detected", field="sent_at"):
        told.is_told(found, story, NoticeTo.SPONSOR, sent_at=detected_at - timedelta(hours=1))
    told.is_told(found, story, NoticeTo.SPONSOR, **in_time)
    assert fresh(late).status == "draft"
    told.is_told(found, story, NoticeTo.ETHICS_COMMITTEE, **in_time)
    assert fresh(late).closing_note.startswith("It was recorded afterwards")
    assert fresh(found).notified_at == in_time["sent_at"]
    assert sweep_notices(by=SWEEP, at=story.wait(1).now) == 0


def test_a_notice_recorded_late_is_found_by_the_service_and_goes_with_the_importance() -> None:
    story = participant_at(State.REFERRED)
    found = told.is_noticed(story, is_important=True)
    told.is_reported(found, story)
    story.wait(20)
    told.is_told(found, story, NoticeTo.SPONSOR)
    told.is_told(found, story, NoticeTo.ETHICS_COMMITTEE)
    late = late_notice(found)
    assert late is not None
    assert late.status == "draft"

    told.is_assessed(found, story, is_important=False)

    assert (fresh(found).notice_due_on, fresh(late).status) == (None, "closed")
    told.is_assessed(found, story, is_important=True, by=story.ward.admin)
    assert fresh(found).notice_due_on is not None
    assert DeviationNotice.objects.filter(deviation=found).count() == 2


def test_what_is_opened_again_is_to_be_assessed_anew() -> None:
    story = participant_at(State.REFERRED)
    found = told.is_noticed(story)
    told.is_closed(found, story)
    with refused("reason-required", field="reason"):
        reopen_deviation(deviation=found, reason="", by=story.ward.admin, at=story.now)

    again = reopen_deviation(deviation=found, reason="it happened again", by=story.ward.admin, at=story.now)

    assert (again.status, again.is_important, again.assessed_at) == ("reported", None, None)
    with refused("stale-version"):
        told.is_assessed(again, story, version=1)


def test_a_deviation_of_the_site_concerns_no_participant() -> None:
    story = participant_at(State.REFERRED)
    values = {
        "site": story.ward.site,
        "category": Category.OTHER,
        "description": "Refrigerator without a log for two days",
        "is_important": True,
        "occurred_at": story.now,
        "by": story.ward.coordinator,
        "at": story.now,
        "reason": "",
    }
    found = record_site_deviation(**values)  # type: ignore[arg-type]
    with refused("description-required", field="description"):
        record_site_deviation(**values | {"description": " "})  # type: ignore[arg-type]

    story.wait(20)
    assert [sweep_notices(by=SWEEP, at=story.now) for _ in range(2)] == [1, 0]
    late = late_notice(found)
    assert late is not None
    assert late.participant is None
    assert late.site == story.ward.site


def test_those_of_the_same_rule_site_and_cause_are_alike() -> None:
    story = participant_at(State.REFERRED)
    first, second, other = (told.is_noticed(story) for _ in range(3))
    told.is_reported(first, story)
    told.is_reported(second, story)
    assert list(alike_to(fresh(first))) == [second]
    assert not alike_to(fresh(other)).exists()
