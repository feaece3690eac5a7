"""Dose cohorts: the board, slots, decisions, and what a supposed toxicity would lead to."""

from typing import Any

from rest_framework import serializers

from infusion.api.serializers.product import CODE, RECORDED_AT, VERSION
from infusion.queries.cohorts import seen_of
from infusion.rules.cohorts import CohortState, SlotStatus
from infusion.states import CohortDecision, CohortKind
from trialsite.api.fields import (
    AwareDateTimeField,
    CleanCharField,
    EnumField,
    StrictIntegerField,
    StrictUUIDField,
)
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.steps import GatedIn, ReasonedIn
from trialsite.protocol.types import Arm
from trialsite.signing.api.acts import MayBeSignedIn
from trialsite.signing.api.shapes import WithSignaturesOut

DOSE_LEVEL = "Id of the dose level in the protocol."
SLOT_NUMBER = "Number of the slot within its cohort, never used twice."


class CohortIn(GatedIn):
    """A cohort to open. It belongs to the trial, not to a site."""

    dose_level = CleanCharField(max_length=20, help_text=DOSE_LEVEL)
    kind = EnumField(CohortKind, help_text="Escalation by 3+3, or an expansion at a cleared level.")
    capacity = StrictIntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=100,
        help_text="Participants of an expansion; by default what the protocol plans. The rule sizes an escalation.",
    )
    opened_at = AwareDateTimeField(help_text="When it was opened.")


class DecisionIn(ReasonedIn, MayBeSignedIn):
    """What a person decided: what the rule proposes or something more cautious, which needs a reason."""

    decision = EnumField(CohortDecision, help_text="One of `permitted` of the cohort.")
    decided_at = AwareDateTimeField(help_text="When it was decided.")


class SlotIn(ReasonedIn):
    """A place in a cohort. A dose level other than that of the enrolment needs a reason."""

    cohort = StrictUUIDField(help_text="Id of a cohort of the participant's arm.")
    taken_at = AwareDateTimeField(help_text="When the place was given.")


class SlotFreedIn(InSerializer):
    """A place given back."""

    freed_at = AwareDateTimeField(help_text="When it was given back.")
    reason = CleanCharField(multiline=True, max_length=500, help_text="Why. It stands in the audit trail.")


class CohortCountsOut(OutSerializer):
    """What the rule counts."""

    evaluable = serializers.IntegerField(help_text="Who had a DLT, or was observed to the end of the window.")
    dlts = serializers.IntegerField(help_text="Who had a dose-limiting toxicity.")
    under_way = serializers.IntegerField(
        help_text="Who waits, is in the window, or has a toxicity to be judged."
    )
    to_replace = serializers.IntegerField(help_text="Who cannot be evaluated any more.")
    places_left = serializers.IntegerField(help_text="Places still to take.")


class CohortProposalOut(OutSerializer):
    """What the rule proposes. A named person decides."""

    decision = EnumField(CohortDecision, help_text="The proposed decision.")
    reason = serializers.CharField(help_text="The counts that lead to it.")


class CohortDosingOut(OutSerializer):
    """Who may be dosed next, and from which day."""

    slot = serializers.IntegerField(source="number", allow_null=True, help_text=SLOT_NUMBER)
    earliest_on = serializers.DateField(
        allow_null=True, help_text="First possible day; null while it is held."
    )
    reasons = serializers.ListField(child=serializers.CharField(), help_text="What holds it, or until when.")


class CohortBoardOut(OutSerializer):
    """How a cohort stands, or would stand if what is asked were so."""

    state = EnumField(CohortState, help_text="State of the cohort.")
    counts = CohortCountsOut(help_text="What the rule counts.")
    proposal = CohortProposalOut(help_text="What the rule proposes.")
    dosing = CohortDosingOut(help_text="Who may be dosed next.")
    holds = serializers.ListField(child=serializers.CharField(), help_text="Why nobody may be dosed now.")
    needs_decision = serializers.BooleanField(help_text="Whether somebody has to decide now.")


class CohortSlotLineOut(OutSerializer):
    """One slot in force on the board. Days are civil dates at the site."""

    id = serializers.UUIDField(source="slot.pk", help_text="Id of the slot.")
    number = serializers.IntegerField(source="slot.number", help_text=SLOT_NUMBER)
    participant = serializers.CharField(
        source="participant.code", allow_null=True, help_text=f"{CODE} Null for one of another site."
    )
    status = EnumField(SlotStatus, source="line.status", help_text="Where it stands for the decision.")
    why = serializers.CharField(source="line.why", help_text="Why it is not evaluable, or empty.")
    planned_on = serializers.DateField(
        source="line.facts.planned_on", allow_null=True, help_text="Planned day of infusion."
    )
    infused_on = serializers.DateField(
        source="line.facts.infused_on", allow_null=True, help_text="Day of infusion."
    )
    window_last_on = serializers.DateField(
        source="line.window_last_on", allow_null=True, help_text="Last day on which a toxicity counts."
    )
    days_observed = serializers.IntegerField(help_text="Days of the window that have passed.")


