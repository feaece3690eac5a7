"""One criterion looked at, on the evidence of somebody otherwise eligible."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from screening.rules.assessments import Assessment
from screening.rules.evaluate import evaluate
from screening.rules.evidence import Anchors
from tests.factories.evidence import Change, eligible_anchors, eligible_record
from trialsite.protocol.criteria import CriterionStatus
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Arm, ProtocolVersion, Sign

VERSION = resolve("1.0")
ON = date(2026, 6, 15)  # consent, screening, every entry and the day looked at, unless a test says otherwise
MET, NOT_MET, UNKNOWN = CriterionStatus.MET, CriterionStatus.NOT_MET, CriterionStatus.UNKNOWN


def assessed(
    criterion: str,
    *,
    anchors: Anchors | None = None,
    arm: Arm | None = None,
    version: ProtocolVersion = VERSION,
    on: date = ON,
    **changes: Change,
) -> Assessment:
    record = eligible_record(on, **changes)
    return evaluate(version, record, anchors or eligible_anchors(on), arm, [criterion]).assessments[criterion]


def status(criterion: str, **given) -> CriterionStatus:
    return assessed(criterion, **given).status


def amended(threshold_id: str, value: str, sign: Sign | None = None) -> ProtocolVersion:
    """Return version 1.0 with another number, and perhaps another sign, in one threshold."""
    return replace(
        VERSION,
        thresholds=tuple(
            replace(one, value=Decimal(value), sign=sign or one.sign) if one.id == threshold_id else one
            for one in VERSION.thresholds
        ),
    )
