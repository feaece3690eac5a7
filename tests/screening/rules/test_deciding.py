"""Which of several entries decides on a day."""

from datetime import date
from itertools import permutations

import pytest

from screening.rules.deciding import deciding_entry
from screening.rules.evidence import Entry
from tests.factories.evidence import day

TODAY = date(2026, 6, 15)


def answer(value, on):
    return Entry("ecog", value, None if on is None else day(on))


def decided(*entries, on=TODAY):
    found = deciding_entry(entries, on)
    return None if found.entry is None else found.entry.value


@pytest.mark.parametrize(
    ("entries", "value"),
    [
        pytest.param([], None, id="nothing there"),
        pytest.param([answer(1, "2026-06-01")], 1, id="the only one"),
        pytest.param([answer(1, "2026-06-01"), answer(2, "2026-06-02")], 2, id="the newest by date"),
        pytest.param([answer(2, "2026-06-02"), answer(1, "2026-06-01")], 2, id="by date, not by position"),
        pytest.param([answer(1, "2026-06-02"), answer(2, "2026-06-02")], 2, id="the last of the same date"),
        pytest.param([answer(1, "2026-06-01"), answer(None, "2026-06-02")], 1, id="not done is no answer"),
        pytest.param([answer(None, "2026-06-02")], None, id="nothing but not done"),
        pytest.param([answer(1, "2026-06-15")], 1, id="of the day itself"),
        pytest.param([answer(1, "2026-06-16")], None, id="of tomorrow"),
        pytest.param(
            [answer(1, "2026-06-01"), answer(2, "2026-06-16")], 1, id="tomorrow's does not count yet"
        ),
        pytest.param([answer(1, None)], 1, id="without a date"),
        pytest.param([answer(1, "2026-06-01"), answer(2, None)], 2, id="without a date, recorded last"),
        pytest.param([answer(2, None), answer(1, "2026-06-01")], 1, id="without a date, then superseded"),
        pytest.param([answer(2, None), answer(1, "2026-06-16")], 2, id="superseded only from tomorrow on"),
        pytest.param([answer(1, "2026-05"), answer(2, "2026-06-01")], 2, id="a month before a day"),
        pytest.param(
            [answer(2, "2026-06-01"), answer(1, "2026-05")], 2, id="the same, recorded the other way"
        ),
        pytest.param([answer(1, "2025"), answer(2, "2026-05")], 2, id="a year before a month"),
        pytest.param([answer(1, "2026-05"), answer(2, "2026-05")], 2, id="the same month: the last recorded"),
        pytest.param(
            [answer(1, "2026-05"), answer(2, "2026-05-31")], 2, id="the month's last day, recorded later"
        ),
        pytest.param([answer(1, "2026-05-01"), answer(2, "2026-05")], 2, id="the month after its first day"),
    ],
)
def test_the_newest_answer_decides(entries, value):
    found = deciding_entry(entries, TODAY)
    assert (None if found.entry is None else found.entry.value, found.is_unclear) == (value, False)


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([answer(1, "2026-05"), answer(2, "2026-05-17")], id="a day inside a month"),
        pytest.param([answer(1, "2026-05-17"), answer(2, "2026-05")], id="a month around a day"),
        pytest.param([answer(1, "2026"), answer(2, "2026-05")], id="a month inside a year"),
        pytest.param(
            [answer(2, "2026-05-31"), answer(1, "2026-05")], id="the last day, and the month recorded later"
        ),
        pytest.param(
            [answer(2, "2026-05"), answer(1, "2026-05-01")], id="the first day, recorded after the month"
        ),
        pytest.param([answer(1, "2026-06")], id="a month that reaches past the day looked at"),
        pytest.param([answer(1, "2026-06-01"), answer(2, "2026-06")], id="the same beside a day"),
        pytest.param([answer(2, "2026"), answer(1, "2026-06-15")], id="a year around today"),
    ],
)
def test_where_partial_dates_do_not_tell_the_newest_none_decides(entries):
    found = deciding_entry(entries, TODAY)
    assert (found.entry, found.is_unclear) == (None, True)


@pytest.mark.parametrize(
    ("entries", "changes_on"),
    [
        pytest.param([answer(1, "2026-06-01")], None, id="all is past"),
        pytest.param([answer(1, "2026-06-16")], date(2026, 6, 16), id="tomorrow's begins to count"),
        pytest.param([answer(1, "2026-06")], date(2026, 6, 30), id="a month surely past on its last day"),
        pytest.param([answer(1, "2026-07")], date(2026, 7, 1), id="a month to come may begin on its first"),
        pytest.param(
            [answer(1, "2026-08-01"), answer(2, "2026-07-05")], date(2026, 7, 5), id="the next of several"
        ),
        pytest.param([answer(None, "2026-06-20")], None, id="what is not done never counts"),
        pytest.param([answer(2, None), answer(1, "2026-06-16")], date(2026, 6, 16), id="what supersedes"),
    ],
)
def test_the_next_day_on_which_another_may_decide(entries, changes_on):
    assert deciding_entry(entries, TODAY).changes_on == changes_on


def test_the_order_of_entries_with_different_dates_does_not_matter():
    entries = [answer(n, on) for n, on in enumerate(["2026-05", "2026-06-01", "2026-06-10", "2026-07-01"])]
    assert {decided(*order) for order in permutations(entries)} == {2}
