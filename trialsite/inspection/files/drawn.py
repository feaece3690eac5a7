"""Pictures as PDF: the drawing of the page on paper, the values behind it below, one picture after the other."""

from collections.abc import Sequence
from io import BytesIO

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from trialsite.inspection.files.pdf import runs, wrapped
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
from trialsite.web.pictures.palette import LIGHT_TONES, PALE, PAPER
from trialsite.web.pictures.parts import outline, stripes

_PLAIN, _BOLD = "Helvetica", "Helvetica-Bold"
_WIDTH, _HEIGHT = landscape(A4)
_MARGIN, _FOOT = 14 * mm, 14 * mm
_HEAD = 44.0  # title and facts
_FLAT = 0.16  # how much of its colour an area without edge has


def pictures_pdf(pictures: Sequence[Picture], facts: Sequence[str]) -> bytes:
    """Return one page for each picture. facts: what the pictures are of and when they were drawn, one line each."""
    kept = BytesIO()
    canvas = Canvas(kept, pagesize=(_WIDTH, _HEIGHT), pageCompression=1)
    canvas.setTitle(pictures[0].title if len(pictures) == 1 else "Study pictures")
    canvas.setAuthor("trialsite")
    for number, picture in enumerate(pictures, start=1):
        _Sheet(canvas).draws(picture, facts, f"{number} / {len(pictures)}")
        canvas.showPage()
    canvas.save()
    return kept.getvalue()


