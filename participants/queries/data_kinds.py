"""The kinds of records of this app that questions hang on: consents and measured values."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from participants.models import Consent, Observation
from participants.queries.course import Course
from participants.queries.data_records import RecordKind, RecordLine, lines_from
from participants.queries.measured_tests import BY_CODE, in_standard_unit
from trialsite.protocol.data_rules import RecordFacts
from trialsite.protocol.windows import civil_date

OBSERVATION = "observation"


def _title_of(test_code: str) -> str:
    test = BY_CODE.get(test_code)
    return test.title if test else test_code


def facts_of_value(row: Observation, zone: str = "UTC") -> RecordFacts:
    """Return a measured value as the rules see it, in the standard unit of its test."""
    value, unit = row.value, row.unit
    if value is not None:
        value, unit = in_standard_unit(row.test_code, value, unit)
    return RecordFacts(
        kind=OBSERVATION,
        ref=str(row.pk),
        label=_title_of(row.test_code),
        dated_by="taken_at",
        at=row.taken_at,
        on=civil_date(row.taken_at, zone),
        values={"value": value, "unit": unit, "not_done": row.not_done},
        test_code=row.test_code,
    )


def _values_of(courses: Sequence[Course]) -> Mapping[UUID, Sequence[RecordFacts]]:
    zones = {one.participant.pk: one.participant.site.time_zone for one in courses}
    found: dict[UUID, list[RecordFacts]] = {pk: [] for pk in zones}
    rows = Observation.objects.filter(participant__in=list(zones), voided_at__isnull=True)
    needed = ("participant_id", "test_code", "value", "unit", "not_done", "taken_at")
    for row in rows.only(*needed).iterator():
        found[row.participant_id].append(facts_of_value(row, zones[row.participant_id]))
    return found


def new_value_facts(rows: Iterable[Observation]) -> dict[UUID, list[RecordFacts]]:
    """Return values in force by participant; their days are of no account to the rules that look at them."""
    found: dict[UUID, list[RecordFacts]] = {}
    for row in rows:
        found.setdefault(row.participant_id, [])
        if row.voided_at is None:
            found[row.participant_id].append(facts_of_value(row))
    return found


def _value_lines(row: Observation) -> list[RecordLine]:
    return [
        RecordLine(
            field="value", label=_title_of(row.test_code), value=row.reported or row.value, unit=row.unit
        ),
        *lines_from(
            row,
            {
                "unit": "Unit",
                "taken_at": "Taken",
                "not_done": "Why there is no value",
                "laboratory": "Laboratory",
                "method": "Method",
                "source_document": "Source document",
            },
        ),
    ]


def _consent_lines(row: Consent) -> list[RecordLine]:
    labels = {
        "signed_at": "Signed",
        "signer": "Signed by",
        "representative_relation": "Relation of the representative",
        "obtained_by": "Obtained by",
        "copy_handed_over": "Copy handed over",
        "withdrawn_at": "Withdrawn",
    }
    return [RecordLine(field="icf", label="Version", value=str(row.icf)), *lines_from(row, labels)]


KINDS = (
    RecordKind(
        name="consent",
        title="Consent",
        model=Consent,
        lines=_consent_lines,
        label=lambda row: f"Consent, {row.icf}",
        joins=("icf",),
    ),
    RecordKind(
        name=OBSERVATION,
        title="Measured value",
        model=Observation,
        lines=_value_lines,
        label=lambda row: _title_of(row.test_code),
        facts=_values_of,
    ),
)
