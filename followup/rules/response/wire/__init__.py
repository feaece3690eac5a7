"""Courses of lesions and their responses as JSON: one form for the API and for files, the schema beside the reader."""

from followup.rules.response.wire.answers import write_response
from followup.rules.response.wire.records import Assessed, assess_record, assess_records
from followup.rules.response.wire.schemas import answer_schema, record_schema, schemas

__all__ = [
    "Assessed",
    "answer_schema",
    "assess_record",
    "assess_records",
    "record_schema",
    "schemas",
    "write_response",
]
