"""The evidence file of an episode: every answer in force, laboratory results included, as the engine reads it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet, TextField
from django.db.models.functions import Cast, JSONObject

from participants.models import Observation
from participants.queries.course import Course
from screening.models import EligibilityDecision, Evidence, ScreeningEpisode
from screening.rules.assessments import Evaluation
from screening.rules.evaluate import evaluate, recheck
from screening.rules.evidence import Anchors, Entry, EvidenceRecord, Purpose
from screening.rules.items import BY_ID, BY_TEST_CODE, ITEMS
from screening.rules.vocabulary import Item
from screening.rules.wire import read_entry, write_case
from trialsite.protocol.criteria import Verdict, overall
from trialsite.protocol.partial_dates import PartialDate, whole
from trialsite.protocol.results import Operator, Result
from trialsite.protocol.types import Act, Arm, EventKind, ProtocolVersion
from trialsite.protocol.windows import civil_date
from trialsite.signing.rules import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One stored answer with where it comes from. is_derived: known from elsewhere, not entered as evidence."""

    entry: Entry
    source_document: str = ""
    entered_by: str = ""
    recorded_at: datetime | None = None
    taken_at: datetime | None = None
    laboratory: str = ""
    version: int = 0
    is_derived: bool = False
    is_result: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFile:
    """episode: the newest. answers: by item, the oldest first. decision: the one in force, or None."""

    episode: ScreeningEpisode
    answers: Mapping[str, tuple[Answer, ...]]
    decision: EligibilityDecision | None

    @property
    def record(self) -> EvidenceRecord:
        return EvidenceRecord({key: tuple(one.entry for one in found) for key, found in self.answers.items()})


def evidence_file(course: Course, episode_id: UUID | None = None) -> EvidenceFile | None:
    """Load the newest episode (or the given one) with its evidence; None before screening. One statement."""
    found = _episodes().filter(participant=course.participant)
    episode = (
        found.filter(pk=episode_id).first() if episode_id is not None else found.order_by("-number").first()
    )
    if episode is None:
        return None
    loaded: Any = episode
    answers = [
        *_known_elsewhere(course),
        *(_answer(values) for values in loaded.evidence_values),
        *(_result(values, course.participant.site.time_zone) for values in loaded.result_values),
    ]
    decision = next((_decision(episode, values) for values in loaded.decision_values), None)
    return EvidenceFile(episode=episode, answers=_by_item(answers), decision=decision)


def item_of(answer: Evidence | Observation) -> Item:
    """Return the item of the catalogue that a stored answer or result belongs to."""
    return BY_ID[answer.item] if isinstance(answer, Evidence) else BY_TEST_CODE[answer.test_code]


def anchors_of(
    course: Course, file: EvidenceFile, as_of: date, purpose: Purpose = Purpose.SCREENING
) -> Anchors:
    """Return the dates look-backs count from. as_of: the day looked at; an enrolment on record fixes the decision."""
    consented = next((event.on for event in course.events if event.kind is EventKind.CONSENTED), None)
    enrolled = course.last(EventKind.ENROLLED)
    return Anchors(
        consent_on=consented,
        screening_on=file.episode.started_on,
        enrolment_on=enrolled.on if enrolled else None,
        as_of=as_of,
        purpose=purpose,
    )


def seen_of(course: Course, file: EvidenceFile) -> str:
    """Return the digest of all that a decision on the episode rests on, whatever the day it is taken.

    A form carries it, so that nobody signs a decision on evidence that came after it was opened.
    """
    anchors = anchors_of(course, file, file.episode.started_on)
    case = write_case(str(file.episode.pk), "", arm_of(course, file), anchors, file.record)
    return digest({**case, "decision": str(file.decision.pk) if file.decision else None})


def arm_of(course: Course, file: EvidenceFile) -> Arm | None:
    arm = course.participant.arm or file.episode.intended_arm or course.participant.intended_arm
    return Arm(arm) if arm else None


def evaluated(
    course: Course, file: EvidenceFile, version: ProtocolVersion, as_of: date, arm: Arm | None = None
) -> Evaluation:
    """Evaluate the file under `version` on a site-local day, for `arm` or the one the screening is for."""
    return evaluate(version, file.record, anchors_of(course, file, as_of), arm or arm_of(course, file))


def rechecked(
    course: Course, file: EvidenceFile, version: ProtocolVersion, as_of: date, act: Act
) -> Evaluation:
    """Evaluate what must still hold before `act` on a site-local day; look-backs count from that day.

    file: with the tests of later stages (`with_later_tests`), which are kept elsewhere.
    """
    anchors = anchors_of(course, file, as_of, Purpose.RECHECK)
    return recheck(version, file.record, as_of, act, arm_of(course, file), anchors.consent_on)


def verdict_for_enrolment(
    course: Course, file: EvidenceFile | None, version: ProtocolVersion, enrolled_at: datetime, arm: Arm
) -> Verdict:
    """Return the verdict on the day of enrolment for the arm about to be assigned; E7.2 counts from that day."""
    if file is None:
        return overall(version, {}, arm)
    enrolled_on = civil_date(enrolled_at, course.participant.site.time_zone)
    anchors = replace(anchors_of(course, file, enrolled_on), enrolment_on=enrolled_on)
    return evaluate(version, file.record, anchors, arm).verdict


