"""The demonstration cohort, loaded once for a fixed day: it obeys every rule and shows every trouble."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Q

from infusion.models import (
    AdverseEvent,
    CellProduct,
    CustodyEntry,
    Infusion,
    Leukapheresis,
    ProductDisposition,
)
from participants.models import (
    Deviation,
    Disposition,
    Identity,
    JourneyEvent,
    Obligation,
    Observation,
    Participant,
    Reminder,
)
from participants.queries.as_known_at import owned_models, rows_of
from participants.queries.course import load_course
from participants.services.identities import _plain
from participants.services.notices import sweep_notices
from participants.services.obligations import reconcile_participant
from participants.services.sweep import sweep_once
from participants.states import State
from screening.models import ScreeningEpisode
from trialsite.accounts.permissions import SystemActor
from trialsite.audit.models import Entry
from trialsite.audit.records import Record
from trialsite.audit.replay import KnownBy, rows_as_known_at
from trialsite.demo.cohort import PARTICIPANTS, cast, load
from trialsite.demo.troubles import Trouble
from trialsite.protocol.codes import is_valid_code
from trialsite.protocol.due import due_state
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import Arm, DueState

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
AFTERWARDS = datetime(9999, 1, 1, tzinfo=UTC)
SWEEP = SystemActor("sweep")
# Changes only with the seed or the cast: the same day gives the same people everywhere.
CODES_SHA256 = "37953ddefcb33936f06d297e94f10a794b0583d957c9405260dd88758fa111e6"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("cohort")]


@pytest.fixture(scope="module")
def cohort(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """Load once, in a transaction that is rolled back at the end. It takes half a minute."""
    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        load(NOW, report=lambda text: None)
        connection.check_constraints()  # now, not after each test
        yield
        transaction.set_rollback(True)


def states() -> Counter[str]:
    return Counter(Participant.objects.values_list("state", flat=True))


def test_there_are_sixty_at_two_sites_in_both_arms() -> None:
    assert Participant.objects.count() == PARTICIPANTS == 60
    assert set(Participant.objects.values_list("site__code", flat=True)) == {"WH01", "CQ01"}
    for arm in Arm:
        assert Participant.objects.filter(arm=arm.value).count() >= 10
    assert all(is_valid_code(code) for code in Participant.objects.values_list("code", flat=True))


def test_every_state_of_the_way_is_peopled() -> None:
    assert set(states()) == {state.value for state in State}


def test_the_same_day_gives_the_same_people() -> None:
    codes = "\n".join(sorted(Participant.objects.values_list("code", flat=True)))

    assert hashlib.sha256(codes.encode()).hexdigest() == CODES_SHA256


def test_the_cast_is_the_same_every_time_and_every_trouble_happens_to_one() -> None:
    assert cast() == cast()
    troubles = Counter(part.trouble for part in cast())
    del troubles[Trouble.NONE]

    assert troubles == Counter(trouble for trouble, _ in Trouble.placed())


def test_the_stored_obligations_are_the_plan_for_everybody() -> None:
    for participant in Participant.objects.select_related("site"):
        course = load_course(participant)
        fresh = plan(course.version_at(NOW), course.events, course.facts)

        assert {one.key: one for one in course.obligations} == {one.key: one for one in fresh}, (
            participant.code
        )


def test_the_nightly_repair_finds_nothing_to_repair() -> None:
    differing = [
        participant.code
        for participant in Participant.objects.all()
        if reconcile_participant(participant_id=participant.pk, by=SWEEP, at=NOW)
    ]

    assert differing == []


def test_the_sweep_is_up_to_date_and_nothing_waits_to_be_mailed() -> None:
    assert sweep_once(by=SWEEP, at=NOW) == 0
    assert not Reminder.objects.filter(status__in=["planned", "claimed", "held", "failed"]).exists()


def test_nothing_lies_in_the_future() -> None:
    for model, column in (
        (Disposition, "occurred_at"),
        (Infusion, "started_at"),
        (Leukapheresis, "performed_at"),
        (AdverseEvent, "aware_at"),
        (Observation, "taken_at"),
    ):
        assert model.objects.filter(**{f"{column}__lte": NOW}).count() == model.objects.count() > 0


def rules(participant: Participant) -> set[str]:
    return set(participant.deviations.values_list("rule_id", flat=True))


class TestTroubles:
    """What goes wrong in a real trial, each to be found by somebody who looks for it."""

    def test_a_failed_lot_and_a_second_collection(self) -> None:
        lot = CellProduct.objects.get(state="failed")

        assert lot.failure_reason
        assert lot.participant.leukaphereses.count() == 2
        assert lot.participant.products.count() == 2
        assert lot.is_in_specification is False

    def test_a_lot_given_under_an_exception_and_a_courier_whose_box_was_too_warm(self) -> None:
        exception = ProductDisposition.objects.get()
        warm = CustodyEntry.objects.get(is_excursion=True)

        assert exception.product.state in {"released", "infused"}
        assert (exception.sponsor_decision, warm.excursion_decision.verdict) == ("agreed", "usable")
        assert CustodyEntry.objects.filter(product=warm.product).count() == 3

    def test_a_dose_limiting_toxicity_that_is_serious_and_reported_in_time(self) -> None:
        event = AdverseEvent.objects.get(is_dlt=True)

        assert (event.toxicity_grade, event.is_serious, event.is_special_interest) == (4, True, True)
        assert set(event.reports.values_list("clock_id", flat=True)) == {"C-SAE", "C-AESI"}
        assert "SAFETY-LATE" not in rules(event.participant)

    def test_serious_events_reported_late_and_not_at_all_are_important_deviations(self) -> None:
        late = Deviation.objects.filter(rule_id="SAFETY-LATE", subject__startswith="C-SAE")

        assert late.count() == 2
        assert all(one.proposed_important and one.status == "draft" for one in late)
        assert [
            AdverseEvent.objects.get(pk=one.subject.partition(":")[2]).reports.exists() for one in late
        ].count(True) == 1

    def test_a_visit_without_the_new_signature(self) -> None:
        visits = list(Deviation.objects.filter(rule_id="GATE-visit-held-reconsent"))

        assert len({found.participant_id for found in visits}) == 1
        for found in visits:
            assert (found.category, found.proposed_important) == ("consent", True)
            assert found.reason == "The new consent form was overlooked at this visit"
        assert "RECONSENT-LATE" in rules(visits[0].participant)  # type: ignore[arg-type]

    def test_withdrawals_deaths_and_somebody_lost(self) -> None:
        kinds = Counter(Disposition.objects.exclude(kind="completed").values_list("kind", flat=True))

        assert kinds == {
            "referral_closed": 1,
            "withdrawn_from_treatment": 1,
            "withdrawn_from_visits": 1,
            "died": 2,
            "lost_to_follow_up": 1,
        }
        assert states()["died"] == 2

    def test_a_screen_failure_and_a_second_screening_that_succeeded(self) -> None:
        again = ScreeningEpisode.objects.get(number=2)

        assert again.state == "eligible"
        assert again.participant.arm
        assert states()["screen_failed"] == 1

    def test_a_contraception_year_from_a_leap_day_ended_on_the_28th_of_february(self) -> None:
        row = Obligation.objects.get(key="P-CONTRA", participant__infused_on=date(2024, 2, 29))

        assert row.closes_on == date(2025, 2, 28)
        assert due_state(row.to_value(), NOW) is DueState.DONE

    def test_a_second_infusion_restarted_the_year(self) -> None:
        second = Infusion.objects.get(number=2)
        first = Infusion.objects.get(participant=second.participant, number=1)

        assert second.participant.infused_on is not None
        period = Obligation.objects.get(participant=second.participant, key="P-CONTRA")
        assert period.closes_on is not None
        assert (period.closes_on - second.participant.infused_on).days in {365, 366}
        assert first.product_id == second.product_id

    def test_an_infusion_by_the_other_route(self) -> None:
        found = Deviation.objects.get(rule_id="GATE-infuse-route")

        assert found.participant is not None
        assert Infusion.objects.get(pk=found.subject).route != found.participant.arm

    def test_visits_early_late_and_missed(self) -> None:
        found = Counter(Deviation.objects.values_list("rule_id", flat=True))

        assert min(found["WINDOW-EARLY"], found["WINDOW-LATE"], found["WINDOW-MISSED"]) >= 1


def test_deviations_are_at_every_stage_of_their_handling() -> None:
    found = Counter(Deviation.objects.values_list("status", flat=True))
    assert min(found[stage] for stage in ("draft", "reported", "acting", "closed")) >= 1
    late = Deviation.objects.get(rule_id="NOTICE-LATE")
    assert (late.participant, late.site.code) == (None, "WH01")
    assert sweep_notices(by=SWEEP, at=NOW) == 0


# ---- The detector over the whole study

_DUE_RULES = ("WINDOW-", "TEST-", "ROUND-", "SAFETY-LATE", "RECONSENT-LATE")
_AHEAD = (timedelta(days=1), timedelta(days=40), timedelta(days=400), timedelta(days=16 * 366))


def departed(row: Obligation, at: datetime) -> str | None:
    """What a row of the plan departs from at `at`: a second, simple reading of clinical rules 5.3 and 6.1."""
    done, closes = row.fulfilled_at, row.closes_at
    called_off = row.ended_at is not None and (closes is None or row.ended_at < closes)
    if row.kind in {"clock", "reconsent"}:
        is_late = closes is not None and (done or at) >= closes and not (done is None and called_off)
        return {"clock": "SAFETY-LATE", "reconsent": "RECONSENT-LATE"}[row.kind] if is_late else None
    is_missed = done is None and not called_off and row.missed_at is not None and row.missed_at <= at
    if row.kind == "round":
        return ("ROUND-MISSED-KEY" if row.is_important else "ROUND-MISSED") if is_missed else None
    if row.kind not in {"visit", "procedure", "test"} or not row.is_protocol_window:
        return None
    if done is not None:
        is_late = closes is not None and done >= closes
        return "WINDOW-EARLY" if done < row.opens_at else "WINDOW-LATE" if is_late else None
    if not is_missed:
        return None
    if row.kind == "test":
        return "TEST-MISSED-AGAIN" if row.is_important else "TEST-MISSED"
    return "WINDOW-MISSED-KEY" if row.is_important else "WINDOW-MISSED"


def test_while_the_clock_runs_to_the_end_of_the_study_the_deviations_are_those_of_a_simple_check() -> None:
    """Nobody opens anything from now on. Each stop of the clock: equal; swept again: nothing is added."""
    about_due = Q()
    for start in _DUE_RULES:
        about_due |= Q(rule_id__startswith=start)
    before = Deviation.objects.filter(about_due).count()
    for ahead in _AHEAD:
        at = NOW + ahead
        while sweep_once(by=SWEEP, at=at):
            continue
        expected = {
            (row.participant_id, rule_id, row.key)
            for row in Obligation.objects.filter(cancelled_at=None)
            if (rule_id := departed(row, at))
        }
        standing = Deviation.objects.standing().filter(about_due)
        found = list(standing.values_list("participant_id", "rule_id", "subject"))
        assert len(found) == len(set(found))
        assert set(found) == expected
        counted = Deviation.objects.count()
        assert sweep_once(by=SWEEP, at=at) == 0
        assert Deviation.objects.count() == counted
    assert Deviation.objects.filter(about_due).count() > before + 100
    wrong = {
        str(one.pk)
        for one in Infusion.objects.select_related("participant")
        if one.route != one.participant.arm
    }
    assert (
        set(Deviation.objects.filter(rule_id="GATE-infuse-route").values_list("subject", flat=True)) == wrong
    )


def test_nobodys_identity_is_in_plain_text() -> None:
    people = Identity.objects.select_related("participant__site")
    opened = [_plain(identity) for identity in people]
    with connection.cursor() as cursor:
        dumps = []
        for table in ("participants_identity", "participants_participant", "audit_entry"):
            cursor.execute(f"SELECT string_agg(t::text, chr(10)) FROM {table} t")  # noqa: S608  (names from above)
            dumps.append(cursor.fetchone()[0])

    assert len(opened) == PARTICIPANTS
    for identifiers in opened:
        for told in (identifiers.name, identifiers.national_id, identifiers.phone):
            assert told
            assert not [number for number, dump in enumerate(dumps) if told in dump], told


def test_every_row_of_the_cohort_is_in_the_trail_under_a_name() -> None:
    assert Entry.objects.filter(table_name="participants_participant", op="INSERT").count() == PARTICIPANTS
    assert not Entry.objects.filter(actor_id="").exists()


class TestReplay:
    """The trail alone tells everything that stands in the tables."""

    def test_every_table_rebuilt_from_the_trail_equals_the_live_rows(self) -> None:
        compared = 0
        for model in [one for one in apps.get_models(include_auto_created=True) if issubclass(one, Record)]:
            rebuilt = rows_as_known_at(model, AFTERWARDS, known_by=KnownBy.DATABASE)
            live = {str(row["id"]): row for row in model._base_manager.values()}
            assert rebuilt.keys() == live.keys(), model
            for row_id, row in live.items():
                known = rebuilt[row_id]
                assert {name: known.values[name] for name in row if name not in known.hidden} == {
                    name: value for name, value in row.items() if name not in known.hidden
                }, (model, row_id)
                assert all(row[name] is not None for name in known.hidden)
            compared += len(live)
        assert compared > 5000

    def test_everything_of_each_participant_is_found_by_the_trail(self) -> None:
        """Those rows, of the tables in which anything hangs on a participant, that are theirs, and no other."""
        for participant in Participant.objects.order_by("pk")[:12]:
            found = rows_of(participant.pk, AFTERWARDS, known_by=KnownBy.DATABASE)
            for model, path in owned_models().items():
                keys = {
                    str(key)
                    for key in model._base_manager.filter(**{path: participant.pk}).values_list(
                        "pk", flat=True
                    )
                }
                assert {row_id for table, row_id in found if table == model._meta.db_table} == keys, model

    def test_an_earlier_instant_knows_less_and_nothing_of_later(self) -> None:
        enrolled = JourneyEvent.objects.filter(kind="enrolled").order_by("recorded_at")[0]
        then = rows_of(enrolled.participant_id, enrolled.recorded_at)
        now = rows_of(enrolled.participant_id, NOW)

        assert ("participants_journeyevent", str(enrolled.pk)) in then
        assert set(then) < set(now)
        assert all(row.acted_at <= enrolled.recorded_at for row in then.values())
