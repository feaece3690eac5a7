"""Filters of the lists, the same for the pages and for the API. Each takes rows that are scoped already."""

import django_filters as filters
from django.db.models import QuerySet

from participants.models import DataQuery, DataQueryState, Deviation, DeviationStatus
from participants.queries.words import ARMS, in_words
from participants.states import State
from trialsite.protocol.findings import Category
from trialsite.protocol.types import ObligationKind
from trialsite.web.components import status_of

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
    """important: as proposed by the rule or the person who entered it."""

    code = filters.CharFilter(
        field_name="participant__code", lookup_expr="icontains", max_length=16, label="Subject code"
    )
    status = filters.ChoiceFilter(
        choices=DeviationStatus.choices, empty_label="Open and closed", label="Status"
    )
    important = filters.ChoiceFilter(
        choices=[("true", "Important"), ("false", "Not important")],
        method="narrow_importance",
        empty_label="All",
        label="Importance",
    )
    category = filters.ChoiceFilter(choices=CATEGORIES, empty_label="Every category", label="Category")
    site = filters.CharFilter(field_name="site__code", max_length=6, label="Site")

    def narrow_importance(self, rows: QuerySet[Deviation], name: str, value: str) -> QuerySet[Deviation]:
        return rows.filter(proposed_important=value == "true")


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