@cache
def _episodes() -> QuerySet[ScreeningEpisode]:
    """Episodes with their evidence, results and decision. Built once: building costs more than running it."""
    evidence = Evidence.objects.filter(episode=OuterRef("pk"), voided_at__isnull=True).order_by("recorded_at")
    results = Observation.objects.filter(
        participant=OuterRef("participant"), voided_at__isnull=True, test_code__in=list(BY_TEST_CODE)
    ).order_by("taken_at", "recorded_at")
    decisions = EligibilityDecision.objects.filter(episode=OuterRef("pk"), reopened_at__isnull=True)
    return ScreeningEpisode.objects.annotate(
        evidence_values=ArraySubquery(
            evidence.values(
                row=JSONObject(
                    id="id",
                    item="item",
                    entry="entry",
                    source="source_document",
                    by="entered_by",
                    at="recorded_at",
                    version="version",
                )
            )
        ),
        result_values=ArraySubquery(results.values(row=JSONObject(**_RESULT_COLUMNS))),
        decision_values=ArraySubquery(
            decisions.values(
                row=JSONObject(
                    id="id",
                    version="version",
                    outcome="outcome",
                    findings="findings",
                    decided_at="decided_at",
                    decided_by="decided_by",
                )
            )
        ),
    )


# Decimals leave the database as text: JSON numbers would be read as binary floats.
_RESULT_COLUMNS: Mapping[str, Any] = {
    "id": "id",
    "code": "test_code",
    "value": Cast("value", TextField()),
    "lower": Cast("reference_lower", TextField()),
    "upper": Cast("reference_upper", TextField()),
    "operator": F("operator"),
    "unit": F("unit"),
    "limit_unit": F("reference_unit"),
    "method": F("method"),
    "not_done": F("not_done"),
    "taken_at": F("taken_at"),
    "laboratory": F("laboratory"),
    "source": F("source_document"),
    "by": F("entered_by"),
    "at": F("recorded_at"),
    "version": F("version"),
}


def _answer(values: Mapping[str, Any]) -> Answer:
    item = BY_ID[values["item"]]
    return Answer(
        entry=read_entry(item, values["entry"], item.id, ref=values["id"]),
        source_document=values["source"],
        entered_by=values["by"],
        recorded_at=datetime.fromisoformat(values["at"]),
        version=values["version"],
    )


def _result(values: Mapping[str, Any], zone: str) -> Answer:
    taken_at = datetime.fromisoformat(values["taken_at"])
    item = BY_TEST_CODE[values["code"]]
    value = None
    if values["value"] is not None:
        value = Result(
            as_reported(values["value"]),
            values["unit"],
            Operator(values["operator"]),
            _optional(values["lower"]),
            _optional(values["upper"]),
            values["limit_unit"],
        )
    on = whole(taken_at.astimezone(ZoneInfo(zone)).date())
    return Answer(
        entry=Entry(item.id, value, on, not_done=values["not_done"], ref=values["id"]),
        source_document=values["source"],
        entered_by=values["by"],
        recorded_at=datetime.fromisoformat(values["at"]),
        taken_at=taken_at,
        laboratory=values["laboratory"],
        version=values["version"],
        is_result=True,
    )


def as_reported(text: str) -> Decimal:
    """Drop the zeros that the column adds: 48.000000 was reported as 48."""
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)  # normalize() would make 40 4E+1


def _optional(text: str | None) -> Decimal | None:
    return None if text is None else as_reported(text)


def _decision(episode: ScreeningEpisode, values: Mapping[str, Any]) -> EligibilityDecision:
    """The decision in force without its frozen copy: enough to reopen it."""
    return EligibilityDecision(
        pk=values["id"],
        episode=episode,
        version=values["version"],
        outcome=values["outcome"],
        findings=values["findings"],
        decided_at=datetime.fromisoformat(values["decided_at"]),
        decided_by=values["decided_by"],
    )


def _known_elsewhere(course: Course) -> Iterable[Answer]:
    """What need not be asked again: sex and year of birth of the referral, the consent on record."""
    participant = course.participant
    if participant.sex:
        yield _derived("sex", participant.sex)
    if participant.birth_year:
        first, last = date(participant.birth_year, 1, 1), date(participant.birth_year, 12, 31)
        yield _derived("birth_on", PartialDate(first, last))
    consent = next((event for event in course.events if event.kind is EventKind.CONSENTED), None)
    if consent is not None:
        yield _derived("icf_signed", True, on=whole(consent.on))
        yield _derived("icf_signer", consent.facts.get("signer", "participant"), on=whole(consent.on))


def _derived(item: str, value: str | bool | PartialDate, on: PartialDate | None = None) -> Answer:
    return Answer(entry=Entry(item, value, on), is_derived=True)


def _by_item(answers: Iterable[Answer]) -> dict[str, tuple[Answer, ...]]:
    """Group by item in the order of the catalogue, each the oldest first; what was derived comes before."""
    found: dict[str, list[Answer]] = {}
    for answer in answers:
        found.setdefault(answer.entry.item, []).append(answer)
    return {item.id: tuple(sorted(found[item.id], key=_age)) for item in ITEMS if item.id in found}


def _age(answer: Answer) -> tuple[bool, date]:
    return not answer.is_derived, answer.entry.on.last if answer.entry.on else date.min
