"""R17 to R20, R23 and R24: order, limits, recomputation, pseudonyms, reasons, two people at once."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError

from followup.models import Visit
from followup.rules.procedures import ProcedureEntry
from followup.services.procedures import record_procedures
from followup.states import ProcedureOutcome
from participants.models import DataQuery, Deviation, Observation, ObservationDomain
from participants.services.data_checks import check_participants
from participants.services.identities import DirectIdentifiers, record_identity
from participants.states import State
from screening.models import EligibilityEvaluation
from tests.factories.api import Program
from tests.factories.journeys import Story, make_ward, participant_at, refer
from tests.participants.web import browser_of
from trialsite.accounts.permissions import SystemActor
from trialsite.audit.acting import acting
from trialsite.errors import RuleViolated

pytestmark = pytest.mark.django_db


def test_r17_an_act_out_of_order_is_refused_and_a_fact_is_recorded_as_a_deviation() -> None:
    story = refer(make_ward())
    here = f"participants/{story.participant.code}/"
    program = Program(story.ward.coordinator, story.now)
    enrolment = program.post(f"{here}enrolment/", {"arm": "intravenous"})
    assert enrolment.status_code in {400, 404, 409, 422}
    visit = {"obligation_key": "", "performed_at": story.now.isoformat()}
    nurse = Program(story.ward.nurse, story.now)
    refused = nurse.post(f"{here}visits/", visit)
    assert (refused.status_code, refused.json()["code"]) == (422, "reason-required")
    recorded = nurse.post(f"{here}visits/", visit | {"reason": "Seen at the other hospital"})
    assert recorded.status_code == 201
    assert Deviation.objects.filter(participant=story.participant, category="consent").exists()


def entered(story: Story, **value: str) -> Any:
    """Enter one laboratory value of just now through the API."""
    body = {
        "taken_at": story.now.isoformat(),
        "readings": [{"test_code": "ALT", "unit": "U/L", **value}],
    }
    program = Program(story.ward.nurse, story.now)
    return program.post(f"participants/{story.participant.code}/observations/", body)


def test_r18_what_cannot_be_is_refused_and_what_is_rarely_so_is_asked_about() -> None:
    story = participant_at(State.SCREENING)
    story.wait(1)
    for impossible in ("-4", "much", "1000000"):
        assert entered(story, value=impossible).status_code in {400, 422}
    mine = Observation.objects.filter(participant=story.participant, test_code="ALT", taken_at=story.now)
    assert not mine.exists()
    accepted = entered(story, value="9000")
    assert accepted.status_code == 201, accepted.content
    assert DataQuery.objects.get(participant=story.participant).rule_id == "DQ-PLAUSIBLE"


def test_r19_a_stored_evaluation_comes_out_again_from_its_own_inputs() -> None:
    story = participant_at(State.ELIGIBLE)
    kept = EligibilityEvaluation.objects.filter(episode__participant=story.participant)
    assert all(one.protocol_version and one.inputs and one.outcome for one in kept)
    said = StringIO()
    call_command("recompute_eligibility", stdout=said)
    assert "all as stored" in said.getvalue()


def test_r20_pages_and_api_name_the_code_and_never_the_person() -> None:
    story = refer(make_ward())
    record_identity(
        participant=story.participant,
        identifiers=DirectIdentifiers(name="王小明", phone="13800001111"),
        by=story.ward.coordinator,
        at=story.now,
    )
    coordinator = browser_of(story.ward.coordinator)
    code = story.participant.code
    shown = [
        coordinator.get(path).content.decode()
        for path in ("/participants/", f"/participants/{code}/", "/trail/")
    ]
    program = Program(story.ward.coordinator, story.now)
    shown += [program.get(path).content.decode() for path in ("participants/", f"participants/{code}/")]
    shown.append(browser_of(story.ward.investigator).get(f"/trail/?code={code}").content.decode())
    assert not [one for one in shown if "王小明" in one or "13800001111" in one]
    assert code in shown[0]


def test_r23_a_missing_result_without_a_reason_is_refused_also_by_the_database() -> None:
    story = participant_at(State.SCREENING)
    assert entered(story).status_code in {400, 422}
    blank = Observation(
        participant=story.participant,
        domain=ObservationDomain.LABORATORY,
        test_code="AST",
        taken_at=story.now,
        recorded_at=story.now,
    )
    by = story.ward.nurse
    with pytest.raises(IntegrityError), acting(by=by, at=story.now, action="test.blank"):
        blank.save_new()


def test_r23_a_procedure_left_blank_is_asked_about_and_not_done_with_a_reason_is_not() -> None:
    story = participant_at(State.FOLLOW_UP)
    visit = (
        Visit.objects.filter(participant=story.participant).exclude(obligation_key="").latest("performed_at")
    )
    story.wait(10)
    ids = [story.participant.pk]
    check_participants(participant_ids=ids, by=SystemActor("sweep"), at=story.now)
    blanks = DataQuery.objects.filter(rule_id="DQ-PROCEDURE", ref=str(visit.pk), state="open")
    assert blanks.exists()
    entry = ProcedureEntry(
        procedure=blanks[0].field, outcome=ProcedureOutcome.NOT_DONE, reason="Scanner out of order"
    )
    with pytest.raises(RuleViolated):
        record_procedures(
            visit=visit,
            procedures=[ProcedureEntry(procedure=entry.procedure, outcome=ProcedureOutcome.NOT_DONE)],
            by=story.ward.nurse,
            at=story.now,
        )
    before = blanks.count()
    record_procedures(visit=visit, procedures=[entry], by=story.ward.nurse, at=story.now)
    assert blanks.count() == before - 1


def test_r24_the_second_of_two_who_edit_one_record_is_told_and_overwrites_nothing() -> None:
    story = refer(make_ward())
    here = f"participants/{story.participant.code}/"
    first, second = (Program(story.ward.coordinator, story.now) for _ in range(2))
    body = {"birth_year": 1962, "reason": "Misread"}
    assert first.patch(here, body, match='"1"').status_code == 200
    stale = second.patch(here, {"birth_year": 1950, "reason": "Misread"}, match='"1"')
    assert stale.status_code == 412
    assert second.patch(here, {"birth_year": 1950, "reason": "x"}, match=None).status_code == 428
    story.participant.refresh_from_db()
    assert story.participant.birth_year == 1962
