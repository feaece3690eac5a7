"""Recording evidence: dated answers to the data items of the criteria. The only writer of evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from participants.models import Observation, ObservationDomain
from participants.queries.course import Course
from participants.rules import require_reason
from participants.services.followers import tell_of_values
from participants.services.journey import command
from participants.services.observations import Reading, save_readings
from screening.models import Evidence, ScreeningEpisode
from screening.queries.evidence import EvidenceFile, evidence_file, item_of
from screening.rules.evidence import Entry
from screening.rules.items import BY_ID
from screening.rules.vocabulary import Item
from screening.rules.wire import EvidenceInvalid, read_entry, soft_warnings, write_entry
from screening.services.confidential_tests import tell_of_tests, untell
from screening.services.evaluations import follow_evidence
from screening.states import EpisodeState
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor
from trialsite.errors import InvalidTransition, RuleViolated
from trialsite.protocol.partial_dates import PartialDate
from trialsite.protocol.results import Result
from trialsite.protocol.windows import civil_date, day_start_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One answer as it was entered. entry: the form that screening.rules.wire reads.

    taken_at: time of the specimen, where it is known. is_confirmed: an unusual value was looked at twice.
    """

    item: str
    entry: Mapping[str, Any]
    taken_at: datetime | None = None
    laboratory: str = ""
    source_document: str = ""
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    item: Item
    entry: Entry
    given: Given


@dataclass(slots=True)
class _Saved:
    """What was written: rows of both tables."""

    evidence: list[Evidence] = field(default_factory=list)
    results: list[Observation] = field(default_factory=list)


