"""Importing laboratory results from a file: looked at as a whole first, then written as a whole or not at all."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import BinaryIO

from django.conf import settings

from participants.models import ObservationDomain, Participant
from participants.services.journey import command
from participants.services.observations import Reading, save_readings_of_many
from screening.queries.feed import Outcome, What, outcomes
from screening.queries.import_report import Report
from screening.rules.feed import read_table, require_size
from screening.services.evaluations import follow_evidence
from trialsite.accounts.models import Site
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.errors import data_locked
from trialsite.signing.queries import is_locked

ACTION = "screening.results_imported"
_BATCH = 1_000
_CHUNK = 1_000_000
_LONGEST_NAME = 100
_NAMED = 20  # so many locked participants are named in a refusal

OnOutcome = Callable[[Outcome], None]


@dataclass(frozen=True, slots=True)
class ResultFile:
    """stream: seekable, read more than once. name: as the user knows it. encoding: of text, see feed.ENCODINGS."""

    stream: BinaryIO
    name: str
    encoding: str = "utf-8"


class _Changed(Exception):
    """Between looking and writing somebody stored something else."""


def import_results(
    *,
    site: Site,
    file: ResultFile,
    by: Actor,
    at: datetime,
    is_dry_run: bool = False,
    on_outcome: OnOutcome | None = None,
    on_row: Callable[[int], None] | None = None,
) -> Report:
    """Import the results of a file, all or none, and return what became of its rows. Needs IMPORT_RESULTS.

    The file is gone through once to look; where nothing is at fault it is gone through again, by the same rules,
    with everybody concerned locked, and written. Nothing that is stored is changed; the same file again adds
    nothing. The eligibility of everybody with a new result is evaluated anew, once.
    on_outcome: told of every row of the first pass. on_row: told how many rows were gone through; the second pass goes on counting.
    Raises FileRefused for what is no table of results, RuleViolated("file-too-large"),
    DataLocked("data-locked").
    """
    require(by, Permission.IMPORT_RESULTS, site.pk)
    require_size(file.stream.seek(0, 2), settings.RESULT_FILE_MAX_BYTES)
    report = _looked_at(site, file, at, on_outcome, on_row)
    if is_dry_run or report.fault_count or not report.new_count:
        return report
    reason = f"{file.name[:_LONGEST_NAME]}, SHA-256 {_digest(file.stream)}"
    try:
        with acting(by=by, at=at, action=ACTION, reason=reason):
            _lock(report)
            written = _written(site, file, by, at, _counted_on(on_row, report.rows))
            _follow(written, by, at)
    except _Changed:
        return _looked_at(site, file, at, on_outcome, None)
    written.is_written = True
    return written


def _digest(stream: BinaryIO) -> str:
    stream.seek(0)
    digest = hashlib.sha256()
    while piece := stream.read(_CHUNK):
        digest.update(piece)
    return digest.hexdigest()


def _looked_at(
    site: Site,
    file: ResultFile,
    at: datetime,
    on_outcome: OnOutcome | None,
    on_row: Callable[[int], None] | None,
) -> Report:
    report = Report()
    for one in outcomes(read_table(file.stream, file.encoding), site, at):
        report.add(one)
        if on_outcome is not None:
            on_outcome(one)
        if on_row is not None:
            on_row(report.rows)
    return report


def _counted_on(on_row: Callable[[int], None] | None, rows: int) -> Callable[[int], None] | None:
    """Return `on_row` for the second pass: it goes on counting where the first one ended."""
    return None if on_row is None else lambda row: on_row(rows + row)


def _lock(report: Report) -> None:
    """Lock everybody concerned in one order, so that two imports never wait for each other in a circle.

    Raises DataLocked("data-locked") where one of them is frozen or their data locked: then none is written.
    """
    concerned = Participant.objects.filter(pk__in=report.participants)
    for _ in (
        concerned.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk").iterator()
    ):
        pass
    closed = concerned.filter(is_locked("pk", "site")).order_by("code").values_list("code", flat=True)
    if codes := list(closed[:_NAMED]):
        raise data_locked(f"participant {', '.join(codes)}")


def _written(
    site: Site, file: ResultFile, by: Actor, at: datetime, on_row: Callable[[int], None] | None
) -> Report:
    """Insert what is new, in batches. Raises _Changed where a row is at fault now."""
    report = Report()
    new = _new(outcomes(read_table(file.stream, file.encoding), site, at), report, on_row)
    while batch := list(islice(new, _BATCH)):
        save_readings_of_many([_reading(one, file.name) for one in batch], by=by, at=at)
    return report


def _new(found: Iterator[Outcome], report: Report, on_row: Callable[[int], None] | None) -> Iterator[Outcome]:
    for one in found:
        report.add(one)
        if one.what is What.FAULT:
            raise _Changed
        if on_row is not None:
            on_row(report.rows)
        if one.what is What.NEW:
            yield one


def _reading(one: Outcome, file_name: str) -> tuple[Participant, Reading]:
    result = one.result
    if result is None or one.participant is None or one.taken_at is None:
        raise ValueError(f"Row {one.row} cannot be imported.")
    origin = f"{file_name[:_LONGEST_NAME]}, row {one.row}"
    reading = Reading(
        domain=ObservationDomain.LABORATORY,
        test_code=result.item.test_code,
        value=result.value,
        operator=result.operator.value,
        unit=result.unit,
        lower=result.lower,
        upper=result.upper,
        reported=result.reported,
        not_done=result.not_done,
        taken_at=one.taken_at,
        is_time_known=result.specimen.at_time is not None,
        laboratory=result.laboratory,
        method=result.method,
        source_document=f"{result.reference} · {origin}"[:200] if result.reference else origin,
    )
    return one.participant, reading


def _follow(report: Report, by: Actor, at: datetime) -> None:
    """Evaluate everybody anew who has a new result."""
    for participant in Participant.objects.filter(pk__in=report.participants).order_by("pk"):
        with command(
            participant=participant, permission=Permission.IMPORT_RESULTS, action=ACTION, by=by, at=at
        ) as course:
            follow_evidence(course, cause=ACTION, by=by, at=at)
