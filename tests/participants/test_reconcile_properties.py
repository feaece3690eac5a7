"""Whatever happens in whatever order: the stored obligations are the plan, and reconciling again changes nothing."""

import os
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infusion.services.adverse_events import record_adverse_event, record_safety_report
from infusion.services.infusions import correct_infusion
from infusion.services.products import fail_product
from participants.models import DispositionKind, Obligation, Participant
from participants.queries.course import load_course
from participants.queries.preview import preview_correction
from participants.services.dispositions import record_disposition
from participants.services.obligations import reconcile_participant
from participants.services.sweep import sweep_once
from participants.services.versions import activate_icf
from tests.factories.journeys import Story, make_ward, new_icf, refer, there
from trialsite.accounts.permissions import SystemActor
from trialsite.errors import DomainError
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import Arm, EventKind

SWEEP = SystemActor("sweep")
REASON = "it happened like this"


def _infusion_planned(story: Story) -> None:
    story.has_infusion_planned(date.fromordinal(story.now.date().toordinal() + 12))


def _lot_failed(story: Story) -> None:
    fail_product(
        product=there(story.product),
        failed_at=story.now,
        by=story.ward.coordinator,
        at=story.now,
        reason=REASON,
    )


def _next_open_visit(story: Story) -> None:
    rows = Obligation.objects.unsettled().filter(participant=story.participant, kind="visit")
    row = rows.filter(opens_at__lte=story.now + timedelta(days=9)).order_by("opens_at").first()
    story.comes_to(there(row).key, reason=REASON)


def _serious_event(story: Story) -> None:
    story.events.append(
        record_adverse_event(
            participant=story.participant,
            term="pneumonia",
            onset_at=story.now - timedelta(hours=5),
            aware_at=story.now - timedelta(hours=2),
            toxicity_grade=3,
            is_serious=True,
            by=story.ward.nurse,
            at=story.now,
        )
    )


def _reported(story: Story) -> None:
    record_safety_report(
        adverse_event=story.events[-1],
        clock_id="C-SAE",
        sent_at=story.now,
        recipient="sponsor",
        by=story.ward.coordinator,
        at=story.now,
    )


def _new_consent_form(story: Story) -> None:
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


def _infusion_corrected(story: Story) -> None:
    infusion = there(story.infusion)
    moved_to = infusion.started_at - timedelta(days=1)
    before = {row.key: row.to_value() for row in _live(story)}
    promised = preview_correction(
        story.participant,
        ref=str(infusion.pk),
        kind=EventKind.INFUSED,
        occurred_at=moved_to,
        at=story.now,
    )
    story.infusion = correct_infusion(
        infusion=infusion, started_at=moved_to, by=story.ward.nurse, at=story.now, reason=REASON
    )
    after = {row.key: row.to_value() for row in _live(story)}
    assert {one.key for one in promised.removed} == set(before) - set(after)
    expected = {key: value for key, value in after.items() if before.get(key) != value}
    shown = {one.key: one for one in promised.added} | {one.after.key: one.after for one in promised.changed}
    assert shown == expected


def _leaves(kind: DispositionKind) -> Callable[[Story], None]:
    def act(story: Story) -> None:
        record_disposition(
            participant=story.participant,
            kind=kind,
            occurred_at=story.now,
            cause_of_death="unknown",
            by=story.ward.coordinator,
            at=story.now,
            reason=REASON,
        )

    act.__name__ = f"leaves:{kind.value}"
    return act


def _swept(story: Story) -> None:
    sweep_once(by=SWEEP, at=story.now)


REGULAR: list[Callable[[Story], object]] = [
    Story.signs,
    Story.starts_screening,
    Story.finds_everything_in_order,
    Story.is_confirmed,
    Story.enrols,
    Story.gives_cells,
    Story.has_lot_started,
    Story.has_lot_released,
    _infusion_planned,
    lambda story: story.gets_lymphodepletion(1),
    lambda story: story.gets_infusion(reason=REASON),
    _next_open_visit,
    _next_open_visit,
]
TROUBLE: list[Callable[[Story], object]] = [
    _lot_failed,
    _serious_event,
    _reported,
    _new_consent_form,
    lambda story: story.signs(reason=REASON),
    _infusion_corrected,
    lambda story: story.gets_infusion(reason=REASON),
    _next_open_visit,
    _swept,
    _leaves(DispositionKind.WITHDRAWN_FROM_TREATMENT),
    _leaves(DispositionKind.LOST_TO_FOLLOW_UP),
    _leaves(DispositionKind.DIED),
]


def _live(story: Story) -> list[Obligation]:
    return list(Obligation.objects.in_force().filter(participant=story.participant))


def _act(story: Story, act: Callable[[Story], object]) -> None:
    """A refused act (nothing to act on yet, or a rule says no) leaves everything as it was."""
    before = {row.key: row.to_value() for row in _live(story)}
    try:
        with transaction.atomic():
            act(story)
    except (DomainError, LookupError):
        assert {row.key: row.to_value() for row in _live(story)} == before


def _require_equal_to_plan(story: Story) -> None:
    participant = Participant.objects.select_related("site").get(pk=story.participant.pk)
    course = load_course(participant)
    fresh = plan(course.version_at(story.now), course.events, course.facts)
    assert {one.key: one for one in course.obligations} == {one.key: one for one in fresh}
    assert not reconcile_participant(participant_id=participant.pk, by=SWEEP, at=story.now)
    story.participant = participant


@pytest.mark.django_db
@settings(
    max_examples=int(os.environ.get("TRIALSITE_JOURNEYS", "12")),  # more by `make random-journeys`
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_random_journeys_keep_the_stored_obligations_equal_to_the_plan(data: st.DataObject) -> None:
    savepoint = transaction.savepoint()
    try:
        story = refer(make_ward(), arm=data.draw(st.sampled_from(list(Arm))))
        for act in REGULAR[: data.draw(st.integers(0, len(REGULAR)))]:
            for _ in range(data.draw(st.sampled_from([0, 0, 0, 1, 2]))):
                _act(story.wait(data.draw(st.integers(0, 4))), data.draw(st.sampled_from(TROUBLE)))
            _act(story.wait(data.draw(st.integers(0, 9))), act)
            _require_equal_to_plan(story)
    finally:
        transaction.savepoint_rollback(savepoint)
