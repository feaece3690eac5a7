"""Taking tables out: who may, logged before the first byte leaves, or nothing leaves."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO

from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission, require_anywhere
from trialsite.audit.reads import ReadKind, note_read
from trialsite.errors import RuleViolated
from trialsite.inspection.files.archive import Archive, Kind, Request, Wanted, write_archive
from trialsite.inspection.files.tables import Table, table_named

PURPOSE_LIMIT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An archive that may leave now. file: at its beginning; closing it removes it."""

    name: str
    file: IO[bytes]
    archive: Archive


def export_tables(
    *,
    names: Sequence[str],
    sought: Mapping[str, Mapping[str, str]],
    kinds: Collection[Kind],
    purpose: str,
    by: User,
    at: datetime,
) -> Export:
    """Return an archive of the named tables, its taking recorded (audit.reads) with the hash of its manifest.

    Needs EXPORT_RECORDS and the permission of each table; each holds the rows of the sites at which `by` has it. sought:
    filters by table. Raises RuleViolated("purpose-required", "nothing-chosen", "unknown-table", "filter-invalid"), and
    Unavailable("read-not-recorded") where the taking cannot be recorded.
    """
    require_anywhere(by, Permission.EXPORT_RECORDS)
    if not purpose.strip():
        raise RuleViolated("purpose-required", "Say what the files are for.", field="purpose")
    if not kinds:
        raise RuleViolated("nothing-chosen", "Choose at least one kind of file.", field="kinds")
    wanted = [_wanted(name, sought.get(name, {}), by) for name in dict.fromkeys(names)]
    if not wanted:
        raise RuleViolated("nothing-chosen", "Choose at least one table.", field="tables")
    sites = _sites(by)
    request = Request(
        wanted=wanted,
        kinds=frozenset(kinds),
        purpose=purpose.strip()[:PURPOSE_LIMIT],
        by=by,
        at=at,
        zone=sites[0].time_zone if len({site.time_zone for site in sites}) == 1 else "UTC",
        scope="every site" if by.access.site_ids(Permission.EXPORT_RECORDS) is None else _codes(sites),
    )
    file: IO[bytes] = TemporaryFile()  # noqa: SIM115  (it is closed with the answer)
    try:
        archive = write_archive(file, request)  # type: ignore[arg-type]
        _note(request, archive, sites)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return Export(name=f"export-{at:%Y%m%dT%H%M%SZ}.zip", file=file, archive=archive)


def _note(request: Request, archive: Archive, sites: Sequence[Site]) -> None:
    what = ", ".join(one.table.name for one in request.wanted)
    note_read(
        kind=ReadKind.EXPORT,
        what=f"{what}; manifest SHA-256 {archive.manifest_sha256}",
        by=request.by,
        at=request.at,
        site_ids=[] if request.scope == "every site" else [site.pk for site in sites],
        row_count=sum(archive.rows.values()),
        purpose=request.purpose,
    )


def _wanted(name: str, sought: Mapping[str, str], by: User) -> Wanted:
    table = _table(name)
    require_anywhere(by, table.permission)
    unknown = sorted(set(sought) - table.filters)
    faults = [f"{one} is no filter of it" for one in unknown] or list(table.refuse(sought))
    if faults:
        raise RuleViolated("filter-invalid", f"{table.title}: {'; '.join(faults)}.", field="sought")
    return Wanted(table=table, sought=dict(sought))


def _table(name: str) -> Table:
    table = table_named(name)
    if table is None:
        raise RuleViolated("unknown-table", f"There is no table {name[:40]} to take out.", field="tables")
    return table


def _sites(by: User) -> list[Site]:
    return list(Site.objects.where_may(by, Permission.EXPORT_RECORDS).order_by("code"))


def _codes(sites: Sequence[Site]) -> str:
    return ", ".join(f"{site.code} {site.name}" for site in sites)
