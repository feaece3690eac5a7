"""Evidence and evaluations as JSON: read, checked, written. One form for storage, API and files."""

from screening.rules.wire.answer_schema import output_schema
from screening.rules.wire.answers import write_evaluation
from screening.rules.wire.cases import Case, read_case, read_cases
from screening.rules.wire.entries import read_entry, write_entry
from screening.rules.wire.faults import EvidenceInvalid, Fault
from screening.rules.wire.inputs import write_case
from screening.rules.wire.lines import LineWriter, encoded
from screening.rules.wire.scalars import read_day
from screening.rules.wire.schema import input_schema
from screening.rules.wire.soft import soft_warnings

__all__ = [
    "Case",
    "EvidenceInvalid",
    "Fault",
    "LineWriter",
    "encoded",
    "input_schema",
    "output_schema",
    "read_case",
    "read_cases",
    "read_day",
    "read_entry",
    "soft_warnings",
    "write_case",
    "write_entry",
    "write_evaluation",
]
