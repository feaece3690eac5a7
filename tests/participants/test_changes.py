"""What a correction changes of an entry that keeps its dates, in words."""

from dataclasses import replace
from datetime import timedelta

import pytest

from participants.queries.changes import preview_of
from tests.protocol.engine import midnight, obligation
from trialsite.protocol.schedule import diff
from trialsite.protocol.types import Obligation
from trialsite.protocol.windows import civil_date

OPEN = obligation()


def done(on: str, *, hour: int = 0) -> Obligation:
    moment = midnight(on) + timedelta(hours=hour)
    return replace(OPEN, fulfilled_at=moment, fulfilled_on=civil_date(moment, "Asia/Shanghai"))


ENDED = replace(OPEN, ended_at=midnight("2026-03-11"))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        pytest.param(
            done("2026-03-10"), done("2026-03-11"), "done 2026-03-11 instead of 2026-03-10", id="day"
        ),
        pytest.param(OPEN, done("2026-03-11"), "done 2026-03-11", id="done now"),
        pytest.param(done("2026-03-10"), OPEN, "no longer done on 2026-03-10", id="not done"),
        pytest.param(
            done("2026-03-10", hour=8),
            done("2026-03-10", hour=9),
            "done 2026-03-10, at another time of the day",
            id="time of the day",
        ),
        pytest.param(
            done("2026-03-10"),
            replace(done("2026-03-10"), fulfilled_ref="x"),
            "another entry fulfils it",
            id="another entry",
        ),
        pytest.param(OPEN, ENDED, "called off", id="ended"),
        pytest.param(ENDED, OPEN, "owed again", id="not ended"),
        pytest.param(
            ENDED, replace(OPEN, ended_at=midnight("2026-03-12")), "called off at another time", id="later"
        ),
        pytest.param(OPEN, replace(OPEN, version="1.1"), "only its particulars", id="version"),
    ],
)
def test_what_keeps_its_dates_says_what_becomes_of_it(
    before: Obligation, after: Obligation, words: str
) -> None:
    (line,) = preview_of(diff([before], [after])).settled

    assert (line.title, line.words) == ("Visit X", words)
