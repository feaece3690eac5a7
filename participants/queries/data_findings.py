"""What the data rules of the version in force ask of the records of one participant."""

from collections.abc import Sequence
from datetime import datetime

from participants.queries.course import Course
from trialsite.errors import RuleViolated
from trialsite.protocol.data_rules import DataFinding, RecordFacts, data_findings
from trialsite.protocol.registry import shipped
from trialsite.protocol.types import EventKind
from trialsite.protocol.windows import civil_date
from trialsite.protocol.zones import zone_at


def findings_in(course: Course, records: Sequence[RecordFacts], at: datetime) -> tuple[DataFinding, ...]:
    """Return the questions at `at`; none while no protocol version is in force at the site."""
    try:
        rules = course.version_at(at).data_rules
    except RuleViolated:
        return ()
    died = course.last(EventKind.DIED)
    today = civil_date(at, zone_at(course.events, course.facts, at))
    return data_findings(rules, records, today=today, died_on=died.on if died else None)


def may_be_asked(records: Sequence[RecordFacts], at: datetime) -> bool:
    """Return whether any version of the protocol would ask something, whoever it binds: a look without reading."""
    return any(data_findings(version.data_rules, records, today=at.date()) for version in shipped())
