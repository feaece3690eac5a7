"""Departures by what was entered and by time that passed. Judge: clinical rules 5.3 and 6.1."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.protocol.engine import INSTANT, midnight, obligation
from trialsite.protocol.findings import Category, Finding, finding_for
from trialsite.protocol.types import Obligation, ObligationKind

OPENS = midnight("2026-03-10")
CLOSES = midnight("2026-03-15")
MISSED = midnight("2026-03-20")
EARLY, IN_TIME, LATE = OPENS - INSTANT, OPENS, CLOSES
ENCOUNTERS = [ObligationKind.VISIT, ObligationKind.PROCEDURE]


def found(one: Obligation, now: datetime = MISSED) -> tuple[str, Category, bool] | None:
    finding = finding_for(one, now)
    if finding is None:
        return None
    assert finding.subject == one.key
    assert finding.title.startswith(one.title)
    return finding.rule_id, finding.category, finding.is_important


@pytest.mark.parametrize("kind", ENCOUNTERS)
@pytest.mark.parametrize("is_important", [False, True])
@pytest.mark.parametrize(
    ("done_at", "rule_id"),
    [(EARLY, "WINDOW-EARLY"), (LATE, "WINDOW-LATE"), (OPENS, None), (CLOSES - INSTANT, None)],
    ids=["early", "late", "first instant", "last instant"],
)
def test_a_visit_outside_its_window_is_a_deviation_but_not_important(
    kind: ObligationKind, is_important: bool, done_at: datetime, rule_id: str | None
) -> None:
    one = obligation(kind=kind, is_important=is_important, fulfilled_at=done_at, missed_at=MISSED)
    assert found(one) == ((rule_id, Category.VISIT_WINDOW, False) if rule_id else None)


@pytest.mark.parametrize("kind", ENCOUNTERS)
@pytest.mark.parametrize("is_important", [False, True])
def test_a_missed_visit_is_important_where_the_protocol_says_so(
    kind: ObligationKind, is_important: bool
) -> None:
    one = obligation(kind=kind, is_important=is_important, missed_at=MISSED)
    assert found(one, MISSED - INSTANT) is None
    rule_id = "WINDOW-MISSED-KEY" if is_important else "WINDOW-MISSED"
    assert found(one, MISSED) == (rule_id, Category.PROCEDURE, is_important)


@pytest.mark.parametrize("now", [OPENS - INSTANT, OPENS, CLOSES - INSTANT, CLOSES, MISSED - INSTANT])
def test_an_overdue_visit_is_not_yet_a_deviation(now: datetime) -> None:
    assert found(obligation(missed_at=MISSED), now) is None


@pytest.mark.parametrize("ended_at", [OPENS - timedelta(days=9), OPENS, CLOSES - INSTANT])
def test_a_visit_that_is_not_required_is_no_deviation(ended_at: datetime) -> None:
    assert found(obligation(missed_at=MISSED, ended_at=ended_at)) is None


@pytest.mark.parametrize(
    "one",
    [
        obligation(missed_at=MISSED),
        obligation(fulfilled_at=EARLY),
        obligation(fulfilled_at=LATE),
    ],
    ids=["missed", "early", "late"],
)
def test_leaving_an_in_house_date_is_no_deviation(one: Obligation) -> None:
    assert found(replace(one, is_protocol_window=False)) is None


@pytest.mark.parametrize("kind", [ObligationKind.TASK, ObligationKind.PERIOD])
def test_tasks_and_periods_are_never_deviations(kind: ObligationKind) -> None:
    for done_at in (None, EARLY, LATE):
        assert found(obligation(kind=kind, missed_at=MISSED, fulfilled_at=done_at)) is None


@pytest.mark.parametrize(
    ("kind", "rule_id", "category"),
    [
        (ObligationKind.CLOCK, "SAFETY-LATE", Category.SAFETY_REPORTING),
        (ObligationKind.RECONSENT, "RECONSENT-LATE", Category.CONSENT),
    ],
)
@pytest.mark.parametrize(
    ("done_at", "ended_at", "now", "is_finding"),
    [
        pytest.param(None, None, CLOSES - INSTANT, False, id="time is left"),
        pytest.param(None, None, CLOSES, True, id="its time has passed"),
        pytest.param(None, None, MISSED, True, id="missed"),
        pytest.param(EARLY, None, MISSED, False, id="filed before it opened"),
        pytest.param(IN_TIME, None, MISSED, False, id="filed in time"),
        pytest.param(CLOSES - INSTANT, None, MISSED, False, id="filed at the last instant"),
        pytest.param(LATE, None, MISSED, True, id="filed late stays a finding"),
        pytest.param(None, OPENS, MISSED, False, id="called off in time"),
        pytest.param(None, CLOSES, MISSED, True, id="called off too late"),
    ],
)
def test_a_clock_or_reconsent_is_important_as_soon_as_its_time_has_passed(
    kind: ObligationKind,
    rule_id: str,
    category: Category,
    done_at: datetime | None,
    ended_at: datetime | None,
    now: datetime,
    is_finding: bool,
) -> None:
    one = obligation(kind=kind, fulfilled_at=done_at, ended_at=ended_at, missed_at=MISSED)
    assert found(one, now) == ((rule_id, category, True) if is_finding else None)


def test_a_finding_says_what_happened_in_words() -> None:
    assert finding_for(obligation(missed_at=MISSED), MISSED) == Finding(
        rule_id="WINDOW-MISSED",
        category=Category.PROCEDURE,
        title="Visit X: not done",
        is_important=False,
        subject="V-X#1",
    )
