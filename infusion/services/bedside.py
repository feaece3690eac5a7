"""Recording a bedside round: vital signs, the CRS and ICANS grades, the event on the journey, the adverse event."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

from django.db import IntegrityError, transaction

from infusion.models import BedsideRound
from infusion.queries.bedside import TEMPERATURE, earlier_rounds, infusion_at
from infusion.rules.bedside import RoundFindings, confirmed, coverage, grade_crs, grade_icans
from infusion.rules.grading.crs import CRS
from infusion.rules.grading.grading import Grading
from infusion.rules.grading.icans import ICANS
from infusion.rules.grading.ice import IceAnswers
from infusion.services.toxicity_events import follow_toxicity, withdraw_toxicity
from participants.models import Observation, ObservationDomain, Participant
from participants.queries.course import Course, load_course
from participants.queries.measured_tests import BY_CODE, faults_in
from participants.rules import require_past, require_reason
from participants.services.followers import tell_followers
from participants.services.journey import Happening, command, happened, void_event
from participants.services.observations import Reading, save_readings
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.types import EventKind

_KEPT = tuple(
    one.name for one in fields(RoundFindings) if one.name not in {"temperature_c", "has_vital_signs"}
)
CHEST_IMAGES = ("", "no_pneumothorax", "pneumothorax")
_WORDS = frozenset({"hypotension", "oxygen_device", "consciousness", "seizure"})  # "" where not documented
_ESSENTIAL = frozenset({"TEMP", "PULSE", "RESP", "SYSBP", "DIABP", "OXYSAT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What the clinician confirms. None = the computed grade stands."""

    crs_grade: int | None = None
    icans_grade: int | None = None
    override_reason: str = ""


