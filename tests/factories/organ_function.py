"""Organ function out of a file of laboratory results, worked out twice: by the product, and straight from the file.

The second way shares no code with the first: it reads the rows as dictionaries and has the thresholds written out.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from participants.models import Participant
from participants.queries.course import load_course
from participants.services.consents import record_consent
from participants.services.referral import refer_participant
from screening.models import SubjectAlias
from screening.queries.evidence import evaluated, evidence_file
from screening.services.aliases import link_subjects
from screening.services.episodes import start_screening
from tests.factories.journeys import Ward, make_ward
from trialsite.protocol.types import Arm

CRITERIA = ("I10.1", "I10.3", "I10.4", "I10.5")
NEEDED = ("WBC", "NEUT", "LYM", "PLAT", "HGB", "CREAT", "ALT", "AST", "BILI")
VALID_DAYS = 7
# subject and day → criterion → status
Outcome = dict[tuple[str, date], dict[str, str]]


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def sampled_days(rows: Iterable[Mapping[str, str]]) -> dict[str, list[date]]:
    """Return for each subject the dates with a result that a criterion asks for, the last one last."""
    found: dict[str, set[date]] = defaultdict(set)
    for row in rows:
        if row["LBTESTCD"] in NEEDED and row["LBORRES"]:
            found[row["USUBJID"]].add(date.fromisoformat(row["LBDTC"][:10]))
    return {subject: sorted(days) for subject, days in found.items()}


def calculated(rows: list[dict[str, str]]) -> Outcome:
    """Return what the criteria give on each day on which the subject was sampled, from the rows alone."""
    own: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        if row["LBTESTCD"] in NEEDED and row["LBORRES"]:
            own[row["USUBJID"]].append(row)
    return {
        (subject, day): dict(zip(CRITERIA, _statuses(_newest(own[subject], day)), strict=True))
        for subject, days in sampled_days(rows).items()
        for day in days
    }


def _newest(rows: list[dict[str, str]], day: date) -> dict[str, dict[str, str]]:
    """The latest row of each test that is valid on `day`."""
    found: dict[str, dict[str, str]] = {}
    for row in sorted(rows, key=lambda one: one["LBDTC"]):
        if 0 <= (day - date.fromisoformat(row["LBDTC"][:10])).days <= VALID_DAYS:
            found[row["LBTESTCD"]] = row
    return found


def _statuses(row: Mapping[str, Mapping[str, str]]) -> tuple[str, str, str, str]:
    def number(test: str) -> Decimal | None:
        is_usable = test in row and row[test]["LBORRESU"]
        return Decimal(row[test]["LBORRES"].lstrip("<")) if is_usable else None

    def times_upper(test: str) -> Decimal | None:
        value = number(test)
        if value is None or not row[test]["LBORNRHI"]:
            return None
        return value / Decimal(row[test]["LBORNRHI"])

    counts = {"WBC": "2.0", "NEUT": "1.0", "LYM": "0.5", "PLAT": "50", "HGB": "8.0"}  # 10⁹/L; g/dL
    parts = [None if number(t) is None else number(t) > Decimal(low) for t, low in counts.items()]
    creatinine, bilirubin = times_upper("CREAT"), times_upper("BILI")
    enzymes = [times_upper("ALT"), times_upper("AST")]
    within_3 = [None if ratio is None else ratio <= 3 for ratio in enzymes]
    within_5 = [None if ratio is None else ratio <= 5 for ratio in enzymes]
    if False in within_5:
        liver = "not_met"
    elif all(within_3):
        liver = "met"
    else:  # it hangs on liver metastases, which no laboratory knows
        liver = "unknown"
    return (
        "not_met" if False in parts else "unknown" if None in parts else "met",
        "unknown" if creatinine is None else "met" if creatinine <= 2 else "not_met",
        liver,
        "unknown" if bilirubin is None else "met" if bilirubin <= 2 else "not_met",
    )


def screened_ward(subjects: Iterable[str], first_on: date) -> Ward:
    """Return a site where each subject is in screening since a day before `first_on`, under the number linked."""
    began_at = datetime(first_on.year, first_on.month, first_on.day, tzinfo=UTC) - timedelta(days=3)
    ward = make_ward(since=began_at - timedelta(days=30))
    links = [(subject, _screened(ward, began_at)) for subject in subjects]
    link_subjects(links=links, by=ward.coordinator, at=began_at + timedelta(days=1))
    return ward


def _screened(ward: Ward, at: datetime) -> Participant:
    by = ward.coordinator
    one = refer_participant(site=ward.site, referred_at=at, intended_arm=Arm.INTRAVENOUS, by=by, at=at)
    record_consent(participant=one, icf=ward.icf, signed_at=at, by=by, at=at)
    start_screening(participant=one, started_at=at, by=by, at=at)
    return one


def evaluated_outcome(ward: Ward, days: Mapping[str, list[date]]) -> Outcome:
    """Return what the product makes of the stored results, on each day on which the subject was sampled."""
    found: Outcome = {}
    links = SubjectAlias.objects.filter(participant__site=ward.site, number__in=days)
    for link in links.select_related("participant__site"):
        course = load_course(link.participant)
        file = evidence_file(course)
        assert file is not None
        for day in days[link.number]:
            version = course.version_at(datetime(day.year, day.month, day.day, tzinfo=UTC))
            assessments = evaluated(course, file, version, day).assessments
            found[link.number, day] = {key: assessments[key].status.value for key in CRITERIA}
    return found


def on_last_day(outcome: Outcome) -> Outcome:
    last = dict(sorted(outcome))
    return {(subject, day): outcome[subject, day] for subject, day in last.items()}


def table(outcome: Outcome) -> str:
    """Return the outcome as a table: subjects, or their days, by criterion and status."""
    counts = {key: Counter(one[key] for one in outcome.values()) for key in CRITERIA}
    lines = [f"{'':8}{'met':>9}{'not met':>9}{'unknown':>9}{'all':>9}"]
    for key, count in counts.items():
        numbers = [count["met"], count["not_met"], count["unknown"], sum(count.values())]
        lines.append(f"{key:8}" + "".join(f"{number:>9}" for number in numbers))
    return "\n".join(lines)
