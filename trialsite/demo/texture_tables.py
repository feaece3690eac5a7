"""Writes the figures as the tables of docs/demo-texture.md, so the page cannot say other than the code.

python -m trialsite.demo.texture_tables      print the tables, to go between the two marks on that page
"""

from collections.abc import Iterable, Sequence

from trialsite.demo.texture_figures import (
    DROPOUT,
    EVENTS,
    LAB_VISITS,
    LABS,
    PERCENTS,
    PRESSURE,
    SOURCE,
    VISITS,
    VITAL_VISITS,
    VITALS,
)
from trialsite.demo.texture_records import LabFigures, VitalFigures

SPREAD_COLUMNS = ("mean", "SD between", "SD within", "correlation, 14 days", "drift per week")


def markdown_tables() -> str:
    """Return every figure in Markdown, sections in a fixed order, with the source on top."""
    sections = (
        f"Source of every figure: {SOURCE}.",
        "### Laboratory tests\n\n" + _lab_spread(),
        "### Laboratory tests: limits and gaps\n\n" + _lab_shares(),
        "### Missing share per visit\n\n" + _missing_by_visit(),
        "### Vital signs\n\n" + _vital_spread(),
        "### Vital signs: last digits and gaps\n\n" + _vital_shares(),
        "### Quantiles\n\n" + _quantiles(),
        "### Missed contacts\n\n" + _missed_contacts(),
        "### Shares\n\n" + _shares(),
    )
    return "\n\n".join(sections) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(content: object) -> str:
    if content is None:
        return "–"
    return f"{content:g}".replace("-", "−") if isinstance(content, (int, float)) else str(content)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _spread(figures: LabFigures | VitalFigures) -> tuple[float, ...]:
    spread = (figures.mean, figures.between_sd, figures.within_sd)
    return (*spread, figures.correlation_14_days, figures.drift_per_week)


def _lab_spread() -> str:
    rows = ((test, "log" if f.is_log else "linear", f.results, *_spread(f)) for test, f in LABS.items())
    return _table(("test", "scale", "results", *SPREAD_COLUMNS), rows)


def _lab_shares() -> str:
    rows = (
        (test, *map(_percent, (f.above_uln_share, f.below_lln_share, f.missing_share, f.unscheduled_share)))
        for test, f in LABS.items()
    )
    return _table(("test", "above ULN", "below LLN", "missing", "unscheduled"), rows)


def _missing_by_visit() -> str:
    labs = [
        (visit, *(_percent(figures.missing_by_visit[index]) for figures in LABS.values()))
        for index, visit in enumerate(LAB_VISITS)
    ]
    vitals = [
        (visit, *(_percent(figures.missing_by_visit[index]) for figures in VITALS.values()))
        for index, visit in enumerate(VITAL_VISITS)
    ]
    return _table(("visit", *LABS), labs) + "\n\n" + _table(("visit", *VITALS), vitals)


def _vital_spread() -> str:
    rows = ((sign, f.results, *_spread(f), f.repeat_sd) for sign, f in VITALS.items())
    table = _table(("sign", "results", *SPREAD_COLUMNS, "SD of a repeat"), rows)
    return (
        f"{table}\n\nCorrelation of the two pressures: {PRESSURE.between} between, {PRESSURE.within} within."
    )


def _vital_shares() -> str:
    digits = {
        s: (f.last_digit_0_share, f.last_digit_5_share, f.last_digit_even_share) for s, f in VITALS.items()
    }
    rows = (
        (sign, *map(_percent, (*digits[sign], f.missing_share, f.unscheduled_share)))
        for sign, f in VITALS.items()
    )
    return _table(("sign", "last digit 0", "last digit 5", "last digit even", "missing", "unscheduled"), rows)


def _quantiles() -> str:
    rows = (
        ("visit delay, days", *VISITS.delay_quantiles),
        ("gap between clinic visits less the planned gap, days", *VISITS.excess_gap_quantiles),
        ("adverse event: onset to collection, days", *EVENTS.lag_days_quantiles),
        ("leaving early: study day", *DROPOUT.day_quantiles),
    )
    return _table(("", *(f"{percent} %" for percent in PERCENTS)), rows)


def _missed_contacts() -> str:
    rows = (
        (row.order, row.contact, row.due, row.missed, _percent(row.missed / row.due))
        for row in VISITS.missed_contacts
    )
    table = _table(("order", "contact", "still taking part", "missed", "share"), rows)
    thirds = ", ".join(_percent(share) for share in VISITS.missed_share_by_third)
    return f"{table}\n\nContacts 1–5, 6–10 and 11–15 together: {thirds}."


def _shares() -> str:
    rows = (
        ("visits exactly on the planned day", VISITS.visits, _percent(VISITS.on_day_share)),
        ("visits early", VISITS.visits, _percent(VISITS.early_share)),
        ("visits late", VISITS.visits, _percent(VISITS.late_share)),
        ("participants who left early", DROPOUT.participants, _percent(DROPOUT.dropout_share)),
        ("of these, for an adverse event", "–", _percent(DROPOUT.adverse_event_share_of_dropout)),
        ("adverse events collected on the day of onset", EVENTS.events, _percent(EVENTS.lag_same_day_share)),
        (
            "adverse events with an incomplete onset date",
            EVENTS.events,
            _percent(EVENTS.incomplete_onset_share),
        ),
        ("adverse events without an end date", EVENTS.events, _percent(EVENTS.no_end_date_share)),
        ("adverse events that were serious", EVENTS.events, _percent(EVENTS.serious_share)),
    )
    return _table(("share of", "counted", "share"), rows)


if __name__ == "__main__":
    print(markdown_tables(), end="")  # the one output of this module