def record_evidence(
    *, episode: ScreeningEpisode, given: Sequence[Given], by: Actor, at: datetime, reason: str = ""
) -> list[Evidence | Observation]:
    """Record answers, all or none; the criteria are evaluated anew. Laboratory results become observations.

    Needs RECORD_SCREENING, and JUDGE_ELIGIBILITY for an investigator's opinion. An answer with the date of an
    earlier one, or to an undated item, corrects it: it needs a reason, and the first value stays readable.
    A change that overturns a signed decision reopens it.
    Raises RuleViolated("unknown-item", "evidence-invalid", "confirm-value", "in-the-future",
    "full-birth-date", "judgement-reason", "reason-required", "nothing-given"),
    InvalidTransition("episode-closed").
    """
    answers = [_read(one) for one in given]
    if not answers:
        raise RuleViolated("nothing-given", "Give at least one answer.")
    with command(
        participant=episode.participant,
        permission=Permission.RECORD_SCREENING,
        action="screening.evidence_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        if any(one.item.is_judgement for one in answers):
            require(by, Permission.JUDGE_ELIGIBILITY, course.participant.site_id)
        file = _open_file(course, episode)
        for one in answers:
            _require_sound(one, course, at)
        saved = _save(course, file, answers, by=by, at=at, reason=reason)
        course = tell_of_tests(course, saved.evidence, by=by, at=at, reason=reason)
        follow_evidence(course, cause="screening.evidence_recorded", by=by, at=at)
    return [*saved.evidence, *saved.results]


def void_evidence(
    *, episode: ScreeningEpisode, answer: Evidence | Observation, by: Actor, at: datetime, reason: str
) -> Evidence | Observation:
    """Take back an answer or a laboratory result that should not have been entered. It stays readable.

    Needs RECORD_SCREENING, and JUDGE_ELIGIBILITY for an investigator's opinion.
    Raises RuleViolated("reason-required"), Conflict("stale-version"), InvalidTransition("episode-closed").
    """
    require_reason(reason, "an answer is taken back")
    with command(
        participant=episode.participant,
        permission=Permission.RECORD_SCREENING,
        action="screening.evidence_voided",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        _open_file(course, episode)
        if item_of(answer).is_judgement:
            require(by, Permission.JUDGE_ELIGIBILITY, course.participant.site_id)
        _void(answer, at, reason)
        if isinstance(answer, Observation):
            tell_of_values([answer], by=by, at=at)
        else:
            course = untell(course, answer.item, str(answer.pk), at=at, reason=reason)
        follow_evidence(course, cause="screening.evidence_voided", by=by, at=at)
    return answer


def _read(given: Given) -> _Answer:
    item = BY_ID.get(given.item)
    if item is None:
        raise RuleViolated("unknown-item", f"{given.item} is not an item of the catalogue.", field="item")
    try:
        entry = read_entry(item, given.entry, item.id)
    except EvidenceInvalid as faulty:
        first = faulty.faults[0]
        params = {"faults": [{"field": one.path, "message": one.message} for one in faulty.faults]}
        raise RuleViolated("evidence-invalid", first.message, field=first.path, params=params) from faulty
    return _Answer(item=item, entry=entry, given=given)


def _open_file(course: Course, episode: ScreeningEpisode) -> EvidenceFile:
    file = evidence_file(course)
    if file is None or file.episode.pk != episode.pk or file.episode.state == EpisodeState.FAILED.value:
        raise InvalidTransition("episode-closed", "This episode is closed. Re-screen instead.")
    return file


def _require_sound(one: _Answer, course: Course, at: datetime) -> None:
    item, entry = one.item, one.entry
    today = civil_date(at, course.participant.site.time_zone)
    if entry.on is not None and entry.on.first > today:
        raise RuleViolated("in-the-future", "The date cannot lie after today.", field=f"{item.id}.on")
    if item.id == "birth_on" and isinstance(entry.value, PartialDate) and entry.value.is_whole:
        raise RuleViolated(
            "full-birth-date",
            "Give the month only, such as 1961-04. The full date belongs to the identity.",
            field="birth_on.value",
        )
    if item.is_judgement and entry.value is not None and not entry.reason.strip():
        raise RuleViolated(
            "judgement-reason", "Give the reason for this judgement.", field=f"{item.id}.reason"
        )
    warnings = soft_warnings(item, entry)
    if warnings and not one.given.is_confirmed:
        raise RuleViolated("confirm-value", " ".join(warnings), field=f"{item.id}.value")


def _save(
    course: Course, file: EvidenceFile, answers: Sequence[_Answer], *, by: Actor, at: datetime, reason: str
) -> _Saved:
    saved = _Saved()
    results = [one for one in answers if one.item.test_code]
    for one in answers:
        if not one.item.test_code:
            saved.evidence.append(_evidence(file, one, by=by, at=at, reason=reason))
    Evidence.objects.bulk_create(saved.evidence)
    if results:
        readings = [_reading(course, one) for one in results]
        saved.results = save_readings(
            course.participant, readings, by=by, at=at, reason=reason, corrects=True
        )
    return saved


def _evidence(file: EvidenceFile, one: _Answer, *, by: Actor, at: datetime, reason: str) -> Evidence:
    former = _replaced(file, one)
    if former is not None:
        require_reason(reason, f"the answer to {one.item.title} is changed")
        _void(former, at, reason)
    return Evidence(
        episode=file.episode,
        item=one.item.id,
        entry=write_entry(one.entry),
        source_document=one.given.source_document,
        entered_by=by.actor_label,
        corrects=former,
        recorded_at=at,
    )


def _replaced(file: EvidenceFile, one: _Answer) -> Evidence | None:
    """The stored answer that this one corrects: of the same date, or any where the item is undated."""
    for former in reversed(file.answers.get(one.item.id, ())):
        is_same_date = former.entry.on == one.entry.on or one.entry.on is None
        if former.entry.ref and is_same_date and not former.is_result:
            return Evidence.objects.get(pk=former.entry.ref)
    return None


def _void(answer: Evidence | Observation, at: datetime, reason: str) -> None:
    answer.voided_at, answer.void_reason = at, reason
    answer.save_changes(["voided_at", "void_reason"])


def _reading(course: Course, one: _Answer) -> Reading:
    """A result as the participant's observations hold it. Without a time it counts from the start of its day."""
    value, on = one.entry.value, one.entry.on
    if on is None or not on.is_whole:
        raise RuleViolated("specimen-date", "Give the full date of the specimen.", field=f"{one.item.id}.on")
    result = value if isinstance(value, Result) else None
    zone = course.participant.site.time_zone
    return Reading(
        domain=ObservationDomain.LABORATORY,
        test_code=one.item.test_code,
        value=result.value if result else None,
        operator=result.operator if result else "=",
        unit=result.unit if result else "",
        lower=result.lower if result else None,
        upper=result.upper if result else None,
        limit_unit=result.limit_unit if result else "",
        not_done=one.entry.not_done,
        taken_at=one.given.taken_at or day_start_at(on.first, zone),
        is_time_known=one.given.taken_at is not None,
        laboratory=one.given.laboratory,
        method=one.entry.method,
        source_document=one.given.source_document,
    )
