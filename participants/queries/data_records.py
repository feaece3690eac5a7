"""The records a question may hang on: each app registers its kinds, with their fields and how the rules see them.

So questions, and the page that shows a record field by field, reach stages they cannot import.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from participants.models import Participant
from participants.queries.course import Course
from trialsite.audit.records import Record
from trialsite.protocol.data_rules import RecordFacts, in_words


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """One field as it is shown. value: text, number, date or instant; None or "" = blank. unit: behind the value."""

    field: str
    label: str
    value: object
    unit: str = ""

    @property
    def is_blank(self) -> bool:
        return self.value is None or self.value == ""

    @property
    def is_moment(self) -> bool:
        return isinstance(self.value, datetime)

    @property
    def is_date(self) -> bool:
        return isinstance(self.value, date) and not self.is_moment

    @property
    def text(self) -> str:
        """What is read aloud of any other value: numbers as they were measured, codes in words."""
        if isinstance(self.value, Decimal):
            return in_words(self.value)
        return str(self.value)


# Reads the facts of all records of many participants in a fixed number of statements.
FactsOf = Callable[[Sequence[Course]], Mapping[UUID, Sequence[RecordFacts]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKind:
    """path: the field path from the model to its participant. lines: the fields of one record, as they are shown.

    label: what one record is called. facts: how the data rules see the records; None = no rule looks at them.
    joins: what `lines` and `label` read beside the row itself.
    """

    name: str
    title: str
    model: type[Record]
    lines: Callable[[Any], Sequence[RecordLine]]
    label: Callable[[Any], str]
    path: str = "participant"
    facts: FactsOf | None = None
    joins: tuple[str, ...] = ()

    def find(self, participant: Participant, ref: str) -> Any | None:
        """Return the record of this participant, also a corrected one; None where there is no such."""
        try:
            wanted = UUID(ref)
        except ValueError:
            return None
        rows = (
            self.model._default_manager.select_related(*self.joins)
            if self.joins
            else self.model._default_manager.all()
        )
        return rows.filter(**{self.path: participant.pk}, pk=wanted).first()


_kinds: dict[str, RecordKind] = {}


def register_records(*kinds: RecordKind) -> None:
    """Let questions hang on records of these kinds; a second registration under a name replaces it."""
    for kind in kinds:
        _kinds[kind.name] = kind


def kind_of_record(name: str) -> RecordKind | None:
    return _kinds.get(name)


def record_kinds() -> tuple[RecordKind, ...]:
    return tuple(_kinds.values())


def title_of_kind(name: str) -> str:
    kind = _kinds.get(name)
    return kind.title if kind else name.replace("_", " ").capitalize()


def facts_of_courses(
    courses: Sequence[Course], kinds: Iterable[str] | None = None
) -> Mapping[UUID, list[RecordFacts]]:
    """Return what the rules see of these participants: a fixed number of statements for each kind."""
    wanted = set(_kinds) if kinds is None else set(kinds)
    found: dict[UUID, list[RecordFacts]] = {course.participant.pk: [] for course in courses}
    for name, kind in _kinds.items():
        if name in wanted and kind.facts is not None:
            for participant_id, facts in kind.facts(courses).items():
                found[participant_id] += facts
    return found


def lines_from(
    row: Record, labels: Mapping[str, str], units: Mapping[str, str] | None = None
) -> list[RecordLine]:
    """Return plain columns as lines: field → label; a coded value in its words."""
    units = units or {}
    return [
        RecordLine(field=name, label=label, value=_shown(row, name), unit=units.get(name, ""))
        for name, label in labels.items()
    ]


def _shown(row: Record, name: str) -> object:
    words = getattr(row, f"get_{name}_display", None)
    value = words() if callable(words) else getattr(row, name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    is_coded = bool(getattr(row._meta.get_field(name), "choices", None))
    return str(value).replace("_", " ") if is_coded and value else value
