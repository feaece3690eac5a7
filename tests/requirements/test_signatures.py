"""R11 to R13, R26 and R27: signatures on every kind of record, what breaks them, and what a lock holds."""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from infusion.models import CohortDecision, Infusion, ProductDisposition
from infusion.rules.release import Decision
from participants.models import Deviation, Participant
from participants.states import State
from screening.models import EligibilityDecision
from tests.factories.accounts import PASSWORD
from tests.factories.api import Program, refused
from tests.factories.journeys import Story, make_ward, participant_at, refer, there
from tests.participants.web import browser_of
from tests.signing.acts import closed_deviation, complete, proof_of, signed_by
from tests.signing.test_pages import filled, page_of
from trialsite.accounts.models import SignInRecord, User
from trialsite.accounts.permissions import SystemActor
from trialsite.audit.acting import acting
from trialsite.audit.models import Entry
from trialsite.audit.records import Record
from trialsite.errors import DataLocked, NotPermitted
from trialsite.signing.kinds import all_kinds, kind_of
from trialsite.signing.models import Signature
from trialsite.signing.queries import awaiting_for, broken_for, holds, signatures_of
from trialsite.signing.rules import Meaning, Standing
from trialsite.signing.services.locks import lock
from trialsite.signing.services.signing import recheck

pytestmark = pytest.mark.django_db
R = TypeVar("R", bound=Record)


@pytest.fixture(autouse=True)
def fresh_rate_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def _panel(name: str) -> Callable[[Any, Story], str]:
    return lambda _, story: reverse(name, args=[story.participant.code])


# Where each kind of record is shown. A new kind without a place here fails the test.
SHOWN_AT: dict[str, Callable[[Any, Story], str]] = {
    "eligibility_decision": _panel("screening-checklist"),
    "product_disposition": lambda one, story: reverse(
        "product-page", args=[story.participant.code, one.product_id]
    ),
    "infusion": _panel("panel-infusion"),
    "cohort_decision": lambda *_: reverse("cohorts"),
    "deviation": lambda one, _: reverse("deviation", args=[one.pk]),
    "visit": _panel("panel-visits"),
    "casebook": _panel("panel-visits"),
    "lock": lambda *_: reverse("locks"),
}
# The resources of the API that are such a record; the others are read with their signatures under signables/.
RESOURCES = {"infusion": "infusions", "visit": "visits", "deviation": "deviations"}


def one_of_each_kind(story: Story) -> dict[str, Any]:
    """One record of every kind, signed by the investigator, by kind; the lock over the participant is the last."""
    who, participant = story.ward.investigator, story.participant
    visits = complete(story)
    deviation, _ = closed_deviation(story)
    signed: dict[str, Any] = {
        "eligibility_decision": EligibilityDecision.objects.get(episode__participant=participant),
        "product_disposition": disposition_of_the_lot(story),
        "infusion": Infusion.objects.get(participant=participant),
        "cohort_decision": decision_on_the_cohort(story),
        "deviation": deviation,
        "visit": visits[0],
        "casebook": participant,
    }
    for record in signed.values():
        signed_by(who, record, at=story.now, meaning=kind_of(record).meanings[0])
    given: dict[str, Any] = {"by": who, "at": story.now, "proof": proof_of(who, story.now)}
    signed["lock"] = lock(target=participant, reason="complete", **given)
    return signed


def decision_on_the_cohort(story: Story) -> CohortDecision:
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
    return written(decision, story)


def disposition_of_the_lot(story: Story) -> ProductDisposition:
    disposition = ProductDisposition(
        product=there(story.product),
        number=1,
        decision=Decision.REAPHERESIS.value,
        decided_at=story.now,
        decided_by=story.ward.investigator.actor_label,
        rationale="Viability below the limit",
        recorded_at=story.now,
    )
    return written(disposition, story)


def written(record: R, story: Story) -> R:
    with acting(by=story.ward.investigator, at=story.now, action="test.decided"):
        record.save_new()
    return record