def record_round(
    *,
    participant: Participant,
    findings: RoundFindings,
    vital_signs: Mapping[str, Decimal],
    by: Actor,
    at: datetime,
    confirmation: Confirmation | None = None,
    note: str = "",
    reason: str = "",
) -> BedsideRound:
    """Record one round at its true time. Needs RECORD_INFUSION; records `round_recorded`.

    vital_signs: test code → value in the unit of the test. CRS is graded where a temperature was taken, ICANS where
    the ICE pad or the consciousness was filled in; a confirmed grade opens or updates the adverse event, whose
    clocks follow from it. A round written up later fulfils what it was meant for.
    Raises RuleViolated("in-the-future", "nothing-given", "value-impossible", "override-reason", "grade-range",
    "pain-range", "chest-image-unknown"), Conflict("recorded-already").
    """
    with command(
        participant=participant,
        permission=Permission.RECORD_INFUSION,
        action="infusion.round_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        row = _row(course, findings, vital_signs, confirmation or Confirmation(), by=by, at=at, note=note)
        _save(row)
        _keep_values(course, row, vital_signs, by=by, at=at)
        _take_effect(course, row, ref=row.pk, by=by, at=at, reason=reason)
    return row


def correct_round(
    *,
    bedside_round: BedsideRound,
    findings: RoundFindings,
    vital_signs: Mapping[str, Decimal],
    by: Actor,
    at: datetime,
    reason: str,
    confirmation: Confirmation | None = None,
    note: str = "",
    version: int | None = None,
) -> BedsideRound:
    """Correct a round: the first one stays on record, voided; what followed from it follows from the new one.

    Needs CORRECT_RECORD. Raises as `record_round` does, RuleViolated("reason-required"),
    Conflict("corrected-already", "stale-version").
    """
    require_reason(reason, "an entered fact is changed")
    with command(
        participant=bedside_round.participant,
        permission=Permission.CORRECT_RECORD,
        action="infusion.round_corrected",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        former = BedsideRound.objects.get(pk=bedside_round.pk)
        if former.voided_at is not None:
            raise Conflict("corrected-already", "This round was corrected meanwhile. Load the page again.")
        former.version = version or former.version
        former.voided_at, former.void_reason = at, reason
        former.save_changes(["voided_at", "void_reason"])
        row = _row(
            course, findings, vital_signs, confirmation or Confirmation(), by=by, at=at, note=note, but=former
        )
        row.corrects = former
        _save(row)
        _void_values(former, row.taken_at, vital_signs, at, reason)
        _keep_values(course, row, vital_signs, by=by, at=at, reason=reason)
        ref = _first_of(former)
        course = void_event(course=course, ref=str(ref), kind=EventKind.ROUND_RECORDED, at=at, reason=reason)
        _take_effect(course, row, ref=ref, by=by, at=at, reason=reason)
    return row


def _row(
    course: Course,
    found: RoundFindings,
    vital_signs: Mapping[str, Decimal],
    said: Confirmation,
    *,
    by: Actor,
    at: datetime,
    note: str,
    but: BedsideRound | None = None,
) -> BedsideRound:
    found = replace(
        found,
        temperature_c=vital_signs.get(TEMPERATURE),
        has_vital_signs=vital_signs.keys() >= _ESSENTIAL,
    )
    _require_sound(found, vital_signs, at)
    participant = course.participant
    crs = grade_crs(found, earlier_rounds(participant, but=but)) if _asks_crs(found, said) else None
    icans = grade_icans(found) if _asks_icans(found, said) else None
    crs_grade = confirmed(crs, said.crs_grade, said.override_reason) if crs else None
    icans_grade = confirmed(icans, said.icans_grade, said.override_reason) if icans else None
    covers = coverage(found, crs_grade=crs_grade, icans_grade=icans_grade)
    if not covers and not vital_signs:
        raise RuleViolated("nothing-given", "Enter what was measured, asked or given.")
    graded = [one for one in (crs, icans) if one is not None]
    return BedsideRound(
        participant=participant,
        infusion=infusion_at(participant, found.taken_at),
        covers=sorted(covers),
        crs_computed=crs.grade if crs else None,
        crs_grade=crs_grade,
        crs_rule=crs.rule if crs else "",
        crs_because=crs.because[:300] if crs else "",
        icans_computed=icans.grade if icans else None,
        icans_grade=icans_grade,
        icans_rule=icans.rule if icans else "",
        icans_because=icans.because[:300] if icans else "",
        scale=graded[0].scale.value if graded else "",
        scale_version=graded[0].scale_version if graded else "",
        graded_inputs={one.term.lower(): _inputs(one) for one in graded},
        override_reason=said.override_reason,
        confirmed_by=by.actor_label if graded else "",
        note=note,
        recorded_at=at,
        **{name: _stored(getattr(found, name), name) for name in _KEPT},
    )


def _asks_crs(found: RoundFindings, said: Confirmation) -> bool:
    return found.temperature_c is not None or said.crs_grade is not None


def _asks_icans(found: RoundFindings, said: Confirmation) -> bool:
    return found.ice is not None or found.consciousness is not None or said.icans_grade is not None


def _require_sound(found: RoundFindings, vital_signs: Mapping[str, Decimal], at: datetime) -> None:
    require_past(found.taken_at, at, "taken_at")
    for name in ("antipyretic_at", "anticytokine_at", "steroid_at"):
        require_past(getattr(found, name) or at, at, name)
    for code, words in faults_in(vital_signs).items():
        raise RuleViolated("value-impossible", f"{code}: {words}", field=code)
    if found.pain_score is not None and not 0 <= found.pain_score <= 10:
        raise RuleViolated("pain-range", "The pain score is 0 to 10.", field="pain_score")
    if found.chest_image not in CHEST_IMAGES:
        raise RuleViolated("chest-image-unknown", "Say whether there is a pneumothorax.", field="chest_image")


def _save(row: BedsideRound) -> None:
    try:
        with transaction.atomic():
            row.save_new()
    except IntegrityError as twice:
        raise Conflict("recorded-already", "A round stands at this very time already.") from twice


def _keep_values(
    course: Course,
    row: BedsideRound,
    vital_signs: Mapping[str, Decimal],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
) -> None:
    if not vital_signs:
        return
    readings = [
        Reading(
            domain=ObservationDomain.VITAL_SIGNS,
            test_code=code,
            unit=BY_CODE[code].unit,
            taken_at=row.taken_at,
            value=value,
        )
        for code, value in vital_signs.items()
    ]
    participant = course.participant
    values = save_readings(participant, readings, by=by, at=at, reason=reason, corrects=bool(reason))
    tell_followers(participant, by=by, at=at, values=values)


def _void_values(
    former: BedsideRound, taken_at: datetime, vital_signs: Mapping[str, Decimal], at: datetime, reason: str
) -> None:
    """Void the values of the former round that no new one replaces: at another time, or left out now."""
    kept = set(vital_signs) if taken_at == former.taken_at else set()
    rows = Observation.objects.filter(
        participant=former.participant,
        domain=ObservationDomain.VITAL_SIGNS,
        taken_at=former.taken_at,
        voided_at__isnull=True,
    )
    for row in rows.exclude(test_code__in=kept):
        row.voided_at, row.void_reason = at, reason
        row.save_changes(["voided_at", "void_reason"])


def _take_effect(
    course: Course, row: BedsideRound, *, ref: UUID, by: Actor, at: datetime, reason: str
) -> None:
    """Put the round on the journey; the rounds owed follow from it, more of them after a raised grade.

    A confirmed grade opens, updates or resolves the adverse event of its syndrome.
    """
    grades = {"crs": row.crs_grade, "icans": row.icans_grade}
    facts = {name: "" if grade is None else str(grade) for name, grade in grades.items()}
    happening = Happening(
        kind=EventKind.ROUND_RECORDED,
        occurred_at=row.taken_at,
        ref=str(ref),
        facts={"covers": ",".join(row.covers), **facts},
    )
    course = happened(course, [happening], by=by, at=at, reason=reason)
    for term, grade in ((CRS, row.crs_grade), (ICANS, row.icans_grade)):
        if _follow(course, row, term, grade, ref=str(ref), by=by, at=at, reason=reason):
            course = load_course(course.participant)  # with what the adverse event told the journey


def _follow(
    course: Course,
    row: BedsideRound,
    term: str,
    grade: int | None,
    *,
    ref: str,
    by: Actor,
    at: datetime,
    reason: str,
) -> bool:
    """Bring the adverse event in line with one grade of the round; True if there is one."""
    if grade is None:
        return bool(
            row.corrects_id and withdraw_toxicity(course, term=term, ref=ref, by=by, at=at, reason=reason)
        )
    event = follow_toxicity(
        course, term=term, grade=grade, assessed_at=row.taken_at, ref=ref, by=by, at=at, reason=reason
    )
    return event is not None or row.corrects_id is not None


def _first_of(row: BedsideRound) -> UUID:
    """The id under which a round and its corrections stand on the journey."""
    while row.corrects is not None:
        row = row.corrects
    return row.pk


def _inputs(grading: Grading) -> object:
    return _as_json(asdict(grading.inputs))  # type: ignore[call-overload]


def _as_json(value: object) -> object:
    """Findings as JSON: numbers as they were written, letter for letter."""
    if isinstance(value, Mapping):
        return {str(name): _as_json(one) for name, one in value.items()}
    return str(value) if isinstance(value, Decimal) else _stored(value)


def _stored(value: object, name: str = "") -> object:
    """A finding as its column keeps it: enumerations by value, sets in order, answers of the pad by name."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset | set):
        return sorted(str(_stored(one)) for one in value)
    if isinstance(value, tuple):
        return [_stored(one) for one in value]
    if isinstance(value, IceAnswers):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    return "" if value is None and name in _WORDS else value
