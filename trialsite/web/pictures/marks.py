"""What a picture is made of. Coordinates in units of the drawing, from its upper left corner; one unit is about a pixel."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from trialsite.web.pictures.tables import DataTable


class Tone(StrEnum):
    """What a colour stands for; style sheet and PDF say which it is. G1 to G5: toxicity grades."""

    INK = "ink"
    SOFT = "soft"
    LINE = "line"
    STRONG = "strong"
    GROUND = "ground"
    FIRST = "first"
    SECOND = "second"
    THIRD = "third"
    FOURTH = "fourth"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    G1 = "g1"
    G2 = "g2"
    G3 = "g3"
    G4 = "g4"
    G5 = "g5"


GRADES = (Tone.G1, Tone.G2, Tone.G3, Tone.G4, Tone.G5)


class Fill(StrEnum):
    SOLID = "solid"
    PALE = "pale"
    HATCHED = "hatched"
    EMPTY = "empty"


class Shape(StrEnum):
    CIRCLE = "circle"
    SQUARE = "square"
    DIAMOND = "diamond"
    UP = "up"  # triangles
    DOWN = "down"
    RIGHT = "right"
    OCTAGON = "octagon"
    CROSS = "cross"
    TICK = "tick"  # an upright stroke


class Anchor(StrEnum):
    START = "start"
    MIDDLE = "middle"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A line through points."""

    points: Sequence[tuple[float, float]]
    tone: Tone = Tone.LINE
    width: float = 1.0
    is_dashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A surface, pale and without an edge."""

    points: Sequence[tuple[float, float]]
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """words: read aloud and shown on hover. letter: inside, where it fits. href: what a click opens."""

    x: float
    y: float
    width: float
    height: float
    tone: Tone
    fill: Fill = Fill.SOLID
    words: str = ""
    letter: str = ""
    href: str = ""
    radius: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A mark around (x, y), `size` from its middle to its edge."""

    x: float
    y: float
    shape: Shape
    tone: Tone
    size: float = 5.0
    fill: Fill = Fill.SOLID
    words: str = ""
    letter: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """y: of the base line."""

    x: float
    y: float
    text: str
    anchor: Anchor = Anchor.START
    size: float = 12.0
    tone: Tone = Tone.SOFT
    is_bold: bool = False
    href: str = ""


Mark = Trace | Area | Box | Sign | Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """words: what the picture shows, as sentences. table: the values behind it. note: how to read it, one remark."""

    name: str
    title: str
    words: str
    width: float
    height: float
    marks: Sequence[Mark]
    table: DataTable
    note: str = ""

    @property
    def is_linked(self) -> bool:
        return any(isinstance(one, Box | Sign | Words) and one.href for one in self.marks)


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is drawn; Chinese signs are square."""
    return size * sum(1.0 if ord(sign) > 0x2E7F else 0.3 if sign in " .,:;ilI|'" else 0.57 for sign in text)
