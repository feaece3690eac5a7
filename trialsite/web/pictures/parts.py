"""Axes, grid lines and legends, as marks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trialsite.web.pictures.marks import (
    Anchor,
    Box,
    Fill,
    Mark,
    Shape,
    Sign,
    Tone,
    Trace,
    Words,
    text_width,
)

SMALL = 11.5
ROW = 20.0  # height of a row of the legend


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The part of a drawing in which values are drawn."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One entry of a legend. shape None: a box, or a line where is_line."""

    text: str
    tone: Tone
    shape: Shape | None = None
    fill: Fill = Fill.SOLID
    letter: str = ""
    is_line: bool = False
    is_dashed: bool = False


def axis_below(
    frame: Frame, ticks: Iterable[tuple[float, str]], title: str = "", *, has_grid: bool = False
) -> list[Mark]:
    """Draw the line below the frame, its ticks at their x with their texts, and what is counted."""
    marks: list[Mark] = [
        Trace(points=((frame.left, frame.bottom), (frame.right, frame.bottom)), tone=Tone.STRONG)
    ]
    for x, text in ticks:
        if has_grid:
            marks.append(Trace(points=((x, frame.top), (x, frame.bottom)), tone=Tone.LINE))
        marks.append(Trace(points=((x, frame.bottom), (x, frame.bottom + 4)), tone=Tone.STRONG))
        marks.append(Words(x=x, y=frame.bottom + 17, text=text, anchor=Anchor.MIDDLE, size=SMALL))
    if title:
        middle = (frame.left + frame.right) / 2
        marks.append(Words(x=middle, y=frame.bottom + 36, text=title, anchor=Anchor.MIDDLE, size=SMALL))
    return marks


def axis_left(frame: Frame, ticks: Iterable[tuple[float, str]], title: str = "") -> list[Mark]:
    """Draw grid lines at the ticks' y with their texts, and what is counted above them."""
    marks: list[Mark] = []
    for y, text in ticks:
        marks.append(Trace(points=((frame.left, y), (frame.right, y)), tone=Tone.LINE))
        marks.append(Words(x=frame.left - 7, y=y + 4, text=text, anchor=Anchor.END, size=SMALL))
    if title:
        marks.append(Words(x=4, y=frame.top - 12, text=title, size=SMALL))
    return marks


def legend(keys: Sequence[Key], *, left: float, top: float, right: float) -> tuple[list[Mark], float]:
    """Draw the entries in rows; return them and the y below the last row."""
    marks: list[Mark] = []
    x, y = left, top
    for key in keys:
        width = 22 + text_width(key.text, SMALL) + 16
        if x > left and x + width - 16 > right:
            x, y = left, y + ROW
        marks.extend(_swatch(key, x, y))
        marks.append(Words(x=x + 22, y=y + 11, text=key.text, size=SMALL))
        x += width
    return marks, (y + ROW if keys else top)


def _swatch(key: Key, x: float, y: float) -> list[Mark]:
    middle = y + 7
    if key.is_line:
        points = ((x, middle), (x + 16, middle))
        found: list[Mark] = [Trace(points=points, tone=key.tone, width=2.2, is_dashed=key.is_dashed)]
        if key.shape is not None:
            found.append(Sign(x=x + 8, y=middle, shape=key.shape, tone=key.tone, size=4, fill=key.fill))
        return found
    if key.shape is not None:
        return [
            Sign(
                x=x + 8,
                y=middle,
                shape=key.shape,
                tone=key.tone,
                size=7 if key.letter else 5,
                fill=key.fill,
                letter=key.letter,
            )
        ]
    return [Box(x=x, y=middle - 6, width=16, height=12, tone=key.tone, fill=key.fill, letter=key.letter)]


def steps_of(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the corners of a curve that keeps its value until the next point."""
    found: list[tuple[float, float]] = []
    for x, y in points:
        if found:
            found.append((x, found[-1][1]))
        found.append((x, y))
    return found


def stripes(box: Box, gap: float = 5.0) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Return the strokes that hatch a box, rising to the right, cut at its edges."""
    found = []
    low, x_end = box.y + box.height, box.x + box.width
    shift = gap
    while shift < box.width + box.height:
        start = (box.x + max(0.0, shift - box.height), low - min(shift, box.height))
        end = (min(box.x + shift, x_end), low - max(0.0, shift - box.width))
        found.append((start, end))
        shift += gap
    return found


def outline(sign: Sign) -> list[tuple[float, float]]:
    """Return the corners of a sign's shape; a circle has none."""
    x, y, s = sign.x, sign.y, sign.size
    cut = s * 0.42
    corners = {
        Shape.SQUARE: [(-s * 0.9, -s * 0.9), (s * 0.9, -s * 0.9), (s * 0.9, s * 0.9), (-s * 0.9, s * 0.9)],
        Shape.DIAMOND: [(0, -s * 1.2), (s * 1.2, 0), (0, s * 1.2), (-s * 1.2, 0)],
        Shape.UP: [(0, -s * 1.1), (s * 1.1, s * 0.9), (-s * 1.1, s * 0.9)],
        Shape.DOWN: [(0, s * 1.1), (s * 1.1, -s * 0.9), (-s * 1.1, -s * 0.9)],
        Shape.RIGHT: [(s * 1.1, 0), (-s * 0.9, s), (-s * 0.9, -s)],
        Shape.OCTAGON: [
            (-cut, -s), (cut, -s), (s, -cut), (s, cut), (cut, s), (-cut, s), (-s, cut), (-s, -cut),
        ],
    }  # fmt: skip
    return [(x + dx, y + dy) for dx, dy in corners.get(sign.shape, [])]