class _Sheet:
    """One page with one picture, as large as it fits."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.x, self.y, self.scale = 0.0, 0.0, 1.0

    def draws(self, picture: Picture, facts: Sequence[str], number: str) -> None:
        top = _HEIGHT - _MARGIN
        self._text(picture.title, _MARGIN, top - 14, 16, HexColor(PAPER[Tone.INK]), Anchor.START, bold=True)
        self._text(" · ".join(facts), _MARGIN, top - 29, 8.5, HexColor(PAPER[Tone.SOFT]), Anchor.START)
        notes = wrapped(picture.note, _WIDTH - 2 * _MARGIN, 8.5) if picture.note else ()
        low = _FOOT + 12 + 11 * len(notes)
        room_x, room_y = _WIDTH - 2 * _MARGIN, top - _HEAD - low
        self.scale = min(room_x / picture.width, room_y / picture.height, 1.35)
        self.x = (_WIDTH - picture.width * self.scale) / 2
        self.y = top - _HEAD
        for mark in picture.marks:
            self._mark(mark)
        for place, line in enumerate(notes):
            y = _FOOT + 4 + 11 * (len(notes) - place)
            self._text(line, _MARGIN, y, 8.5, HexColor(PAPER[Tone.SOFT]), Anchor.START)
        grey = HexColor(PAPER[Tone.SOFT])
        self._text("NCT06945523 · trialsite", _MARGIN, _FOOT - 8, 7.5, grey, Anchor.START)
        self._text(number, _WIDTH - _MARGIN, _FOOT - 8, 7.5, grey, Anchor.END)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return self.x + x * self.scale, self.y - y * self.scale

    def _mark(self, mark: Mark) -> None:
        match mark:
            case Trace():
                self._line(mark.points, mark.tone, mark.width, is_dashed=mark.is_dashed)
            case Area():
                self.canvas.setFillColor(_mixed(mark.tone, _FLAT))
                self._polygon(mark.points, stroke=0, fill=1)
            case Box():
                self._box(mark)
            case Sign():
                self._sign(mark)
            case Words():
                x, y = self._at(mark.x, mark.y)
                color = HexColor(PAPER[mark.tone])
                self._text(mark.text, x, y, mark.size * self.scale, color, mark.anchor, bold=mark.is_bold)

    def _line(
        self, points: Sequence[tuple[float, float]], tone: Tone, width: float, *, is_dashed: bool = False
    ) -> None:
        canvas = self.canvas
        canvas.setStrokeColor(HexColor(PAPER[tone]))
        canvas.setLineWidth(width * self.scale)
        canvas.setDash([5 * self.scale, 3 * self.scale] if is_dashed else [])
        path = canvas.beginPath()
        for place, (x, y) in enumerate(points):
            (path.lineTo if place else path.moveTo)(*self._at(x, y))
        canvas.drawPath(path)
        canvas.setDash([])

    def _polygon(self, points: Sequence[tuple[float, float]], *, stroke: int, fill: int) -> None:
        path = self.canvas.beginPath()
        for place, (x, y) in enumerate(points):
            (path.lineTo if place else path.moveTo)(*self._at(x, y))
        path.close()
        self.canvas.drawPath(path, stroke=stroke, fill=fill)

    def _paints(self, tone: Tone, fill: Fill) -> int:
        """Set the colours of a surface; return whether its edge is drawn."""
        canvas = self.canvas
        share = {Fill.SOLID: 1.0, Fill.PALE: PALE, Fill.HATCHED: 0.1, Fill.EMPTY: 0.0}[fill]
        canvas.setFillColor(_mixed(tone, share))
        canvas.setStrokeColor(HexColor(PAPER[tone]))
        canvas.setLineWidth({Fill.PALE: 0.75, Fill.HATCHED: 1.0}.get(fill, 1.4) * self.scale)
        return 0 if fill is Fill.SOLID else 1

    def _paints_sign(self, mark: Sign) -> int:
        """A solid sign has a fine edge of paper, so that it stands out from a bar it lies on."""
        stroke = self._paints(mark.tone, mark.fill)
        if mark.fill is Fill.SOLID:
            self.canvas.setStrokeColor(HexColor(PAPER[Tone.GROUND]))
            self.canvas.setLineWidth(0.5 * self.scale)
            stroke = 1
        return stroke

    def _box(self, mark: Box) -> None:
        stroke = self._paints(mark.tone, mark.fill)
        width, height = max(mark.width, 1.0), max(mark.height, 0.0)
        x, y = self._at(mark.x, mark.y + height)
        radius = min(mark.radius, height / 2, width / 2) * self.scale
        self.canvas.roundRect(x, y, width * self.scale, height * self.scale, radius, stroke=stroke, fill=1)
        if mark.fill is Fill.HATCHED:
            for stripe in stripes(mark):
                self._line(stripe, mark.tone, 1.0)
        if mark.letter and width >= 9:
            self._letter(mark, mark.x + width / 2, mark.y + height / 2, min(11.5, height - 1))

    def _sign(self, mark: Sign) -> None:
        x, y, s = mark.x, mark.y, mark.size
        if mark.shape is Shape.CROSS:
            self._line(((x - s, y - s), (x + s, y + s)), mark.tone, 1.8)
            self._line(((x - s, y + s), (x + s, y - s)), mark.tone, 1.8)
        elif mark.shape is Shape.TICK:
            self._line(((x, y - s), (x, y + s)), mark.tone, 1.8)
        elif mark.shape is Shape.CIRCLE:
            stroke = self._paints_sign(mark)
            self.canvas.circle(*self._at(x, y), s * self.scale, stroke=stroke, fill=1)
        else:
            stroke = self._paints_sign(mark)
            self._polygon(outline(mark), stroke=stroke, fill=1)
        if mark.letter:
            self._letter(mark, x, y, s * 1.45)

    def _letter(self, mark: Box | Sign, x: float, y: float, size: float) -> None:
        is_dark = mark.fill is not Fill.SOLID or mark.tone in LIGHT_TONES
        color = HexColor(PAPER[Tone.INK if is_dark else Tone.GROUND])
        at_x, at_y = self._at(x, y + size * 0.36)
        self._text(mark.letter, at_x, at_y, size * self.scale, color, Anchor.MIDDLE, bold=True)

    def _text(
        self, text: str, x: float, y: float, size: float, color: Color, anchor: Anchor, *, bold: bool = False
    ) -> None:
        parts = list(runs(text, _BOLD if bold else _PLAIN))
        width = sum(pdfmetrics.stringWidth(part, font, size) for font, part in parts)
        x -= {Anchor.START: 0.0, Anchor.MIDDLE: width / 2, Anchor.END: width}[anchor]
        self.canvas.setFillColor(color)
        for font, part in parts:
            self.canvas.setFont(font, size)
            self.canvas.drawString(x, y, part)
            x += pdfmetrics.stringWidth(part, font, size)


def _mixed(tone: Tone, share: float) -> Color:
    """Return a colour thinned with the paper."""
    color = HexColor(PAPER[tone])
    rest = 1 - share
    return Color(color.red * share + rest, color.green * share + rest, color.blue * share + rest)
