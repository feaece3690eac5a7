"""The ledger against a second implementation that looks at every single day. Judge: clinical rules 6.4."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from followup.rules.contraception import (
    NOTICE_DAYS,
    Ledger,
    MethodSpan,
    Span,
    covered_without_method,
    ends_on,
    ledger_of,
    uncovered,
)
from trialsite.protocol.contraception import contraception_period
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Event, EventKind
from trialsite.protocol.windows import civil_date

DAY = timedelta(days=1)
V = resolve("1.0")


def on(text: str) -> date:
    return date.fromisoformat(text)


def span(text: str) -> Span:
    first, _, last = text.partition("/")
    return Span(first_on=on(first), last_on=on(last) if last else None)


def method(text: str, *, is_effective: bool = True) -> MethodSpan:
    one = span(text)
    return MethodSpan(first_on=one.first_on, last_on=one.last_on, is_effective=is_effective)


def written(spans: tuple[Span, ...]) -> list[str]:
    return [f"{one.first_on}/{one.last_on or ''}" for one in spans]


YEAR = span("2026-03-10/2027-03-15")


@pytest.mark.parametrize(
    ("period", "spans", "gaps"),
    [
        (YEAR, [], ["2026-03-10/2027-03-15"]),
        (YEAR, ["2026-03-10/"], []),
        (YEAR, ["2026-03-11/"], ["2026-03-10/2026-03-10"]),
        (YEAR, ["2026-03-10/2027-03-15"], []),
        (YEAR, ["2026-03-10/2027-03-14"], ["2027-03-15/2027-03-15"]),
        (YEAR, ["2026-01-01/2026-06-30", "2026-07-01/"], []),  # one ends the day before the next begins
        (YEAR, ["2026-01-01/2026-06-30", "2026-07-02/"], ["2026-07-01/2026-07-01"]),
        (YEAR, ["2026-01-01/2026-06-30", "2026-02-01/2026-03-30", "2026-06-01/"], []),  # one inside another
        (YEAR, ["2026-06-01/", "2026-01-01/2026-04-30"], ["2026-05-01/2026-05-31"]),  # entered in any order
        (YEAR, ["2025-01-01/2026-03-09", "2027-03-16/"], ["2026-03-10/2027-03-15"]),  # only outside
        (YEAR, ["2026-05-02/2026-05-01"], ["2026-03-10/2027-03-15"]),  # ends before it begins
        (span("2026-03-10/"), ["2026-03-10/2026-05-09"], ["2026-05-10/"]),  # the period is open
        (span("2026-03-10/"), ["2026-03-10/"], []),
        (span("2026-03-10/2026-03-10"), ["2026-03-10/2026-03-10"], []),
    ],
)
def test_gaps_are_the_days_that_no_method_covers(period: Span, spans: list[str], gaps: list[str]) -> None:
    assert written(uncovered(period, [span(one) for one in spans])) == gaps


def ledger(today: str, *methods: MethodSpan, period: Span = YEAR) -> Ledger:
    return ledger_of(period, methods, on(today))


def test_the_rhythm_method_alone_covers_nothing() -> None:
    rhythm = method("2026-01-01/", is_effective=False)
    assert ledger("2026-04-01", rhythm).open_gap == YEAR
    assert ledger("2026-04-01", rhythm, method("2026-01-01/")).gaps == ()


def test_a_known_end_is_a_gap_to_come() -> None:
    injection = method("2026-03-01/2026-05-31")
    before = ledger("2026-05-31", injection)
    assert (before.open_gap, before.covered_until) == (None, on("2026-05-31"))
    assert before.coming_gap == span("2026-06-01/2027-03-15")
    after = ledger("2026-06-01", injection)
    assert (after.open_gap, after.coming_gap, after.covered_until) == (
        span("2026-06-01/2027-03-15"),
        None,
        None,
    )
    assert not after.is_ending_soon


@pytest.mark.parametrize(("days", "is_soon"), [(NOTICE_DAYS - 1, True), (NOTICE_DAYS, False)])
def test_an_end_is_announced_thirty_days_before(days: int, is_soon: bool) -> None:
    one = method("2026-03-01/2026-08-31")
    assert ledger((on("2026-08-31") - timedelta(days=days)).isoformat(), one).is_ending_soon is is_soon


@pytest.mark.parametrize(("today", "is_over"), [("2027-03-15", False), ("2027-03-16", True)])
def test_the_anniversary_is_the_last_covered_day(today: str, is_over: bool) -> None:
    assert ledger(today).is_over is is_over
    assert (ledger(today).open_gap is None) is is_over
    assert not ledger(today, period=span("2026-03-10/")).is_over


@pytest.mark.parametrize(
    ("stopped", "until", "last"),
    [
        (None, None, None),
        ("2026-05-01", None, "2026-05-01"),
        (None, "2026-06-01", "2026-06-01"),
        ("2026-05-01", "2026-06-01", "2026-05-01"),
        ("2026-07-01", "2026-06-01", "2026-06-01"),
    ],
)
def test_a_method_ends_when_it_is_stopped_or_wears_off(
    stopped: str | None, until: str | None, last: str | None
) -> None:
    assert ends_on(on(stopped) if stopped else None, on(until) if until else None) == (
        on(last) if last else None
    )


def stated(*answers: tuple[str, str]) -> list[Event]:
    return [
        Event(
            kind=EventKind.TEST_NEED_STATED,
            at=datetime(2026, 1, 1, tzinfo=UTC) + number * DAY,
            on=on(day),
            facts={"is_needed": answer},
        )
        for number, (day, answer) in enumerate(answers)
    ]


@pytest.mark.parametrize(
    ("answers", "spans"),
    [
        ([], []),
        ([("2026-01-05", "yes")], []),
        ([("2026-01-05", "no")], ["0001-01-01/"]),
        ([("2026-01-05", "yes"), ("2026-04-01", "no"), ("2026-05-01", "no")], ["2026-04-01/"]),
        ([("2026-01-05", "no"), ("2026-04-01", "yes")], ["0001-01-01/2026-03-31"]),
    ],
)
def test_documented_lack_of_childbearing_potential_covers_without_a_method(
    answers: list[tuple[str, str]], spans: list[str]
) -> None:
    assert written(covered_without_method(stated(*answers))) == spans


# ---- Property: every single day, the slow way

ZONES = ["Asia/Shanghai", "America/New_York", "Pacific/Apia", "UTC"]
days = st.dates(date(2027, 12, 1), date(2029, 3, 31))
instants = st.integers(0, 455 * 24 * 4).map(
    lambda quarters: datetime(2027, 12, 1, tzinfo=UTC) + timedelta(minutes=15 * quarters)
)
spans_of_use = st.builds(
    lambda first, length, effective: MethodSpan(
        first_on=first,
        last_on=None if length is None else first + timedelta(days=length),
        is_effective=effective,
    ),
    days,
    st.none() | st.integers(-3, 200),
    st.booleans(),
)


def one_year_on(day: date) -> date:
    """Same day and month a year later, found by walking; a day that does not exist is the last of its month."""
    walk = day
    while True:
        walk += DAY
        if walk.year == day.year + 1 and (walk.month, walk.day) == (day.month, day.day):
            return walk
        if walk.year == day.year + 1 and walk.month > day.month:
            return walk - DAY


@settings(max_examples=100, deadline=None)
@given(
    consent=instants,
    infusions=st.lists(instants, max_size=3),
    death=st.none() | instants,
    left=st.none() | instants,
    used=st.lists(spans_of_use, max_size=5),
    today=days,
    zone=st.sampled_from(ZONES),
)
def test_the_ledger_says_of_every_day_what_a_calendar_says(
    consent: datetime,
    infusions: list[datetime],
    death: datetime | None,
    left: datetime | None,
    used: list[MethodSpan],
    today: date,
    zone: str,
) -> None:
    def event(kind: EventKind, at: datetime) -> Event:
        return Event(kind=kind, at=at, on=civil_date(at, zone))

    events = [event(EventKind.CONSENTED, consent), *(event(EventKind.INFUSED, at) for at in infusions)]
    events += [event(EventKind.DIED, death)] if death else []
    events += [event(EventKind.WITHDRAWN_FROM_VISITS, left)] if left else []
    period = contraception_period(events, V)
    assert period is not None
    first = consent.astimezone(ZoneInfo(zone)).date()
    found = ledger_of(Span(first_on=first, last_on=period.last_on), used, today)

    ends = [one_year_on(max(at.astimezone(ZoneInfo(zone)).date() for at in infusions))] if infusions else []
    if left and left >= consent and not infusions:  # who consents later has come back
        ends.append(left.astimezone(ZoneInfo(zone)).date())
    ends += [death.astimezone(ZoneInfo(zone)).date()] if death else []
    last = max(min(ends), first) if ends else None

    horizon = last or date(2030, 1, 1)
    day, wanted = first, set()
    while day <= horizon:
        covered = any(
            one.is_effective and one.first_on <= day and (one.last_on is None or day <= one.last_on)
            for one in used
        )
        if not covered:
            wanted.add(day)
        day += DAY
    got: set[date] = set()
    for gap in found.gaps:
        day = gap.first_on
        while day <= min(gap.last_on or horizon, horizon):
            got.add(day)
            day += DAY
    assert got == wanted
    assert (found.open_gap is not None) == (today in wanted)
    assert found.is_over == (last is not None and today > last)
