"""A decision and its signature are one act: on the page and in the API, once, on what was shown, by the person alone."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache

from infusion.models import CohortDecision, Infusion, ProductDisposition
from infusion.services.cohorts import take_slot
from infusion.services.live_infusion import pause_infusion, resume_infusion
from infusion.states import ProductState
from participants.states import State
from screening.models import EligibilityDecision
from tests.factories.accounts import PASSWORD
from tests.factories.api import Program
from tests.factories.journeys import Story, participant_at, there
from tests.infusion.test_cohorts import opens
from tests.infusion.test_live_infusion import prepared, starts
from tests.participants.web import as_signed, browser_of, stops_clock
from tests.screening.desk import path, wall
from trialsite.accounts.models import SignInRecord, User
from trialsite.audit.acting import acting
from trialsite.signing.models import Signature
from trialsite.signing.queries import awaiting_for, holds, seen_digest

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_rate_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    """Everything is in order; the investigator is to decide."""
    found = participant_at(State.SCREENING)
    found.finds_everything_in_order()
    stops_clock(monkeypatch, lambda: found.now)
    return found


def to_sign(user: User) -> set[str]:
    return {one.kind.name for one in awaiting_for(User.objects.get(pk=user.pk))}


def components(user: User, **more: object) -> dict[str, object]:
    return {"signer": user.username, "password": PASSWORD, "states_equivalence": True, **more}


# ---- The eligibility decision on its page


def test_a_decision_and_its_signature_are_one_press_and_two_presses_are_one_decision(story: Story) -> None:
    investigator = story.ward.investigator
    client, url = browser_of(investigator), path(story, "screening/confirm/")
    entered = as_signed(client, url, decided_at=wall(story.now))

    answers = [client.post(url, entered) for _ in range(2)]

    assert [one.status_code for one in answers] == [303, 303]
    decision, signature = EligibilityDecision.objects.get(), Signature.objects.get()
    assert (signature.record_id, signature.signer) == (decision.pk, investigator)
    assert (signature.meaning, signature.factors) == ("approval", "name password")
    assert holds(decision)
    assert "eligibility_decision" not in to_sign(investigator)
    again = client.get(path(story, "screening/")).content.decode()
    assert f"<strong>{investigator.display_name}</strong>" in again


@pytest.mark.parametrize(
    "wrong", [{"signing_password": "not it at all 1"}, {"signing_password": ""}, {"signer": "somebody"}]
)
def test_without_the_right_components_nothing_is_decided_and_the_attempt_is_logged(
    story: Story, wrong: dict[str, str]
) -> None:
    client, url = browser_of(story.ward.investigator), path(story, "screening/confirm/")
    answer = client.post(url, as_signed(client, url, decided_at=wall(story.now), **wrong))
    assert answer.status_code == 422
    assert not EligibilityDecision.objects.exists()
    assert SignInRecord.objects.filter(outcome="reauthentication_refused").count() == 1


def test_evidence_that_came_after_the_page_was_opened_is_signed_by_nobody(story: Story) -> None:
    client, url = browser_of(story.ward.investigator), path(story, "screening/confirm/")
    entered = as_signed(client, url, decided_at=wall(story.now))
    story.wait(hours=0.1).finds(
        "infection", {"value": {"is_active": False}, "reason": "No fever"}, reason="Looked at again"
    )

    stale = client.post(url, entered)

    assert stale.status_code == 422
    assert "Nothing was recorded and nothing signed" in stale.content.decode()
    assert not EligibilityDecision.objects.exists()
    fresh = as_signed(client, url, decided_at=wall(story.now))
    assert client.post(url, fresh).status_code == 303


def test_the_part_beside_the_form_is_asked_without_the_components_and_counts_no_attempt(story: Story) -> None:
    client, url = browser_of(story.ward.investigator), path(story, "screening/confirm/")
    page = client.get(url).content.decode()
    assert 'hx-params="not signer,signing_password,signing_code"' in page
    beside = client.post(f"{url}beside/", {"decided_at": wall(story.now), "signing_password": "half a pass"})
    assert beside.status_code == 200
    assert not SignInRecord.objects.filter(outcome="reauthentication_refused").exists()


def test_a_shared_account_and_one_whose_password_was_just_reset_decide_nothing_on_the_page(
    story: Story,
) -> None:
    investigator, url = story.ward.investigator, path(story, "screening/confirm/")
    for changed, words in (
        ({"is_shared": True}, "A shared account signs nothing"),
        ({"is_shared": False, "password_reset_at": story.now}, "within the last 24 hours"),
    ):
        with acting(by=story.ward.admin, at=story.now, action="accounts.changed"):
            User.objects.filter(pk=investigator.pk).update(**changed)
        client = browser_of(investigator)
        page = client.get(url)
        assert words in page.content.decode()
        answer = client.post(url, as_signed(client, url, decided_at=wall(story.now)))
        assert answer.status_code == 403
    assert not EligibilityDecision.objects.exists()


# ---- The same through the API


def _confirm(client: Any, story: Story, body: dict[str, object], key: str, **headers: str) -> Any:
    url = f"/api/v1/screening-episodes/{there(story.episode).pk}/confirm/"
    sent = {"decided_at": story.now.isoformat(), **body}
    return client.post(
        url, sent, content_type="application/json", headers={"Idempotency-Key": key, **headers}
    )


def test_the_api_signs_with_the_act_in_a_session_once_per_key_and_a_token_records_unsigned(
    story: Story,
) -> None:
    investigator, key = story.ward.investigator, str(uuid4())
    episode = f"screening-episodes/{there(story.episode).pk}/"
    program = Program(investigator, story.now).with_token()
    seen = program.get(f"{episode}verdict/").json()["seen"]
    signature = components(investigator, seen=seen)
    by_token = program.post(
        f"{episode}confirm/", {"decided_at": story.now.isoformat(), "signature": signature}
    )
    assert (by_token.status_code, by_token.json()["code"]) == (403, "session-required")

    client = browser_of(investigator)
    unseen = _confirm(client, story, {"signature": components(investigator)}, str(uuid4()))
    stale = _confirm(client, story, {"signature": {**signature, "seen": "0" * 64}}, str(uuid4()))
    assert (unseen.status_code, stale.status_code) == (400, 409)
    assert not EligibilityDecision.objects.exists()
    answers = [_confirm(client, story, {"signature": signature}, key) for _ in range(2)]

    assert [one.status_code for one in answers] == [201, 201], answers[0].json()
    assert answers[0].json() == answers[1].json()
    (manifest,) = answers[0].json()["signatures"]
    assert (manifest["printed_name"], manifest["standing"]) == (investigator.display_name, "holds")
    (listed,) = program.get(f"{episode}decisions/").json()["results"]
    assert listed["signatures"] == [manifest]
    assert Signature.objects.count() == 1


def test_what_a_program_records_with_a_token_stands_and_asks_to_be_signed(story: Story) -> None:
    investigator = story.ward.investigator
    program = Program(investigator, story.now).with_token()
    answer = program.post(
        f"screening-episodes/{there(story.episode).pk}/confirm/", {"decided_at": story.now.isoformat()}
    )
    assert (answer.status_code, answer.json()["signatures"]) == (201, [])
    assert "eligibility_decision" in to_sign(investigator)


# ---- Lot, infusion, cohort


def test_the_decision_on_a_lot_is_signed_with_it_and_refused_on_a_stale_lot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = participant_at(State.MANUFACTURING)
    story.has_lot_tested(VIABILITY="68.5")
    stops_clock(monkeypatch, lambda: story.now)
    product = there(story.product)
    client, url = browser_of(story.ward.investigator), path(story, f"products/{product.pk}/decision/")
    given = {"decision": "remanufacture", "decided_at": wall(story.now), "reason": "Too few cells live"}
    entered = as_signed(client, url, **given)
    story.wait(hours=0.1).has_lot_tested(VIABILITY="66.0", reason="Counted anew")

    assert client.post(url, entered).status_code == 422
    assert not ProductDisposition.objects.exists()
    assert client.post(url, as_signed(client, url, **given)).status_code == 303

    made = ProductDisposition.objects.get()
    assert holds(made)
    assert made.product.state == ProductState.FAILED.value


@pytest.mark.parametrize(
    ("role", "when"), [("investigator", "now"), ("investigator", "later"), ("nurse", "")]
)
def test_who_may_sign_the_infusion_chooses_when_and_nobody_else_is_asked(
    role: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = participant_at(State.LYMPHODEPLETION)
    stops_clock(monkeypatch, lambda: story.now)
    client, url = browser_of(getattr(story.ward, role)), path(story, "infusion/record/")
    form = client.get(url).context["form"]
    assert ("signing_password" in form.fields) is (role == "investigator")
    given: dict[str, Any] = {
        "product": str(there(story.product).pk),
        "weight_kg": "60",
        "infused_cells": "60",
        "started_at": wall(story.now),
        "ended_at": wall(story.now),
        "reason": "Recorded from the source document",
    }
    entered = as_signed(client, url, **given) | ({"when_signed": when} if when else {})
    if when == "later":
        entered["signing_password"] = ""

    answer = client.post(url, entered)

    assert answer.status_code == 303, answer.context["form"].errors
    infusion = Infusion.objects.get()
    assert holds(infusion) is (when == "now")
    assert ("infusion" in to_sign(story.ward.investigator)) is (when != "now")


def test_a_running_infusion_is_signed_as_it_ends_on_what_was_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    story = prepared()
    infusion = starts(story)
    stops_clock(monkeypatch, lambda: story.now)
    investigator = story.ward.investigator
    client, url = browser_of(investigator), path(story, f"infusion/{infusion.pk}/stop/")
    entered = as_signed(client, url, residual_volume_ml="0")
    nurse = story.ward.nurse
    pause_infusion(infusion=infusion, cause="line kinked", by=nurse, at=story.wait(hours=0.1).now)
    resume_infusion(infusion=infusion, by=nurse, at=story.wait(hours=0.1).now)

    assert client.post(url, entered).status_code == 422
    assert Infusion.objects.get().is_running
    assert client.post(url, as_signed(client, url, residual_volume_ml="0")).status_code == 303

    ended = Infusion.objects.get()
    assert (ended.is_running, holds(ended)) == (False, True)
    assert Signature.objects.get().meaning == "responsibility"
    assert seen_digest(ended) == Signature.objects.get().content_digest


def test_a_cohort_decision_is_signed_with_it_and_not_on_facts_that_came_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = participant_at(State.ELIGIBLE)
    stops_clock(monkeypatch, lambda: story.now)
    investigator = story.ward.investigator
    cohort = opens(story.ward, story.now)
    client = browser_of(investigator)
    url = f"/cohorts/{story.ward.site.code}/{cohort.pk}/decide/"
    given = {"decision": "hold", "decided_at": wall(story.now), "reason": "The pharmacy is closed"}
    entered = as_signed(client, url, **given)
    story.enrols_without_slot()
    take_slot(
        participant=story.participant,
        cohort=cohort,
        taken_at=story.now,
        by=story.ward.coordinator,
        at=story.now,
    )

    stale = client.post(url, {**entered, "version": ""})
    assert stale.status_code == 422
    assert "Nothing was recorded and nothing signed" in stale.content.decode()
    assert client.post(url, as_signed(client, url, **given)).status_code == 303

    decision = CohortDecision.objects.get()
    assert holds(decision)
    (listed,) = Program(investigator, story.now).get(f"cohorts/{cohort.pk}/decisions/").json()["results"]
    assert [one["meaning"] for one in listed["signatures"]] == ["approval"]
    assert len(Program(investigator, story.now).get(f"cohorts/{cohort.pk}/").json()["seen"]) == 64
