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
    """rows: gone through in this pass, of `file.rows_expected`. done, in_all: for the bar; an import goes through
    the file twice. in_all 0 = not known. size: in words.
    """

    status: Status
    is_writing: bool
    rows: int
    done: int
    in_all: int
    size: str
    tests: tuple[tuple[str, dict[str, int]], ...]


def shown(file: ResultImport) -> Shown:
    is_import = file.import_state is ImportState.IMPORTING
    is_idle = file.import_state is ImportState.CHECKED and not file.counts.get("new")
    in_all = file.rows_expected * (2 if is_import else 1)
    is_writing = is_import and file.rows_read > file.rows_expected
    return Shown(
        status=_NOTHING_NEW if is_idle else STATUSES[file.import_state],
        is_writing=is_writing,
        rows=file.rows_read - (file.rows_expected if is_writing else 0),
        done=min(file.rows_read, in_all),
        in_all=in_all,
        size=_size(file.size_bytes),
        tests=_needed_first(file.counts.get("tests", {})),
    )


def _size(count: int) -> str:
    if count < 1_000:
        return f"{count} bytes"
    return f"{count / 1e3:,.0f} kB" if count < 1_000_000 else f"{count / 1e6:,.1f} MB"


def _needed_first(tests: dict[str, dict[str, int]]) -> tuple[tuple[str, dict[str, int]], ...]:
    """Return the tests that serve a criterion; the others are summed up in one line of the page."""
    return tuple((test, counts) for test, counts in sorted(tests.items()) if set(counts) - {"not_needed"})
