"""The confidential cases of a participant, with the clock of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch

from infusion.models import ConfidentialCase, ConfidentialFollowUp, ConfidentialReport
from infusion.models.confidential import BORN_ALIVE, FollowUpStep
from infusion.rules.safety_case import CASE_CHILD, CASE_OUTCOME, CONFIDENTIAL_CLOCK
from participants.models import Obligation, Participant
from trialsite.protocol import types
from trialsite.protocol.due import due_state
from trialsite.protocol.types import DueState


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidentialLine:
    """report: what stopped the clock, None while it runs. outcome, child: what became of it, None while not known.

    owed: the follow-up that is asked for next, None where nothing is.
    """

    case: ConfidentialCase
    report: ConfidentialReport | None
    closes_at: datetime | None
    state: DueState | None
    outcome: ConfidentialFollowUp | None = None
    child: ConfidentialFollowUp | None = None
    owed: types.Obligation | None = None
    owed_state: DueState | None = None

    @property
    def known(self) -> tuple[ConfidentialFollowUp, ...]:
        return tuple(one for one in (self.outcome, self.child) if one is not None)

    @property
    def is_open(self) -> bool:
        """Whether more is to be learned about it."""
        return self.case.voided_at is None and (
            self.outcome is None or (self.outcome.finding in BORN_ALIVE and self.child is None)
        )


def confidential_lines(participant: Participant, at: datetime) -> list[ConfidentialLine]:
    """Return the cases, the newest first, those taken back too. Three queries."""
    cases = ConfidentialCase.objects.filter(participant=participant).select_related("report")
    found = list(
        cases.prefetch_related(
            Prefetch(
                "follow_ups", ConfidentialFollowUp.objects.filter(voided_at=None), to_attr="known_follow_ups"
            )
        ).order_by("-aware_at", "id")
    )
    items = (CONFIDENTIAL_CLOCK, CASE_OUTCOME, CASE_CHILD)
    rows = Obligation.objects.in_force().filter(participant=participant, item_id__in=items)
    owed = {row.key: row.to_value() for row in rows}
    return [_line(case, owed, at) for case in found]


def _line(case: ConfidentialCase, owed: Mapping[str, types.Obligation], at: datetime) -> ConfidentialLine:
    clock = owed.get(f"{CONFIDENTIAL_CLOCK}:{case.pk}")
    known: dict[str, ConfidentialFollowUp] = {one.step: one for one in getattr(case, "known_follow_ups", ())}
    asked = [owed.get(f"{item}:{case.pk}#1") for item in (CASE_OUTCOME, CASE_CHILD)]
    following = next(
        (one for one in asked if one and one.fulfilled_at is None and one.ended_at is None), None
    )
    return ConfidentialLine(
        case=case,
        report=getattr(case, "report", None),
        closes_at=clock.closes_at if clock else None,
        state=due_state(clock, at) if clock else None,
        outcome=known.get(FollowUpStep.OUTCOME),
        child=known.get(FollowUpStep.CHILD),
        owed=following,
        owed_state=due_state(following, at) if following else None,
    )
