"""When the one-year study may be closed."""

from dataclasses import replace
from datetime import datetime

import pytest

from followup.rules import may_complete
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
