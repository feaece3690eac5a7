"""Recording a bedside round: vital signs, the CRS and ICANS grades, the event on the journey, the adverse event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from infusion.models import AdverseEvent, BedsideRound, Infusion
from infusion.queries.bedside import (
    TEMPERATURE,
    as_earlier,
    earlier_rounds,
    gradings_for,
    infusion_at,
    infusions_of,
    with_measured,
)
from infusion.rules.bedside import EarlierRound, RoundFindings, confirmed, coverage, require_sound
from infusion.rules.grading.crs import CRS
from infusion.rules.grading.icans import ICANS
from infusion.rules.round_columns import columns_of, inputs_of
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What the clinician confirms. None = the computed grade stands."""

    crs_grade: int | None = None
    icans_grade: int | None = None
    override_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundEntry:
    """One round as it is entered. vital_signs: test code → value in the unit of the test."""

    findings: RoundFindings
    vital_signs: Mapping[str, Decimal]
    confirmation: Confirmation = Confirmation()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Act:
    by: Actor
    at: datetime
    reason: str


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
    entry = RoundEntry(
        findings=findings, vital_signs=vital_signs, confirmation=confirmation or Confirmation(), note=note
    )
    return _record(participant, [entry], _Act(by=by, at=at, reason=reason))[0]


