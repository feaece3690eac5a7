"""The picture layer: scales, what is written as SVG and as PDF, and that both have the same colours."""

import re
from datetime import date
from pathlib import Path

import pytest

from trialsite.inspection.files.drawn import pictures_pdf
from trialsite.web.pictures.marks import (
    Anchor,
    Area,
    Box,
    Fill,
    Mark,
    Picture,
    Shape,
    Sign,
    Tone,
    Trace,
    Words,
)
from trialsite.web.pictures.palette import PAPER
from trialsite.web.pictures.parts import Frame, Key, axis_below, axis_left, legend, outline, steps_of, stripes
from trialsite.web.pictures.scales import Linear, Piecewise, month_starts, nice_ticks, thinned, whole_ticks
from trialsite.web.pictures.svg import svg_of
from trialsite.web.pictures.tables import DataColumn, DataTable

STYLES = Path("trialsite/web/static/web/pictures.css")
EVERY_MARK: list[Mark] = [
    *(
        Sign(x=20, y=20, shape=shape, tone=Tone.GOOD, fill=fill, letter="G", words="<b>", href="#x")
        for shape in Shape
        for fill in Fill
    ),
    *(
        Box(x=5, y=5, width=30, height=12, tone=Tone.G2, fill=fill, letter="2", words="a & b")
        for fill in Fill
    ),
    Trace(points=((0, 0), (10, 10)), tone=Tone.FIRST, is_dashed=True),
    Area(points=((0, 0), (10, 10), (0, 10)), tone=Tone.FIRST),
    *(Words(x=4, y=9, text="Grade ≥ 3 知情同意", anchor=anchor, is_bold=True) for anchor in Anchor),
]


def a_picture(*marks: Mark) -> Picture:
    return Picture(
        name="p",
        title="A <title>",
        words="What & where.",
        width=100,
        height=50,
        marks=marks,
        note="Read it so.",
        table=DataTable(columns=(DataColumn(name="a", heading="A"),), rows=[[1]]),
    )


def test_a_scale_of_stretches_keeps_to_its_knots_and_ends() -> None:
    scale = Piecewise([(0, 0.0), (10, 50.0), (100, 80.0)])
    assert [scale.at(one) for one in (-5, 0, 5, 10, 55, 100, 101)] == [0, 0, 25, 50, 65, 80, 80]
    assert [Linear(0, 4, 10, 30).at(one) for one in (0, 2, 4)] == [10, 20, 30]
    assert Linear(3, 3, 10, 30).at(3) == 20


@pytest.mark.parametrize(
    ("first", "last", "ticks"),
    [(0, 10, [0, 2, 4, 6, 8, 10]), (-100, 20, [-100, -50, 0, 50]), (0, 0, [0]), (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1])],
)  # fmt: skip
def test_ticks_are_round_and_reach_around_the_values(first: float, last: float, ticks: list[float]) -> None:
    assert nice_ticks(first, last) == ticks


@pytest.mark.parametrize(
    ("last", "ticks"),
    [(0, [0, 1]), (1, [0, 1]), (3, [0, 1, 2, 3]), (7, [0, 2, 4, 6, 8]), (60, [0, 20, 40, 60])],
)
def test_counts_have_whole_ticks(last: int, ticks: list[int]) -> None:
    assert whole_ticks(last) == ticks


def test_months_begin_within_the_days() -> None:
    found = month_starts(date(2026, 1, 1), date(2026, 4, 1))
    assert [one.month for one in found] == [1, 2, 3, 4]
    assert [one.month for one in month_starts(date(2025, 11, 2), date(2026, 1, 31))] == [12, 1]
    assert thinned(found, 2) == [date(2026, 1, 1), date(2026, 3, 1)]


def test_stripes_stay_inside_their_box() -> None:
    box = Box(x=10, y=20, width=31, height=9, tone=Tone.BAD, fill=Fill.HATCHED)
    strokes = stripes(box)
    assert len(strokes) > 4
    for stroke in strokes:
        for x, y in stroke:
            assert 10 - 1e-9 <= x <= 41 + 1e-9
            assert 20 - 1e-9 <= y <= 29 + 1e-9


def test_a_step_keeps_its_value_until_the_next_point() -> None:
    assert steps_of([(0, 1), (2, 3)]) == [(0, 1), (2, 1), (2, 3)]
    assert outline(Sign(x=0, y=0, shape=Shape.CIRCLE, tone=Tone.INK)) == []


def test_a_legend_wraps_and_an_axis_says_what_it_counts() -> None:
    keys = [Key(text="Some words", tone=Tone.FIRST), Key(text="More words", tone=Tone.BAD, is_line=True)]
    keys.append(Key(text="Line", tone=Tone.BAD, is_line=True, shape=Shape.TICK))
    marks, below = legend([*keys, Key(text="S", tone=Tone.G1, shape=Shape.UP)], left=0, top=10, right=120)
    assert below == 10 + 3 * 20
    assert {one.y for one in marks if isinstance(one, Words)} == {21, 41, 61}
    assert legend([], left=0, top=10, right=9) == ([], 10)
    frame = Frame(left=0, top=0, right=10, bottom=10)
    axes = [*axis_below(frame, [(5, "D0")], "Day", has_grid=True), *axis_left(frame, [(5, "1")], "Count")]
    assert [one.text for one in axes if isinstance(one, Words)] == ["D0", "Day", "1", "Count"]


def test_the_svg_has_no_style_and_no_script_and_every_text_is_escaped() -> None:
    written = svg_of(a_picture(*EVERY_MARK))
    assert not re.search(r"style=|<style|<script|on\w+=|<b>", written)
    assert 'role="group"' in written
    assert "A &lt;title&gt;" in written
    assert '<a class="p-link" href="#x"><title>&lt;b&gt;</title>' in written
    assert 'role="img"' in svg_of(a_picture(Trace(points=((0, 0), (1, 1)))))


def test_the_pdf_has_a_page_for_each_picture_with_every_mark() -> None:
    written = pictures_pdf([a_picture(*EVERY_MARK), a_picture()], ["WH01", "drawn today"])
    assert written.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", written)) == 2


def test_paper_and_screen_have_the_same_colours() -> None:
    light = STYLES.read_text().partition("}")[0]
    assert {tone: f"--p-{tone.value}: {color};" in light for tone, color in PAPER.items()} == dict.fromkeys(
        Tone, True
    )
