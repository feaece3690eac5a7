"""Filters of the lists, the same for the pages and for the API. Each takes rows that are scoped already."""

from datetime import UTC, date, datetime, time, timedelta

import django_filters as filters
from django.core.validators import RegexValidator
from django.db.models import Exists, Q, QuerySet
from django.db.models.functions import Coalesce

from participants.models import (
    Cause,
    DataQuery,
    DataQueryState,
    Deviation,
    DeviationStatus,
)
from participants.queries.deviation_figures import actions_not_done, actions_overdue
from participants.queries.trail import acted_by, of_code, tables
from participants.queries.words import ARMS, in_words
from participants.states import State
from trialsite import clock
from trialsite.audit.models import Entry, Operation, ReadEntry
from trialsite.audit.reads import ReadKind
from trialsite.protocol.findings import Category
from trialsite.protocol.types import ObligationKind
from trialsite.web.components import status_of
from trialsite.web.forms import DateInput

STATES = [(state.value, status_of(state).words) for state in State]
CATEGORIES = [(category.value, in_words(category.value)) for category in Category]
_KIND_WORDS = {
    ObligationKind.CLOCK: "Safety report",
    ObligationKind.RECONSENT: "Re-consent",
    ObligationKind.SAFETY_TASK: "Safety question",
    ObligationKind.TEST: "Confidential test",
}
KINDS = [
    (kind.value, _KIND_WORDS.get(kind) or in_words(kind.value))
    for kind in ObligationKind
    if kind not in {ObligationKind.PERIOD, ObligationKind.ROUND}  # rounds have their own page
]
# Of every stage; those of later ones are registered with `participants.queries.data_records`.
QUERY_KINDS = [
    ("consent", "Consent"),
    ("observation", "Measured value"),
    ("adverse_event", "Adverse event"),
    ("medication", "Concomitant medication"),
    ("conditioning", "Lymphodepletion dose"),
    ("infusion", "Infusion"),
    ("round", "Bedside round"),
    ("visit", "Visit"),
    ("survival_contact", "Contact about survival"),
    ("scan", "Tumour assessment"),
]


class ParticipantFilter(filters.FilterSet):
    """code: any part of it, in either case. site: its code. arm: as assigned at enrolment."""

    code = filters.CharFilter(lookup_expr="icontains", max_length=16, label="Subject code")
    state = filters.ChoiceFilter(choices=STATES, empty_label="Every stage", label="Stage")
    site = filters.CharFilter(field_name="site__code", max_length=6, label="Site")
    arm = filters.ChoiceFilter(choices=list(ARMS.items()), empty_label="Both arms", label="Arm")


class DeviationFilter(filters.FilterSet):
    """important: as assessed, before that as proposed. status: a stage, or all that are not closed. rule: its id.

    action: overdue by the day it is at the deviation's site.
    """

    code = filters.CharFilter(
        field_name="participant__code", lookup_expr="icontains", max_length=16, label="Subject code"
    )
    status = filters.ChoiceFilter(
        choices=[("open", "Not closed"), *DeviationStatus.choices],
        method="narrow_status",
        empty_label="Open and closed",
        label="Status",
    )
    important = filters.ChoiceFilter(
        choices=[("true", "Important"), ("false", "Not important")],
        method="narrow_importance",
        empty_label="All",
        label="Importance",
    )
    category = filters.ChoiceFilter(choices=CATEGORIES, empty_label="Every category", label="Category")
    site = filters.CharFilter(field_name="site__code", max_length=6, label="Site")

    rule = filters.CharFilter(field_name="rule_id", max_length=80, label="Rule")
    cause = filters.ChoiceFilter(choices=Cause.choices, empty_label="Every cause", label="Cause")
    action = filters.ChoiceFilter(
        choices=[("overdue", "Overdue"), ("open", "Open")],
        method="narrow_action",
        empty_label="All",
        label="Actions",
    )

    def narrow_status(self, rows: QuerySet[Deviation], name: str, value: str) -> QuerySet[Deviation]:
        return rows.exclude(status=DeviationStatus.CLOSED) if value == "open" else rows.filter(status=value)

    def narrow_action(self, rows: QuerySet[Deviation], name: str, value: str) -> QuerySet[Deviation]:
        found = actions_overdue(clock.now()) if value == "overdue" else actions_not_done()
        return rows.filter(Exists(found))

    def narrow_importance(self, rows: QuerySet[Deviation], name: str, value: str) -> QuerySet[Deviation]:
        return rows.alias(counts=Coalesce("is_important", "proposed_important")).filter(
            counts=value == "true"
        )


