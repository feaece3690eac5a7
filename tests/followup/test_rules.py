"""When the one-year study may be closed."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from followup.rules.completion import completes_in_time, may_complete
from tests.protocol.engine import INSTANT, midnight, obligation
from trialsite.protocol.gates import Outcome
from trialsite.protocol.types import Epoch, Obligation, ObligationKind

OPENS, CLOSES = midnight("2026-03-10"), midnight("2026-03-15")
VISIT = obligation()


@pytest.mark.parametrize(
    ("one", "now", "holds"),
    [
        pytest.param(VISIT, OPENS - INSTANT, True, id="a visit still to come"),
        pytest.param(VISIT, OPENS, True, id="a visit due"),
        pytest.param(VISIT, CLOSES, True, id="a visit overdue"),
        pytest.param(replace(VISIT, missed_at=CLOSES), CLOSES - INSTANT, True, id="not yet missed"),
        pytest.param(replace(VISIT, missed_at=CLOSES), CLOSES, False, id="missed: a deviation already"),
        pytest.param(replace(VISIT, fulfilled_at=OPENS), OPENS, False, id="done"),
        pytest.param(replace(VISIT, ended_at=OPENS), OPENS, False, id="not required any more"),
        pytest.param(replace(VISIT, epoch=Epoch.LONG_TERM_FOLLOW_UP), OPENS, False, id="long-term follow-up"),
        pytest.param(replace(VISIT, epoch=Epoch.TREATMENT), OPENS, True, id="a visit of the treatment"),
        pytest.param(replace(VISIT, kind=ObligationKind.CLOCK), OPENS, True, id="a safety clock"),
        pytest.param(
            replace(VISIT, kind=ObligationKind.CLOCK, fulfilled_at=OPENS), OPENS, False, id="a stopped clock"
        ),
        pytest.param(replace(VISIT, kind=ObligationKind.TASK), OPENS, False, id="a task in the office"),
        pytest.param(replace(VISIT, kind=ObligationKind.PERIOD), OPENS, False, id="a period that runs on"),
        pytest.param(replace(VISIT, kind=ObligationKind.RECONSENT), OPENS, False, id="a signature owed"),
    ],
)
def test_only_open_visits_of_the_year_and_running_clocks_hold_the_completion(
    one: Obligation, now: datetime, holds: bool
) -> None:
    may = may_complete([one], now)

    assert may.outcome is (Outcome.FAIL if holds else Outcome.PASS)
    assert may.checks[0].reason == ("Still open: Visit X" if holds else "Nothing is open")


def test_nothing_owed_at_all_may_be_completed() -> None:
    assert may_complete([], OPENS).outcome is Outcome.PASS


END = replace(obligation(kind=ObligationKind.TASK), item_id="T-EOS")
DONE = replace(VISIT, fulfilled_at=CLOSES)


@pytest.mark.parametrize(
    ("known", "completed_at", "fails"),
    [
        pytest.param([END], OPENS, set(), id="the first instant of its window"),
        pytest.param([END], OPENS - INSTANT, {"year-over"}, id="the instant before"),
        pytest.param([replace(END, ended_at=OPENS)], OPENS - INSTANT, set(), id="of a former infusion"),
        pytest.param([], OPENS, set(), id="never infused"),
        pytest.param([DONE], CLOSES, set(), id="with the last visit"),
        pytest.param([DONE], CLOSES - INSTANT, {"last-visit"}, id="before the last visit"),
        pytest.param(
            [replace(DONE, fulfilled_at=CLOSES + timedelta(seconds=30))], CLOSES, set(), id="the same minute"
        ),
        pytest.param(
            [replace(DONE, epoch=Epoch.LONG_TERM_FOLLOW_UP)], OPENS, set(), id="long-term follow-up goes on"
        ),
        pytest.param([END, DONE], OPENS - INSTANT, {"year-over", "last-visit"}, id="both"),
    ],
)
def test_a_completion_departs_before_the_year_is_over_or_its_last_visit_was(
    known: list[Obligation], completed_at: datetime, fails: set[str]
) -> None:
    assert {one.code for one in completes_in_time(known, completed_at).obstacles} == fails
