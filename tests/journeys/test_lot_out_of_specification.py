"""A lot that fails and cells collected again; a lot out of specification given under a signed exception."""

from datetime import timedelta

import pytest

from infusion.models import CellProduct, CohortSlot
from infusion.queries.labels import label_of_product
from infusion.rules.custody import ExcursionVerdict
from infusion.rules.release import Decision
from infusion.services.custody import decide_excursion
from infusion.services.leukaphereses import plan_leukapheresis
from infusion.services.product_dispositions import record_disposition_of_product
from participants.models import Deviation
from participants.states import State
from tests.factories.journeys import Story, participant_at, there
from tests.factories.traces import refused
from trialsite.protocol.types import DueState

pytestmark = pytest.mark.django_db


def lot(story: Story) -> CellProduct:
    return CellProduct.objects.get(pk=there(story.product).pk)


def decides(story: Story, decision: Decision, **given: object) -> None:
    record_disposition_of_product(
        product=lot(story),
        decision=decision,
        decided_at=story.now,
        by=story.ward.investigator,
        at=story.now,
        reason="Viability below the limit",
        **given,  # type: ignore[arg-type]
    )


def is_infused_by_the_book(story: Story) -> None:
    story.wait(1).has_infusion_planned((story.now + timedelta(days=13)).date())
    story.comes_on_target("V-BL#1")
    for day in (1, 2, 3):
        story.goes_to(max(story.moment_of(f"V-LD{day}#1"), story.now))
        story.gets_lymphodepletion(day)
    story.goes_to(max(story.moment_of("V-D0#1"), story.now))
    story.is_cleared_for_infusion()
    story.gets_infusion()


def test_a_failed_lot_is_followed_by_cells_collected_again_and_the_second_lot_is_given() -> None:
    story = participant_at(State.MANUFACTURING)
    first_cells, first = there(story.leukapheresis), there(story.product)
    story.wait(11).has_lot_tested(VIABILITY="58", CAR="6.5")
    with refused("gate-failed"):
        story.has_lot_released()

    decides(story, Decision.REAPHERESIS)

    assert (lot(story).state, label_of_product(lot(story), story.participant).warning) == (
        "failed",
        "Do not use",
    )
    assert story.due_states()["T-REAPH#1"] is DueState.DUE
    planned_on = (story.now + timedelta(days=5)).date()
    plan_leukapheresis(
        participant=story.participant, planned_on=planned_on, by=story.ward.nurse, at=story.now
    )
    second_cells = story.wait(5).gives_cells()
    assert (second_cells.number, second_cells.planned_on) == (2, planned_on)
    assert story.due_states()["T-REAPH#1"] is DueState.DONE
    second = story.wait(1).has_lot_started()
    assert len({first_cells.bag_code, second_cells.bag_code, first.bag_code, second.bag_code}) == 4
    story.wait(12).has_lot_released()
    is_infused_by_the_book(story)

    assert story.state is State.INFUSED
    assert lot(story).state == "infused"
    assert CellProduct.objects.get(pk=first.pk).state == "failed"
    assert not Deviation.objects.filter(participant=story.participant).exists()


def test_a_lot_out_of_specification_is_given_under_an_exception_once_everybody_knows() -> None:
    story = participant_at(State.MANUFACTURING)
    story.wait(12).has_lot_tested(VIABILITY="68.5")
    decides(story, Decision.TREAT_UNDER_EXCEPTION)
    with refused("gate-failed"):
        story.has_lot_released()

    story.wait(1).is_treated_under_exception()
    story.has_lot_released()

    assert lot(story).is_in_specification is False
    assert label_of_product(lot(story), story.participant).warning == "Out of specification"
    assert [one.sponsor_decision for one in lot(story).dispositions.order_by("number")] == ["", "agreed"]
    is_infused_by_the_book(story)
    assert story.state is State.INFUSED
    assert not Deviation.objects.filter(participant=story.participant).exists()


def test_without_treatment_the_place_in_the_cohort_is_given_back() -> None:
    story = participant_at(State.MANUFACTURING)
    held = CohortSlot.objects.filter(participant=story.participant, freed_at__isnull=True)
    assert held.exists()
    story.wait(12).has_lot_tested(STERILITY="positive")

    decides(story, Decision.WITHDRAW, frees_slot=True)

    assert not held.exists()
    assert lot(story).dispositions.get().is_slot_freed
    story.has_lot_started()
    story.has_lot_tested(STERILITY="positive")
    with refused("no-slot", field="frees_slot"):
        decides(story, Decision.WITHDRAW, frees_slot=True)


def test_a_warm_bag_is_held_and_fails_once_it_is_found_not_usable() -> None:
    story = participant_at(State.MANUFACTURING)
    story.wait(12).has_lot_released()
    entry = story.wait(hours=5).moves_bag("received", place="Ward pharmacy", temperature_c="-96")
    with refused("gate-failed"):
        story.has_infusion_planned((story.now + timedelta(days=13)).date())

    decide_excursion(
        entry=entry,
        verdict=ExcursionVerdict.NOT_USABLE,
        decided_at=story.now,
        by=story.ward.investigator,
        at=story.now,
        reason="Six hours above the limit",
    )

    assert (lot(story).state, lot(story).failure_reason) == ("failed", "Six hours above the limit")
    assert story.due_states()["T-REAPH#1"] is DueState.DUE
    story.moves_bag("destroyed", place="Waste of the cell laboratory")
    assert lot(story).state == "destroyed"
