"""Filters of the screening board and log. Each takes participants that are scoped already."""

from collections.abc import Iterable

import django_filters as filters
from django.db.models import Exists, OuterRef, Q, QuerySet

from participants.models import Participant
from participants.queries.words import ARMS
from participants.states import State
from screening.models import ScreeningEpisode
from screening.queries.board import NOT_STARTED, BoardRow
from screening.queries.log import OUTCOMES, Outcome
from screening.states import EpisodeState
from trialsite.protocol.criteria import VerdictStatus

VERDICTS = [
    (VerdictStatus.ELIGIBLE.value, "Eligible"),
    (VerdictStatus.INCOMPLETE.value, "Incomplete"),
    (VerdictStatus.INELIGIBLE.value, "Ineligible"),
    (NOT_STARTED, "Not started"),
]


class BoardFilter(filters.FilterSet):
    """verdict, arm: as evaluated today, which only the rules know; `of_board` narrows the lines by them."""

    code = filters.CharFilter(lookup_expr="icontains", max_length=16, label="Subject code")
    verdict = filters.ChoiceFilter(
        choices=VERDICTS, method="left_to_the_rules", empty_label="Every verdict", label="Verdict today"
    )
    arm = filters.ChoiceFilter(
        choices=list(ARMS.items()),
        method="left_to_the_rules",
        empty_label="Both arms",
        label="Intended arm",
    )
    site = filters.CharFilter(field_name="site__code", max_length=6, label="Site")

    def left_to_the_rules(self, rows: QuerySet[Participant], name: str, value: str) -> QuerySet[Participant]:
        return rows

    def of_board(self, rows: Iterable[BoardRow]) -> list[BoardRow]:
        """Keep the lines that the filter asks for."""
        wanted = self.form.cleaned_data if self.form.is_valid() else {}
        verdict, arm = wanted.get("verdict", ""), ARMS.get(wanted.get("arm", ""), "")
        return [
            row for row in rows if row.verdict == (verdict or row.verdict) and row.arm == (arm or row.arm)
        ]


class LogFilter(filters.FilterSet):
    """outcome: of any of the participant's lines."""

    code = filters.CharFilter(lookup_expr="icontains", max_length=16, label="Subject code")
    outcome = filters.ChoiceFilter(
        choices=[(one.value, words) for one, words in OUTCOMES.items()],
        method="narrow_outcome",
        empty_label="Every outcome",
        label="Outcome",
    )
    site = filters.CharFilter(field_name="site__code", max_length=6, label="Site")

    def narrow_outcome(self, rows: QuerySet[Participant], name: str, value: str) -> QuerySet[Participant]:
        return rows.filter(_CONDITIONS[Outcome(value)])


_EPISODES = ScreeningEpisode.objects.filter(participant=OuterRef("pk"))
_SCREENED = Exists(_EPISODES)
_GONE = [State.WITHDRAWN.value, State.LOST_TO_FOLLOW_UP.value, State.DIED.value]

_CONDITIONS = {
    Outcome.WAITING: Q(state=State.REFERRED.value),
    Outcome.NOT_SCREENED: Q(state=State.NOT_SCREENED.value) | (Q(state__in=_GONE) & ~_SCREENED),
    Outcome.IN_SCREENING: Q(state=State.SCREENING.value),
    Outcome.SCREEN_FAILURE: Q(Exists(_EPISODES.filter(state=EpisodeState.FAILED.value))),
    Outcome.ELIGIBLE: Q(state=State.ELIGIBLE.value),
    Outcome.ENROLLED: ~Q(arm=""),
    Outcome.LEFT: Q(Exists(_EPISODES.exclude(state=EpisodeState.FAILED.value)), state__in=_GONE, arm=""),
}
