"""The label of a bag: what the record says of it, drawn for the screen and as a PDF page of the label's own size."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string
from reportlab.graphics.barcode import qrencoder
from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from infusion.models import CellProduct, LabelPrint, Leukapheresis
from infusion.rules.bag_codes import BagKind
from infusion.rules.labels import BagLabel, BagLabelFormat, LabelDrawing, Said, Symbol, SymbolKind, Words
from infusion.rules.release import Decision
from infusion.states import ProductState
from participants.models import Participant
from participants.queries.words import ARMS
from trialsite.protocol.registry import latest

MILLION = 1_000_000
_CHINESE = "STSong-Light"
_NOT_RELEASED = frozenset({ProductState.MANUFACTURING, ProductState.TESTING})
_NOT_USABLE = frozenset({ProductState.FAILED, ProductState.DESTROYED})


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle, millimetres from the upper left corner of the label."""

    left_mm: float
    top_mm: float
    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text at the size at which it fits, and how wide it then is."""

    words: Words
    size_mm: float
    width_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnLabel:
    """A label ready to be drawn: black boxes and lines of text."""

    label: BagLabel
    width_mm: float
    height_mm: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def bag_label_format() -> BagLabelFormat:
    """Return the format that the setting BAG_LABEL_FORMAT names."""
    chosen: BagLabelFormat = import_string(settings.BAG_LABEL_FORMAT)()
    return chosen


def label_of_product(product: CellProduct, participant: Participant) -> BagLabel:
    """Return what stands on the label of a lot. No query."""
    lines = [Said("Lot", product.lot)]
    if product.total_cells is not None:
        lines.append(Said("Cells", f"{_millions(product.total_cells)} million CAR-positive viable"))
    if product.volume_ml is not None:
        lines.append(Said("Volume", f"{product.volume_ml:f} mL"))
    if product.expires_at is not None:
        lines.append(Said("Not usable from", _at(product.expires_at, participant.site.time_zone)))
    elif product.expires_on is not None:
        lines.append(Said("Use until", product.expires_on.isoformat()))
    return _label(BagKind.PRODUCT, product.bag_code, participant, lines, _warning(product))


def label_of_cells(leukapheresis: Leukapheresis, participant: Participant) -> BagLabel:
    """Return what stands on the label of collected cells. No query."""
    zone = participant.site.time_zone
    lines = [Said("Collection", f"{leukapheresis.number}, {_at(leukapheresis.performed_at, zone)}")]
    if leukapheresis.collected_cells_10e9 is not None:
        cells = f"{(leukapheresis.collected_cells_10e9 * 1000).normalize():f} million nucleated"
        lines.append(Said("Cells", cells))
    if leukapheresis.bag_identifier:
        lines.append(Said("Bag of the centre", leukapheresis.bag_identifier))
    warning = "Temperature not cleared" if leukapheresis.has_open_excursion else ""
    return _label(BagKind.APHERESIS, leukapheresis.bag_code, participant, lines, warning)


def label_of(bag: CellProduct | Leukapheresis, participant: Participant) -> BagLabel:
    """Return what stands on the label of a bag of either kind. No query."""
    if isinstance(bag, CellProduct):
        return label_of_product(bag, participant)
    return label_of_cells(bag, participant)


def copies_of(bag: CellProduct | Leukapheresis) -> QuerySet[LabelPrint]:
    """Return the printed copies of the label of a bag."""
    if isinstance(bag, CellProduct):
        return LabelPrint.objects.filter(product=bag)
    return LabelPrint.objects.filter(leukapheresis=bag)


def drawn(label: BagLabel) -> DrawnLabel:
    """Return the label in the format of this installation, its symbols resolved into boxes."""
    drawing: LabelDrawing = bag_label_format().draw(label)
    return DrawnLabel(
        label=label,
        width_mm=drawing.width_mm,
        height_mm=drawing.height_mm,
        boxes=tuple(box for symbol in drawing.symbols for box in _boxes(symbol)),
        lines=tuple(_fitted(words) for words in drawing.words if words.text),
    )


def pdf_of(label: BagLabel) -> bytes:
    """Return the label as one PDF page of its size. The same label gives the same bytes."""
    found, target = drawn(label), BytesIO()
    canvas = Canvas(target, pagesize=(found.width_mm * mm, found.height_mm * mm), invariant=1)
    canvas.setTitle(f"Label {label.bag_code}")
    for box in found.boxes:
        foot = found.height_mm - box.top_mm - box.height_mm
        canvas.rect(box.left_mm * mm, foot * mm, box.width_mm * mm, box.height_mm * mm, stroke=0, fill=1)
    for line in found.lines:
        canvas.setFont(_font(line.words), line.size_mm * mm)
        canvas.drawString(
            line.words.left_mm * mm, (found.height_mm - line.words.base_mm) * mm, line.words.text
        )
    canvas.showPage()
    canvas.save()
    return target.getvalue()


def _label(
    kind: BagKind, bag_code: str, participant: Participant, lines: list[Said], warning: str
) -> BagLabel:
    return BagLabel(
        kind=kind,
        bag_code=bag_code,
        subject_code=participant.code,
        trial=latest().trial.registry_id,
        site=participant.site.code,
        arm=ARMS.get(participant.arm, ""),
        lines=tuple(lines),
        warning=warning,
    )


def _warning(product: CellProduct) -> str:
    state = ProductState(product.state)
    if state in _NOT_USABLE:
        return "Do not use"
    if product.has_open_excursion:
        return "Temperature not cleared"
    if state in _NOT_RELEASED:
        return "Not released"
    return "Out of specification" if product.disposition == Decision.TREAT_UNDER_EXCEPTION else ""


def _millions(cells: int) -> str:
    whole, rest = divmod(cells, MILLION)
    return f"{whole}.{rest:06d}".rstrip("0") if rest else str(whole)


def _at(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)).strftime('%Y-%m-%d %H:%M')} {zone}"


# ---- Drawing


def _boxes(symbol: Symbol) -> Iterator[Box]:
    rows = _qr_rows(symbol.text) if symbol.kind is SymbolKind.QR else _bars(symbol.text)
    high, wide = len(rows), len(rows[0])
    step_x, step_y = symbol.width_mm / wide, symbol.height_mm / high
    for row, modules in enumerate(rows):
        for first, length in _runs(modules):
            yield Box(symbol.left_mm + first * step_x, symbol.top_mm + row * step_y, length * step_x, step_y)


def _qr_rows(text: str) -> list[list[bool]]:
    """Dark and light modules, row by row; error correction M, which bears a scratched label."""
    code = qrencoder.QRCode(None, qrencoder.QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    size = code.getModuleCount()
    return [[bool(code.isDark(row, column)) for column in range(size)] for row in range(size)]


def _bars(text: str) -> list[list[bool]]:
    """One row of modules of Code 128, start to stop: upper case are bars, lower case gaps, A is one module wide."""
    code = Code128(text, quiet=0)
    code.validate()
    code.encode()
    code.decompose()
    return [[sign.isupper() for sign in code.decomposed for _ in range(ord(sign.upper()) - ord("A") + 1)]]


def _runs(modules: list[bool]) -> Iterator[tuple[int, int]]:
    """Return first module and length of each dark run, so that no hairline divides it."""
    first: int | None = None
    for at, is_dark in enumerate([*modules, False]):
        if is_dark and first is None:
            first = at
        if not is_dark and first is not None:
            yield first, at - first
            first = None


def _fitted(words: Words) -> Line:
    wide = float(pdfmetrics.stringWidth(words.text, _font(words), words.size_mm))
    shrunk = min(1.0, words.width_mm / wide)
    return Line(words, words.size_mm * shrunk, wide * shrunk)


def _font(words: Words) -> str:
    """Helvetica; for what it cannot write, such as a lot named in Chinese, a font that every reader has."""
    try:
        words.text.encode("cp1252")
    except UnicodeEncodeError:
        _register_chinese()
        return _CHINESE
    return "Helvetica-Bold" if words.is_strong else "Helvetica"


@cache
def _register_chinese() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont(_CHINESE))
