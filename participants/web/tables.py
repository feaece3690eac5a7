"""The tables of this app that may leave: audit trail, deviations, signatures, what was read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db.models import Model, OuterRef, Subquery
from django_filters import FilterSet

from participants.filters import DeviationFilter, ReadFilter, TrailFilter
from participants.models import Deviation, Participant
from participants.queries.deviation_figures import with_actions
from participants.queries.lists import deviations_listed
from participants.queries.trail import EntryShown, entries_shown, site_codes, tables, trail_for
from participants.web.signature_table import SIGNATURES
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.audit.models import Entry, ReadEntry
from trialsite.inspection.access import reads_for
from trialsite.inspection.files.tables import Cells, Column, Sought, Table, register_table
from trialsite.inspection.files.verify import text_of
from trialsite.signing.queries import Manifest, signatures_of_many

_BATCH = 500


def refuse_by(filterset: type[FilterSet], model: type[Model]) -> Callable[[Sought], Sequence[str]]:
    """Return what a table says about filters that cannot be read, by the filter of its page."""

    def refuse(sought: Sought) -> Sequence[str]:
        errors = filterset(dict(sought), model._default_manager.none()).form.errors
        return [f"{name}: {' '.join(str(one) for one in said)}" for name, said in errors.items()]

    return refuse


# ---- The trail

_TRAIL = (
    Column(name="entry", heading="Entry", share=6),
    Column(name="recorded_at", heading="Recorded", share=13),
    Column(name="acted_at", heading="Acted"),
    Column(name="who", heading="Who", share=13),
    Column(name="role", heading="Role"),
    Column(name="action", heading="Action", share=14),
    Column(name="reason", heading="Reason", share=16),
    Column(name="request_id", heading="Request"),
    Column(name="record", heading="Record", share=10),
    Column(name="table", heading="Table"),
    Column(name="row_id", heading="Row"),
    Column(name="participant", heading="Participant", share=8),
    Column(name="site", heading="Site", share=5),
    Column(name="done", heading="Done", share=6),
    Column(name="changes", heading="Old and new values", share=32),
    Column(name="old", heading="Old values"),
    Column(name="new", heading="New values"),
)


def _trail_rows(user: User, sought: Sought) -> Iterator[Cells]:
    found, sites, words = TrailFilter(dict(sought), trail_for(user)), site_codes(), dict(tables())
    entries = found.qs.order_by("id").iterator(chunk_size=_BATCH)
    while batch := list(islice(entries, _BATCH)):
        for one in entries_shown(batch, user, sites):
            yield _trail_cells(one, words)


def _trail_cells(one: EntryShown, words: dict[str, str]) -> Cells:
    done = {"INSERT": "created", "UPDATE": "changed", "DELETE": "deleted"}[one.op]
    return (
        one.id,
        one.recorded_at,
        one.acted_at,
        one.who,
        one.role,
        one.action,
        one.reason,
        one.request_id,
        words.get(one.table, one.table),
        one.table,
        one.row_id,
        one.code,
        one.site,
        done,
        _changes(one),
        one.old,
        one.new,
    )


def _changes(one: EntryShown) -> str:
    """Return `birth_year: 1961 became 1975; …`; of a creation or a deletion the values that are there."""
    old, new = one.old or {}, one.new or {}
    said: Iterable[str]
    if one.op == "UPDATE":
        said = (
            f"{name}: {_value(old.get(name))} became {_value(new.get(name))}" for name in sorted(old | new)
        )
    else:
        values = new or old
        said = (
            f"{name}: {_value(value)}"
            for name, value in sorted(values.items())
            if value not in (None, "", [], {})
        )
    return "; ".join(said)


def _value(value: object) -> str:
    return text_of(value) or "empty"


TRAIL = Table(
    name="audit-trail",
    title="Audit trail",
    permission=Permission.VIEW_TRAIL,
    columns=_TRAIL,
    rows=_trail_rows,
    filters=frozenset(TrailFilter.base_filters),
    refuse=refuse_by(TrailFilter, Entry),
    order=10,
)

# ---- Deviations

_DEVIATIONS = (
    Column(name="participant", heading="Participant", share=13),
    Column(name="site", heading="Site", share=6),
    Column(name="category", heading="Category", share=11),
    Column(name="rule", heading="Rule", share=15),
    Column(name="subject", heading="About"),
    Column(name="description", heading="What departed", share=26),
    Column(name="reason", heading="Reason", share=14),
    Column(name="is_important", heading="Important", share=9),
    Column(name="occurred_at", heading="Happened", share=13),
    Column(name="detected_at", heading="Detected", share=13),
    Column(name="detected_by", heading="Detected by", share=9),
    Column(name="status", heading="Status", share=7),
    Column(name="closed_at", heading="Closed", share=13),
    Column(name="closing_note", heading="Closing note", share=12),
    Column(name="signatures", heading="Signed", share=20),
    Column(name="id", heading="Id"),
    Column(name="rule_revision", heading="Revision of the rule"),
    Column(name="cause", heading="Cause"),
    Column(name="immediate_action", heading="Done at once"),
    Column(name="reported_at", heading="Reported"),
    Column(name="reported_by", heading="Reported by"),
    Column(name="assessed_at", heading="Assessed"),
    Column(name="assessed_by", heading="Assessed by"),
    Column(name="assessment_reason", heading="Reason of the assessment"),
    Column(name="notice_due_on", heading="To be told by"),
    Column(name="notified_at", heading="Told"),
    Column(name="actions_open", heading="Open actions"),
    Column(name="actions_overdue", heading="Overdue actions"),
)


def _deviation_rows(user: User, sought: Sought) -> Iterator[Cells]:
    found = DeviationFilter(dict(sought), deviations_listed(user))
    rows = with_actions(found.qs, clock.now()).order_by("detected_at", "id").iterator(chunk_size=_BATCH)
    while batch := list(islice(rows, _BATCH)):
        signed = signatures_of_many(batch)
        for one in batch:
            yield _deviation_cells(one, signed[one.pk])


def _deviation_cells(one: Any, signed: Sequence[Manifest]) -> Cells:
    return (
        one.participant.code if one.participant else None,
        one.site.code,
        one.category,
        one.rule_id,
        one.subject,
        one.description,
        one.reason,
        one.counts_as_important,
        one.occurred_at,
        one.detected_at,
        one.detected_by,
        one.status,
        one.closed_at,
        one.closing_note,
        "; ".join(manifest.line_with_standing for manifest in signed),
        one.pk,
        one.rule_revision,
        one.cause,
        one.immediate_action,
        one.reported_at,
        one.reported_by,
        one.assessed_at,
        one.assessed_by,
        one.assessment_reason,
        one.notice_due_on,
        one.notified_at,
        one.actions_open,
        one.actions_overdue,
    )


DEVIATIONS = Table(
    name="deviations",
    title="Deviation log",
    permission=Permission.VIEW_DEVIATIONS,
    columns=_DEVIATIONS,
    rows=_deviation_rows,
    filters=frozenset(DeviationFilter.base_filters),
    refuse=refuse_by(DeviationFilter, Deviation),
    order=20,
)

# ---- Reads

_READS = (
    Column(name="read_at", heading="When", share=16),
    Column(name="who", heading="Who", share=16),
    Column(name="kind", heading="Kind", share=9),
    Column(name="what", heading="What", share=34),
    Column(name="participant", heading="Participant", share=9),
    Column(name="fields", heading="Fields", share=14),
    Column(name="rows", heading="Rows", share=6),
    Column(name="purpose", heading="Purpose", share=18),
)


def _read_rows(user: User, sought: Sought) -> Iterator[Cells]:
    codes = Participant.objects.visible_to(user, Permission.REVIEW_ACCESS)
    found = ReadFilter(dict(sought), reads_for(user)).qs.annotate(
        code=Subquery(codes.filter(pk=OuterRef("participant_id")).values("code")[:1])
    )
    row: Any
    for row in found.order_by("recorded_at", "id").iterator(chunk_size=_BATCH):
        fields = ", ".join(row.fields)
        yield (
            row.recorded_at,
            row.actor_label,
            row.kind,
            row.what,
            row.code,
            fields,
            row.row_count,
            row.purpose,
        )


READS = Table(
    name="reads",
    title="What was read",
    permission=Permission.REVIEW_ACCESS,
    columns=_READS,
    rows=_read_rows,
    filters=frozenset(ReadFilter.base_filters),
    refuse=refuse_by(ReadFilter, ReadEntry),
    order=60,
)


def register() -> None:
    """Offer the tables of this app."""
    for table in (TRAIL, DEVIATIONS, SIGNATURES, READS):
        register_table(table)
