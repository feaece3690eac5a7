"""How the state of a file of results is shown."""

from dataclasses import dataclass

from screening.models import ResultImport
from screening.states import ImportState
from trialsite.web.components import Status

STATUSES = {
    ImportState.WAITING: Status(words="Waiting", letter="W", shape="ring", tone="quiet"),
    ImportState.CHECKING: Status(words="Being checked", letter="C", shape="disc", tone="active"),
    ImportState.CHECKED: Status(words="Ready to import", letter="R", shape="disc", tone="active"),
    ImportState.REFUSED: Status(words="Has faults", letter="F", shape="octagon", tone="bad"),
    ImportState.QUEUED: Status(words="Waiting", letter="W", shape="ring", tone="quiet"),
    ImportState.IMPORTING: Status(words="Being imported", letter="I", shape="disc", tone="active"),
    ImportState.IMPORTED: Status(words="Imported", letter="✓", shape="square", tone="good"),
    ImportState.DISCARDED: Status(words="Discarded", letter="D", shape="dashed", tone="quiet"),
}
_NOTHING_NEW = Status(words="Nothing new", letter="N", shape="square", tone="quiet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """rows, of_rows: for the bar. An import goes through the file twice. of_rows 0 = not known."""

    status: Status
    rows: int
    of_rows: int
    megabytes: str
    tests: tuple[tuple[str, dict[str, int]], ...]


def shown(file: ResultImport) -> Shown:
    passes = 2 if file.import_state is ImportState.IMPORTING else 1
    is_idle = file.import_state is ImportState.CHECKED and not file.counts.get("new")
    return Shown(
        status=_NOTHING_NEW if is_idle else STATUSES[file.import_state],
        rows=min(file.rows_read, file.rows_expected * passes),
        of_rows=file.rows_expected * passes,
        megabytes=f"{file.size_bytes / 1e6:,.1f}"
        if file.size_bytes >= 100_000
        else f"{file.size_bytes / 1e6:.3f}",
        tests=_needed_first(file.counts.get("tests", {})),
    )


def _needed_first(tests: dict[str, dict[str, int]]) -> tuple[tuple[str, dict[str, int]], ...]:
    """Return the tests that serve a criterion; the others are summed up in one line of the page."""
    return tuple((test, counts) for test, counts in sorted(tests.items()) if set(counts) - {"not_needed"})
