"""The whole case as it is kept with an evaluation, so that the evaluation can be computed again."""

from typing import Any

from screening.rules.evidence import Anchors, EvidenceRecord
from screening.rules.wire.entries import write_entry
from trialsite.protocol.types import Arm


def write_case(
    case_id: str, version: str, arm: Arm | None, anchors: Anchors, record: EvidenceRecord
) -> dict[str, Any]:
    """Return what `read_case` reads back as the same case; entries lose only their refs."""
    days = {
        "consent_on": anchors.consent_on,
        "screening_on": anchors.screening_on,
        "enrolment_on": anchors.enrolment_on,
        "as_of": anchors.as_of,
    }
    return {
        "id": case_id,
        "protocol_version": version,
        **({"arm": arm.value} if arm else {}),
        **{name: day.isoformat() for name, day in days.items() if day is not None},
        "purpose": anchors.purpose.value,
        "evidence": {
            item: [write_entry(entry) for entry in entries] for item, entries in record.entries.items()
        },
    }
