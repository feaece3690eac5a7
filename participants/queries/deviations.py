"""A deviation with its lineage: rule, evidence, steps, notices, actions, trail, and what is like it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from participants.models import (
    Deviation,
    DeviationAction,
    DeviationNotice,
    DeviationStep,
    JourneyEvent,
    NoticeTo,
    Obligation,
)
from participants.queries.trail import TrailAct, acts
from participants.queries.words import in_words
from participants.rules import closing_obstacles
from participants.states import HandlingStep, handling_after
from trialsite.accounts.models import Membership, Site, User
from trialsite.accounts.permissions import PERMISSIONS, Permission
from trialsite.audit.models import Entry
from trialsite.protocol.types import Act, DeviationRule, EventKind
from trialsite.protocol.windows import civil_date

_SHOWN_ENTRIES = 60
_SHOWN_ALIKE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the rule looked at. table, row: where its trail lies. href: its page, or ""."""

    title: str
    detail: str
    occurred_at: datetime | None
    table: str
    row: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One of those who have to be told. sent_at: when told first."""

    recipient: NoticeTo
    sent_at: datetime | None
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """deviation → rule → evidence → trail, steps, notices, actions → those alike (same rule, site and cause)."""

    deviation: Deviation
    rule: DeviationRule | None
    evidence: tuple[Evidence, ...]
    steps: Sequence[DeviationStep]
    notices: Sequence[DeviationNotice]
    actions: Sequence[DeviationAction]
    alike: Sequence[Deviation]
    alike_count: int
    on: date

    @property
    def owed(self) -> tuple[Owed, ...]:
        """Who is to be told; nobody where it has no clock."""
        due_on = self.deviation.notice_due_on
        if due_on is None:
            return ()
        return tuple(self._owed(one, due_on) for one in NoticeTo)

    def _owed(self, recipient: NoticeTo, due_on: date) -> Owed:
        sent = [one.sent_at for one in self.notices if one.recipient == recipient.value]
        told_on = civil_date(min(sent), self.deviation.site.time_zone) if sent else self.on
        return Owed(recipient=recipient, sent_at=min(sent, default=None), is_late=told_on > due_on)

    @property
    def open_actions(self) -> tuple[DeviationAction, ...]:
        return tuple(one for one in self.actions if one.done_at is None)

    @property
    def overdue_actions(self) -> tuple[DeviationAction, ...]:
        return tuple(one for one in self.open_actions if one.due_on < self.on)

    @property
    def held_acts(self) -> tuple[Act, ...]:
        """What waits until it is assessed."""
        is_assessed = self.deviation.assessed_at is not None
        return () if is_assessed or self.rule is None else tuple(sorted(self.rule.holds))

    @property
    def obstacles(self) -> tuple[str, ...]:
        """What stands against closing it, in words."""
        return closing_obstacles(
            self.deviation.handling,
            is_important=self.deviation.counts_as_important,
            open_actions=len(self.open_actions),
            told={one.recipient for one in self.notices},
            to_tell=[one.value for one in NoticeTo],
        )

    @property
    def alike_ids(self) -> tuple[UUID, ...]:
        return tuple(one.pk for one in self.alike)

    def may_take(self, step: HandlingStep) -> bool:
        """Return whether the step is possible as it stands."""
        return handling_after(self.deviation.handling, step) is not None


def lineage_of(deviation: Deviation, at: datetime) -> Lineage:
    """Return everything that belongs to one deviation; as many statements whatever there is of it."""
    alike = alike_to(deviation)
    return Lineage(
        deviation=deviation,
        rule=deviation.rule,
        evidence=tuple(evidence_of(deviation)),
        steps=list(DeviationStep.objects.filter(deviation=deviation).in_order()),
        notices=list(DeviationNotice.objects.filter(deviation=deviation).order_by("sent_at", "id")),
        actions=list(
            DeviationAction.objects.filter(deviation=deviation)
            .select_related("owner")
            .order_by("due_on", "id")
        ),
        alike=list(alike.select_related("participant").order_by("-occurred_at", "id")[:_SHOWN_ALIKE]),
        alike_count=alike.count(),
        on=civil_date(at, deviation.site.time_zone),
    )


def alike_to(deviation: Deviation) -> QuerySet[Deviation]:
    """Return the others of its recurrence cluster: same rule, site and cause, and true as far as is known."""
    same = Deviation.objects.standing().filter(
        rule_id=deviation.rule_id, site=deviation.site_id, cause=deviation.cause, category=deviation.category
    )
    return same.exclude(pk=deviation.pk)


def evidence_of(deviation: Deviation) -> list[Evidence]:
    """Return what the rule looked at: the obligation, what was recorded, the other deviation."""
    subject = deviation.subject
    if subject in {"", str(deviation.pk)}:
        return []
    if deviation.participant is None:
        return _other(deviation)
    keys = {subject, subject.partition(":")[0]}
    owed = list(Obligation.objects.filter(participant=deviation.participant, key__in=keys))
    refs = {subject, *(one.fulfilled_ref for one in owed if one.fulfilled_ref)}
    events = JourneyEvent.objects.filter(participant=deviation.participant, ref__in=refs).order_by(
        "occurred_at"
    )
    return [*map(_of_obligation, owed), *map(_of_event, events), *_other(deviation)]


def _of_obligation(row: Obligation) -> Evidence:
    window = f"{row.opens_on.isoformat()} – {row.closes_on.isoformat()}" if row.closes_on else ""
    done = f", done on {row.fulfilled_on.isoformat()}" if row.fulfilled_on else ", not done"
    return Evidence(
        title=row.title,
        detail=f"due {window or row.opens_on.isoformat()}{done}",
        occurred_at=row.fulfilled_at,
        table=Obligation._meta.db_table,
        row=str(row.pk),
        href="",
    )


def _of_event(row: JourneyEvent) -> Evidence:
    state = " (corrected or taken back)" if row.voided_at else ""
    return Evidence(
        title=f"{in_words(EventKind(row.kind).value).capitalize()}{state}",
        detail=f"recorded by {row.recorded_by}",
        occurred_at=row.occurred_at,
        table=JourneyEvent._meta.db_table,
        row=str(row.pk),
        href="",
    )


def _other(deviation: Deviation) -> list[Evidence]:
    try:
        wanted = UUID(deviation.subject)
    except ValueError:
        return []
    others = Deviation.objects.filter(site=deviation.site_id, pk=wanted)
    return [
        Evidence(
            title=one.description,
            detail=one.get_status_display(),
            occurred_at=one.occurred_at,
            table=Deviation._meta.db_table,
            row=str(one.pk),
            href=one.get_absolute_url(),
        )
        for one in others
    ]


def trail_of(lineage: Lineage, user: User) -> tuple[TrailAct, ...]:
    """Return who wrote the deviation and its evidence, newest first. Whether the reader may is for the caller."""
    rows = Q(table_name=Deviation._meta.db_table, row_id=str(lineage.deviation.pk))
    for one in lineage.evidence:
        rows |= Q(table_name=one.table, row_id=one.row)
    for model, found in (
        (DeviationStep, lineage.steps),
        (DeviationNotice, lineage.notices),
        (DeviationAction, lineage.actions),
    ):
        rows |= Q(table_name=model._meta.db_table, row_id__in=[str(one.pk) for one in found])
    return acts(list(Entry.objects.filter(rows).order_by("-id")[:_SHOWN_ENTRIES]), user)


def owners_at(site: Site) -> QuerySet[User]:
    """Return who may own an action at the site: active people with a role there, by name."""
    roles = [role.value for role in PERMISSIONS[Permission.RECORD_DEVIATION]]
    held = Membership.objects.filter(user=OuterRef("pk"), site=site, role__in=roles)
    found: QuerySet[User] = User.objects.filter(Exists(held), is_active=True)
    return found.order_by("display_name", "pk")


def actions_due(user: User) -> QuerySet[DeviationAction]:
    """Return the actions of the reader's own that are not done, the first due first."""
    rows = DeviationAction.objects.filter(owner=user, done_at=None).select_related(
        "deviation__site", "deviation__participant"
    )
    return rows.order_by("due_on", "id")


def notices_due(user: User) -> QuerySet[Deviation]:
    """Return the deviations of the reader's sites of which sponsor or ethics committee is still to be told."""
    rows = Deviation.objects.visible_to(user, Permission.RECORD_DEVIATION).unclosed()
    owed = rows.filter(notified_at=None, notice_due_on__isnull=False)
    return owed.select_related("site", "participant").order_by("notice_due_on", "id")