class CohortDecisionLineOut(OutSerializer):
    """One decision on a cohort."""

    number = serializers.IntegerField(help_text="Counts the decisions of the cohort.")
    proposed = EnumField(CohortDecision, help_text="What the rule proposed then.")
    decided = EnumField(CohortDecision, source="decision", help_text="What was decided.")
    decided_at = serializers.DateTimeField(help_text="When, UTC.")
    decided_by = serializers.CharField(help_text="Who decided.")
    reason = serializers.CharField(help_text="Why; needed where it is not what was proposed.")
    known_dlts = serializers.IntegerField(help_text="Dose-limiting toxicities it knew of.")


class CohortOut(OutSerializer):
    """A dose cohort as it stands at the moment of asking."""

    id = serializers.UUIDField(source="entry.cohort.pk", help_text="Id of the cohort.")
    arm = EnumField(Arm, source="entry.cohort.arm", help_text="Arm.")
    dose_level = serializers.CharField(source="entry.cohort.dose_level", help_text=DOSE_LEVEL)
    kind = EnumField(CohortKind, source="entry.cohort.kind", help_text="Escalation or expansion.")
    number = serializers.IntegerField(source="entry.cohort.number", help_text="Number within the dose level.")
    capacity = serializers.IntegerField(
        source="entry.cohort.capacity", help_text="Evaluable participants needed."
    )
    protocol_version = serializers.CharField(
        source="entry.cohort.protocol_version", help_text="Protocol version whose rule counts."
    )
    opened_at = serializers.DateTimeField(source="entry.cohort.opened_at", help_text="When it opened, UTC.")
    closed_at = serializers.DateTimeField(
        source="entry.cohort.closed_at", allow_null=True, help_text="When a decision closed it, UTC."
    )
    departure = serializers.CharField(
        source="entry.cohort.departure", help_text="What opening it departed from, or empty."
    )
    board = CohortBoardOut(help_text="State, counts, proposal.")
    permitted = serializers.SerializerMethodField(help_text="Decisions that may be taken now.")
    slots = CohortSlotLineOut(many=True, help_text="Slots in force.")
    decisions = CohortDecisionLineOut(
        many=True, source="entry.record.decisions", help_text="What was decided, the earliest first."
    )
    seen = serializers.SerializerMethodField(
        help_text="SHA-256 of the facts; goes back with the signature of a decision on them."
    )
    version = serializers.IntegerField(source="entry.cohort.version", help_text=VERSION)

    def get_seen(self, row: Any) -> str:
        return seen_of(row.entry)

    def get_permitted(self, row: Any) -> list[CohortDecision]:
        return list(row.permitted)


class CohortDecisionOut(WithSignaturesOut):
    """A decision as it was recorded, with the facts it was taken on and its signatures."""

    id = serializers.UUIDField(help_text="Id of the decision.")
    cohort = serializers.UUIDField(source="cohort_id", help_text="Id of the cohort.")
    number = serializers.IntegerField(help_text="Counts the decisions of the cohort.")
    proposed = EnumField(CohortDecision, help_text="What the rule proposed.")
    decided = EnumField(CohortDecision, help_text="What was decided.")
    decided_at = serializers.DateTimeField(help_text="When, UTC.")
    decided_by = serializers.CharField(help_text="Who decided.")
    reason = serializers.CharField(help_text="Why; needed where it is not what was proposed.")
    known_dlts = serializers.IntegerField(help_text="Dose-limiting toxicities it knew of.")
    inputs = serializers.JSONField(help_text="Counts and slots it was taken on.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)


class CohortSlotOut(OutSerializer):
    """A participant's place in a cohort."""

    id = serializers.UUIDField(help_text="Id of the slot.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    cohort = serializers.UUIDField(source="cohort_id", help_text="Id of the cohort.")
    dose_level = serializers.CharField(source="cohort.dose_level", help_text=DOSE_LEVEL)
    number = serializers.IntegerField(help_text=SLOT_NUMBER)
    taken_at = serializers.DateTimeField(help_text="When the place was given, UTC.")
    freed_at = serializers.DateTimeField(allow_null=True, help_text="When it was given back, UTC.")
    freed_reason = serializers.CharField(help_text="Why it was given back, or empty.")
    version = serializers.IntegerField(help_text=VERSION)
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
