"""Bridging therapy between collection and lymphodepletion; optional, and ended long enough before the first dose."""

from datetime import date, datetime

from infusion.models import BridgingTherapy
from participants.models import Participant
from participants.services.journey import command
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import RuleViolated
from trialsite.protocol.windows import civil_date


def record_bridging(
    *,
    participant: Participant,
    drug: str,
    drug_class: str,
    started_on: date,
    by: Actor,
    at: datetime,
    ended_on: date | None = None,
    dose: str = "",
    note: str = "",
    reason: str = "",
) -> BridgingTherapy:
    """Record one drug or local therapy of bridging, by its civil dates at the site. Needs RECORD_LYMPHODEPLETION.

    ended_on: the last day, None while it goes on. Whether it ended early enough is judged by the gate of each dose
    of lymphodepletion. Raises RuleViolated("drug-required", "in-the-future", "ends-before-start").
    """
    if not drug.strip():
        raise RuleViolated("drug-required", "Name the drug or the therapy.", field="drug")
    _require_days(participant, started_on, ended_on, at)
    with command(
        participant=participant,
        permission=Permission.RECORD_LYMPHODEPLETION,
        action="infusion.bridging_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        bridging = BridgingTherapy(
            participant=course.participant,
            drug=drug,
            drug_class=drug_class,
            dose=dose,
            started_on=started_on,
            ended_on=ended_on,
            note=note,
            recorded_at=at,
        )
        bridging.save_new()
    return bridging


def end_bridging(
    *, bridging: BridgingTherapy, ended_on: date, by: Actor, at: datetime, reason: str = ""
) -> BridgingTherapy:
    """Record the last day of a bridging therapy. Needs RECORD_LYMPHODEPLETION.

    A day on record is changed only with a reason; the first one stays in the trail.
    Raises RuleViolated("in-the-future", "ends-before-start", "reason-required").
    """
    _require_days(bridging.participant, bridging.started_on, ended_on, at)
    with command(
        participant=bridging.participant,
        permission=Permission.RECORD_LYMPHODEPLETION,
        action="infusion.bridging_ended",
        by=by,
        at=at,
        reason=reason,
    ):
        current = BridgingTherapy.objects.get(pk=bridging.pk)
        if current.ended_on not in {None, ended_on} and not reason.strip():
            raise RuleViolated(
                "reason-required", "A last day is on record. Give the reason to change it.", field="reason"
            )
        current.ended_on = ended_on
        current.save_changes(["ended_on"])
    return current


def _require_days(participant: Participant, started_on: date, ended_on: date | None, at: datetime) -> None:
    today = civil_date(at, participant.site.time_zone)
    for field, on in (("started_on", started_on), ("ended_on", ended_on)):
        if on is not None and on > today:
            raise RuleViolated("in-the-future", "This day lies in the future.", field=field)
    if ended_on is not None and ended_on < started_on:
        raise RuleViolated("ends-before-start", "The last day lies before the first.", field="ended_on")
