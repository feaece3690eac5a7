"""Filters of the lists, the same for the pages and for the API. Each takes rows that are scoped already."""

import django_filters as filters
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from participants.models import Cause, Deviation, DeviationAction, DeviationStatus
from participants.queries.words import ARMS, in_words
from participants.states import State
from trialsite import clock
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


class ParticipantFilter(filters.FilterSet):
    """code: any part of it, in either case. site: its code. arm: as assigned at enrolment."""

    code = filters.CharFilter(lookup_expr="icontains", max_length=16, label="Subject code")
    state = filters.ChoiceFilter(choices=STATES, empty_label="Every stage", label="Stage")
    site = filters.CharFilter(field_name="site__code", max_length=6, label="Site")
    arm = filters.ChoiceFilter(choices=list(ARMS.items()), empty_label="Both arms", label="Arm")


class DeviationFilter(filters.FilterSet):
    """important: as assessed, before that as proposed. status: a stage, or all that are not closed. rule: its id."""

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
        late = DeviationAction.objects.filter(deviation=OuterRef("pk"), done_at=None)
        if value == "overdue":
            late = late.filter(due_on__lt=clock.now().date())
        return rows.filter(Exists(late))

    def narrow_importance(self, rows: QuerySet[Deviation], name: str, value: str) -> QuerySet[Deviation]:
        return rows.alias(counts=Coalesce("is_important", "proposed_important")).filter(
            counts=value == "true"
        )


class ObligationFilter(filters.FilterSet):
    """kind: what sort of thing is owed. site: its code."""

    kind = filters.ChoiceFilter(choices=KINDS, empty_label="Every kind", label="Kind")
    site = filters.CharFilter(field_name="site__code", max_length=6, label="Site")
