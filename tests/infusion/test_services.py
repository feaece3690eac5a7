"""From vein to vein: collections, lots, conditioning, infusions, and the safety clocks."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from infusion.models import (
    AdverseEvent,
    CellProduct,
    Infusion,
    Leukapheresis,
    LymphodepletionDose,
    SafetyReport,
)
from infusion.services.adverse_events import record_adverse_event, record_safety_report
from infusion.services.conditioning import plan_infusion, record_lymphodepletion_dose
from infusion.services.infusion_facts import RouteDetails
from infusion.services.infusions import correct_infusion, record_infusion
from infusion.services.leukaphereses import Collected, correct_leukapheresis, record_leukapheresis
from infusion.services.products import fail_product, release_product, start_manufacturing
from participants.models import Deviation, DispositionKind, JourneyEvent, Obligation, Participant
from participants.services import journey
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.journeys import Story, make_ward, participant_at, there
from tests.factories.traces import everything, permitted, refused, traces
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Role
from trialsite.protocol.types import Arm, DueState
from trialsite.protocol.windows import civil_date

pytestmark = pytest.mark.django_db
STAFF = {"coordinator", "nurse", "investigator"}
OFFICE = {"coordinator", "investigator"}


def collects(story: Story, **given: object) -> Leukapheresis:
    values = {
        "participant": story.participant,
        "performed_at": story.now,
        "by": story.ward.nurse,
        "at": story.now,
    }
    return record_leukapheresis(**values | given)  # type: ignore[arg-type]


def begins_lot(story: Story, **given: object) -> CellProduct:
    values = {
        "leukapheresis": there(story.leukapheresis),
        "lot": "LOT-1",
        "started_at": story.now,
        "by": story.ward.nurse,
        "at": story.now,
    }
    return start_manufacturing(**values | given)  # type: ignore[arg-type]


def releases(story: Story, **given: object) -> CellProduct:
    values = {
        "product": there(story.product),
        "released_at": story.now,
        "total_cells": 10**9,
        "expires_on": story.now.date() + timedelta(days=90),
        "by": story.ward.investigator,
        "at": story.now,
    }
    return release_product(**values | given)  # type: ignore[arg-type]


def fails(story: Story, **given: object) -> CellProduct:
    values = {
        "product": there(story.product),
        "failed_at": story.now,
        "by": story.ward.nurse,
        "at": story.now,
        "reason": "viability 58 %",
    }
    return fail_product(**values | given)  # type: ignore[arg-type]


def plans(story: Story, days: int = 10, **given: object) -> date:
    values = {
        "participant": story.participant,
        "planned_on": story.now.date() + timedelta(days=days),
        "by": story.ward.coordinator,
        "at": story.now,
    }
    return plan_infusion(**values | given)  # type: ignore[arg-type]


def conditions(story: Story, key: str, **given: object) -> LymphodepletionDose:
    values = {
        "participant": story.participant,
        "obligation_key": key,
        "given_at": story.now,
        "fludarabine_mg_per_m2": Decimal("30"),
        "cyclophosphamide_mg_per_m2": Decimal("300"),
        "measures": story.measures,
        "fludarabine_mg": Decimal("50"),
        "cyclophosphamide_mg": Decimal("500"),
        "by": story.ward.nurse,
        "at": story.now,
    }
    return record_lymphodepletion_dose(**values | given)  # type: ignore[arg-type]


def infuses(story: Story, **given: object) -> Infusion:
    values = {
        "participant": story.participant,
        "product": there(story.product),
        "route": Arm.INTRAVENOUS,
        "started_at": story.now,
        "thawed_at": story.now - timedelta(minutes=20),
        "infused_cells": 60_000_000,
        "weight_kg": Decimal("60.0"),
        "weight_on": civil_date(story.now, story.ward.site.time_zone),
        "by": story.ward.nurse,
        "at": story.now,
    }
    return record_infusion(**values | given)  # type: ignore[arg-type]


TIMES = ("started_at", "thawed_at", "ended_at", "clamped_at", "unclamped_at")


def in_full(story: Story) -> Infusion:
    """An intrapleural infusion with every time on record."""
    clamped = RouteDetails(
        clamped_at=story.now + timedelta(minutes=35), unclamped_at=story.now + timedelta(minutes=155)
    )
    return infuses(
        story,
        route=Arm.INTRAPLEURAL,
        details=clamped,
        thawed_at=story.now - timedelta(minutes=10),
        ended_at=story.now + timedelta(minutes=30),
        at=story.now + timedelta(hours=3),
        reason="dose of the other level",
    )


def corrects(story: Story, infusion: Infusion, **given: object) -> Infusion:
    later = story.now + timedelta(hours=3)
    values = {"infusion": infusion, "by": story.ward.nurse, "at": later, "reason": "day misread"}
    return correct_infusion(**values | given)  # type: ignore[arg-type]


def reports_event(story: Story, **given: object) -> AdverseEvent:
    values = {
        "participant": story.participant,
        "term": "Cytokine release syndrome",
        "onset_at": story.now - timedelta(hours=3),
        "aware_at": story.now - timedelta(hours=1),
        "toxicity_grade": 2,
        "by": story.ward.nurse,
        "at": story.now,
    }
    return record_adverse_event(**values | given)  # type: ignore[arg-type]


def files(story: Story, event: AdverseEvent, **given: object) -> SafetyReport:
    values = {
        "adverse_event": event,
        "clock_id": "C-SAE",
        "sent_at": story.now,
        "recipient": "Sponsor safety desk",
        "by": story.ward.coordinator,
        "at": story.now,
    }
    return record_safety_report(**values | given)  # type: ignore[arg-type]


def with_lot_tested() -> Story:
    """A lot whose release tests are all within the specification."""
    story = participant_at(State.MANUFACTURING)
    story.has_lot_tested()
    return story


def released() -> Story:
    story = participant_at(State.MANUFACTURING)
    story.wait(13).has_lot_released()
    return story.wait(1)


def ready(arm: Arm = Arm.INTRAVENOUS) -> Story:
    """Three days after the last dose of lymphodepletion, everything looked at at the bedside."""
    story = participant_at(State.LYMPHODEPLETION, arm=arm).wait(3)
    story.is_made_ready()
    return story


ACTS: list[tuple[str, Callable[[], Story], Callable[[Story, User], object], set[str]]] = [
    ("collection", lambda: participant_at(State.ENROLLED), lambda s, u: collects(s, by=u), STAFF),
    ("lot", lambda: participant_at(State.LEUKAPHERESIS), lambda s, u: begins_lot(s, by=u), STAFF),
    (
        "release",
        with_lot_tested,
        lambda s, u: releases(s, by=u),
        {"investigator"},
    ),
    ("failed lot", lambda: participant_at(State.MANUFACTURING), lambda s, u: fails(s, by=u), STAFF),
    ("plan", released, lambda s, u: plans(s, by=u), OFFICE),
    ("infusion", ready, lambda s, u: infuses(s, by=u), STAFF),
    (
        "adverse event",
        lambda: participant_at(State.INFUSED),
        lambda s, u: reports_event(s, is_serious=True, by=u),
        STAFF,
    ),
]


@pytest.mark.parametrize(
    ("prepared", "act", "roles"), [one[1:] for one in ACTS], ids=[one[0] for one in ACTS]
)
class TestEveryAct:
    def test_only_the_roles_of_the_site_that_may(
        self, prepared: Callable[[], Story], act: Callable[[Story, User], object], roles: set[str]
    ) -> None:
        story = prepared()
        ward = story.ward
        elsewhere = make_user(Role.INVESTIGATOR, make_ward().site)
        people = [ward.admin, make_user(Role.AUDITOR), ward.coordinator, ward.nurse, ward.investigator]

        with refused("not-permitted"):
            act(story, elsewhere)
        assert permitted(lambda user: act(story, user), people) == roles

    def test_a_failure_on_the_way_leaves_nothing(
        self,
        monkeypatch: pytest.MonkeyPatch,
        prepared: Callable[[], Story],
        act: Callable[[Story, User], object],
        roles: set[str],
    ) -> None:
        story = prepared()
        before = everything()

        def breaks(*args: object, **kwargs: object) -> None:
            raise RuntimeError("no room left")

        monkeypatch.setattr(journey, "reconcile", breaks)
        with pytest.raises(RuntimeError):
            act(story, story.ward.investigator)

        assert everything() == before


class TestCollection:
    def test_it_fulfils_what_enrolment_owed_and_owes_the_release(self) -> None:
        story = participant_at(State.ENROLLED)

        found = collects(
            story.wait(2),
            collected=Collected(bag_identifier="BAG 7", processed_blood_ml=9000),
            reason="first session",
        )

        assert (found.number, found.bag_identifier) == (1, "BAG 7")
        assert story.state is State.LEUKAPHERESIS
        assert story.due_states()["V-APH#1"] is DueState.DONE
        assert "T-RELEASE#1" in story.due_states()
        assert (story.ward.nurse.actor_id, "first session", "infusion_leukapheresis") in traces(
            "infusion.leukapheresis_recorded"
        )
        assert collects(story.wait(1)).number == 2

    def test_before_enrolment_it_is_an_important_deviation_with_a_reason(self) -> None:
        story = participant_at(State.ELIGIBLE)

        with refused("reason-required", field="reason"):
            collects(story)
        collects(story, reason="slot at the blood bank")

        assert Deviation.objects.get().rule_id == "ORDER-leukapheresis_performed"
        assert Deviation.objects.get().proposed_important

    def test_a_correction_moves_it_and_keeps_the_first_value(self) -> None:
        story = participant_at(State.LEUKAPHERESIS)
        found = there(story.leukapheresis)
        first = found.performed_at

        correct_leukapheresis(
            leukapheresis=found,
            performed_at=first - timedelta(days=1),
            by=story.ward.nurse,
            at=story.now,
            reason="form of the day before",
        )

        voided = JourneyEvent.objects.get(kind="leukapheresis_performed", voided_at__isnull=False)
        assert (voided.occurred_at, voided.corrected_by.occurred_at) == (first, first - timedelta(days=1))
        assert Obligation.objects.get(key="V-APH#1").fulfilled_at == first - timedelta(days=1)

    def test_tomorrow_is_refused(self) -> None:
        story = participant_at(State.ENROLLED)

        with refused("in-the-future", field="performed_at"):
            collects(story, performed_at=story.now + timedelta(days=1))


class TestLots:
    def test_a_lot_belongs_to_one_participant(self) -> None:
        story, other = participant_at(State.LEUKAPHERESIS), participant_at(State.LEUKAPHERESIS)

        assert begins_lot(story).state == "manufacturing"
        with refused("lot-taken"):
            begins_lot(other)
        with refused("lot-required", field="lot"):
            begins_lot(other, lot="  ")

    def test_a_release_is_signed_dated_and_owes_a_planned_date(self) -> None:
        story = participant_at(State.MANUFACTURING)

        story.wait(13).has_lot_tested()

        product = releases(story, reason="certificate 12")

        assert (product.state, product.released_by) == ("released", story.ward.investigator.actor_label)
        assert story.due_states()["T-PLAN#1"] is DueState.DUE
        assert (story.ward.investigator.actor_id, "certificate 12", "infusion_cellproduct") in traces(
            "infusion.product_released"
        )

    def test_released_elsewhere_all_the_same_is_a_deviation(self) -> None:
        story = participant_at(State.MANUFACTURING)

        with refused("gate-failed"):
            releases(story)
        with refused("reason-required", field="reason"):
            releases(story, already_happened=True)
        releases(story, already_happened=True, reason="released by the maker")

        found = Deviation.objects.get()
        assert (found.rule_id, found.category) == (
            "GATE-release_product-specification",
            "investigational_product",
        )

    @pytest.mark.parametrize("cells", [0, -1])
    def test_a_bag_holds_cells(self, cells: int) -> None:
        story = participant_at(State.MANUFACTURING)

        with refused("cells-required", field="total_cells"):
            releases(story, total_cells=cells)

    def test_a_failed_lot_owes_a_decision_on_a_new_collection(self) -> None:
        story = participant_at(State.MANUFACTURING)

        product = fails(story.wait(5))

        assert (product.state, product.failure_reason) == ("failed", "viability 58 %")
        assert story.due_states()["T-REAPH#1"] is DueState.DUE
        with refused("product-state"):
            releases(story)
        with refused("product-state"):
            fails(story)

    def test_a_failure_has_a_reason(self) -> None:
        story = participant_at(State.MANUFACTURING)

        with refused("reason-required", field="reason"):
            fails(story, reason="")

    def test_a_released_lot_is_released_once_and_can_still_fail(self) -> None:
        story = released()

        with refused("product-state"):
            releases(story)
        assert fails(story).state == "failed"


class TestConditioning:
    def test_a_plan_dates_baseline_conditioning_and_infusion(self) -> None:
        story = released()

        planned_on = plans(story, 10, reason="bed free")

        rows = {row.key: row for row in Obligation.objects.in_force()}
        assert rows["V-D0#1"].target_on == planned_on
        assert rows["V-LD1#1"].target_on == planned_on - timedelta(days=5)
        assert {reason for _, reason, _ in traces("infusion.infusion_planned", reason="bed free")} == {
            "bed free"
        }

    def test_today_can_be_planned_yesterday_cannot(self) -> None:
        story = released()

        with refused("planned-in-the-past", field="planned_on"):
            plans(story, -1)
        assert plans(story, 0) == story.now.date()

    def test_a_plan_made_before_it_is_written_up_dates_the_days_that_have_passed(self) -> None:
        story = released()
        made_at = story.now
        story.wait(20)

        planned_on = plans(story, -10, planned_at=made_at)

        rows = {row.key: row for row in Obligation.objects.in_force().filter(participant=story.participant)}
        assert rows["V-LD1#1"].target_on == planned_on - timedelta(days=5)
        assert rows["V-D0#1"].target_on == planned_on
        with refused("planned-in-the-past", field="planned_on"):
            plans(story, -21, planned_at=made_at)
        with refused("in-the-future", field="planned_at"):
            plans(story, planned_at=story.now + timedelta(hours=1))

    def test_a_plan_that_was_made_without_a_product_is_kept_with_its_reason(self) -> None:
        story = participant_at(State.MANUFACTURING)
        story.wait(1)

        with refused("reason-required", field="reason"):
            plans(story, planned_at=story.now - timedelta(hours=1))
        plans(story, planned_at=story.now - timedelta(hours=1), reason="bed was booked")

        assert Deviation.objects.filter(
            participant=story.participant, description="No released product is at hand"
        ).exists()

    def test_today_is_that_of_the_site(self) -> None:
        story = released()
        story.now = story.now.replace(hour=16, minute=30)  # already tomorrow in Wuhan

        with refused("planned-in-the-past", field="planned_on"):
            plans(story, 0)

    def test_without_a_product_nothing_is_planned(self) -> None:
        with_lot_in_making = participant_at(State.MANUFACTURING)

        with refused("gate-failed"):
            plans(with_lot_in_making)

    def test_a_dose_is_given_on_a_scheduled_day_and_once(self) -> None:
        story = released()
        plans(story, 5)

        dose = conditions(story, "V-LD1#1", reason="first day")

        assert Obligation.objects.get(key="V-LD1#1").fulfilled_ref == str(dose.pk)
        assert story.state is State.LYMPHODEPLETION
        assert (story.ward.nurse.actor_id, "first day", "infusion_lymphodepletiondose") in traces(
            "infusion.lymphodepletion_recorded"
        )
        with refused("day-recorded"):
            conditions(story, "V-LD1#1")

    @pytest.mark.parametrize("key", ["", "V-BL#1", "V-D0#1", "V-LD9#1", "V-LD1#7"])
    def test_another_day_is_unknown(self, key: str) -> None:
        story = released()
        plans(story, 5)

        with refused("unknown-day", field="obligation_key"):
            conditions(story, key)

    def test_a_dose_after_the_lot_failed_is_a_deviation(self) -> None:
        story = released()
        plans(story, 5)
        fails(story)

        with refused("reason-required", field="reason"):
            conditions(story, "V-LD1#1")
        conditions(story, "V-LD1#1", reason="the failure was learned of later")

        assert Deviation.objects.filter(rule_id="GATE-lymphodepletion-released").exists()


class TestInfusion:
    def test_day_zero_is_the_sites_date_and_the_lot_is_used(self) -> None:
        story = ready()
        story.now = story.now.replace(hour=16, minute=30)
        story.is_cleared_for_infusion()
        story.is_made_ready()

        infusion = infuses(story, reason="bedside", details=RouteDetails(access_line="port"))

        assert (infusion.number, infusion.access_line) == (1, "port")
        assert Participant.objects.get().infused_on == story.now.date() + timedelta(days=1)
        assert CellProduct.objects.get().state == "infused"
        assert Obligation.objects.get(key="V-D1#1").target_on == story.now.date() + timedelta(days=2)
        assert (story.ward.nurse.actor_id, "bedside", "infusion_infusion") in traces(
            "infusion.infusion_recorded"
        )
        assert not Deviation.objects.exists()

    @pytest.mark.parametrize(
        ("given", "rules"),
        [
            ({"infused_cells": 47_999_999}, {"dose"}),
            ({"infused_cells": 72_000_001}, {"dose"}),
            ({"route": Arm.INTRAPLEURAL}, {"route"}),
            ({"thawed_at": None}, {"thaw"}),
        ],
    )
    def test_what_departs_is_asked_about_and_recorded(
        self, given: dict[str, object], rules: set[str]
    ) -> None:
        story = ready()

        with refused("reason-required", field="reason"):
            infuses(story, **given)
        infuses(story, reason="so it happened", **given)

        found = Deviation.objects.all()
        assert {one.rule_id for one in found} == {f"GATE-infuse-{rule}" for rule in rules}
        assert all(one.proposed_important and one.reason == "so it happened" for one in found)
        assert {one.occurred_at for one in found} == {story.now}

    def test_too_soon_after_lymphodepletion_is_a_deviation(self) -> None:
        story = participant_at(State.LYMPHODEPLETION).wait(hours=47)
        story.is_made_ready()

        infuses(story, reason="the bag could not wait")

        assert {"GATE-infuse-lymphodepletion"} == set(Deviation.objects.values_list("rule_id", flat=True))

    def test_of_the_lot_of_somebody_else_nothing_is_recorded(self) -> None:
        story, other = ready(), ready()

        with refused("product-of-another"):
            infuses(story, product=there(other.product), reason="mixed up")

    @pytest.mark.parametrize(
        ("given", "code", "field"),
        [
            ({"infused_cells": 0}, "not-positive", "infused_cells"),
            ({"weight_kg": Decimal(0)}, "not-positive", "weight_kg"),
            (
                {"details": RouteDetails(catheter_position="right")},
                "field-of-other-route",
                "catheter_position",
            ),
            (
                {"route": Arm.INTRAPLEURAL, "details": RouteDetails(rate_ml_per_h=Decimal(9))},
                "field-of-other-route",
                "rate_ml_per_h",
            ),
        ],
    )
    def test_the_impossible_is_refused(self, given: dict[str, object], code: str, field: str) -> None:
        story = ready()

        with refused(code, field=field):
            infuses(story, reason="x", **given)

    @pytest.mark.parametrize(
        ("name", "hours", "code"),
        [
            ("started_at", 1, "in-the-future"),
            ("ended_at", 1, "in-the-future"),
            ("ended_at", -1, "ends-before-start"),
        ],
    )
    def test_its_times_are_possible(self, name: str, hours: int, code: str) -> None:
        story = ready()

        with refused(code, field=name):
            infuses(story, **{name: story.now + timedelta(hours=hours)})

    def test_a_correction_keeps_the_first_value_and_needs_reason_and_version(self) -> None:
        story = ready()
        infusion = infuses(story, ended_at=story.now)
        given = {"infusion": infusion, "by": story.ward.nurse, "at": story.now}
        earlier: datetime = story.now - timedelta(hours=2)

        with refused("reason-required", field="reason"):
            correct_infusion(started_at=earlier, reason="", **given)  # type: ignore[arg-type]
        with refused("stale-version"):
            correct_infusion(started_at=earlier, reason="x", version=5, **given)  # type: ignore[arg-type]
        with refused("not-permitted"):
            correct_infusion(started_at=earlier, reason="x", **given | {"by": story.ward.admin})  # type: ignore[arg-type]
        with refused("ends-before-start", field="ended_at"):
            correct_infusion(started_at=earlier, ended_at=earlier - timedelta(minutes=1), reason="x", **given)  # type: ignore[arg-type]
        correct_infusion(started_at=earlier, reason="clock of the ward was wrong", **given)  # type: ignore[arg-type]

        voided = JourneyEvent.objects.get(kind="infused", voided_at__isnull=False)
        assert (voided.occurred_at, voided.corrected_by.occurred_at) == (story.now, earlier)
        assert Infusion.objects.get().started_at == earlier

    @pytest.mark.parametrize("days", [-1, 1])
    def test_a_correction_to_another_day_takes_all_its_times_along(self, days: int) -> None:
        story = ready(Arm.INTRAPLEURAL)
        infusion = in_full(story)
        shift = timedelta(days=days)

        corrects(story.wait(2), infusion, started_at=infusion.started_at + shift)

        moved = Infusion.objects.get()
        assert all(getattr(moved, name) == getattr(infusion, name) + shift for name in TIMES)

    def test_a_time_that_is_given_is_taken_and_the_others_move(self) -> None:
        story = ready(Arm.INTRAPLEURAL)
        infusion = in_full(story)
        started_at = infusion.started_at - timedelta(days=1)

        corrects(story, infusion, started_at=started_at, ended_at=started_at + timedelta(minutes=5))

        moved = Infusion.objects.get()
        assert moved.ended_at == started_at + timedelta(minutes=5)
        assert moved.thawed_at == started_at - timedelta(minutes=10)

    @pytest.mark.parametrize(
        ("name", "minutes", "code"),
        [
            ("ended_at", -1, "ends-before-start"),
            ("thawed_at", 1, "thawed-after-start"),
            ("unclamped_at", 0, "opened-before-clamped"),
            ("ended_at", 60 * 24 * 3, "in-the-future"),
        ],
    )
    def test_corrected_times_are_possible(self, name: str, minutes: int, code: str) -> None:
        story = ready(Arm.INTRAPLEURAL)
        infusion = in_full(story)
        started_at = infusion.started_at - timedelta(days=1)

        with refused(code, field=name):
            corrects(
                story, infusion, started_at=started_at, **{name: started_at + timedelta(minutes=minutes)}
            )

    def test_clamping_is_not_corrected_where_there_is_no_catheter(self) -> None:
        story = ready()
        infusion = infuses(story)

        with refused("field-of-other-route", field="clamped_at"):
            corrects(story, infusion, started_at=infusion.started_at, clamped_at=infusion.started_at)

    def test_moved_before_the_conditioning_the_order_itself_becomes_a_deviation(self) -> None:
        story = ready()
        infusion = infuses(story)

        correct_infusion(
            infusion=infusion,
            started_at=infusion.started_at - timedelta(days=8),
            by=story.ward.nurse,
            at=story.now,
            reason="first of the two dates on the form",
        )

        assert Deviation.objects.filter(rule_id="ORDER-infused", proposed_important=True).exists()


class TestSafety:
    def test_a_serious_event_starts_its_clock_when_the_site_knows(self) -> None:
        story = participant_at(State.INFUSED).wait(1)

        event = reports_event(story, is_serious=True, is_special_interest=True, is_dlt=True, reason="rounds")

        clock = Obligation.objects.get(key=f"C-SAE:{event.pk}")
        assert (clock.opens_at, clock.closes_at) == (event.aware_at, event.aware_at + timedelta(hours=24))
        assert Obligation.objects.filter(key=f"C-AESI:{event.pk}").exists()
        assert set(JourneyEvent.objects.filter(ref=str(event.pk)).values_list("kind", "item")) == {
            ("safety_event_aware", "C-SAE"),
            ("safety_event_aware", "C-AESI"),
            ("safety_task_owed", "T-SAE-FU"),
            ("dlt_reported", ""),
        }
        assert (story.ward.nurse.actor_id, "rounds", "infusion_adverseevent") in traces(
            "infusion.adverse_event_recorded"
        )

    def test_a_severe_event_that_is_not_serious_runs_no_clock(self) -> None:
        story = participant_at(State.INFUSED).wait(1)

        reports_event(story, term="Neutropenia", toxicity_grade=4)

        assert not Obligation.objects.filter(kind="clock").exists()

    @pytest.mark.parametrize(
        ("given", "code", "field"),
        [
            ({"term": " "}, "term-required", "term"),
            ({"toxicity_grade": 0}, "grade-range", "toxicity_grade"),
            ({"toxicity_grade": 6}, "grade-range", "toxicity_grade"),
        ],
    )
    def test_what_is_no_event_is_refused(self, given: dict[str, object], code: str, field: str) -> None:
        story = participant_at(State.INFUSED).wait(1)

        with refused(code, field=field):
            reports_event(story, **given)

    @pytest.mark.parametrize(
        ("name", "hours", "code"),
        [
            ("onset_at", 1, "in-the-future"),
            ("aware_at", 1, "in-the-future"),
            ("aware_at", -4, "aware-before-onset"),
        ],
    )
    def test_its_times_are_possible(self, name: str, hours: int, code: str) -> None:
        story = participant_at(State.INFUSED).wait(1)

        with refused(code, field=name):
            reports_event(story, **{name: story.now + timedelta(hours=hours)})

    @pytest.mark.parametrize(("hours", "rules"), [(23.9, []), (24, ["SAFETY-LATE"]), (40, ["SAFETY-LATE"])])
    def test_a_report_stops_the_clock_and_a_late_one_is_an_important_deviation(
        self, hours: float, rules: list[str]
    ) -> None:
        story = participant_at(State.INFUSED)
        event = reports_event(story, is_serious=True, aware_at=story.now)

        files(story.wait(hours=hours), event, reference="2026-17")

        assert list(Deviation.objects.values_list("rule_id", flat=True)) == rules
        assert all(Deviation.objects.values_list("proposed_important", flat=True))
        assert Obligation.objects.get(item_id="C-SAE").fulfilled_at == story.now
        with refused("reported-already"):
            files(story, event)

    def test_a_report_names_a_running_clock_and_a_recipient_and_lies_after_the_news(self) -> None:
        story = participant_at(State.INFUSED).wait(1)
        event = reports_event(story, is_serious=True)

        with refused("no-such-clock", field="clock_id"):
            files(story, event, clock_id="C-AESI")
        with refused("recipient-required", field="recipient"):
            files(story, event, recipient="")
        with refused("sent-before-aware", field="sent_at"):
            files(story, event, sent_at=event.aware_at - timedelta(minutes=1))
        with refused("in-the-future", field="sent_at"):
            files(story, event, sent_at=story.now + timedelta(hours=1))
        with refused("not-permitted"):
            files(story, event, by=story.ward.nurse)
        files(story, event, sent_at=event.aware_at)

    def test_the_clock_runs_on_after_a_death(self) -> None:
        story = participant_at(State.INFUSED).wait(1)
        event = reports_event(story, is_serious=True)

        story.leaves(DispositionKind.DIED, cause_of_death="unknown")

        assert story.due_states()[f"C-SAE:{event.pk}"] is DueState.DUE
        files(story.wait(hours=2), event)
        assert not Deviation.objects.exclude(rule_id__startswith="ROUND-MISSED").exists()
