"""What a preview foretold beside what then happened: dates, deviations, reminders."""

from dataclasses import dataclass
from datetime import datetime

from participants.models import Deviation, Obligation, Participant
from participants.queries.preview import Replan
from trialsite.protocol import types
from trialsite.protocol.registry import resolve


@dataclass(frozen=True)
class Standing:
    """Everything a replan may change: the plan, the open deviations, the reminders still to leave."""

    plan: dict[str, types.Obligation]
    deviations: dict[tuple[str, str], datetime]
    reminders: dict[tuple[str, str], datetime]


def standing(participant: Participant, at: datetime) -> Standing:
    rows = list(Obligation.objects.in_force().filter(participant=participant))
    reminders = {}
    for row in rows:
        ladders = {ladder.id: ladder for ladder in resolve(row.protocol_version).ladders}
        for rung, instant in zip(ladders[row.ladder].rungs, row.rung_at, strict=False):
            if instant is not None and instant > at and not row.is_settled:
                reminders[row.key, rung.id] = instant
    found = Deviation.objects.unclosed().filter(participant=participant)
    return Standing(
        plan={row.key: row.to_value() for row in rows},
        deviations={(one.rule_id, one.subject): one.occurred_at for one in found},
        reminders=reminders,
    )


def after(before: Standing, promised: Replan) -> Standing:
    """What should stand once the promise was kept."""
    plan = {
        key: one for key, one in before.plan.items() if key not in {gone.key for gone in promised.removed}
    }
    plan |= {one.key: one for one in promised.added}
    plan |= {change.after.key: change.after for change in promised.changed}
    deviations, reminders = dict(before.deviations), dict(before.reminders)
    for change in promised.deviations:
        key = (change.rule_id, change.subject)
        assert deviations.pop(key, None) == change.before
        if change.after is not None:
            deviations[key] = change.after
    for move in promised.reminders:
        rung = (move.key, move.rung)
        assert reminders.pop(rung, None) == move.before
        if move.after is not None:
            reminders[rung] = move.after
    return Standing(plan=plan, deviations=deviations, reminders=reminders)
