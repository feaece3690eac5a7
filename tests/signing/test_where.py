"""Where it is asked for: decision, disposition, infusion, cohort, visit, casebook; and in which order."""

from datetime import timedelta

import pytest
from django.urls import reverse

from followup.models import Visit
from followup.services.visits import correct_visit
from infusion.models import CohortDecision, Infusion, ProductDisposition
from participants.services.data_queries import open_query
from participants.states import State
from screening.models import EligibilityDecision
from tests.factories.handling import is_noticed, is_reported
from tests.factories.journeys import participant_at, there
from tests.participants.web import browser_of, queries_of
from tests.signing.acts import complete, signed_by
from trialsite.audit.acting import acting
from trialsite.errors import NotPermitted, RuleViolated
from trialsite.signing.kinds import all_kinds, kind_of
from trialsite.signing.queries import awaiting_for, holds, obstacles_of, signatures_of
from trialsite.signing.rules import Meaning, Standing

pytestmark = pytest.mark.django_db


def test_every_kind_is_declared_with_a_model_a_permission_and_meanings() -> None:
    assert {one.name for one in all_kinds()} >= {
        "eligibility_decision",
        "product_disposition",
        "infusion",
        "cohort_decision",
        "deviation",
        "visit",
        "casebook",
        "lock",
    }
    for model in (EligibilityDecision, ProductDisposition, Infusion, CohortDecision, Visit):
        assert kind_of(model).meanings
    with pytest.raises(LookupError):
        kind_of(State)  # type: ignore[arg-type]


def test_the_investigator_signs_decision_infusion_and_visits_and_then_the_casebook() -> None:
    story = participant_at(State.INFUSED)
    who, at, participant = story.ward.investigator, story.now, story.participant
    decision = EligibilityDecision.objects.get(episode__participant=participant)
    infusion = Infusion.objects.get(participant=participant)
    visits = complete(story)
    asked = {(one.kind.name, one.record.pk) for one in awaiting_for(who)}
    assert {("eligibility_decision", decision.pk), ("infusion", infusion.pk)} <= asked
    assert awaiting_for(story.ward.nurse) == ()
    signed_by(who, decision, at=at)
    signed_by(who, infusion, at=at, meaning=Meaning.RESPONSIBILITY)
    with pytest.raises(RuleViolated, match="Visits that are not signed yet"):
        signed_by(who, participant, at=at, meaning=Meaning.RESPONSIBILITY)
    for visit in visits:
        signed_by(who, visit, at=at, meaning=Meaning.RESPONSIBILITY)
    signed_by(who, participant, at=at, meaning=Meaning.RESPONSIBILITY)
    assert all(holds(one) for one in (decision, infusion, participant, *visits))
    client = browser_of(who)
    code = participant.code
    for path in (
        reverse("screening-checklist", args=[code]),
        reverse("panel-infusion", args=[code]),
        reverse("panel-visits", args=[code]),
        reverse("visit-procedures", args=[code, visits[0].pk]),
    ):
        page = client.get(path).content.decode()
        assert who.display_name in page, path
        assert "Asia/Shanghai (UTC+0800)" in page, path
    story.comes_on_target("V-D1#1")
    (manifest,) = signatures_of(participant)
    assert manifest.standing is Standing.CHANGED
    assert any("followup_visit." in one.path for one in manifest.differences)
    assert "no longer holds" in client.get(reverse("panel-visits", args=[code])).content.decode()


def test_a_rejected_visit_needs_a_reason_and_does_not_count_as_signed() -> None:
    story = participant_at(State.INFUSED)
    (visit,) = complete(story)
    who = story.ward.investigator
    with pytest.raises(RuleViolated):
        signed_by(who, visit, at=story.now, meaning=Meaning.REJECTION)
    signed_by(who, visit, at=story.now, meaning=Meaning.REJECTION, reason="the CT is of another day")
    assert not holds(visit)
    assert signatures_of(visit)[0].is_rejection


def test_the_panel_of_visits_asks_the_same_number_of_queries_however_many_are_signed() -> None:
    story = participant_at(State.INFUSED)
    client = browser_of(story.ward.investigator)
    path = reverse("panel-visits", args=[story.participant.code])
    (first,) = complete(story)
    signed_by(story.ward.investigator, first, at=story.now, meaning=Meaning.REVIEW)
    one = queries_of(client, path)
    for key in ("V-D1#1", "V-D2#1"):
        story.comes_on_target(key)
        *_, visit = complete(story)
        signed_by(story.ward.investigator, visit, at=story.now, meaning=Meaning.REVIEW)
    assert queries_of(client, path) == one


def test_a_decision_on_a_cohort_belongs_to_no_site_and_is_signed_by_an_investigator_alone() -> None:
    story = participant_at(State.ENROLLED)
    with acting(by=story.ward.investigator, at=story.now, action="infusion.cohort_decided"):
        decision = CohortDecision(
            cohort=there(story.slot).cohort,
            number=1,
            proposed="stop",
            decided="stop",
            decided_at=story.now,
            decided_by=story.ward.investigator.actor_label,
            known_dlts=2,
            protocol_version="1.0",
            inputs={"evaluable": 3},
            recorded_at=story.now,
        )
        decision.save_new()
    with pytest.raises(NotPermitted):
        signed_by(story.ward.nurse, decision, at=story.now)
    signed_by(story.ward.investigator, decision, at=story.now)
    assert holds(decision)
    page = browser_of(story.ward.nurse).get(reverse("cohorts")).content.decode()
    assert story.ward.investigator.display_name in page
    assert "UTC (UTC+0000)" in page


def test_a_visit_that_was_rejected_or_whose_signature_is_broken_keeps_the_casebook_waiting() -> None:
    story = participant_at(State.INFUSED)
    story.comes_on_target("V-D1#1")
    who, participant = story.ward.investigator, story.participant
    *earlier, last = complete(story)
    at = story.now
    for visit in earlier:
        signed_by(who, visit, at=at, meaning=Meaning.RESPONSIBILITY)
    signed_by(who, last, at=at, meaning=Meaning.REJECTION, reason="The time is wrong.")
    assert obstacles_of(participant, who) == ("Visits that are not signed yet: 1.",)

    signed_by(who, last, at=at, meaning=Meaning.RESPONSIBILITY)
    assert obstacles_of(participant, who) == ()
    correct_visit(
        visit=last,
        performed_at=last.performed_at - timedelta(minutes=5),
        by=story.ward.coordinator,
        at=at,
        reason="slip",
    )
    assert obstacles_of(participant, who) == ("Visits that are not signed yet: 1.",)


def test_what_is_said_about_the_data_does_not_break_the_signature_of_the_casebook() -> None:
    story = participant_at(State.INFUSED)
    who, at, participant = story.ward.investigator, story.now, story.participant
    visits = complete(story)
    for visit in visits:
        signed_by(who, visit, at=at, meaning=Meaning.RESPONSIBILITY)
    signed_by(who, participant, at=at, meaning=Meaning.RESPONSIBILITY)

    is_reported(is_noticed(story), story)
    open_query(
        participant=participant,
        kind="visit",
        ref=str(visits[0].pk),
        field="note",
        question="Is there nothing to note?",
        by=story.ward.coordinator,
        at=at,
    )
    assert holds(participant)
