"""Signatures: recorded as they were given, questioned where they depart, corrected without losing the first value."""

from datetime import datetime, timedelta

import pytest

from followup.services.visits import record_visit
from participants.models import Consent, Deviation, DispositionKind, JourneyEvent, Obligation, Signer
from participants.services import journey
from participants.services.consents import correct_consent, record_consent
from participants.services.versions import activate_icf
from participants.states import State
from screening.services.episodes import start_screening
from tests.factories.accounts import make_user
from tests.factories.journeys import Story, make_ward, new_icf, participant_at, refer, there
from tests.factories.traces import everything, permitted, refused, traces
from trialsite.accounts.permissions import Role
from trialsite.protocol.types import DueState

pytestmark = pytest.mark.django_db


def signs(story: Story, **given: object) -> Consent:
    values = {
        "participant": story.participant,
        "icf": story.ward.icf,
        "signed_at": story.now,
        "by": story.ward.coordinator,
        "at": story.now,
    } | given
    return record_consent(**values)  # type: ignore[arg-type]


def corrects(story: Story, signed_at: datetime, **given: object) -> Consent:
    values = {
        "consent": there(story.consent),
        "signed_at": signed_at,
        "by": story.ward.nurse,
        "at": story.now,
        "reason": "wrong day on the form",
    } | given
    return correct_consent(**values)  # type: ignore[arg-type]


def test_a_signature_starts_the_contraception_period_and_the_way_into_screening() -> None:
    story = refer(make_ward())

    consent = signs(story.wait(1), impartial_witness="Chen Yu", reason="signed at the bedside")

    event = JourneyEvent.objects.get(kind="consented")
    assert (event.ref, event.item, event.occurred_at) == (str(consent.pk), story.ward.icf.number, story.now)
    assert consent.obtained_by == story.ward.coordinator.actor_label
    assert story.due_states() == {
        "T-CONSENT#1": DueState.DONE,
        "T-START#1": DueState.DUE,
        "P-CONTRA": DueState.DUE,
    }
    assert story.state is State.REFERRED
    actor = story.ward.coordinator.actor_id
    assert {(actor, "signed at the bedside", "participants_consent")} <= traces(
        "participants.consent_recorded"
    )


def test_a_representative_states_the_relation() -> None:
    story = refer(make_ward())

    with refused("relation-required", field="representative_relation"):
        signs(story, signer=Signer.REPRESENTATIVE, representative_relation=" ")
    consent = signs(
        story, signer=Signer.REPRESENTATIVE, representative_relation="daughter", obtained_by="Dr Xu"
    )

    assert (consent.representative_relation, consent.obtained_by) == ("daughter", "Dr Xu")


def test_a_signature_of_tomorrow_is_refused() -> None:
    story = refer(make_ward())

    with refused("in-the-future", field="signed_at"):
        signs(story, signed_at=story.now + timedelta(days=1))


def test_one_version_is_signed_once() -> None:
    story = participant_at(State.SCREENING)

    with refused("already-signed"):
        signs(story)


def test_who_took_consent_back_may_sign_the_same_version_again() -> None:
    story = participant_at(State.SCREENING)
    story.wait(1).leaves(DispositionKind.WITHDRAWN_FROM_VISITS)

    signs(story.wait(3), reason="changed her mind after talking to her family")

    signed = Consent.objects.filter(participant=story.participant).order_by("signed_at")
    assert [one.withdrawn_at is None for one in signed] == [False, True]


def test_a_form_the_site_never_approved_is_an_important_deviation() -> None:
    story = refer(make_ward())
    foreign = new_icf(story.ward.site, story.ward.admin, at=story.now)

    with refused("reason-required", field="reason"):
        signs(story, icf=foreign)
    signs(story, icf=foreign, reason="only this form was at hand")

    found = Deviation.objects.get()
    assert (found.category, found.proposed_important, found.reason) == (
        "consent",
        True,
        "only this form was at hand",
    )
    assert found.rule_id == "GATE-start_screening-icf-approved"


def test_only_the_office_records_a_signature() -> None:
    story = refer(make_ward())
    ward = story.ward
    people = [ward.nurse, ward.admin, make_user(Role.AUDITOR), ward.investigator, ward.coordinator]
    elsewhere = make_user(Role.COORDINATOR, make_ward().site)

    assert permitted(lambda user: signs(story, by=user), people) == {"coordinator", "investigator"}
    with refused("not-permitted"):
        signs(story, by=elsewhere)


