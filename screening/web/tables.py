"""The table of this app that may leave: the screening and enrolment log."""

from collections.abc import Iterator

from participants.models import Participant
from participants.web.tables import refuse_by
from screening.filters import LogFilter
from screening.queries import log
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.inspection.files.tables import Cells, Column, Sought, Table

_CHUNK = 500
# In the order of log.HEADER; what is not printed is in the other files.
_SHARES = (9, 5, 0, 0, 9, 10, 0, 9, 6, 6, 9, 0, 11, 9, 12, 16, 10, 8, 13, 0)
_COLUMNS = tuple(
    Column(name=heading.lower().replace(" ", "_"), heading=heading, share=share)
    for heading, share in zip(log.HEADER, _SHARES, strict=True)
)


def _rows(user: User, sought: Sought) -> Iterator[Cells]:
    found = LogFilter(dict(sought), Participant.objects.visible_to(user)).qs
    rows = log.with_log(found).order_by("recorded_at", "id").iterator(chunk_size=_CHUNK)
    return (log.cells_of(line) for line in log.log_lines(rows))


SCREENING_LOG = Table(
    name="screening-log",
    title="Screening and enrolment log",
    permission=Permission.VIEW_PARTICIPANT,
    columns=_COLUMNS,
    rows=_rows,
    filters=frozenset(LogFilter.base_filters),
    refuse=refuse_by(LogFilter, Participant),
    order=30,
)
