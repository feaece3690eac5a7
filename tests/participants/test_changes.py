"""What a correction changes of an entry that keeps its dates, in words."""

from dataclasses import replace
from datetime import timedelta

import pytest

from participants.queries.changes import preview_of, rung_in_words
from participants.queries.preview import ReminderChange, Replan
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
    (line,) = preview_of(Replan(difference=diff([before], [after]))).settled

    assert (line.title, line.words) == ("Visit X", words)


@pytest.mark.parametrize(
    ("rung", "words"),
    [
        ("opens-7d", "7 days before it opens"),
        ("opens-1d", "the day before it opens"),
        ("opens", "when it opens"),
        ("closes-2d", "2 days before it closes"),
        ("overdue", "overdue"),
        ("overdue-3d", "3 days overdue"),
        ("20h", "after 20 h"),
        ("next-day", "next day"),
    ],
)
def test_a_rung_is_named_as_people_say_it(rung: str, words: str) -> None:
    assert rung_in_words(rung) == words


def test_reminders_are_counted_by_what_becomes_of_them() -> None:
    first, second = midnight("2026-03-10"), midnight("2026-03-11")
    pairs = [(first, second), (None, second), (first, None), (second, first)]
    changes = tuple(
        ReminderChange(key="V-X#1", title="Visit X", rung="opens", before=before, after=after)
        for before, after in pairs
    )
    shown = preview_of(Replan(difference=diff([], []), reminders=changes))
    assert shown
    assert shown.reminder_words == "2 move, 1 in addition, 1 no longer sent"
    assert not preview_of(Replan(difference=diff([], [])))
