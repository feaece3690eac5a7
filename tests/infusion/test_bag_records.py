"""What is recorded of a bag: tests, decisions, chain of custody. What is refused, and what can never be changed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from infusion.models import CellProduct, CustodyEntry, ReleaseTestResult
from infusion.rules.custody import CustodyStep, ExcursionVerdict
from infusion.rules.release import Decision, ReleaseResult, SponsorDecision
from infusion.services.custody import Handling, decide_excursion, record_custody
from infusion.services.product_dispositions import Told, record_disposition_of_product
from infusion.services.release_tests import GivenResult, record_release_tests
from participants.states import State
from tests.factories.journeys import Story, make_ward, participant_at, there
from tests.factories.traces import refused, traces
from trialsite.audit.acting import acting

pytestmark = pytest.mark.django_db


def enters(story: Story, *results: ReleaseResult, unit: str = "", reason: str = "", hours: float = 0) -> None:
    tested_at = story.now - timedelta(hours=hours)
    record_release_tests(
        product=there(story.product),
        results=[GivenResult(result=one, tested_at=tested_at, unit=unit) for one in results],
        by=story.ward.coordinator,
        at=story.now,
        reason=reason,
    )


def viability(value: str) -> ReleaseResult:
    return ReleaseResult(test_id="RT-VIABILITY", value=Decimal(value))


def decides(story: Story, reason: str = "No other treatment is left", **given: object) -> None:
    values: Mapping[str, object] = {"decision": Decision.TREAT_UNDER_EXCEPTION, "decided_at": story.now}
    record_disposition_of_product(
        product=there(story.product),
        by=story.ward.investigator,
        at=story.now,
        reason=reason,
        **{**values, **given},  # type: ignore[arg-type]
    )


def test_results_are_stored_all_or_none_and_a_repeated_test_keeps_the_former_one() -> None:
    story = participant_at(State.MANUFACTURING).wait(9)
    sterility = ReleaseResult(test_id="RT-STERILITY", finding="negative")
    with refused("nothing-given"):
        enters(story)
    with refused("unknown-test", field="test_id"):
        enters(story, sterility, ReleaseResult(test_id="RT-COLOUR", finding="clear"))
    with refused("test-twice", field="test_id"):
        enters(story, viability("80"), viability("81"))
    with refused("value-or-finding", field="value"):
        enters(story, ReleaseResult(test_id="RT-VIABILITY", finding="good"))
    with refused("value-or-finding", field="value"):
        enters(story, replace(sterility, value=Decimal(1)))
    with refused("unit-differs", field="unit"):
        enters(story, viability("0.8"), unit="fraction")
    with refused("in-the-future", field="tested_at"):
        enters(story, sterility, hours=-1)
    with refused("tested-before-start", field="tested_at"):
        enters(story, sterility, hours=24 * 30)
    assert not ReleaseTestResult.objects.exists()

    enters(story, viability("58"), sterility)
    with refused("reason-required", field="reason"):
        enters(story, viability("81"))
    enters(story, viability("81"), reason="The first sample was mixed up")

    former, present = ReleaseTestResult.objects.filter(test_id="RT-VIABILITY").order_by("value")
    assert (former.verdict, former.void_reason) == ("not_met", "The first sample was mixed up")
    assert (present.verdict, present.voided_at) == ("met", None)
    lot = CellProduct.objects.get()
    assert (lot.state, lot.is_in_specification) == ("testing", None)
    assert (
        story.ward.coordinator.actor_id,
        "The first sample was mixed up",
        "infusion_releasetestresult",
    ) in traces("infusion.release_tests_recorded")


def test_a_decision_needs_a_lot_out_of_specification_and_says_who_told_whom() -> None:
    story = participant_at(State.MANUFACTURING).wait(9)
    with refused("in-specification"):
        decides(story)
    story.has_lot_tested(VIABILITY="58")
    with refused("reason-required", field="reason"):
        decides(story, "")
    with refused("in-the-future", field="decided_at"):
        decides(story, decided_at=story.now + timedelta(hours=1))
    with refused("sponsor-incomplete", field="sponsor_decided_by"):
        decides(story, told=Told(sponsor_decision=SponsorDecision.AGREED))
    with refused("informed-by-required", field="participant_informed_by"):
        decides(story, told=Told(participant_informed_at=story.now))
    with refused("cells-required", field="recalculated_cells"):
        decides(story, recalculated_cells=0)
    story.is_treated_under_exception()
    story.has_lot_released()

    with refused("product-state"):
        decides(story)


def test_a_step_of_the_chain_is_complete_and_lies_within_the_life_of_the_bag() -> None:
    story = participant_at(State.MANUFACTURING).wait(2)
    other = participant_at(State.MANUFACTURING, ward=story.ward)
    bag = there(story.product)
    good = Handling(
        step=CustodyStep.SHIPPED,
        occurred_at=story.now,
        place="On the road",
        handed_by="Laboratory",
        taken_by="Courier",
        storage_id="ST-VAPOUR",
        temperature_c=Decimal("-120"),
    )

    def enters_step(
        corrects: CustodyEntry | None = None, reason: str = "", **changes: object
    ) -> CustodyEntry:
        handling = replace(good, **changes)  # type: ignore[arg-type]
        by, at = story.ward.nurse, story.now
        return record_custody(bag=bag, handling=handling, corrects=corrects, by=by, at=at, reason=reason)

    with refused("place-required", field="place"):
        enters_step(place=" ")
    with refused("person-required", field="taken_by"):
        enters_step(taken_by="")
    with refused("hand-over-between-two", field="handed_by"):
        enters_step(handed_by="Courier")
    with refused("in-the-future", field="occurred_at"):
        enters_step(occurred_at=story.now + timedelta(minutes=6))
    with refused("before-the-bag", field="occurred_at"):
        enters_step(occurred_at=bag.manufacturing_started_at - timedelta(minutes=1))
    with refused("unknown-storage", field="storage_id"):
        enters_step(storage_id="ST-WARM")
    warm = enters_step()
    assert CellProduct.objects.get(pk=bag.pk).has_open_excursion
    with refused("reason-required", field="reason"):
        enters_step(corrects=warm)
    other.now = story.now
    theirs = other.moves_bag("stored")
    with refused("not-of-this-bag", field="corrects"):
        enters_step(corrects=theirs, reason="Misread")
    enters_step(corrects=warm, reason="Misread", temperature_c=Decimal("-140"))
    assert not CellProduct.objects.get(pk=bag.pk).has_open_excursion
    with refused("corrected-already"):
        enters_step(corrects=warm, reason="Misread")
    with refused("no-excursion"):
        decide_excursion(
            entry=CustodyEntry.objects.get(corrects=warm),
            verdict=ExcursionVerdict.USABLE,
            decided_at=story.now,
            by=story.ward.investigator,
            at=story.now,
            reason="Within the range",
        )


def test_not_even_raw_sql_changes_the_chain_or_hangs_it_on_somebody_else() -> None:
    ward = make_ward()
    story, other = (
        participant_at(State.MANUFACTURING, ward=ward),
        participant_at(State.MANUFACTURING, ward=ward),
    )
    entry = story.moves_bag("stored")
    for statement in (
        "UPDATE infusion_custodyentry SET temperature_c = 4 WHERE id = %s",
        "DELETE FROM infusion_custodyentry WHERE id = %s",
    ):
        with (
            pytest.raises(DatabaseError, match="its rows are never changed"),
            transaction.atomic(),
            acting(by=ward.nurse, at=story.now, action="test.tried", reason=""),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, [entry.pk])
    entry.pk, entry.participant = None, other.participant
    with (
        pytest.raises(IntegrityError, match="custody_of_own_product"),
        transaction.atomic(),
        acting(by=ward.nurse, at=story.now, action="test.tried", reason=""),
    ):
        CustodyEntry(
            **{
                field.attname: getattr(entry, field.attname)
                for field in CustodyEntry._meta.concrete_fields
                if field.name != "id"
            }
        ).save_new()