@pytest.mark.parametrize("broken", ["reconcile", "store_findings"])
def test_a_failure_on_the_way_leaves_no_signature(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    story = refer(make_ward())
    foreign = new_icf(story.ward.site, story.ward.admin, at=story.now)
    before = everything()

    def breaks(*args: object, **kwargs: object) -> None:
        raise RuntimeError("no room left")

    monkeypatch.setattr(journey, broken, breaks)
    with pytest.raises(RuntimeError):
        signs(story, icf=foreign, reason="only this form was at hand")

    assert everything() == before
    assert traces("participants.consent_recorded") == set()


class TestCorrection:
    def test_it_moves_what_counts_from_it_and_keeps_the_first_value(self) -> None:
        story = participant_at(State.SCREENING)
        first = there(story.consent).signed_at

        corrects(story, first - timedelta(days=1))

        voided = JourneyEvent.objects.get(kind="consented", voided_at__isnull=False)
        current = JourneyEvent.objects.get(kind="consented", voided_at__isnull=True)
        assert (voided.occurred_at, voided.void_reason) == (first, "wrong day on the form")
        assert (current.corrects, current.occurred_at) == (voided, first - timedelta(days=1))
        assert Consent.objects.get().signed_at == first - timedelta(days=1)
        assert Obligation.objects.get(key="P-CONTRA").opens_at == first - timedelta(days=1)
        assert {(story.ward.nurse.actor_id, "wrong day on the form", "participants_consent")} <= traces(
            "participants.consent_corrected"
        )

    def test_to_after_the_start_of_screening_it_is_an_important_deviation_until_set_right(self) -> None:
        story = participant_at(State.SCREENING)
        first = there(story.consent).signed_at

        story.consent = corrects(story.wait(3), first + timedelta(days=2))

        found = Deviation.objects.get()
        assert (found.rule_id, found.status, found.proposed_important) == (
            "CONSENT-BEFORE-PROCEDURE",
            "draft",
            True,
        )
        assert found.subject == str(there(story.episode).pk)
        assert found.occurred_at == there(story.episode).started_at

        story.consent = corrects(story, first, reason="the form was right after all")
        found.refresh_from_db()
        assert found.status == "closed"
        assert "correction" in found.closing_note

        corrects(story, first + timedelta(days=2), reason="no, it was not")
        found.refresh_from_db()
        assert (found.status, found.closing_note, found.closed_at) == ("draft", "", None)

    def test_a_blank_reason_is_refused(self) -> None:
        story = participant_at(State.SCREENING)

        with refused("reason-required", field="reason"):
            corrects(story, story.now, reason="  ")

    def test_a_correction_into_the_future_is_refused(self) -> None:
        story = participant_at(State.SCREENING)

        with refused("in-the-future", field="signed_at"):
            corrects(story, story.now + timedelta(hours=1))

    def test_the_administrator_may_not(self) -> None:
        story = participant_at(State.SCREENING)

        with refused("not-permitted"):
            corrects(story, story.now, by=story.ward.admin)

    def test_a_correction_based_on_an_old_reading_is_refused(self) -> None:
        story = participant_at(State.SCREENING)
        old = Consent.objects.get()
        story.consent = Consent.objects.get()
        corrects(story, old.signed_at - timedelta(hours=1))
        story.consent = old

        with refused("stale-version"):
            corrects(story, old.signed_at - timedelta(hours=2))


def test_a_form_found_later_heals_the_screening_that_seemed_to_come_before_it() -> None:
    story = refer(make_ward())
    story.wait(2)
    start_screening(
        participant=story.participant,
        started_at=story.now,
        by=story.ward.coordinator,
        at=story.now,
        reason="the form is still with the ward",
    )
    found = Deviation.objects.get()
    assert (found.rule_id, found.status) == ("CONSENT-BEFORE-PROCEDURE", "draft")

    signs(story.wait(1), signed_at=story.now - timedelta(days=2))

    found.refresh_from_db()
    assert found.status == "closed"


def test_a_visit_before_the_new_form_was_in_force_needs_no_reason_although_it_is_entered_later() -> None:
    story = participant_at(State.FOLLOW_UP)
    visited_at = story.now + timedelta(days=5)
    story.wait(7)
    ward = story.ward
    icf = new_icf(ward.site, ward.admin, at=story.now)
    activate_icf(
        site=ward.site,
        icf=icf,
        approved_on=visited_at.date(),
        activated_at=visited_at + timedelta(hours=5),
        by=ward.admin,
        at=story.now,
    )

    record_visit(
        participant=story.participant, obligation_key="", performed_at=visited_at, by=ward.nurse, at=story.now
    )

    assert not Deviation.objects.exists()


def test_a_visit_before_the_owed_signature_stays_a_deviation_although_it_is_entered_after_it() -> None:
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
    visited_at = story.now + timedelta(days=1)
    story.wait(2).signs()

    with refused("reason-required", field="reason"):
        record_visit(
            participant=story.participant,
            obligation_key="",
            performed_at=visited_at,
            by=ward.nurse,
            at=story.now,
        )
