"""What was signed, whether it holds, what broke it, and what is locked."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db.models import Exists, Model, OuterRef, Q

from trialsite.accounts.models import User
from trialsite.accounts.permissions import may
from trialsite.audit.models import Entry
from trialsite.signing.guard import is_guarded
from trialsite.signing.kinds import EVERY_TABLE, Kind, all_kinds, kind_of
from trialsite.signing.models import Lock, LockScope, Signature
from trialsite.signing.rules import (
    Difference,
    Meaning,
    Standing,
    differences,
    digest,
    judge,
    may_still_sign,
    row_ids,
)

LISTED_UP_TO = 50
_NAMED_UP_TO = 12
SHARED_ACCOUNT = "A shared account signs nothing: sign in under your own name."
RESET_LATELY = (
    "Somebody else set the password of this account within the last 24 hours. You can sign after that time."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A signature as it is shown: who, when with zone, meaning; and whether it holds.

    entry: the trail entry of the change that broke it, where it is known. withdrawn_by: the signature that took it back.
    """

    signature: Signature
    standing: Standing
    differences: tuple[Difference, ...] = ()
    entry: Entry | None = None
    withdrawn_by: Signature | None = None

    @property
    def holds(self) -> bool:
        return self.standing is Standing.HOLDS

    @property
    def is_rejection(self) -> bool:
        return self.signature.meaning == Meaning.REJECTION.value

    @property
    def local_time(self) -> str:
        """The time at the site, to the second, with the name and the offset of its zone."""
        local = self.signature.signed_at.astimezone(ZoneInfo(self.signature.zone))
        return f"{local:%Y-%m-%d %H:%M:%S} {self.signature.zone} (UTC{local:%z})"

    @property
    def line(self) -> str:
        """The manifest in one line, for print and export."""
        one = self.signature
        meaning = f"{one.meaning}: {one.meaning_words}"
        return f"{one.printed_name} ({one.user_name}), {one.role}, {self.local_time}, {meaning}"

    @property
    def since_then(self) -> str:
        """What happened to what was signed, for print and export; "" where it holds.

        It names the values that differ and the trail entry, never the values: those are for the readers of the trail.
        """
        if self.withdrawn_by is not None:
            back = Manifest(signature=self.withdrawn_by, standing=Standing.HOLDS)
            return f"taken back {back.local_time}: {self.withdrawn_by.reason}"
        if self.standing is not Standing.CHANGED:
            return ""
        paths = [one.path.removeprefix("values.") for one in self.differences]
        more = f" and {len(paths) - _NAMED_UP_TO} more" if len(paths) > _NAMED_UP_TO else ""
        what = f"{', '.join(paths[:_NAMED_UP_TO])}{more}" or "the stored signature itself"
        return f"{what}; first by trail entry {self.entry.id}" if self.entry else what

    @property
    def line_with_standing(self) -> str:
        """The manifest and whether it holds, in one line."""
        said = self.since_then
        return f"{self.line} [{self.standing.value}{f': {said}' if said else ''}]"


def signatures_of(record: Model) -> tuple[Manifest, ...]:
    """Return the signatures of a record, newest first, each compared with the present content."""
    return signatures_of_many([record])[record.pk]


def signatures_of_many(records: Iterable[Model]) -> Mapping[Any, tuple[Manifest, ...]]:
    """Return the signatures of records of one kind, by their keys; a fixed number of queries."""
    wanted = list(records)
    if not wanted:
        return {}
    kind = kind_of(wanted[0])
    signed = list(
        Signature.objects.filter(kind=kind.name, record_id__in=[one.pk for one in wanted]).order_by(
            "-signed_at", "-recorded_at"
        )
    )
    found = _manifests(kind, signed)
    return {one.pk: found.get(one.pk, ()) for one in wanted}


def holds(record: Model, *meanings: Meaning) -> bool:
    """Return whether a signature with one of the meanings (none: any but a rejection) counts for the record now."""
    wanted = {one.value for one in meanings} or {one.value for one in Meaning} - {Meaning.REJECTION.value}
    return any(one.holds and one.signature.meaning in wanted for one in signatures_of(record))


