"""Signing: what is bound, who may, what breaks it, what is refused. Requirements: docs/decisions/0019."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from participants.models import Deviation
from tests.factories.accounts import make_user
from tests.signing.acts import AT, closed_deviation, proof_of, signed_by
from trialsite.accounts.models import Membership, User
from trialsite.accounts.permissions import Role, SystemActor
from trialsite.accounts.services.passwords import set_password
from trialsite.accounts.services.roles import revoke_role
from trialsite.accounts.services.users import deactivate_user, set_shared
from trialsite.audit.acting import acting
from trialsite.audit.models import Entry
from trialsite.errors import Conflict, DomainError, NotPermitted, RuleViolated
from trialsite.signing.models import Signature, SignatureBreak, SigningStatement
from trialsite.signing.queries import broken_for, holds, seen_digest, signatures_of
from trialsite.signing.rules import STATEMENT, Meaning, Standing
from trialsite.signing.services.signing import recheck, sign, withdraw

pytestmark = pytest.mark.django_db
SWEEP = SystemActor("sweep")


def change(deviation: Deviation, by: User, **values: Any) -> None:
    with acting(by=by, at=AT, action="participants.deviation_changed", reason="a slip"):
        for name, value in values.items():
            setattr(deviation, name, value)
        deviation.save_changes(values)


def test_a_signature_keeps_name_role_time_zone_meaning_text_schema_digest_and_content() -> None:
    deviation, story = closed_deviation()
    one = Signature.objects.get(pk=signed_by(story.ward.investigator, deviation).pk)
    assert one.printed_name == story.ward.investigator.display_name
    assert (one.role, one.signed_at, one.zone) == ("investigator", AT, "Asia/Shanghai")
    assert (one.meaning, one.meaning_words) == ("approval", "I approve this record.")
    assert "Vital signs taken with another device" in one.shown
    assert one.schema_version == 2
    assert len(one.content_digest) == 64
    assert one.content["values"]["deviation"]["closing_note"] == "Device back, staff told."
    (manifest,) = signatures_of(deviation)
    assert manifest.holds
    assert manifest.local_time.endswith("Asia/Shanghai (UTC+0800)")
    assert Entry.objects.get(row_id=str(one.pk)).actor_id == story.ward.investigator.actor_id


def test_a_change_of_the_record_breaks_the_signature_and_names_what_changed_and_by_which_entry() -> None:
    deviation, story = closed_deviation()
    signed_by(story.ward.investigator, deviation)
    change(deviation, story.ward.admin, closing_note="Device replaced.")
    (manifest,) = signatures_of(deviation)
    assert manifest.standing is Standing.CHANGED
    (difference,) = manifest.differences
    assert (difference.signed, difference.present) == ("Device back, staff told.", "Device replaced.")
    assert manifest.entry is not None
    assert manifest.entry.new == {"closing_note": "Device replaced.", "version": deviation.version}
    assert not holds(deviation)


def test_a_broken_signature_is_noticed_once_asked_for_again_and_no_more_once_it_is_given() -> None:
    deviation, story = closed_deviation()
    investigator = story.ward.investigator
    signed_by(investigator, deviation)
    assert recheck(by=SWEEP, at=AT) == 0
    change(deviation, story.ward.admin, closing_note="Device replaced.")
    now = Entry.objects.latest("id").recorded_at
    assert (recheck(by=SWEEP, at=now), recheck(by=SWEEP, at=now)) == (1, 0)
    assert recheck(by=SWEEP, at=now, whole=True) == 0
    (asked,) = broken_for(investigator)
    assert asked.record == deviation
    assert SignatureBreak.objects.get().paths == "values.deviation.closing_note"
    assert broken_for(make_user(Role.INVESTIGATOR, make_user_site())) == ()
    later = now + timedelta(minutes=5)
    signed_by(investigator, deviation, at=later, proof=proof_of(investigator, later))
    assert broken_for(investigator) == ()
    assert [one.standing for one in signatures_of(deviation)] == [Standing.HOLDS, Standing.CHANGED]


def make_user_site() -> Any:
    from tests.factories.accounts import make_site

    return make_site()


def test_a_signature_copied_to_another_record_does_not_hold_there() -> None:
    first, story = closed_deviation()
    second, _ = closed_deviation(story)
    one = signed_by(story.ward.investigator, first)
    one.pk, one.record_id = None, second.pk
    with acting(by=story.ward.admin, at=AT, action="signing.copied"):
        one.id = second.pk
        one.save_new()
    assert [manifest.standing for manifest in signatures_of(second)] == [Standing.CHANGED]


def test_a_signature_is_neither_changed_nor_deleted_even_by_sql() -> None:
    deviation, story = closed_deviation()
    one = signed_by(story.ward.investigator, deviation)
    for statement in (
        "UPDATE signing_signature SET printed_name = 'Somebody else' WHERE id = %s",
        "DELETE FROM signing_signature WHERE id = %s",
    ):
        with (
            pytest.raises(DatabaseError, match="what was signed stays as it is"),
            transaction.atomic(),
            acting(by=story.ward.admin, at=AT, action="signing.tampered"),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, [one.pk])


def test_the_statement_is_recorded_before_the_first_signature_and_asked_once() -> None:
    deviation, story = closed_deviation()
    investigator = story.ward.investigator
    with pytest.raises(RuleViolated, match="handwritten"):
        sign(record=deviation, meaning=Meaning.APPROVAL, proof=proof_of(investigator), by=investigator, at=AT)
    signed_by(investigator, deviation)
    statement = SigningStatement.objects.get(user=investigator)
    assert statement.text == STATEMENT
    second, _ = closed_deviation(story)
    sign(record=second, meaning=Meaning.APPROVAL, proof=proof_of(investigator), by=investigator, at=AT)
    assert SigningStatement.objects.filter(user=investigator).count() == 1


def test_the_same_signature_is_given_once() -> None:
    deviation, story = closed_deviation()
    signed_by(story.ward.investigator, deviation)
    with pytest.raises(Conflict, match="signed this already"):
        signed_by(story.ward.investigator, deviation)


def test_what_changed_since_the_page_was_opened_is_not_signed() -> None:
    deviation, story = closed_deviation()
    seen = seen_digest(deviation)
    change(deviation, story.ward.admin, closing_note="Device replaced.")
    with pytest.raises(Conflict) as refused:
        signed_by(story.ward.investigator, deviation, seen=seen)
    assert refused.value.code == "signed-content-changed"
    assert not Signature.objects.exists()


def refusal(call: Any) -> str:
    with pytest.raises(DomainError) as refused:
        call()
    assert not Signature.objects.exists()
    return refused.value.code


def test_nobody_signs_for_another_and_no_task_signs() -> None:
    deviation, story = closed_deviation()
    ward = story.ward
    assert (
        refusal(lambda: signed_by(ward.investigator, deviation, proof=proof_of(ward.admin)))
        == "not-the-signer"
    )
    assert (
        refusal(
            lambda: sign(
                record=deviation, meaning=Meaning.APPROVAL, proof=proof_of(ward.admin), by=SWEEP, at=AT
            )
        )
        == "not-a-person"
    )


def test_a_proof_is_good_for_a_minute() -> None:
    deviation, story = closed_deviation()
    by = story.ward.investigator
    old = proof_of(by, AT - timedelta(seconds=61))
    assert refusal(lambda: signed_by(by, deviation, proof=old)) == "proof-expired"
    assert signed_by(by, deviation, proof=proof_of(by, AT - timedelta(seconds=60)))


def test_a_shared_account_signs_nothing() -> None:
    deviation, story = closed_deviation()
    ward = story.ward
    set_shared(user=ward.investigator, is_shared=True, by=ward.admin, at=AT, reason="the screen on the ward")
    assert refusal(lambda: signed_by(ward.investigator, deviation)) == "shared-account"
    set_shared(user=ward.investigator, is_shared=False, by=ward.admin, at=AT, reason="one person again")
    assert signed_by(ward.investigator, deviation)


def test_a_role_or_account_taken_away_between_opening_and_signing_is_noticed() -> None:
    deviation, story = closed_deviation()
    ward = story.ward
    assert ward.investigator.access.roles  # read before, as a page does
    held = Membership.objects.get(user=ward.investigator)
    revoke_role(membership=held, by=ward.admin, at=AT, reason="left the trial")
    assert refusal(lambda: signed_by(ward.investigator, deviation)) == "not-permitted"
    deactivate_user(user=ward.coordinator, by=ward.admin, at=AT, reason="left")
    assert refusal(lambda: signed_by(ward.coordinator, deviation)) == "not-permitted"


def test_who_had_the_password_set_by_another_signs_nothing_for_a_day() -> None:
    deviation, story = closed_deviation()
    ward = story.ward
    set_password(
        user=ward.investigator, password="quite another phrase 77", by=ward.admin, at=AT, reason="forgotten"
    )
    late = AT + timedelta(hours=24)
    early = late - timedelta(seconds=1)
    by = ward.investigator
    assert refusal(lambda: signed_by(by, deviation, at=early, proof=proof_of(by, early))) == "reset-lately"
    assert signed_by(by, deviation, at=late, proof=proof_of(by, late))


def test_who_reported_a_deviation_does_not_sign_its_closing_and_an_open_one_is_not_signed() -> None:
    deviation, story = closed_deviation(reporter="investigator")
    assert refusal(lambda: signed_by(story.ward.investigator, deviation)) == "cannot-sign"
    change(deviation, story.ward.admin, status="reported", closing_note="")
    assert refusal(lambda: signed_by(story.ward.admin, deviation)) == "cannot-sign"


def test_a_meaning_comes_from_the_list_of_the_kind() -> None:
    deviation, story = closed_deviation()
    by = story.ward.investigator
    assert refusal(lambda: signed_by(by, deviation, meaning=Meaning.AUTHORSHIP)) == "meaning-not-offered"


def test_a_signature_is_withdrawn_by_its_signer_with_a_reason_and_both_stay() -> None:
    deviation, story = closed_deviation()
    ward = story.ward
    one = signed_by(ward.investigator, deviation)
    with pytest.raises(NotPermitted):
        withdraw(signature=one, proof=proof_of(ward.admin), by=ward.admin, at=AT, reason="wrong")
    with pytest.raises(RuleViolated):
        withdraw(signature=one, proof=proof_of(ward.investigator), by=ward.investigator, at=AT, reason=" ")
    withdraw(
        signature=one, proof=proof_of(ward.investigator), by=ward.investigator, at=AT, reason="wrong one"
    )
    with pytest.raises(Conflict):
        withdraw(
            signature=one, proof=proof_of(ward.investigator), by=ward.investigator, at=AT, reason="again"
        )
    (manifest,) = signatures_of(deviation)
    assert manifest.standing is Standing.WITHDRAWN
    assert manifest.withdrawn_by is not None
    assert manifest.withdrawn_by.reason == "wrong one"
    assert signed_by(ward.investigator, deviation)


def test_the_act_and_its_signature_are_there_together_or_not_at_all() -> None:
    deviation, story = closed_deviation()
    by = story.ward.investigator

    def act() -> None:
        with acting(by=by, at=AT, action="participants.deviation_closed"):
            deviation.description = "Another description"
            deviation.save_changes(["description"])
            signed_by(by, deviation)
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        act()
    assert not Signature.objects.exists()
    assert Deviation.objects.get(pk=deviation.pk).description == "Vital signs taken with another device"
