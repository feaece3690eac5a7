"""The words in which the catalogue of evidence is written: kinds of items, fields and bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Kind(StrEnum):
    """FORM: one answer made of fields. ROWS: a list, whose emptiness is an answer too."""

    FLAG = "flag"
    CHOICE = "choice"
    CHOICES = "choices"
    COUNT = "count"  # whole number from 0
    NUMBER = "number"  # exact decimal
    DATE = "date"  # may be partial
    TEXT = "text"
    RESULT = "result"  # value with operator, unit and reference limits
    FORM = "form"
    ROWS = "rows"


class Group(StrEnum):
    """How the items are laid out for people, in this order."""

    PERSON = "person"
    DISEASE = "disease"
    LABORATORY = "laboratory"
    HEART_AND_LUNG = "heart_and_lung"
    INFECTION = "infection"
    HISTORY = "history"
    JUDGEMENT = "judgement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Bounds in the base unit of the item's quantity, or in its own unit; both ends allowed."""

    soft: tuple[Decimal, Decimal]
    hard: tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a form or a list row. choices: code → words."""

    id: str
    kind: Kind
    title: str
    title_zh: str
    choices: Mapping[str, str] | None = None
    unit: str = ""
    band: Band | None = None
    is_required: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One data item. criteria: whom it serves.

    quantity: key of units.QUANTITIES for results. methods: code → words, where the way of measuring matters.
    validity: id of the Limit after which a result is too old, "" = as long as the episode.
    needs_date: the date decides something. is_judgement: an investigator's opinion, never inferred, with reason.
    test_code: CDISC code under which a laboratory reports it, "" = not from the feed.
    """

    id: str
    kind: Kind
    group: Group
    title: str
    title_zh: str
    criteria: tuple[str, ...]
    description: str
    choices: Mapping[str, str] | None = None
    fields: tuple[Field, ...] = ()
    quantity: str = ""
    unit: str = ""
    band: Band | None = None
    methods: Mapping[str, str] | None = None
    validity: str = ""
    needs_date: bool = False
    needs_upper_limit: bool = False
    is_judgement: bool = False
    test_code: str = ""


def band(soft: tuple[str, str], hard: tuple[str, str]) -> Band:
    return Band(soft=(Decimal(soft[0]), Decimal(soft[1])), hard=(Decimal(hard[0]), Decimal(hard[1])))


def flag(
    item_id: str,
    group: Group,
    title: str,
    zh: str,
    *criteria: str,
    about: str,
    judged: bool = False,
    validity: str = "",
) -> Item:
    return Item(
        id=item_id,
        kind=Kind.FLAG,
        group=group,
        title=title,
        title_zh=zh,
        criteria=criteria,
        description=about,
        is_judgement=judged,
        validity=validity,
        needs_date=bool(validity),
    )


def choice(
    item_id: str,
    group: Group,
    title: str,
    zh: str,
    *criteria: str,
    choices: Mapping[str, str],
    about: str,
    validity: str = "",
    judged: bool = False,
) -> Item:
    return Item(
        id=item_id,
        kind=Kind.CHOICE,
        group=group,
        title=title,
        title_zh=zh,
        criteria=criteria,
        description=about,
        choices=choices,
        validity=validity,
        needs_date=bool(validity),
        is_judgement=judged,
    )


def result(
    item_id: str,
    title: str,
    zh: str,
    criterion: str,
    quantity: str,
    test_code: str,
    band: Band,
    *,
    upper: bool = False,
    validity: str = "L-LAB-VALID",
    group: Group = Group.LABORATORY,
) -> Item:
    about = "As reported, with its unit" + (
        " and the upper limit of normal of this very result." if upper else "."
    )
    return Item(
        id=item_id,
        kind=Kind.RESULT,
        group=group,
        title=title,
        title_zh=zh,
        criteria=(criterion,),
        description=about,
        quantity=quantity,
        band=band,
        validity=validity,
        needs_date=True,
        needs_upper_limit=upper,
        test_code=test_code,
    )


POSITIVE_OR_NEGATIVE = {"positive": "Positive", "negative": "Negative"}