class DataQueryFilter(filters.FilterSet):
    """kind: of the record. asked: by whom, a person, the system, or the reader."""

    code = filters.CharFilter(
        field_name="participant__code", lookup_expr="icontains", max_length=16, label="Subject code"
    )
    state = filters.ChoiceFilter(choices=DataQueryState.choices, empty_label="Every state", label="Status")
    kind = filters.ChoiceFilter(choices=QUERY_KINDS, empty_label="Every record", label="Record")
    asked = filters.ChoiceFilter(
        choices=[("person", "A person"), ("system", "The system"), ("me", "Me")],
        method="narrow_asked",
        empty_label="Anybody",
        label="Asked by",
    )
    site = filters.CharFilter(field_name="site__code", max_length=6, label="Site")

    def narrow_asked(self, rows: QuerySet[DataQuery], name: str, value: str) -> QuerySet[DataQuery]:
        if value == "me":
            return rows.filter(opener=self.request.user) if self.request else rows.none()
        return rows.filter(rule_id="") if value == "person" else rows.exclude(rule_id="")


class ObligationFilter(filters.FilterSet):
    """kind: what sort of thing is owed. site: its code."""

    kind = filters.ChoiceFilter(choices=KINDS, empty_label="Every kind", label="Kind")
    site = filters.CharFilter(field_name="site__code", max_length=6, label="Site")


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


_COLUMN = RegexValidator(r"^[a-z][a-z0-9_]*$", "A field is written like weight_kg.")
_ACTION = RegexValidator(r"^[a-z0-9_.]+$", "An action is written like participants.consent_recorded.")


class TrailFilter(filters.FilterSet):
    """What is looked for in the trail.

    code: whole. who: part of a name, or "system". field: a column that was given a value or changed. since, until: days
    in UTC, both included. action: its name or the beginning of it. row, request_id: ids, whole.
    """

    code = filters.CharFilter(method="narrow_code", max_length=16, label="Whole subject code")
    who = filters.CharFilter(method="narrow_who", max_length=80, label="Person")
    table = filters.ChoiceFilter(
        field_name="table_name", choices=tables, empty_label="Every record", label="Record"
    )
    field = filters.CharFilter(method="narrow_field", max_length=60, validators=[_COLUMN], label="Field")
    op = filters.ChoiceFilter(choices=Operation.choices, empty_label="Everything", label="Done")
    reason = filters.CharFilter(lookup_expr="icontains", max_length=80, label="Words of the reason")
    since = filters.DateFilter(method="narrow_since", widget=DateInput, label="From (UTC)")
    until = filters.DateFilter(method="narrow_until", widget=DateInput, label="Until (UTC)")
    action = filters.CharFilter(lookup_expr="startswith", max_length=80, validators=[_ACTION], label="Action")
    row = filters.CharFilter(field_name="row_id", max_length=40, label="Record id")
    request_id = filters.CharFilter(max_length=40, label="Request id")

    def narrow_code(self, rows: QuerySet[Entry], name: str, value: str) -> QuerySet[Entry]:
        return rows.filter(of_code(value))

    def narrow_who(self, rows: QuerySet[Entry], name: str, value: str) -> QuerySet[Entry]:
        return rows.filter(acted_by(value))

    def narrow_field(self, rows: QuerySet[Entry], name: str, value: str) -> QuerySet[Entry]:
        return rows.filter(Q(old__has_key=value) | Q(new__has_key=value))

    def narrow_since(self, rows: QuerySet[Entry], name: str, value: date) -> QuerySet[Entry]:
        return rows.filter(recorded_at__gte=_start_of(value))

    def narrow_until(self, rows: QuerySet[Entry], name: str, value: date) -> QuerySet[Entry]:
        return rows.filter(recorded_at__lt=_start_of(value) + timedelta(days=1))


_READ_KINDS = [
    (ReadKind.IDENTITY.value, "Direct identifiers"),
    (ReadKind.EXPORT.value, "Files"),
    (ReadKind.TRAIL.value, "Audit trail"),
    (ReadKind.AS_KNOWN_AT.value, "Former state"),
]


class ReadFilter(filters.FilterSet):
    """who: part of a name. since, until: days in UTC, both included."""

    who = filters.CharFilter(method="narrow_who", max_length=80, label="Person")
    kind = filters.ChoiceFilter(choices=_READ_KINDS, empty_label="Everything", label="What")
    since = filters.DateFilter(method="narrow_since", widget=DateInput, label="From (UTC)")
    until = filters.DateFilter(method="narrow_until", widget=DateInput, label="Until (UTC)")

    def narrow_who(self, rows: QuerySet[ReadEntry], name: str, value: str) -> QuerySet[ReadEntry]:
        return rows.filter(acted_by(value))

    def narrow_since(self, rows: QuerySet[ReadEntry], name: str, value: date) -> QuerySet[ReadEntry]:
        return rows.filter(recorded_at__gte=_start_of(value))

    def narrow_until(self, rows: QuerySet[ReadEntry], name: str, value: date) -> QuerySet[ReadEntry]:
        return rows.filter(recorded_at__lt=_start_of(value) + timedelta(days=1))
