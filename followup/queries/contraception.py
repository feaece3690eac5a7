"""The contraception ledger of one participant, and of everybody at a site, as pages and the API show it."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import IntEnum

from django.db.models import QuerySet

from followup.models import AgreementConfirmation, ChildbearingStatus, MethodUse, VisitProcedure
from followup.rules.contraception import AGREEMENT_PROCEDURES, Ledger, Span, covered_without_method, ledger_of
from followup.states import ProcedureOutcome
from infusion.models import ConfidentialTest
from participants.models import JourneyEvent, Obligation, Participant
from participants.models.participant import Sex
from participants.queries.course import Course, load_course
from screening.models import Evidence
from screening.rules.items import BY_ID
from screening.rules.wire import read_entry
from trialsite.accounts.models import User
from trialsite.protocol import types
from trialsite.protocol.contraception import (
    COVERED_MONTHS,
    Basis,
    ContraceptionPeriod,
    contraception_period,
)
from trialsite.protocol.due import due_state
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import (
    ContraceptiveMethod,
    DueState,
    Event,
    EventKind,
    ObligationKind,
    ProtocolVersion,
)
from trialsite.protocol.windows import civil_date

PERIOD_KEY = "P-CONTRA"
_ITEM = "contraception_methods"


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodLine:
    """A method on record. title: of the protocol. span: the days it covers, if it counts."""

    use: MethodUse
    title: str
    span: Span
    is_effective: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementLine:
    """The agreement as it was asked on a day: an entry of the ledger, or with a visit, whose title is `visit`."""

    asked_on: date
    is_agreed: bool
    note: str = ""
    entry: AgreementConfirmation | None = None
    visit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestLine:
    """A test that is owed or was done. obligation None: a result for which nothing was owed. test None: none on record
    here; one that was done then stands in the evidence of screening."""

    __test__ = False  # not a class of tests

    obligation: types.Obligation | None
    state: DueState | None
    test: ConfidentialTest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedMethod:
    """A method that was named at screening and is not in the ledger yet.

    answer: of the item of screening. named_on: the day it is about, or was entered. methods: ids that it may mean.
    """

    answer: str
    title: str
    named_on: date
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFile:
    """Everything the ledger knows of one participant at the instant `at`. ledger None: before the first consent."""

    participant: Participant
    course: Course
    version: ProtocolVersion
    period: ContraceptionPeriod | None
    ledger: Ledger | None
    methods: tuple[MethodLine, ...]
    statuses: tuple[ChildbearingStatus, ...]
    agreements: tuple[AgreementLine, ...]
    tests: tuple[TestLine, ...]
    named: tuple[NamedMethod, ...]
    at: datetime

    @property
    def is_woman(self) -> bool:
        """False for a man only: where the sex is not on record, tests may be owed."""
        return self.participant.sex != Sex.MALE

    @property
    def need_is_stated(self) -> bool:
        return self.course.last(EventKind.TEST_NEED_STATED) is not None

    @property
    def without_method(self) -> tuple[Span, ...]:
        """Days of the period on which none is needed: documented not to be of childbearing potential."""
        if self.ledger is None:
            return ()
        first = self.ledger.period.first_on
        return tuple(
            replace(span, first_on=max(span.first_on, first))
            for span in covered_without_method(self.course.events)
            if span.last_on is None or span.last_on >= first
        )

    @property
    def contact_refused_on(self) -> date | None:
        refused = self.course.last(EventKind.CONTACT_REFUSED)
        return refused.on if refused else None

    @property
    def is_assumed(self) -> bool:
        """Whether the last day rests on an assumption: the registry states the year after infusion alone."""
        return self.period is not None and self.period.basis not in {Basis.INFUSION, Basis.DEATH}

    @property
    def basis(self) -> str:
        """Where the last covered day comes from, in words."""
        return "" if self.period is None else basis_in_words(self.period, self.course.events, self.version)


def ledger_file(participant: Participant, at: datetime, *, with_tests: bool = True) -> LedgerFile:
    """Load it: eight queries at most. `participant.site` should be loaded."""
    course = load_course(participant)
    version = course.version_at(at)
    zone = participant.site.time_zone
    period = contraception_period(course.events, version)
    uses = MethodUse.objects.filter(participant=participant, voided_at=None).order_by("started_on", "id")
    methods = tuple(_method_line(use, {one.id: one for one in version.contraceptive_methods}) for use in uses)
    ledger = ledger_under(course, [line.use for line in methods], version, at)
    return LedgerFile(
        participant=participant,
        course=course,
        version=version,
        period=period,
        ledger=ledger,
        methods=methods,
        statuses=tuple(_in_force(ChildbearingStatus.objects.all(), participant).order_by("-since_on", "id")),
        agreements=_agreements(course, zone),
        tests=_tests(course, at) if with_tests else (),
        named=_named(participant, version, {line.use.method for line in methods}) if period else (),
        at=at,
    )


def ledger_under(
    course: Course, uses: Sequence[MethodUse], version: ProtocolVersion, at: datetime
) -> Ledger | None:
    """Return the ledger of a loaded course with the methods in force; None before the first consent. No statement."""
    period = contraception_period(course.events, version)
    if period is None:
        return None
    zone = course.participant.site.time_zone
    span = Span(first_on=civil_date(period.starts_at, zone), last_on=period.last_on)
    return _ledger(span, uses, course.events, version, civil_date(at, zone))


def basis_in_words(period: ContraceptionPeriod, events: Sequence[Event], version: ProtocolVersion) -> str:
    """Return which rule gives the last covered day, with the dates it is counted from."""
    last = period.last_on.isoformat() if period.last_on else ""
    dates = {kind: max((one.on for one in events if one.kind is kind), default=None) for kind in _COUNTED}
    infused, dose = dates[EventKind.INFUSED], dates[EventKind.LYMPHODEPLETION_DOSE_GIVEN]
    words = {
        Basis.INFUSION: f"last infusion {infused} + {_length(version, 'L-CONTRA')} → last covered day {last}",
        Basis.ON_STUDY: "from consent; the last day is known once the infusion is given",
        Basis.STUDY_EXIT: f"never infused: ends with the participation → last covered day {last}",
        Basis.LYMPHODEPLETION: f"never infused: last lymphodepletion dose {dose} + "
        f"{_length(version, 'L-CONTRA-LD')} → last covered day {last}",
        Basis.DEATH: f"ended by death → last covered day {last}",
    }
    return words[period.basis]


_COUNTED = (EventKind.INFUSED, EventKind.LYMPHODEPLETION_DOSE_GIVEN)


def _length(version: ProtocolVersion, limit_id: str) -> str:
    months = next((limit.value for limit in version.limits if limit.id == limit_id), COVERED_MONTHS)
    return "1 calendar year" if months == COVERED_MONTHS else f"{months} calendar months"


def _in_force(rows: QuerySet, participant: Participant) -> QuerySet:  # type: ignore[type-arg]
    return rows.filter(participant=participant, voided_at=None)


def _agreements(course: Course, zone: str) -> tuple[AgreementLine, ...]:
    """Entries of the ledger, and visits at which it was confirmed; the newest first."""
    entries = _in_force(AgreementConfirmation.objects.all(), course.participant)
    asked = VisitProcedure.objects.in_force().filter(
        visit__participant=course.participant,
        procedure_id__in=AGREEMENT_PROCEDURES,
        outcome=ProcedureOutcome.DONE.value,
    )
    titles = {one.key: one.title for one in course.obligations}
    lines = [
        AgreementLine(asked_on=one.confirmed_on, is_agreed=one.is_agreed, note=one.note, entry=one)
        for one in entries
    ]
    lines += [
        AgreementLine(
            asked_on=civil_date(one.visit.performed_at, zone),
            is_agreed=True,
            visit=titles.get(one.visit.obligation_key, "Unscheduled visit"),
        )
        for one in asked.select_related("visit")
    ]
    return tuple(sorted(lines, key=lambda line: (line.asked_on, line.visit), reverse=True))


def _method_line(use: MethodUse, methods: Mapping[str, ContraceptiveMethod]) -> MethodLine:
    method = methods.get(use.method)
    is_effective = method is not None and method.is_effective
    return MethodLine(
        use=use,
        title=method.title if method else use.method,
        span=use.span(frozenset({use.method})),
        is_effective=is_effective,
    )


def _ledger(
    period: Span, uses: Iterable[MethodUse], events: Sequence[Event], version: ProtocolVersion, today: date
) -> Ledger:
    effective = frozenset(one.id for one in version.contraceptive_methods if one.is_effective)
    free = covered_without_method(events)
    return ledger_of(period, [use.span(effective) for use in uses], today, covered=free)


def _tests(course: Course, at: datetime) -> tuple[TestLine, ...]:
    rows = {
        str(test.pk): test
        for test in _in_force(ConfidentialTest.objects.all(), course.participant).order_by("taken_on", "id")
    }
    owed = [one for one in course.obligations if one.kind is ObligationKind.TEST]
    lines = [
        TestLine(obligation=one, state=due_state(one, at), test=rows.pop(one.fulfilled_ref, None))
        for one in sorted(owed, key=lambda one: (one.target_on, one.key))
    ]
    lines += [TestLine(obligation=None, state=None, test=test) for test in rows.values()]
    return tuple(sorted(lines, key=_test_day))


def _test_day(line: TestLine) -> tuple[str, str]:
    if line.obligation is not None:
        return (line.obligation.target_on.isoformat(), line.obligation.key)
    return (line.test.taken_on.isoformat() if line.test else "", "")


def _named(participant: Participant, version: ProtocolVersion, used: Set[str]) -> tuple[NamedMethod, ...]:
    """What screening says last, without what the ledger has under one of the names it may mean."""
    item = BY_ID[_ITEM]
    answers = Evidence.objects.filter(episode__participant=participant, item=_ITEM, voided_at=None)
    row = answers.order_by("-episode__number", "-recorded_at").first()
    entry = None if row is None else read_entry(item, row.entry, item.id)
    if row is None or entry is None or not isinstance(entry.value, tuple):
        return ()
    entered_on = civil_date(row.recorded_at, participant.site.time_zone)
    found = [
        NamedMethod(
            answer=str(answer),
            title=(item.choices or {}).get(str(answer), str(answer)),
            named_on=entry.on.last if entry.on else entered_on,
            methods=tuple(one.id for one in version.contraceptive_methods if one.screened_as == answer),
        )
        for answer in entry.value
    ]
    return tuple(one for one in found if one.methods and not used & set(one.methods))


# ---- Everybody at the site


class Standing(IntEnum):
    """How a participant stands, the most pressing first."""

    GAP = 1
    NOTHING_RECORDED = 2
    ENDING = 3
    COVERED = 4
    CONTACT_REFUSED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLine:
    """code: subject code. gap: the one today lies in. covered_until: where an end is coming."""

    participant: Participant
    ledger: Ledger
    standing: Standing


def site_lines(user: User, at: datetime) -> list[SiteLine]:
    """Return everybody whose period runs, at the sites of the reader, the most pressing first. Three queries."""
    return lines_among(Obligation.objects.visible_to(user), at)


def lines_among(obligations: QuerySet[Obligation], at: datetime) -> list[SiteLine]:
    """Return the same among the participants of these obligations."""
    periods = obligations.filter(key=PERIOD_KEY, is_settled=False, cancelled_at__isnull=True)
    rows = list(periods.select_related("participant__site"))
    ids = [row.participant_id for row in rows]
    uses = _grouped(MethodUse.objects.filter(participant__in=ids, voided_at=None))
    events = _grouped(
        JourneyEvent.objects.filter(
            participant__in=ids,
            voided_at=None,
            kind__in=[EventKind.TEST_NEED_STATED.value, EventKind.CONTACT_REFUSED.value],
        ).order_by("occurred_at")
    )
    found = [
        _site_line(
            row,
            [use for use in uses.get(row.participant_id, ()) if isinstance(use, MethodUse)],
            [one.to_event() for one in events.get(row.participant_id, ()) if isinstance(one, JourneyEvent)],
            at,
        )
        for row in rows
    ]
    running = [line for line in found if not line.ledger.is_over]
    return sorted(running, key=_pressing)


def _grouped(rows: Iterable[MethodUse | JourneyEvent]) -> dict[object, list[MethodUse | JourneyEvent]]:
    found: dict[object, list[MethodUse | JourneyEvent]] = {}
    for row in rows:
        found.setdefault(row.participant_id, []).append(row)
    return found


def _site_line(row: Obligation, uses: Sequence[MethodUse], events: Sequence[Event], at: datetime) -> SiteLine:
    today = civil_date(at, row.participant.site.time_zone)
    span = Span(first_on=row.opens_on, last_on=row.closes_on)
    ledger = _ledger(span, uses, events, resolve(row.protocol_version), today)
    refused = any(one.kind is EventKind.CONTACT_REFUSED for one in events)
    return SiteLine(
        participant=row.participant,
        ledger=ledger,
        standing=Standing.CONTACT_REFUSED if refused else _standing(ledger, bool(uses)),
    )


def _standing(ledger: Ledger, has_methods: bool) -> Standing:
    if ledger.open_gap is not None:
        return Standing.GAP if has_methods else Standing.NOTHING_RECORDED
    return Standing.ENDING if ledger.is_ending_soon else Standing.COVERED


def _pressing(line: SiteLine) -> tuple[int, str, str]:
    day = line.ledger.open_gap.first_on if line.ledger.open_gap else line.ledger.covered_until
    return (line.standing.value, day.isoformat() if day else "", line.participant.code)
