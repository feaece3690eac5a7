"""A picture as SVG: attributes and classes only, no style and no script, so that it obeys the content security policy."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from trialsite.web.pictures.marks import Area, Box, Fill, Mark, Picture, Shape, Sign, Trace, Words
from trialsite.web.pictures.parts import outline, stripes


def svg_of(picture: Picture) -> SafeString:
    """Return the drawing. Links inside make it a group, so that they stay reachable; else it is one image."""
    name = f"picture-{picture.name}"
    role = "group" if picture.is_linked else "img"
    inside = "".join(_WRITTEN[type(mark)](mark) for mark in picture.marks)
    return mark_safe(  # noqa: S308  every text and address in it is escaped where it is written
        f'<svg class="picture" viewBox="0 0 {_n(picture.width)} {_n(picture.height)}" role="{role}" '
        f'aria-labelledby="{name}-title {name}-words"><title id="{name}-title">{escape(picture.title)}</title>'
        f'<desc id="{name}-words">{escape(picture.words)}</desc>{inside}</svg>'
    )


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def _trace(mark: Trace) -> str:
    dashed = " p-dashed" if mark.is_dashed else ""
    return (
        f'<polyline class="p-trace p-{mark.tone.value}{dashed}" stroke-width="{_n(mark.width)}" '
        f'points="{_points(mark.points)}"/>'
    )


def _area(mark: Area) -> str:
    return f'<polygon class="p-area p-{mark.tone.value}" points="{_points(mark.points)}"/>'


def _box(mark: Box) -> str:
    width, height = max(mark.width, 1.0), max(mark.height, 0.0)
    drawn = (
        f'<rect class="p-{mark.fill.value} p-{mark.tone.value}" x="{_n(mark.x)}" y="{_n(mark.y)}" '
        f'width="{_n(width)}" height="{_n(height)}" rx="{_n(min(mark.radius, height / 2))}">'
        f"{_hover(mark.words)}</rect>"
    )
    if mark.fill is Fill.HATCHED:
        strokes = "".join(f"M{_n(a)} {_n(b)}L{_n(c)} {_n(d)}" for (a, b), (c, d) in stripes(mark))
        drawn += f'<path class="p-stripes p-{mark.tone.value}" d="{strokes}"/>' if strokes else ""
    if mark.letter and width >= 9:
        drawn += _letter(mark, mark.x + width / 2, mark.y + height / 2, min(11.5, height - 1))
    return _linked(drawn, mark.href, mark.words)


def _sign(mark: Sign) -> str:
    kind = f"p-{mark.fill.value} p-{mark.tone.value}"
    if mark.shape is Shape.CIRCLE:
        drawn = (
            f'<circle class="{kind} p-mark" cx="{_n(mark.x)}" cy="{_n(mark.y)}" r="{_n(mark.size)}">'
            f"{_hover(mark.words)}</circle>"
        )
    elif mark.shape in _STROKES:
        strokes = _STROKES[mark.shape](mark.x, mark.y, mark.size)
        drawn = f'<path class="p-stroke p-{mark.tone.value}" d="{strokes}">{_hover(mark.words)}</path>'
    else:
        drawn = (
            f'<polygon class="{kind} p-mark" points="{_points(outline(mark))}">{_hover(mark.words)}</polygon>'
        )
    if mark.letter:
        drawn += _letter(mark, mark.x, mark.y, mark.size * 1.45)
    return _linked(drawn, mark.href, mark.words)


def _cross(x: float, y: float, s: float) -> str:
    return f"M{_n(x - s)} {_n(y - s)}L{_n(x + s)} {_n(y + s)}M{_n(x - s)} {_n(y + s)}L{_n(x + s)} {_n(y - s)}"


def _tick(x: float, y: float, s: float) -> str:
    return f"M{_n(x)} {_n(y - s)}V{_n(y + s)}"


_STROKES: Mapping[Shape, Callable[[float, float, float], str]] = {Shape.CROSS: _cross, Shape.TICK: _tick}


def _letter(mark: Box | Sign, x: float, y: float, size: float) -> str:
    kind = f"p-letter-on-{mark.tone.value}" if mark.fill is Fill.SOLID else "p-letter-plain"
    return (
        f'<text class="p-letter {kind}" x="{_n(x)}" y="{_n(y + size * 0.36)}" text-anchor="middle" '
        f'font-size="{_n(size)}" aria-hidden="true">{escape(mark.letter)}</text>'
    )


def _words(mark: Words) -> str:
    bold = " p-bold" if mark.is_bold else ""
    drawn = (
        f'<text class="p-words p-{mark.tone.value}{bold}" x="{_n(mark.x)}" y="{_n(mark.y)}" '
        f'text-anchor="{mark.anchor.value}" font-size="{_n(mark.size)}">{escape(mark.text)}</text>'
    )
    return _linked(drawn, mark.href, "")


def _hover(words: str) -> str:
    return f"<title>{escape(words)}</title>" if words else ""


def _linked(drawn: str, href: str, words: str) -> str:
    """Wrap it in a link, which takes its name over from the shape inside."""
    if not href:
        return drawn
    said = _hover(words)
    inside = drawn.replace(said, "", 1)
    return f'<a class="p-link" href="{escape(href)}">{said}{inside}</a>'


_WRITTEN: Mapping[type[Mark], Callable[[Any], str]] = {
    Trace: _trace,
    Area: _area,
    Box: _box,
    Sign: _sign,
    Words: _words,
}
