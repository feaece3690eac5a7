"""Stored obligations: the plan as of the last event, kept equal to `plan` by services.obligations."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from participants.models.participant import Participant
from trialsite.accounts.models import Site
from trialsite.accounts.scoping import SiteScopedQuerySet
from trialsite.audit.records import Record
from trialsite.protocol import types
from trialsite.protocol.types import Act, Epoch, ObligationKind, Source


class ObligationQuerySet(SiteScopedQuerySet["Obligation"]):
    """site_id is repeated here so that a work list is one index scan."""

    def in_force(self) -> "ObligationQuerySet":
        """Leave out the rows that a later plan no longer contains."""
        return self.filter(cancelled_at__isnull=True)

    def unsettled(self) -> "ObligationQuerySet":
        """What time or work can still change, and that somebody has to do; bedside rounds have `rounds`."""
        open_rows = self.in_force().filter(is_settled=False)
        return open_rows.exclude(kind=ObligationKind.PERIOD.value).exclude(kind=ObligationKind.ROUND.value)

    def rounds(self) -> "ObligationQuerySet":
        """Bedside rounds that time or work can still change."""
        return self.in_force().filter(is_settled=False, kind=ObligationKind.ROUND.value)


class Obligation(Record):
    """Mirror of protocol.types.Obligation (see there), plus what the sweep needs.

    is_settled: due_state is final. next_transition_at: when state or reminder rung changes next.
    rung_at: the instants of the ladder's rungs, in its order; null where a rung has none, empty once settled.
    swept_through_at: reminder rungs up to here are dealt with. cancelled_at: no longer in the plan.
    """

    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="obligations", db_index=False
    )
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=80)
    item_id = models.CharField(max_length=20)
    kind = models.CharField(max_length=12, choices=[(k.value, k.value) for k in ObligationKind])
    title = models.CharField(max_length=200)
    opens_at = models.DateTimeField()
    opens_on = models.DateField()
    target_on = models.DateField()
    closes_at = models.DateTimeField(null=True)
    closes_on = models.DateField(null=True)
    missed_at = models.DateTimeField(null=True)
    fulfilled_at = models.DateTimeField(null=True)
    fulfilled_on = models.DateField(null=True)
    fulfilled_ref = models.CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_reason = models.CharField(max_length=40, blank=True)
    source = models.CharField(max_length=10, choices=[(s.value, s.value) for s in Source])
    protocol_version = models.CharField(max_length=20)
    epoch = models.CharField(max_length=20, choices=[(e.value, e.value) for e in Epoch])
    ladder = models.CharField(max_length=20)
    is_important = models.BooleanField()
    is_protocol_window = models.BooleanField()
    holds = models.JSONField(default=list)
    is_settled = models.BooleanField()
    rung_at = ArrayField(models.DateTimeField(null=True), default=list)
    next_transition_at = models.DateTimeField(null=True)
    swept_through_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)

    objects = ObligationQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["participant", "key"], name="obligation_key_once")]
        indexes = [
            models.Index(
                fields=["site", "closes_at", "id"],
                name="obligation_work_list",
                condition=models.Q(is_settled=False, cancelled_at__isnull=True)
                & ~models.Q(kind="period")
                & ~models.Q(kind="round"),
            ),
            models.Index(
                fields=["site", "opens_at", "id"],
                name="obligation_opening_soon",
                condition=models.Q(is_settled=False, cancelled_at__isnull=True)
                & ~models.Q(kind="period")
                & ~models.Q(kind="round"),
            ),
            models.Index(
                fields=["site", "closes_at", "id"],
                name="obligation_rounds",
                condition=models.Q(is_settled=False, cancelled_at__isnull=True, kind="round"),
            ),
            models.Index(
                fields=["next_transition_at", "id"],
                name="obligation_sweep",
                condition=models.Q(next_transition_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.key

    def to_value(self) -> types.Obligation:
        """Return the frozen value the pure core works on."""
        return value_of(vars(self))

    def take(self, value: types.Obligation) -> None:
        """Copy a planned value into the row's columns."""
        for name in _SAME_FIELDS:
            setattr(self, name, getattr(value, name))
        self.kind = value.kind.value
        self.source = value.source.value
        self.epoch = value.epoch.value
        self.protocol_version = value.version
        self.holds = sorted(act.value for act in value.holds)


_CONVERTED = {"kind", "source", "epoch", "version", "holds"}
_SAME_FIELDS = tuple(f.name for f in fields(types.Obligation) if f.name not in _CONVERTED)
VALUE_COLUMNS = (*_SAME_FIELDS, "kind", "source", "epoch", "protocol_version", "holds")


def value_of(columns: Mapping[str, Any]) -> types.Obligation:
    """Return what the columns of a row say, by name, as the frozen value the pure core works on."""
    return types.Obligation(
        **{name: columns[name] for name in _SAME_FIELDS},
        kind=ObligationKind(columns["kind"]),
        source=Source(columns["source"]),
        epoch=Epoch(columns["epoch"]),
        version=columns["protocol_version"],
        holds=frozenset(map(Act, columns["holds"])),
    )
