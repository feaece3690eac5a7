"""What of screening is signed: the investigator's decision on eligibility."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from participants.queries.signables import lock_participant, owner_of
from screening.models import EligibilityDecision
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.signing.content import row
from trialsite.signing.kinds import Kind, Shown
from trialsite.signing.rules import Meaning


def _rows(decisions: QuerySet[EligibilityDecision]) -> QuerySet[EligibilityDecision]:
    return decisions.select_related("episode__participant__site", "evaluation")


def _content(decision: EligibilityDecision) -> dict[str, Any]:
    """The decision, the frozen copy of every criterion with its evidence, and whose it is."""
    return {
        "participant": decision.episode.participant.code,
        "episode": decision.episode.number,
        "decision": row(decision),
        "evaluation": row(decision.evaluation) if decision.evaluation else None,
    }


def _shown(decision: EligibilityDecision) -> Shown:
    evaluation = decision.evaluation
    return Shown(
        heading=f"{decision.get_outcome_display()}, screening {decision.episode.number}",
        lines=(
            ("Decided at", f"{decision.decided_at:%Y-%m-%d %H:%M} UTC"),
            ("Recorded by", decision.decided_by),
            ("Protocol version", decision.protocol_version),
            ("Criteria judged", str(len(decision.findings))),
            ("Failed", ", ".join(decision.failed_criteria) or "none"),
            ("Evidence holds until", str(evaluation.lapses_on or "–") if evaluation else "–"),
            ("Reason", decision.reason or "–"),
            ("Reopened", decision.reopened_reason or "no"),
        ),
    )


def _obstacles(decision: EligibilityDecision, by: User) -> tuple[str, ...]:
    if decision.reopened_at is not None:
        return ("This decision was reopened; the one that replaces it is signed.",)
    return ()


def _awaiting(decisions: QuerySet[EligibilityDecision]) -> QuerySet[EligibilityDecision]:
    return decisions.filter(reopened_at__isnull=True).order_by("decided_at")


ELIGIBILITY_DECISION = Kind(
    name="eligibility_decision",
    title="Eligibility decision",
    model=EligibilityDecision,
    permission=Permission.CONFIRM_ELIGIBILITY,
    meanings=(Meaning.APPROVAL, Meaning.RESPONSIBILITY),
    contents={1: _content},
    shown=_shown,
    owner=lambda decision: owner_of(decision.episode.participant),
    href=lambda decision: reverse("screening-checklist", args=[decision.episode.participant.code]),
    tables=("screening_eligibilitydecision", "screening_eligibilityevaluation"),
    rows=_rows,
    obstacles=_obstacles,
    awaiting=_awaiting,
    lock_owner=lambda decision: lock_participant(decision.episode.participant_id),
)
