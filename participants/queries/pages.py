"""What the participant page shows: banner, what is due, the timeline of windows, what happened. Four queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby

from django.db.models import Case, Value, When
from django.db.models.functions import Coalesce
from django.http import Http404

from participants.models import (
    Consent,
    Deviation,
    DeviationStatus,
    Identity,
    IdentityOpening,
    JourneyEvent,
    Obligation,
    Participant,
)
from participants.queries.words import EPOCHS, EVENTS, arm_of, dose_level_in_words, in_words
from participants.queries.worklist import DueLine, due_for
from trialsite.accounts.models import User
from trialsite.protocol.due import OPEN_STATES
from trialsite.protocol.types import DueState, Epoch, EventKind, ObligationKind
from trialsite.protocol.windows import civil_date
from trialsite.web.components import Banner

_TAKES_CONSENT_BACK = (EventKind.WITHDRAWN_FROM_VISITS.value, EventKind.WITHDRAWN_FROM_DATA_USE.value)
_PRESSING = frozenset({DueState.DUE, DueState.OVERDUE})
_UPCOMING_SHOWN = 3
_REPORTED = {"C-SAE": "serious adverse event", "C-AESI": "adverse event of special interest"}
_ITEM_WORDS = {
    EventKind.CONSENTED.value: "ICF",
    EventKind.SCREENING_STARTED.value: "episode",
    EventKind.ELIGIBILITY_CONFIRMED.value: "episode",
    EventKind.SCREEN_FAILED.value: "episode",
    EventKind.MANUFACTURING_STARTED.value: "lot",
    EventKind.PRODUCT_RELEASED.value: "lot",
    EventKind.PRODUCT_FAILED.value: "lot",
    EventKind.INFUSED.value: "lot",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochGroup:
    """The windows of one epoch, by opening date. is_open: something in it is not settled."""

    epoch: Epoch
    title: str
    lines: tuple[DueLine, ...]
    is_open: bool
    settled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One line of what happened. voided_at: taken back or corrected then, for `void_reason`."""

    title: str
    icon: str
    tone: str
    detail: str
    occurred_at: datetime
    recorded_at: datetime
    by: str
    reason: str
    voided_at: datetime | None
    void_reason: str
    is_correction: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantPage:
    """due: due or overdue now. upcoming: the next few. today: at the site."""

    participant: Participant
    banner: Banner
    due: tuple[DueLine, ...]
    upcoming: tuple[DueLine, ...]
    epochs: tuple[EpochGroup, ...]
    happened: tuple[Happened, ...]
    today: date
    dose_level: str


def participant_for(user: User, code: str) -> Participant:
    """Return the participant with its site. Raises Http404 alike for unknown and for another site's."""
    found = None
    if code.isascii() and code.isprintable():
        found = Participant.objects.visible_to(user).select_related("site").filter(code=code).first()
    if found is None:
        raise Http404
    return found


def banner_of(participant: Participant, at: datetime) -> Banner:
    """Return the banner for a form's page, in two queries. `participant.site` should be loaded."""
    holding = (
        Obligation.objects.in_force().filter(participant=participant, is_settled=False).exclude(holds=[])
    )
    kinds = [EventKind.CONSENTED.value, EventKind.DIED.value, *_TAKES_CONSENT_BACK]
    events = JourneyEvent.objects.filter(participant=participant, voided_at__isnull=True, kind__in=kinds)
    lines = due_for(participant, list(holding.order_by("opens_at")), at)
    return _banner(participant, lines, list(events.order_by("occurred_at")), at)


def participant_page(participant: Participant, at: datetime) -> ParticipantPage:
    """Return everything the page itself shows, in two queries; panels load by themselves.

    Bedside rounds are left to their own panel: there are dozens, and each is due for minutes or hours.
    """
    rows = Obligation.objects.in_force().filter(participant=participant)
    rows = rows.exclude(kind=ObligationKind.ROUND.value)
    rows = rows.order_by("opens_at", "target_on", "key")
    lines = due_for(participant, list(rows), at)
    events = list(JourneyEvent.objects.filter(participant=participant).order_by("occurred_at", "recorded_at"))
    valid = [event for event in events if event.voided_at is None]
    doable = [line for line in lines if line.obligation.kind is not ObligationKind.PERIOD]
    return ParticipantPage(
        participant=participant,
        banner=_banner(participant, lines, valid, at),
        due=_pressing(doable),
        upcoming=tuple(line for line in doable if line.state is DueState.UPCOMING)[:_UPCOMING_SHOWN],
        epochs=tuple(_epochs(doable)),
        happened=_happened(events, lines),
        today=civil_date(at, participant.site.time_zone),
        dose_level=dose_level_in_words(participant.dose_level),
    )


def consents_of(participant: Participant) -> Sequence[Consent]:
    """Return the signatures, newest first, with their ICF versions."""
    return list(Consent.objects.filter(participant=participant).select_related("icf").order_by("-signed_at"))


