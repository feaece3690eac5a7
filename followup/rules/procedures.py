"""What was done at a visit, per procedure: what may be said, and what departs from the protocol.

Source: clinical rules 5.3 (procedure or test missed) and R23 (what is missing has a reason).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from followup.states import ProcedureOutcome
from trialsite.errors import RuleViolated
from trialsite.protocol.findings import Category, Finding
from trialsite.protocol.procedures import PlannedProcedure
from trialsite.protocol.types import Procedure

RULE_ID = "PROCEDURE-NOT-DONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureEntry:
    """procedure: its id. reason: why it was not done, or applied to nobody here."""

    procedure: str
    outcome: ProcedureOutcome
    reason: str = ""


def check_entries(entries: Sequence[ProcedureEntry], known: Mapping[str, Procedure]) -> None:
    """Return if the entries can be stored: known procedures, each once, and a reason where one is owed.

    Not applicable needs none where the protocol itself says that the procedure is not for everybody.
    Raises RuleViolated("unknown-procedure", "procedure-twice", "procedure-reason-required").
    """
    for name, count in Counter(one.procedure for one in entries).items():
        if name not in known:
            raise RuleViolated(
                "unknown-procedure",
                f"{name} is not done at this visit. Choose one of: {', '.join(known)}.",
                field="procedures",
            )
        if count > 1:
            raise RuleViolated("procedure-twice", f"Give one answer to {name}.", field="procedures")
    for one in entries:
        if needs_reason(one.outcome, known[one.procedure]) and not one.reason.strip():
            title = known[one.procedure].title
            raise RuleViolated(
                "procedure-reason-required", f"{title}: say why ({_WORDS[one.outcome]}).", field="procedures"
            )


_WORDS = {ProcedureOutcome.NOT_DONE: "not done", ProcedureOutcome.NOT_APPLICABLE: "not applicable"}


def needs_reason(outcome: ProcedureOutcome, procedure: Procedure) -> bool:
    """Return whether the outcome has to be explained."""
    if outcome is ProcedureOutcome.NOT_APPLICABLE:
        return not procedure.applies_to
    return outcome is ProcedureOutcome.NOT_DONE


def finding_about(
    procedure: Procedure, outcome: ProcedureOutcome | None, *, visit: str, title: str, is_owed: bool
) -> Finding | None:
    """Return the departure of a procedure that was owed at a scheduled visit and not done, or None.

    visit: what the subject names, the key of the visit. Never important by itself; what an obligation of its own
    watches is found there.
    """
    if outcome is not ProcedureOutcome.NOT_DONE or not is_owed or procedure.is_owed_elsewhere:
        return None
    return Finding(
        rule_id=RULE_ID,
        category=Category.PROCEDURE,
        title=f"{title}: {procedure.title}: not done",
        is_important=False,
        subject=subject_of(visit, procedure.id),
    )


def subject_of(visit: str, procedure_id: str) -> str:
    return f"{visit}:{procedure_id}"


def unanswered(planned: Iterable[PlannedProcedure], answered: Iterable[str]) -> tuple[PlannedProcedure, ...]:
    """Return what is owed and was not answered yet, in the order of the protocol."""
    known = set(answered)
    return tuple(one for one in planned if one.is_owed and one.procedure.id not in known)