def record_rounds(
    *,
    participant: Participant,
    entries: Sequence[RoundEntry],
    by: Actor,
    at: datetime,
    reason: str = "",
) -> list[BedsideRound]:
    """Record several rounds of one participant, all or none, such as those of a night written up from paper.

    As `record_round`, each graded with those before it. Returns them in the order of time.
    """
    return _record(participant, entries, _Act(by=by, at=at, reason=reason))


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
    entry = RoundEntry(
        findings=findings, vital_signs=vital_signs, confirmation=confirmation or Confirmation(), note=note
    )
    with command(
        participant=bedside_round.participant,
        permission=Permission.CORRECT_RECORD,
        action="infusion.round_corrected",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        act = _Act(by=by, at=at, reason=reason)
        former = _voided(bedside_round, version, act)
        (row,) = _rows(course, [entry], earlier_rounds(course.participant, but=former), act)
        row.corrects = former
        _save([row])
        _void_values(former, row.taken_at, vital_signs, act)
        _keep_values(course, [entry], act, corrects=True)
        ref = _first_of(former)
        course = void_event(course=course, ref=str(ref), kind=EventKind.ROUND_RECORDED, at=at, reason=reason)
        _take_effect(course, [(row, ref)], act)
    return row


def _record(participant: Participant, entries: Sequence[RoundEntry], act: _Act) -> list[BedsideRound]:
    with command(
        participant=participant,
        permission=Permission.RECORD_INFUSION,
        action="infusion.round_recorded",
        by=act.by,
        at=act.at,
        reason=act.reason,
    ) as course:
        rows = _rows(course, entries, earlier_rounds(participant), act)
        _save(rows)
        _keep_values(course, entries, act, corrects=False)
        _take_effect(course, [(row, row.pk) for row in rows], act)
    return rows


def _voided(bedside_round: BedsideRound, version: int | None, act: _Act) -> BedsideRound:
    former = BedsideRound.objects.get(pk=bedside_round.pk)
    if former.voided_at is not None:
        raise Conflict("corrected-already", "This round was corrected meanwhile. Load the page again.")
    former.version = version or former.version
    former.voided_at, former.void_reason = act.at, act.reason
    former.save_changes(["voided_at", "void_reason"])
    return former


def _rows(
    course: Course, entries: Sequence[RoundEntry], earlier: Sequence[EarlierRound], act: _Act
) -> list[BedsideRound]:
    """The rows by time, each graded with what was on record and with those before it."""
    known, rows = list(earlier), []
    infusions = infusions_of(course.participant)
    for entry in sorted(entries, key=lambda one: one.findings.taken_at):
        row = _row(course.participant, entry, known, infusions, act)
        known.append(as_earlier(row.taken_at, entry.vital_signs.get(TEMPERATURE), row))
        rows.append(row)
    return rows


def _row(
    participant: Participant,
    entry: RoundEntry,
    earlier: Sequence[EarlierRound],
    infusions: Sequence[Infusion],
    act: _Act,
) -> BedsideRound:
    found, said = with_measured(entry.findings, entry.vital_signs), entry.confirmation
    _require_possible(found, entry.vital_signs, act.at)
    crs, icans = gradings_for(
        found,
        earlier,
        crs_stated=said.crs_grade is not None,
        icans_stated=said.icans_grade is not None,
    )
    crs_grade = confirmed(crs, said.crs_grade, said.override_reason) if crs else None
    icans_grade = confirmed(icans, said.icans_grade, said.override_reason) if icans else None
    covers = coverage(found, crs_grade=crs_grade, icans_grade=icans_grade)
    if not covers and not entry.vital_signs:
        raise RuleViolated("nothing-given", "Enter what was measured, asked or given.")
    graded = [one for one in (crs, icans) if one is not None]
    return BedsideRound(
        participant=participant,
        infusion=infusion_at(infusions, found.taken_at),
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
        graded_inputs={one.term.lower(): inputs_of(one) for one in graded},
        override_reason=said.override_reason,
        confirmed_by=act.by.actor_label if graded else "",
        note=entry.note,
        recorded_at=act.at,
        **columns_of(found),
    )


def _require_possible(found: RoundFindings, vital_signs: Mapping[str, Decimal], at: datetime) -> None:
    require_past(found.taken_at, at, "taken_at")
    for name in ("antipyretic_at", "anticytokine_at", "steroid_at"):
        require_past(getattr(found, name) or at, at, name)
    for code in vital_signs:
        if code not in BY_CODE:
            raise RuleViolated("test-unknown", f"{code} is not a test that is kept.", field=code)
    for code, words in faults_in(vital_signs).items():
        raise RuleViolated("value-impossible", f"{code}: {words}", field=code)
    require_sound(found)


def _save(rows: Sequence[BedsideRound]) -> None:
    try:
        with transaction.atomic():
            BedsideRound.objects.bulk_create(rows)
    except IntegrityError as twice:
        raise Conflict("recorded-already", "A round stands at this very time already.") from twice


def _keep_values(course: Course, entries: Sequence[RoundEntry], act: _Act, *, corrects: bool) -> None:
    readings = [
        Reading(
            domain=ObservationDomain.VITAL_SIGNS,
            test_code=code,
            unit=BY_CODE[code].unit,
            taken_at=entry.findings.taken_at,
            value=value,
        )
        for entry in entries
        for code, value in entry.vital_signs.items()
    ]
    if not readings:
        return
    values = save_readings(
        course.participant, readings, by=act.by, at=act.at, reason=act.reason, corrects=corrects
    )
    tell_followers(course.participant, by=act.by, at=act.at, values=values)


def _void_values(
    former: BedsideRound, taken_at: datetime, vital_signs: Mapping[str, Decimal], act: _Act
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
        row.voided_at, row.void_reason = act.at, act.reason
        row.save_changes(["voided_at", "void_reason"])


def _take_effect(course: Course, rounds: Sequence[tuple[BedsideRound, UUID]], act: _Act) -> None:
    """Put the rounds on the journey; those owed follow from them, more of them after a raised grade.

    A confirmed grade opens, updates or resolves the adverse event of its syndrome.
    """
    happenings = [_happening(row, ref) for row, ref in rounds]
    course = happened(course, happenings, by=act.by, at=act.at, reason=act.reason)
    followed, is_stale = _syndromes_on_record(course), False
    for row, ref in rounds:
        for term, grade in ((CRS, row.crs_grade), (ICANS, row.icans_grade)):
            if grade or term.lower() in followed:
                # With what the adverse event before told the journey.
                course = load_course(course.participant) if is_stale else course
                _follow(course, row, term, grade, str(ref), act)
                followed.add(term.lower())
                is_stale = True


def _syndromes_on_record(course: Course) -> set[str]:
    events = AdverseEvent.objects.filter(participant=course.participant, voided_at__isnull=True)
    return set(events.exclude(syndrome="").values_list("syndrome", flat=True))


def _follow(course: Course, row: BedsideRound, term: str, grade: int | None, ref: str, act: _Act) -> None:
    if grade is not None:
        follow_toxicity(
            course,
            term=term,
            grade=grade,
            assessed_at=row.taken_at,
            ref=ref,
            by=act.by,
            at=act.at,
            reason=act.reason,
        )
    elif row.corrects_id is not None:
        withdraw_toxicity(course, term=term, ref=ref, by=act.by, at=act.at, reason=act.reason)


def _happening(row: BedsideRound, ref: UUID) -> Happening:
    grades = {"crs": row.crs_grade, "icans": row.icans_grade}
    facts = {name: "" if grade is None else str(grade) for name, grade in grades.items()}
    return Happening(
        kind=EventKind.ROUND_RECORDED,
        occurred_at=row.taken_at,
        ref=str(ref),
        facts={"covers": ",".join(row.covers), **facts},
    )


def _first_of(row: BedsideRound) -> UUID:
    """The id under which a round and its corrections stand on the journey."""
    while row.corrects is not None:
        row = row.corrects
    return row.pk