def seen_digest(record: Model) -> str:
    """Return the digest of what a page shows for signing; `sign` refuses where it has changed since."""
    kind = kind_of(record)
    fresh = kind.all_rows().get(pk=record.pk)
    return digest(kind.content(fresh))


def _manifests(kind: Kind, signed: Sequence[Signature]) -> dict[Any, tuple[Manifest, ...]]:
    if not signed:
        return {}
    present = {one.pk: one for one in kind.all_rows().filter(pk__in={one.record_id for one in signed})}
    taken_back = {one.withdraws_id: one for one in signed if one.withdraws_id}
    found: defaultdict[Any, list[Manifest]] = defaultdict(list)
    contents: dict[tuple[Any, int], Any] = {}
    for one in signed:
        if one.withdraws_id:
            continue  # shown with the signature it takes back
        record = present.get(one.record_id)
        key = (one.record_id, one.schema_version)
        if key not in contents:
            contents[key] = kind.content(record, one.schema_version) if record is not None else None
        found[one.record_id].append(_manifest(one, contents[key], taken_back.get(one.pk)))
    _name_entries(kind, [one for those in found.values() for one in those], contents, found)
    return {key: tuple(those) for key, those in found.items()}


def _manifest(signature: Signature, present: Any, withdrawn_by: Signature | None) -> Manifest:
    is_intact = (
        digest(signature.content) == signature.content_digest
        and signature.digest_of_all() == signature.own_digest
        and signature.content.get("record") == str(signature.record_id)
    )
    standing, found = judge(
        is_intact=is_intact,
        is_withdrawn=withdrawn_by is not None,
        signed=signature.content,
        present=present,
    )
    return Manifest(signature=signature, standing=standing, differences=found, withdrawn_by=withdrawn_by)


def _name_entries(
    kind: Kind, manifests: Sequence[Manifest], contents: Mapping[Any, Any], found: dict[Any, list[Manifest]]
) -> None:
    """Say by which trail entry each broken signature was broken: one query more, and only where one is broken."""
    broken = [one for one in manifests if one.standing is Standing.CHANGED]
    if not broken:
        return
    ids = row_ids(contents.values()) | row_ids(one.signature.content for one in broken)
    ids |= {str(one.signature.record_id) for one in broken}
    entries = list(
        Entry.objects.filter(
            Q(table_name__in=_tables(kind), row_id__in=ids)
            | Q(table_name="signing_signature", row_id__in=[str(one.signature.pk) for one in broken])
        ).order_by("id")
    )
    began = {entry.row_id: entry.id for entry in entries if entry.table_name == "signing_signature"}
    for one in broken:
        present = contents[(one.signature.record_id, one.signature.schema_version)]
        own = row_ids([one.signature.content, present]) | {str(one.signature.record_id)}
        since = began.get(str(one.signature.pk), 0)
        entry = next(
            (e for e in entries if e.id > since and e.row_id in own and e.table_name != "signing_signature"),
            None,
        )
        listed = found[one.signature.record_id]
        listed[listed.index(one)] = Manifest(
            signature=one.signature, standing=one.standing, differences=one.differences, entry=entry
        )