def test_r11_name_time_and_meaning_stand_wherever_a_record_of_any_kind_is_shown() -> None:
    story = participant_at(State.INFUSED)
    who = story.ward.investigator
    client, program = browser_of(who), Program(who, story.now)
    signed = one_of_each_kind(story)
    assert set(signed) == set(SHOWN_AT) == {one.name for one in all_kinds()}
    for name, record in signed.items():
        (manifest,) = signatures_of(record)
        meaning = kind_of(record).meanings[0]
        page = client.get(SHOWN_AT[name](record, story)).content.decode()
        together = (who.display_name, manifest.local_time, meaning.value)
        assert re.search(".{0,80}".join(map(re.escape, together)), page, re.IGNORECASE | re.DOTALL), name
        if not kind_of(record).has_page:
            continue
        paths = [f"signables/{name}/{record.pk}/"]
        paths += [f"{RESOURCES[name]}/{record.pk}/"] if name in RESOURCES else []
        for path in paths:
            (told,) = program.get(path).json()["signatures"]
            assert (told["printed_name"], told["local_time"]) == (who.display_name, manifest.local_time)
            assert (told["meaning"], told["meaning_words"]) == (meaning.value, meaning.words)


@pytest.fixture
def case() -> tuple[Deviation, User, Client]:
    deviation, story = closed_deviation()
    return deviation, story.ward.investigator, browser_of(story.ward.investigator)


def test_r12_signing_asks_name_and_password_again_though_one_is_signed_in(case: Any) -> None:
    deviation, who, client = case
    for wrong in (
        {"signing_password": "wrong horse battery"},
        {"signing_password": ""},
        {"signer": "somebody-else"},
    ):
        answer = client.post(page_of(deviation), filled(client, who, deviation, **wrong))
        assert answer.status_code == 422, wrong
    refusals = SignInRecord.objects.filter(user=who, outcome="reauthentication_refused")
    assert (refusals.count(), Signature.objects.count()) == (3, 0)
    assert client.post(page_of(deviation), filled(client, who, deviation)).status_code == 303
    assert Signature.objects.get().factors == "name password"


def test_r12_a_later_signature_of_the_session_asks_the_password_and_a_program_signs_nothing() -> None:
    first, story = closed_deviation()
    second, _ = closed_deviation(story)
    who = story.ward.investigator
    client = browser_of(who)
    client.post(page_of(first), filled(client, who, first))
    without = filled(client, who, second, signer=None, signing_password="")
    assert client.post(page_of(second), without).status_code == 422
    body = {
        "meaning": "approval",
        "seen": without["seen"],
        "password": PASSWORD,
        "signer": who.username,
    }
    token = Program(who, story.now).with_token()
    path = f"signables/deviation/{second.pk}/signatures/"
    assert refused(token.post(path, body)) == (403, "session-required")
    assert not Signature.objects.filter(record_id=second.pk).exists()
    assert client.post(page_of(second), filled(client, who, second, signer=None)).status_code == 303
    assert Signature.objects.get(record_id=second.pk).factors == "password"


def test_r13_any_later_change_voids_the_signature_visibly_until_it_is_signed_again() -> None:
    deviation, story = closed_deviation()
    who, admin = story.ward.investigator, story.ward.admin
    signed_by(who, deviation)
    client, path = browser_of(who), reverse("deviation", args=[deviation.pk])
    assert "no longer holds" not in client.get(path).content.decode()
    with acting(by=admin, at=story.now, action="test.changed", reason="a slip"):
        Deviation.objects.filter(pk=deviation.pk).update(closing_note="Device replaced.")  # no service knows

    shown = client.get(path).content.decode()
    assert "no longer holds" in shown
    assert "Device replaced." in shown
    program = Program(who, story.now)
    (told,) = program.get(f"deviations/{deviation.pk}/").json()["signatures"]
    (difference,) = told["differences"]
    assert (told["standing"], difference["path"]) == ("changed", "values.deviation.closing_note")
    changed = Entry.objects.get(action="test.changed")
    assert told["entry"] == changed.pk
    recheck(by=SystemActor("sweep"), at=changed.recorded_at, whole=True)
    assert [one.record for one in broken_for(who)] == [deviation]
    assert client.post(page_of(deviation), filled(client, who, deviation)).status_code == 303
    assert [one.standing for one in signatures_of(deviation)] == [Standing.HOLDS, Standing.CHANGED]
    assert broken_for(who) == ()


