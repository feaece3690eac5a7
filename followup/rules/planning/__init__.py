"""A schedule out of a record that was sent: events in, everything due out. Nothing is stored, no clock is read.

One form for the API and for files, the schema beside the reader.
"""

from followup.rules.planning.answers import write_schedule
from followup.rules.planning.asked import plan_record, plan_records
from followup.rules.planning.outlook import Outlook, PlanRequest, outlook_of
from followup.rules.planning.schemas import outlook_schema, record_schema, schemas

__all__ = [
    "Outlook",
    "PlanRequest",
    "outlook_of",
    "outlook_schema",
    "plan_record",
    "plan_records",
    "record_schema",
    "schemas",
    "write_schedule",
]
