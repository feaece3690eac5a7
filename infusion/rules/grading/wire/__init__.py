"""Findings and grades as JSON: one form for the API and for files, the schema beside the reader."""

from infusion.rules.grading.wire.records import (
    ASSESSMENTS,
    Graded,
    grade_mixed,
    grade_record,
    grade_records,
    write_grading,
)
from infusion.rules.grading.wire.schemas import grading_schema, record_schema, schemas

__all__ = [
    "ASSESSMENTS",
    "Graded",
    "grade_mixed",
    "grade_record",
    "grade_records",
    "grading_schema",
    "record_schema",
    "schemas",
    "write_grading",
]
