"""The confidential cases of a participant, with the clock of each."""

from dataclasses import dataclass
from datetime import datetime

from infusion.models import ConfidentialCase, ConfidentialReport
from infusion.rules.safety_case import CONFIDENTIAL_CLOCK
from participants.models import Obligation, Participant
from trialsite.protocol.due import due_state
from trialsite.protocol.types import DueState


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidentialLine:
    """report: what stopped the clock, None while it runs."""

    case: ConfidentialCase
    report: ConfidentialReport | None
    closes_at: datetime | None
    state: DueState | None


def confidential_lines(participant: Participant, at: datetime) -> list[ConfidentialLine]:
    """Return the cases, the newest first. Two queries."""
    cases = ConfidentialCase.objects.filter(participant=participant).select_related("report")
    clocks = {
        row.key: row.to_value()
        for row in Obligation.objects.in_force().filter(participant=participant, item_id=CONFIDENTIAL_CLOCK)
    }
    lines = []
    for case in cases.order_by("-aware_at", "id"):
        clock = clocks.get(f"{CONFIDENTIAL_CLOCK}:{case.pk}")
        lines.append(
            ConfidentialLine(
                case=case,
                report=getattr(case, "report", None),
                closes_at=clock.closes_at if clock else None,
                state=due_state(clock, at) if clock else None,
            )
        )
    return lines
