"""What can be signed: each room declares its own kinds at start-up, and signing knows nothing of what they are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.signing.rules import Meaning

Content = Mapping[str, Any]
EVERY_TABLE = ("*",)  # as `tables` of a kind that reads whatever belongs to a participant


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """To whom a record belongs. participant_id, code: of the participant, where it belongs to one."""

    site: Site | None
    participant_id: UUID | None = None
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the signer is shown and what is kept with the signature: a heading and lines of (label, value)."""

    heading: str
    lines: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        return "\n".join([self.heading, *(f"{label}: {value}" for label, value in self.lines)])


def _no_obstacles(record: Any, by: User) -> tuple[str, ...]:
    return ()


def _no_owner_lock(record: Any) -> None:
    """Nothing beside the record itself is locked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of signable record.

    rows(queryset): joins and prefetches, so that `content` and `shown` of many records need a fixed number of queries.
    contents: by schema version, the values of the record and of the rows that belong to it, as plain JSON
    (trialsite/signing/content.py); the highest version is signed, the others are kept to verify what was signed before.
    shown(record): what the signer reads. owner(record): site and participant. href(record): its page.
    tables: tables that `contents` reads, for naming the trail entry that broke a signature.
    obstacles(record, by): why it cannot be signed by this person now: order, separation of duties, what is missing.
    awaiting(records): of records, those that ask for a signature; None where signing is not owed.
    has_page: signed on the general page; False where only its own act signs it.
    lock_owner(record): locks what a command on this record locks first, so that nothing changes meanwhile.
    """

    name: str
    title: str
    model: type[Model]
    permission: Permission
    meanings: tuple[Meaning, ...]
    contents: Mapping[int, Callable[[Any], Content]]
    shown: Callable[[Any], Shown]
    owner: Callable[[Any], Owner]
    href: Callable[[Any], str]
    tables: tuple[str, ...]
    rows: Callable[[QuerySet[Any]], QuerySet[Any]]
    obstacles: Callable[[Any, User], Sequence[str]] = _no_obstacles
    awaiting: Callable[[QuerySet[Any]], QuerySet[Any]] | None = None
    lock_owner: Callable[[Any], None] = _no_owner_lock
    has_page: bool = True

    @property
    def schema_version(self) -> int:
        return max(self.contents)

    def all_rows(self) -> QuerySet[Any]:
        return self.rows(self.model._base_manager.all())

    def visible_to(self, user: User) -> QuerySet[Any]:
        """Return the records that `user` may read."""
        visible: QuerySet[Any] = self.model._default_manager.all().visible_to(user)  # type: ignore[attr-defined]
        return self.rows(visible)

    def content(self, record: Any, schema_version: int | None = None) -> Content | None:
        """Return what is signed: kind, record and values; None for a schema that is not known here."""
        values = self.contents.get(schema_version or self.schema_version)
        if values is None:
            return None
        return {"kind": self.name, "record": str(record.pk), "values": dict(values(record))}


_kinds: dict[str, Kind] = {}
_by_model: dict[type[Model], Kind] = {}


def register(kind: Kind) -> None:
    """Add a kind; a second registration under its name replaces it. One model has one kind."""
    _kinds[kind.name] = kind
    _by_model[kind.model] = kind


def kind_named(name: str) -> Kind | None:
    return _kinds.get(name)


def kind_of(record: Model | type[Model]) -> Kind:
    """Return the kind of a record. Raises LookupError where its model cannot be signed."""
    model = record if isinstance(record, type) else type(record)
    found = _by_model.get(model)
    if found is None:
        raise LookupError(f"{model.__name__} is not declared as signable.")
    return found


def all_kinds() -> tuple[Kind, ...]:
    return tuple(_kinds[name] for name in sorted(_kinds))