def _tables(kind: Kind) -> list[str]:
    """Return the tables a kind reads."""
    if kind.tables != EVERY_TABLE:
        return list(kind.tables)
    return [model._meta.db_table for model in apps.get_models(include_auto_created=True) if is_guarded(model)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSign:
    """A record that asks for a signature. broken: the signature that does not hold any more, if there was one."""

    kind: Kind
    record: Any
    title: str
    href: str
    code: str
    site_code: str
    broken: Manifest | None = None


def broken_for(user: User) -> tuple[ToSign, ...]:
    """Return the records at the user's sites whose signature does not hold any more and was not replaced."""
    newer = Signature.objects.filter(
        kind=OuterRef("kind"),
        record_id=OuterRef("record_id"),
        recorded_at__gte=OuterRef("noticed__recorded_at"),
        noticed__isnull=True,
        withdraws__isnull=True,
    )
    noticed = Signature.objects.visible_to(user).filter(noticed__isnull=False, withdrawn_by__isnull=True)
    keys: defaultdict[str, set[Any]] = defaultdict(set)
    for name, record_id in noticed.exclude(Exists(newer)).values_list("kind", "record_id"):
        keys[name].add(record_id)
    found: list[ToSign] = []
    for kind in all_kinds():
        if not keys[kind.name]:
            continue
        records = list(kind.all_rows().filter(pk__in=keys[kind.name]))
        signed = signatures_of_many(records)
        found += [_to_sign(kind, one, signed[one.pk][0]) for one in records if _is_broken(signed[one.pk])]
    return tuple(sorted(found, key=lambda one: (one.code, one.title)))


def _is_broken(those: Sequence[Manifest]) -> bool:
    """The newest does not hold, and none with the same meaning does."""
    is_void = bool(those) and those[0].standing in {Standing.CHANGED, Standing.UNVERIFIABLE}
    return is_void and not any(one.holds for one in those)


def awaiting_for(user: User) -> tuple[ToSign, ...]:
    """Return the records that ask this user for a first signature; up to LISTED_UP_TO of each kind."""
    found: list[ToSign] = []
    for kind in all_kinds():
        if kind.awaiting is None or not user.access.holds(kind.permission):
            continue
        signed = Signature.objects.filter(kind=kind.name).values("record_id")
        sites = user.access.site_ids(kind.permission)
        records = kind.awaiting(kind.visible_to(user)).exclude(pk__in=signed)[: LISTED_UP_TO * 2]
        mine = [one for one in records if _is_at(kind.owner(one).site, sites)]
        found += [_to_sign(kind, one) for one in mine[:LISTED_UP_TO]]
    return tuple(found)


def _is_at(site: Any, sites: frozenset[UUID] | None) -> bool:
    return sites is None or site is None or site.pk in sites


def _to_sign(kind: Kind, record: Any, broken: Manifest | None = None) -> ToSign:
    owner = kind.owner(record)
    return ToSign(
        kind=kind,
        record=record,
        title=kind.shown(record).heading,
        href=kind.href(record),
        code=owner.code,
        site_code=owner.site.code if owner.site else "",
        broken=broken,
    )


def obstacles_of(record: Any, by: User) -> tuple[str, ...]:
    """Return why `by` cannot sign the record now; for buttons. `sign` asks the same."""
    kind = kind_of(record)
    site = kind.owner(record).site
    if not (may(by, kind.permission, site.pk) if site else by.access.holds(kind.permission)):
        return ("Your role does not sign this here.",)
    if by.is_shared:
        return (SHARED_ACCOUNT,)
    return tuple(kind.obstacles(record, by))


def why_not_sign(by: User, at: datetime) -> str:
    """Return why `by` signs nothing now, whatever the record, or ""; for forms. `sign` asks the same."""
    if by.is_shared:
        return SHARED_ACCOUNT
    return "" if may_still_sign(by.password_reset_at, at) else RESET_LATELY


# ---- Locks


def is_locked(*columns: str) -> Exists:
    """Return whether a lock in force holds one of the targets that `columns` of the outer query name, or everything."""
    held = Q(scope=LockScope.TRIAL.value)
    for column in columns:
        held |= Q(target_id=OuterRef(column))
    return Exists(Lock.objects.in_force().filter(held))


def lock_over(*ids: UUID | None) -> Lock | None:
    """Return a lock in force over one of these records, participants or sites, or over everything."""
    wanted = Q(target_id__in=[one for one in ids if one is not None]) | Q(scope=LockScope.TRIAL.value)
    return Lock.objects.in_force().filter(wanted).order_by("locked_at").first()


def differs_since(record: Model, signed: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return what differs between a content and the present one."""
    kind = kind_of(record)
    return differences(signed, kind.content(kind.all_rows().get(pk=record.pk)))


def changed_after(record: Model, at: datetime) -> tuple[Entry, ...]:
    """Return the trail entries about a signable record since an instant, oldest first: what a stale page missed."""
    kind = kind_of(record)
    fresh = kind.all_rows().get(pk=record.pk)
    ids = row_ids([kind.content(fresh)]) | {str(record.pk)}
    found = Entry.objects.filter(table_name__in=_tables(kind), row_id__in=ids, recorded_at__gt=at)
    return tuple(found.order_by("id")[:LISTED_UP_TO])
