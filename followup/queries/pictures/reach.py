"""Whose figures a reader sees: the participants of the own sites one by one, or the whole trial in numbers that are not small."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.db.models import QuerySet

from followup.queries.pictures.treated import Treated, treated_of
from followup.rules.small_cells import hidden_cells
from participants.models import Participant
from participants.queries.words import ARMS
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.types import Arm
from trialsite.web.pictures.marks import Fill, Shape, Tone

ARM_TONES: Mapping[Arm, Tone] = {Arm.INTRAVENOUS: Tone.FIRST, Arm.INTRAPLEURAL: Tone.SECOND}
ARM_SHAPES: Mapping[Arm, Shape] = {Arm.INTRAVENOUS: Shape.CIRCLE, Arm.INTRAPLEURAL: Shape.SQUARE}
ARM_FILLS: Mapping[Arm, Fill] = {Arm.INTRAVENOUS: Fill.SOLID, Arm.INTRAPLEURAL: Fill.PALE}


def arm_words(arm: Arm) -> str:
    return ARMS.get(arm.value, arm.value)


@dataclass(frozen=True, kw_only=True)
class Reach:
    """is_whole: the figures are of every site. own_ids: sites whose participants the reader may read one by one.

    sites: of the figures; None = all.
    """

    at: datetime
    own_ids: frozenset[UUID]
    sites: frozenset[UUID] | None
    is_whole: bool

    @property
    def participants(self) -> QuerySet[Participant]:
        """Whose figures these are. With is_whole also those whom the reader may not read: show numbers alone."""
        rows = Participant.objects.select_related("site")
        return rows if self.sites is None else rows.filter(site__in=self.sites)

    def is_known(self, site_id: UUID) -> bool:
        """Return whether the reader may read the participants of a site, and so can subtract them."""
        return site_id in self.own_ids

    @cached_property
    def treated(self) -> Sequence[Treated]:
        """Those who were infused, with everything that the pictures of single participants show."""
        return treated_of(self.participants, self.at)

    def hidden(
        self, values: Mapping[str, int], sums: Mapping[str, Sequence[str]], known: Mapping[str, int]
    ) -> frozenset[str]:
        """Return which numbers are left out. known: the same numbers of the reader's own sites."""
        if not self.is_whole:
            return frozenset()
        return hidden_cells(values, sums, {name: value - known[name] for name, value in values.items()})


def reach_of(user: User, at: datetime, *, site_id: UUID | None = None, is_whole: bool = False) -> Reach:
    """Return what `user` sees: the own sites, one of them, or the whole trial. One statement.

    Whoever may read every participant sees the whole trial one by one.
    """
    ids = frozenset(Site.objects.values_list("pk", flat=True))
    allowed = user.access.site_ids(Permission.VIEW_PARTICIPANT)
    own = ids if allowed is None else frozenset(allowed) & ids
    if is_whole and own != ids:
        return Reach(at=at, own_ids=own, sites=None, is_whole=True)
    return Reach(at=at, own_ids=own, sites=own & {site_id} if site_id else own, is_whole=False)
