"""The contraception ledger told as stories: gaps, the year, its ends, the tests that go with it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from followup.models import AgreementConfirmation, ChildbearingStatus, MethodUse
from followup.queries.contraception import LedgerFile, Standing, ledger_file, site_lines
from followup.rules.contraception import Ledger, Span
from followup.rules.procedures import ProcedureEntry
from followup.services.contraception import (
    Used,
    allow_contact,
    confirm_agreement,
    correct_method,
    record_childbearing_status,
    record_method,
    refuse_contact,
    stop_method,
    void_entry,
)
from followup.services.visits import record_visit
from followup.states import ProcedureOutcome
from infusion.models import ConfidentialTest
from infusion.models.confidential import Specimen, TestOutcome
from infusion.queries.conditioning import childbearing_facts
from infusion.services.confidential_tests import DoneTest, ask_for_test, correct_test, record_test, void_test
from infusion.services.infusions import correct_infusion
from participants.models import Deviation, DispositionKind, JourneyEvent, Obligation, Participant
from participants.queries.course import load_course
from participants.services.sweep import sweep_once
from participants.states import State
from screening.queries.evidence import evidence_file
from tests.factories.journeys import Story, participant_at, refer, there
from trialsite.accounts.permissions import SystemActor
from trialsite.audit.models import Entry
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.types import DueState, EventKind
from trialsite.protocol.windows import civil_date

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
SWEEP = SystemActor("sweep")


def today(story: Story) -> date:
    return civil_date(story.now, "Asia/Shanghai")


def uses(story: Story, method: str, started_on: date, reason: str = "", **more: date | None) -> MethodUse:
    used = Used(method=method, started_on=started_on, **more)  # type: ignore[arg-type]
    return record_method(
        participant=story.participant, used=used, by=story.ward.nurse, at=story.now, reason=reason
    )


def file_of(story: Story) -> LedgerFile:
    return ledger_file(Participant.objects.select_related("site").get(pk=story.participant.pk), story.now)


def ledger(story: Story) -> Ledger:
    return there(file_of(story).ledger)


def consented_on(story: Story) -> date:
    return civil_date(there(story.consent).signed_at, "Asia/Shanghai")


def test_a_gap_appears_is_closed_and_another_is_seen_coming() -> None:
    story = participant_at(State.SCREENING)
    by, first = story.ward.nurse, consented_on(story)
    assert ledger(story).open_gap == Span(first_on=first)
    condom = uses(story, "CM-CONDOM", first)
    assert ledger(story).gaps == ()

    story.wait(20)
    stop_method(use=condom, stopped_on=today(story) - 3 * DAY, by=by, at=story.now)
    assert ledger(story).open_gap == Span(first_on=today(story) - 2 * DAY)

    injection = uses(story, "CM-INJECTION", today(story) - 2 * DAY, effective_last_on=today(story) + 20 * DAY)
    now = ledger(story)
    assert (now.open_gap, now.covered_until, now.is_ending_soon) == (None, today(story) + 20 * DAY, True)

    corrected = correct_method(
        use=injection,
        used=Used(method="CM-INJECTION", started_on=today(story), effective_last_on=today(story) + 80 * DAY),
        by=by,
        at=story.now,
        reason="the card of the clinic says so",
    )
    injection.refresh_from_db()
    assert (corrected.corrects, injection.void_reason) == (injection, "the card of the clinic says so")
    assert ledger(story).gaps == (
        Span(first_on=today(story) - 2 * DAY, last_on=today(story) - DAY),
        Span(first_on=today(story) + 81 * DAY),
    )
    void_entry(entry=corrected, by=by, at=story.now, reason="given to somebody else")
    assert ledger(story).open_gap == Span(first_on=today(story) - 2 * DAY)
    with pytest.raises(Conflict, match="taken back already"):
        stop_method(use=corrected, stopped_on=today(story), by=by, at=story.now)


@pytest.mark.parametrize(
    ("method", "started", "more", "code"),
    [
        ("CM-RHYTHM", 0, {}, "method-alone"),
        ("CM-CHARM", 0, {}, "unknown-method"),
        ("CM-IMPLANT", 0, {}, "end-required"),
        ("CM-CONDOM", 1, {}, "in-the-future"),
        ("CM-CONDOM", -5, {"stopped_on": -6}, "dates-reversed"),
        ("CM-IMPLANT", -5, {"effective_last_on": -6}, "dates-reversed"),
        ("CM-CONDOM", -5, {"stopped_on": 1}, "in-the-future"),
    ],
)
def test_what_a_method_is_refused_for(method: str, started: int, more: dict[str, int], code: str) -> None:
    story = participant_at(State.SCREENING)
    dates = {name: today(story) + days * DAY for name, days in more.items()}
    with pytest.raises(RuleViolated) as refused:
        uses(story, method, today(story) + started * DAY, **dates)
    assert (refused.value.code, MethodUse.objects.count()) == (code, 0)


def test_the_rhythm_method_goes_on_record_with_a_reason_and_covers_nothing() -> None:
    story = participant_at(State.SCREENING)
    uses(story, "CM-RHYTHM", consented_on(story), reason="she uses nothing else")
    assert ledger(story).open_gap == Span(first_on=consented_on(story))
    uses(story, "CM-CONDOM", consented_on(story))
    uses(story, "CM-RHYTHM", today(story))  # beside another method nothing need be said
    assert ledger(story).gaps == ()


def test_an_infusion_on_29_february_covers_to_28_february_and_another_restarts_the_year() -> None:
    story = participant_at(State.FOLLOW_UP)
    leap = datetime(2028, 2, 29, 2, 0, tzinfo=UTC)
    story.now = leap + DAY
    correct_infusion(
        infusion=there(story.infusion),
        started_at=leap,
        by=story.ward.nurse,
        at=story.now,
        reason="wrong year",
    )
    file = file_of(story)
    assert there(file.ledger).period.last_on == date(2029, 2, 28)
    assert file.basis == "last infusion 2028-02-29 + 1 calendar year → last covered day 2029-02-28"

    story.now = datetime(2028, 7, 10, 2, 0, tzinfo=UTC)
    story.gets_infusion(reason="second dose from the same lot, without lymphodepletion")
    assert ledger(story).period.last_on == date(2029, 7, 10)
    story.leaves(DispositionKind.WITHDRAWN_FROM_VISITS)
    assert ledger(story).period.last_on == date(2029, 7, 10)  # leaving shortens nothing
    story.wait(30).leaves(DispositionKind.DIED, cause_of_death="progression")
    file = file_of(story)
    assert there(file.ledger).period.last_on == today(story)
    assert file.basis == f"ended by death → last covered day {today(story)}"


def test_who_was_never_infused_is_covered_to_the_day_of_leaving() -> None:
    story = participant_at(State.ENROLLED)
    assert file_of(story).basis.startswith("from consent")
    story.wait(2).leaves(DispositionKind.WITHDRAWN_FROM_VISITS)
    file = file_of(story)
    assert there(file.ledger).period.last_on == today(story)
    assert file.basis.startswith("never infused: ends with the participation")


def test_who_had_lymphodepletion_and_no_infusion_is_covered_for_a_year_after_the_last_dose() -> None:
    story = participant_at(State.LYMPHODEPLETION)
    dose_on = today(story)
    story.wait(2).leaves(DispositionKind.WITHDRAWN_FROM_VISITS)
    file = file_of(story)
    assert there(file.ledger).period.last_on == dose_on.replace(year=dose_on.year + 1)
    assert file.basis.startswith(f"never infused: last lymphodepletion dose {dose_on} + 1 calendar year")


def test_two_tests_missed_in_a_row_are_an_important_deviation_until_one_is_written_up() -> None:
    story = participant_at(State.INFUSED)
    assert {"K-SCR#1", "K-LD#1"} <= {
        key for key, state in story.due_states().items() if state is DueState.DONE
    }
    infused_on = today(story)
    later = story.now + timedelta(days=112)  # behind the window of month 2, inside none
    while sweep_once(by=SWEEP, at=later):
        continue
    missed = Deviation.objects.filter(participant=story.participant, rule_id__startswith="TEST")
    assert sorted(missed.values_list("subject", "rule_id", "proposed_important")) == [
        ("K-D28#1", "TEST-MISSED", False),
        ("K-M2#1", "TEST-MISSED-AGAIN", True),
    ]
    assert not any("pregnan" in one.description.lower() for one in missed)

    story.now = later
    tested = DoneTest(
        taken_on=infused_on + timedelta(days=28), specimen=Specimen.BLOOD, outcome=TestOutcome.NEGATIVE
    )
    record_test(participant=story.participant, tested=tested, by=story.ward.nurse, at=later)
    still = missed.filter(status="draft").values_list("subject", "rule_id", "proposed_important")
    assert list(still) == [("K-M2#1", "TEST-MISSED", False)]


def test_a_test_is_recorded_corrected_and_taken_back() -> None:
    story = participant_at(State.FOLLOW_UP)
    story.now = story.moment_of("K-D28#1")
    unclear = story.is_tested("K-D28#1", outcome=TestOutcome.UNCLEAR)
    assert story.due_states()["K-D28#1"] is DueState.DUE  # an unclear result answers nothing

    negative = DoneTest(taken_on=today(story), specimen=Specimen.BLOOD, outcome=TestOutcome.NEGATIVE)
    by, at = story.ward.nurse, story.now
    test = correct_test(test=unclear, tested=negative, by=by, at=at, reason="repeated from blood")
    assert (test.corrects, story.due_states()["K-D28#1"]) == (unclear, DueState.DONE)
    void_test(test=test, by=by, at=at, reason="of somebody else")
    assert story.due_states()["K-D28#1"] is DueState.DUE
    assert ConfidentialTest.objects.filter(voided_at=None).count() == 0

    done = story.is_tested("K-D28#1")
    with pytest.raises(Conflict, match="recorded already"):
        story.is_tested("K-D28#1")
    with pytest.raises(RuleViolated, match="Choose a test"):
        story.is_tested("K-D99#1")
    written = " ".join(
        f"{one.action} {one.old} {one.new}" for one in Entry.objects.filter(row_id=str(done.pk))
    )
    assert written
    assert "negative" not in written


def test_a_suspicion_is_owed_within_three_days_and_concerns_no_man() -> None:
    story = participant_at(State.FOLLOW_UP)
    by = story.ward.nurse
    ask_for_test(participant=story.participant, asked_at=story.now, by=by, at=story.now)
    assert story.due_states()["K-ASKED#1"] is DueState.DUE
    story.wait(1).is_tested("K-ASKED#1")
    assert story.due_states()["K-ASKED#1"] is DueState.DONE

    man = refer(story.ward, at=story.now)
    man.participant = _as_a_man(man)
    with pytest.raises(RuleViolated, match="is a man"):
        ask_for_test(participant=man.participant, asked_at=man.now, by=by, at=man.now)
    with pytest.raises(RuleViolated, match="is a man"):
        record_childbearing_status(
            participant=man.participant, is_possible=True, since_on=today(man), by=by, at=man.now
        )


def _as_a_man(story: Story) -> Participant:
    from participants.services.referral import refer_participant

    return refer_participant(
        site=story.ward.site, referred_at=story.now, by=story.ward.coordinator, at=story.now, sex="male"
    )


def test_a_documented_ground_ends_the_tests_and_is_taken_back() -> None:
    story = participant_at(State.FOLLOW_UP)
    by = story.ward.investigator
    states = story.due_states()
    assert {"K-M2#1", "K-M12#1"} <= set(states)

    status = record_childbearing_status(
        participant=story.participant,
        is_possible=False,
        ground="sterilised",
        since_on=today(story),
        by=by,
        at=story.now,
    )
    assert not {key for key in story.due_states() if key.startswith("K-M")}
    gap = ledger(story).gaps[0]
    assert (gap.first_on, gap.last_on) == (consented_on(story), today(story) - DAY)
    facts = childbearing_facts(
        load_course(story.participant), evidence_file(load_course(story.participant)), today(story)
    )
    assert facts.is_possible is False

    void_entry(entry=status, by=by, at=story.now, reason="another participant")
    assert set(story.due_states()) >= {"K-M2#1", "K-M12#1"}
    assert ChildbearingStatus.objects.get().void_reason == "another participant"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"is_possible": True, "ground": "sterilised"}, "ground-unwanted"),
        ({"is_possible": False}, "ground-required"),
        ({"is_possible": False, "ground": "age"}, "unknown-code"),
        ({"is_possible": False, "ground": "other"}, "remark-required"),
    ],
)
def test_a_status_needs_its_ground(given: dict[str, object], code: str) -> None:
    story = participant_at(State.SCREENING)
    with pytest.raises(RuleViolated) as refused:
        record_childbearing_status(
            participant=story.participant,
            since_on=today(story),
            by=story.ward.nurse,
            at=story.now,
            **given,  # type: ignore[arg-type]
        )
    assert refused.value.code == code


def test_evidence_of_screening_states_the_need_and_a_correction_moves_it() -> None:
    story = participant_at(State.SCREENING)
    assert not [key for key in story.due_states() if key.startswith("K-")]
    story.finds("childbearing_potential", {"value": "yes"})
    assert story.due_states()["K-SCR#1"] is DueState.DUE
    story.finds("pregnancy_test", {"value": "negative"})
    assert story.due_states()["K-SCR#1"] is DueState.DONE
    story.finds("childbearing_potential", {"value": "no"}, reason="womb removed in 2019")
    kinds = JourneyEvent.objects.filter(kind=EventKind.TEST_NEED_STATED.value)
    assert sorted(kinds.values_list("voided_at", "facts"), key=str) == [
        (None, {"is_needed": "no"}),
        (story.now, {"is_needed": "yes"}),
    ]
    assert story.due_states()["K-SCR#1"] is DueState.DONE  # what was done stays


def test_the_agreement_is_asked_again_and_refused_contact_stops_reminders_alone() -> None:
    story = participant_at(State.FOLLOW_UP)
    by, at, participant = story.ward.coordinator, story.now, story.participant
    asked = confirm_agreement(
        participant=participant, confirmed_on=today(story), is_agreed=False, by=by, at=at, note="tired of it"
    )
    with pytest.raises(Conflict, match="is on record"):
        confirm_agreement(participant=participant, confirmed_on=today(story), is_agreed=True, by=by, at=at)
    void_entry(entry=asked, by=by, at=at, reason="misheard")
    confirm_agreement(participant=participant, confirmed_on=today(story), is_agreed=True, by=by, at=at)
    assert AgreementConfirmation.objects.filter(voided_at=None).get().is_agreed

    entry = ProcedureEntry(procedure="PR-CONTRA", outcome=ProcedureOutcome.DONE)
    record_visit(
        participant=participant,
        obligation_key="V-D28#1",
        performed_at=at,
        procedures=[entry],
        by=story.ward.nurse,
        at=at,
    )
    assert sorted((one.visit, one.is_agreed) for one in file_of(story).agreements) == [
        ("", True),
        ("Day 28 visit", True),
    ]

    before = ledger(story).period
    refuse_contact(participant=participant, refused_at=at, by=by, at=at)
    rows = Obligation.objects.in_force().filter(participant=participant, key="K-M2#1")
    assert (rows.get().ladder, ledger(story).period) == ("none", before)
    (line,) = [one for one in site_lines(by, at) if one.participant.pk == participant.pk]
    assert line.standing is Standing.CONTACT_REFUSED
    with pytest.raises(Conflict, match="on record"):
        refuse_contact(participant=participant, refused_at=at, by=by, at=at)
    allow_contact(participant=participant, by=by, at=at, reason="changed her mind")
    assert rows.get().ladder == "procedure"
    with pytest.raises(Conflict, match="not on record"):
        allow_contact(participant=participant, by=by, at=at, reason="again")
