"""What response by RECIST 1.1 leaves to the protocol. The record says RECIST 1.1 and nothing more: all assumed."""

from trialsite.protocol.types import Limit, Source


def _limit(limit_id: str, value: int, unit: str, title: str) -> Limit:
    return Limit(id=f"L-RECIST-{limit_id}", value=value, unit=unit, title=title, source=Source.ASSUMED)


RESPONSE_LIMITS = (
    _limit("TARGETS", 5, "lesions", "Most target lesions"),
    _limit("PER-ORGAN", 2, "lesions", "Most target lesions in one organ"),
    _limit("BASELINE", 28, "days", "Longest time from the baseline scan to the infusion"),
    _limit("CONFIRM", 28, "days", "Shortest time from a response to the scan that confirms it"),
    _limit("SD", 42, "days", "Shortest time from the infusion to a scan that makes stable disease"),
    _limit(
        "MISSED", 2, "assessments", "Planned scans missed in a row before progression or death that hide it"
    ),
)
