"""The laboratory feed: files in the shape of SDTM LB, read without a framework and without a database."""

from screening.rules.feed.faults import FileRefused, RowFault, RowRefused
from screening.rules.feed.limits import require_size
from screening.rules.feed.moments import Specimen, taken_at
from screening.rules.feed.results import NotNeeded, Reported, cell, read_result
from screening.rules.feed.table import Row, read_table
from screening.rules.feed.text import ENCODINGS

__all__ = [
    "ENCODINGS",
    "FileRefused",
    "NotNeeded",
    "Reported",
    "Row",
    "RowFault",
    "RowRefused",
    "Specimen",
    "cell",
    "read_result",
    "read_table",
    "require_size",
    "taken_at",
]