def test_r13_a_signature_holds_for_no_other_record_and_stays_as_it_was_given() -> None:
    first, story = closed_deviation()
    second, _ = closed_deviation(story)
    one = signed_by(story.ward.investigator, first)
    for statement in ("UPDATE signing_signature SET meaning = 'review'", "DELETE FROM signing_signature"):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            acting(by=story.ward.admin, at=story.now, action="test.tampered"),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    with acting(by=story.ward.admin, at=story.now, action="test.copied"):
        one.pk, one.record_id = uuid4(), second.pk
        one.save_new()
    assert not holds(second)
    assert holds(first)
    (told,) = Program(story.ward.admin, story.now).get(f"deviations/{second.pk}/").json()["signatures"]
    assert told["standing"] != "holds"


def sent(client: Client, path: str, user: User, **body: Any) -> Any:
    """Send a signed command to the API in a session of the browser."""
    given = {"signer": user.username, "password": PASSWORD, "states_equivalence": True, **body}
    headers = {"Idempotency-Key": str(uuid4())}
    return client.post(f"/api/v1/{path}", given, content_type="application/json", headers=headers)


def test_r26_after_a_lock_no_way_of_writing_changes_anything_until_a_signed_unlock_with_a_reason() -> None:
    story = refer(make_ward())
    admin, participant = story.ward.admin, story.participant
    client, program = browser_of(admin), Program(story.ward.coordinator, story.now)
    body = {"birth_year": 1962, "reason": "Misread"}
    here = f"participants/{participant.code}/"
    locked = sent(client, f"signables/casebook/{participant.pk}/lock/", admin, reason="reviewed")
    assert locked.status_code == 201, locked.content

    assert refused(program.patch(here, body)) == (409, "data-locked")
    with pytest.raises(DataLocked):
        story.wait(1).signs()
    for statement in (
        "UPDATE participants_participant SET birth_year = 1962 WHERE id = %s",
        "DELETE FROM participants_participant WHERE id = %s",
    ):
        with (
            pytest.raises(DatabaseError, match="locked"),
            transaction.atomic(),
            acting(by=admin, at=story.now, action="test.tried"),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, [participant.pk])
    assert Participant.objects.get(pk=participant.pk).birth_year == 1961

    unlock = f"locks/{locked.json()['id']}/unlock/"
    assert sent(client, unlock, admin, reason=" ").status_code in {400, 422}
    assert sent(client, unlock, admin, reason="one year is wrong", password="no").status_code in {400, 422}
    assert refused(program.patch(here, body)) == (409, "data-locked")
    assert sent(client, unlock, admin, reason="one year is wrong").status_code == 200
    assert program.patch(here, body).status_code == 200
    (told,) = program.get("locks/").json()["results"]
    assert (told["locked_by"], told["unlocked_by"]) == (admin.actor_label, admin.actor_label)
    assert told["unlock_reason"] == "one year is wrong"
    entry = Entry.objects.get(table_name="signing_lock", op="UPDATE")
    assert (entry.action, entry.reason) == ("signing.unlocked", "one year is wrong")


def test_r27_the_investigator_alone_endorses_visit_and_casebook_the_visits_first() -> None:
    story = participant_at(State.INFUSED)
    ward, participant = story.ward, story.participant
    visits = complete(story)
    assert {one.record.pk for one in awaiting_for(ward.investigator)} >= {one.pk for one in visits}
    given: dict[str, Any] = {"at": story.now, "meaning": Meaning.RESPONSIBILITY}
    for other in (ward.nurse, ward.coordinator, ward.admin):
        with pytest.raises(NotPermitted):
            signed_by(other, visits[0], **given)
    client = browser_of(ward.investigator)

    def endorsed(kind: str, record: Any) -> Any:
        path = f"signables/{kind}/{record.pk}/"
        seen = client.get(f"/api/v1/{path}").json()["seen"]
        return sent(client, f"{path}signatures/", ward.investigator, meaning="responsibility", seen=seen)

    assert refused(endorsed("casebook", participant)) == (422, "cannot-sign")
    for visit in visits:
        assert endorsed("visit", visit).status_code == 201
    assert endorsed("casebook", participant).status_code == 201
    assert all(holds(one, Meaning.RESPONSIBILITY) for one in (participant, *visits))
    story.comes_on_target("V-D1#1")
    assert not holds(participant)
    panel = client.get(reverse("panel-visits", args=[participant.code])).content.decode()
    assert "no longer holds" in panel