def deviations_of(participant: Participant) -> Sequence[Deviation]:
    """Return the deviations: open ones first, of these the important ones, then the newest."""
    rows = Deviation.objects.filter(participant=participant)
    is_closed = Case(When(status=DeviationStatus.CLOSED, then=Value(1)), default=Value(0))
    counts = Coalesce("is_important", "proposed_important")
    return list(rows.order_by(is_closed, counts.desc(), "-occurred_at", "id"))


def identity_state(participant: Participant) -> tuple[bool, IdentityOpening | None]:
    """Return whether identifiers are stored, and the last opening of them. No identifier is read."""
    is_stored = Identity.objects.filter(participant=participant).exists()
    openings = IdentityOpening.objects.filter(participant=participant)
    return is_stored, openings.order_by("-recorded_at").first()


def _banner(
    participant: Participant, lines: Iterable[DueLine], events: Sequence[JourneyEvent], at: datetime
) -> Banner:
    return Banner(
        code=participant.code,
        href=participant.get_absolute_url(),
        state=participant.state,
        arm=arm_of(participant),
        site=participant.site.code,
        zone=participant.site.time_zone,
        day=participant.protocol_day_on(_counted_to(events, civil_date(at, participant.site.time_zone))),
        consent_version=_consent_in_force(events),
        holds=tuple(
            f"{line.obligation.title} is owed before the next study procedure."
            for line in lines
            if line.obligation.holds and line.state in _PRESSING
        ),
    )


def _counted_to(events: Sequence[JourneyEvent], today: date) -> date:
    """The days after infusion are counted to today, or to the death."""
    died_on = [event.occurred_on for event in events if event.kind == EventKind.DIED.value]
    return min([today, *died_on])


def _consent_in_force(events: Sequence[JourneyEvent]) -> str:
    """The ICF version signed last, "" before any or after consent was taken back."""
    version = ""
    for event in events:
        if event.kind == EventKind.CONSENTED.value:
            version = event.item
        elif event.kind in _TAKES_CONSENT_BACK:
            version = ""
    return version


def _pressing(lines: Iterable[DueLine]) -> tuple[DueLine, ...]:
    found = [line for line in lines if line.state in _PRESSING]
    return tuple(sorted(found, key=lambda line: str(line.obligation.closes_at or "9")))


def _epochs(lines: Sequence[DueLine]) -> Iterable[EpochGroup]:
    for epoch in Epoch:
        inside = tuple(line for line in lines if line.obligation.epoch is epoch)
        unsettled = [line for line in inside if line.state in OPEN_STATES]
        if inside:
            yield EpochGroup(
                epoch=epoch,
                title=EPOCHS[epoch],
                lines=inside,
                is_open=bool(unsettled) and epoch is not Epoch.LONG_TERM_FOLLOW_UP,
                settled=len(inside) - len(unsettled),
            )


def _happened(events: Sequence[JourneyEvent], lines: Iterable[DueLine]) -> tuple[Happened, ...]:
    """The newest first; rounds that follow each other on one day are one line."""
    titles = {line.obligation.key: line.obligation.title for line in lines}
    found = []
    for _, group in groupby(reversed(events), key=_run):
        newest, *others = group
        one = _happening(newest, titles)
        found.append(replace(one, detail=f"{len(others) + 1} rounds") if others else one)
    return tuple(found)


def _run(event: JourneyEvent) -> object:
    """What one line of the journey stands for: an event, or the bedside rounds of a day."""
    is_plain = event.kind == EventKind.ROUND_RECORDED.value and event.voided_at is None
    return event.occurred_on if is_plain and event.corrects_id is None else event.pk


def _happening(event: JourneyEvent, titles: dict[str, str]) -> Happened:
    words, icon, tone = EVENTS.get(event.kind, (in_words(event.kind), "point", "quiet"))
    return Happened(
        title=titles.get(event.item, words),
        icon=icon,
        tone=tone,
        detail=_detail(event, titles),
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        by=event.recorded_by,
        reason=event.reason,
        voided_at=event.voided_at,
        void_reason=event.void_reason,
        is_correction=event.corrects_id is not None,
    )


def _detail(event: JourneyEvent, titles: dict[str, str]) -> str:
    """What the title leaves open: the version signed, the episode, the lot, the planned day."""
    if "planned_on" in event.facts:
        return f"for {event.facts['planned_on']}"
    if event.item in titles:
        return ""
    if event.kind == EventKind.ENROLLED.value:
        return f"at {dose_level_in_words(event.item).lower()}" if event.item else ""
    if "#" in event.item:  # the key of a day that is planned no more
        return ""
    if event.item.startswith("C-"):
        return _REPORTED.get(event.item, "")
    prefix = _ITEM_WORDS.get(event.kind, "")
    return f"{prefix} {event.item}".strip() if event.item else ""
