"""What may be said of a procedure, and what departs from the protocol."""

import pytest

from followup.rules.procedures import ProcedureEntry, check_entries, finding_about, needs_reason, unanswered
from followup.states import ProcedureOutcome as Outcome
from tests.protocol.engine import K, event, local
from trialsite.errors import RuleViolated
from trialsite.protocol.findings import Category
from trialsite.protocol.procedures import planned_procedures
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Arm

VERSION = resolve("1.0")
KNOWN = {one.id: one for one in VERSION.procedures}


def said(procedure: str, outcome: Outcome, reason: str = "") -> ProcedureEntry:
    return ProcedureEntry(procedure=procedure, outcome=outcome, reason=reason)


@pytest.mark.parametrize(
    ("procedure", "outcome", "is_owed"),
    [
        ("PR-CT", Outcome.DONE, False),
        ("PR-CT", Outcome.NOT_DONE, True),
        ("PR-CT", Outcome.NOT_APPLICABLE, True),
        ("PR-CONF", Outcome.NOT_DONE, True),
        ("PR-CONF", Outcome.NOT_APPLICABLE, False),  # the protocol itself says that it is not for everybody
    ],
)
def test_what_is_missing_has_a_reason(procedure: str, outcome: Outcome, is_owed: bool) -> None:
    assert needs_reason(outcome, KNOWN[procedure]) == is_owed
    check_entries([said(procedure, outcome, "scanner broken")], KNOWN)
    if not is_owed:
        check_entries([said(procedure, outcome)], KNOWN)
        return
    with pytest.raises(RuleViolated) as refusal:
        check_entries([said(procedure, outcome, "  ")], KNOWN)
    assert (refusal.value.code, refusal.value.field) == ("procedure-reason-required", "procedures")


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([said("PR-XYZ", Outcome.DONE)], "unknown-procedure"),
        ([said("PR-CT", Outcome.DONE)] * 2, "procedure-twice"),
    ],
)
def test_an_answer_names_one_procedure_of_the_visit_once(entries: list[ProcedureEntry], code: str) -> None:
    with pytest.raises(RuleViolated) as refusal:
        check_entries(entries, KNOWN)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("procedure", "outcome", "is_owed", "departs"),
    [
        ("PR-CT", Outcome.NOT_DONE, True, True),
        ("PR-CT", Outcome.NOT_DONE, False, False),  # unscheduled, or fallen away
        ("PR-CT", Outcome.DONE, True, False),
        ("PR-CT", Outcome.NOT_APPLICABLE, True, False),
        ("PR-CT", None, True, False),
        ("PR-CONF", Outcome.NOT_DONE, True, False),  # its own obligation is missed
    ],
)
def test_what_was_owed_and_not_done_is_a_deviation_that_is_not_important(
    procedure: str, outcome: Outcome | None, is_owed: bool, departs: bool
) -> None:
    found = finding_about(KNOWN[procedure], outcome, visit="V-M6#1", title="Month 6 visit", is_owed=is_owed)
    if not departs:
        assert found is None
        return
    assert found is not None
    assert (found.rule_id, found.subject) == ("PROCEDURE-NOT-DONE", "V-M6#1:PR-CT")
    assert (found.category, found.is_important) == (Category.PROCEDURE, False)
    assert found.title == "Month 6 visit: CT and response by RECIST 1.1: not done"


def test_what_fell_away_is_not_waited_for() -> None:
    events = [event(K.PROGRESSED, "2026-07-01")]
    planned = planned_procedures(VERSION, "V-M6", arm=Arm.INTRAVENOUS, events=events, at=local("2026-09-15"))
    left = [one.procedure.id for one in unanswered(planned, ["PR-LAB", "PR-SURVIVAL"])]
    assert left == ["PR-CAR", "PR-AE", "PR-CONTRA", "PR-CONF"]
