"""The re-check of eligibility before lymphodepletion and before infusion."""

from datetime import datetime

from participants.models import Participant
from participants.queries.course import Course
from participants.rules import require_past
from participants.services.journey import Happening, command, happened
from screening.models import EligibilityEvaluation
from screening.queries.evidence import EvidenceFile, evidence_file, rechecked
from screening.queries.later_tests import with_later_tests
from screening.services.evaluations import keep_evaluation
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import InvalidTransition, RuleViolated
from trialsite.protocol.types import Act, EventKind
from trialsite.protocol.windows import civil_date

# The obligation each re-check answers.
_ANSWERS = {"T-RECHECK-LD": Act.LYMPHODEPLETION, "T-RECHECK-INF": Act.INFUSE}


def act_of(obligation_key: str) -> Act:
    """Return the act a re-check clears. Raises RuleViolated("unknown-recheck")."""
    act = _ANSWERS.get(obligation_key.partition("#")[0])
    if act is None:
        raise RuleViolated("unknown-recheck", "Choose a re-check that is owed.", field="obligation_key")
    return act


def recheck_eligibility(
    *,
    participant: Participant,
    obligation_key: str,
    checked_at: datetime,
    by: Actor,
    at: datetime,
    reason: str = "",
) -> EligibilityEvaluation:
    """Evaluate again, on the evidence valid that day, what must still hold before the act; keep what came out.

    Tests of later stages count. Needs CONFIRM_ELIGIBILITY; records `eligibility_rechecked` with its verdict, which the gate of the act reads.
    A verdict that is not eligible is recorded as well: it is the gate that stops. obligation_key: T-RECHECK-LD#1.
    Raises RuleViolated("unknown-recheck", "in-the-future"), InvalidTransition("not-screened").
    """
    act = act_of(obligation_key)
    require_past(checked_at, at, "checked_at")
    with command(
        participant=participant,
        permission=Permission.CONFIRM_ELIGIBILITY,
        action="screening.eligibility_rechecked",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        of_screening = _file(course)
        row = course.stored.get(obligation_key)
        if row is None or row.cancelled_at is not None:
            raise RuleViolated("unknown-recheck", "Choose a re-check that is owed.", field="obligation_key")
        checked_on = civil_date(checked_at, course.participant.site.time_zone)
        file = with_later_tests(course, of_screening, checked_on)
        evaluation = rechecked(course, file, course.version_at(at), checked_on, act)
        kept = keep_evaluation(
            file, evaluation, cause="screening.eligibility_rechecked", by=by, at=at, act=act.value
        )
        verdict = evaluation.verdict
        happening = Happening(
            kind=EventKind.ELIGIBILITY_RECHECKED,
            occurred_at=checked_at,
            item=obligation_key,
            ref=str(kept.pk),
            facts={
                "act": act.value,
                "verdict": verdict.status.value,
                "criteria": ", ".join((*verdict.failed, *verdict.missing)),
            },
        )
        happened(course, [happening], by=by, at=at, reason=reason)
    return kept


def _file(course: Course) -> EvidenceFile:
    file = evidence_file(course)
    if file is None:
        raise InvalidTransition("not-screened", "There is no screening episode to re-check.")
    return file
