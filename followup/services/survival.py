"""Recording what became of a participant: progression, new anticancer therapy, contacts about survival.

Death, withdrawal and loss to follow-up are dispositions, which have a service of their own.
"""

from datetime import date, datetime
from typing import TypeVar

from followup.models import NewTherapy, Progression, SurvivalContact
from followup.queries.data_kinds import facts_of_contact
from followup.states import ContactSource, ProgressionBasis
from participants.models import Participant
from participants.queries.course import Course
from participants.rules import require_past, require_reason
from participants.services.data_checks import check_records
from participants.services.journey import Happening, command, correct_event, happened, void_event
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.types import EventKind
from trialsite.protocol.windows import day_start_at

R = TypeVar("R", Progression, NewTherapy, SurvivalContact)


# ---- Progression


def record_progression(
    *,
    participant: Participant,
    progressed_on: date,
    basis: ProgressionBasis,
    by: Actor,
    at: datetime,
    note: str = "",
    reason: str = "",
) -> Progression:
    """Record that the disease progressed. Needs JUDGE_PROGRESSION; records `progressed`.

    progressed_on: day of the scan that showed it, or of the clinical judgement, at the site. Only the first
    progression after an infusion counts for the response. Raises RuleViolated("in-the-future", "after-death",
    "reason-required"), Conflict("recorded-already").
    """
    with command(
        participant=participant,
        permission=Permission.JUDGE_PROGRESSION,
        action="followup.progression_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        _require_day(course, progressed_on, at, "progressed_on")
        if any(one.kind is EventKind.PROGRESSED and one.on == progressed_on for one in course.events):
            raise Conflict("recorded-already", "This progression is recorded already. Correct it instead.")
        found = Progression(
            participant=course.participant,
            progressed_on=progressed_on,
            basis=basis.value,
            note=note,
            entered_by=by.actor_label,
            recorded_at=at,
        )
        found.save_new()
        _happened(course, EventKind.PROGRESSED, progressed_on, str(found.pk), by=by, at=at, reason=reason)
    return found


def correct_progression(
    *,
    progression: Progression,
    progressed_on: date,
    basis: ProgressionBasis,
    by: Actor,
    at: datetime,
    reason: str,
    note: str = "",
    version: int | None = None,
) -> Progression:
    """Correct a progression. Needs JUDGE_PROGRESSION; everything due moves with the day.

    Raises RuleViolated("reason-required", "in-the-future", "after-death"), Conflict("stale-version", "voided").
    """
    with command(
        participant=progression.participant,
        permission=Permission.JUDGE_PROGRESSION,
        action="followup.progression_corrected",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        require_reason(reason, "an entered fact is changed")
        _require_day(course, progressed_on, at, "progressed_on")
        current = _current(Progression.objects.get(pk=progression.pk), version)
        is_moved = current.progressed_on != progressed_on
        current.progressed_on, current.basis, current.note = progressed_on, basis.value, note
        current.save_changes(["progressed_on", "basis", "note"])
        if is_moved:
            _moved(course, EventKind.PROGRESSED, progressed_on, str(current.pk), by=by, at=at, reason=reason)
    return current


def withdraw_progression(
    *, progression: Progression, by: Actor, at: datetime, reason: str, version: int | None = None
) -> Progression:
    """Take back a progression that was none. Needs JUDGE_PROGRESSION; it stays readable, voided.

    Raises RuleViolated("reason-required"), Conflict("stale-version", "voided").
    """
    with command(
        participant=progression.participant,
        permission=Permission.JUDGE_PROGRESSION,
        action="followup.progression_withdrawn",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = _current(Progression.objects.get(pk=progression.pk), version)
        _void(current, at, reason)
        void_event(course=course, ref=str(current.pk), kind=EventKind.PROGRESSED, at=at, reason=reason)
    return current


# ---- New anticancer therapy


def record_new_therapy(
    *,
    participant: Participant,
    started_on: date,
    name: str,
    by: Actor,
    at: datetime,
    note: str = "",
    reason: str = "",
) -> NewTherapy:
    """Record the start of a new anticancer therapy. Needs RECORD_RESPONSE; records `new_therapy_started`.

    Scans from its first day on say nothing about the response any more. Before an infusion it is out of order and
    needs a reason: bridging has a record of its own. Raises RuleViolated("name-required", "in-the-future",
    "after-death", "reason-required").
    """
    with command(
        participant=participant,
        permission=Permission.RECORD_RESPONSE,
        action="followup.new_therapy_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        _require_named(name)
        _require_day(course, started_on, at, "started_on")
        found = NewTherapy(
            participant=course.participant,
            started_on=started_on,
            name=name,
            note=note,
            entered_by=by.actor_label,
            recorded_at=at,
        )
        found.save_new()
        _happened(
            course, EventKind.NEW_THERAPY_STARTED, started_on, str(found.pk), by=by, at=at, reason=reason
        )
    return found


def correct_new_therapy(
    *,
    therapy: NewTherapy,
    started_on: date,
    name: str,
    by: Actor,
    at: datetime,
    reason: str,
    note: str = "",
    version: int | None = None,
) -> NewTherapy:
    """Correct a new anticancer therapy. Needs CORRECT_RECORD; everything due moves with its first day.

    Raises RuleViolated("reason-required", "name-required", "in-the-future", "after-death"),
    Conflict("stale-version", "voided").
    """
    with command(
        participant=therapy.participant,
        permission=Permission.CORRECT_RECORD,
        action="followup.new_therapy_corrected",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        require_reason(reason, "an entered fact is changed")
        _require_named(name)
        _require_day(course, started_on, at, "started_on")
        current = _current(NewTherapy.objects.get(pk=therapy.pk), version)
        is_moved = current.started_on != started_on
        current.started_on, current.name, current.note = started_on, name, note
        current.save_changes(["started_on", "name", "note"])
        if is_moved:
            kind = EventKind.NEW_THERAPY_STARTED
            _moved(course, kind, started_on, str(current.pk), by=by, at=at, reason=reason)
    return current


def withdraw_new_therapy(
    *, therapy: NewTherapy, by: Actor, at: datetime, reason: str, version: int | None = None
) -> NewTherapy:
    """Take back a therapy that was not given. Needs CORRECT_RECORD; it stays readable, voided.

    Raises RuleViolated("reason-required"), Conflict("stale-version", "voided").
    """
    with command(
        participant=therapy.participant,
        permission=Permission.CORRECT_RECORD,
        action="followup.new_therapy_withdrawn",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = _current(NewTherapy.objects.get(pk=therapy.pk), version)
        _void(current, at, reason)
        kind = EventKind.NEW_THERAPY_STARTED
        void_event(course=course, ref=str(current.pk), kind=kind, at=at, reason=reason)
    return current


# ---- Contacts about survival


def record_survival_contact(
    *,
    participant: Participant,
    alive_on: date,
    source: ContactSource,
    by: Actor,
    at: datetime,
    note: str = "",
) -> SurvivalContact:
    """Record that the participant was known to be alive on a day. Needs RECORD_RESPONSE.

    Raises RuleViolated("in-the-future", "after-death").
    """
    with command(
        participant=participant,
        permission=Permission.RECORD_RESPONSE,
        action="followup.survival_contact_recorded",
        by=by,
        at=at,
    ) as course:
        _require_day(course, alive_on, at, "alive_on")
        found = SurvivalContact(
            participant=course.participant,
            alive_on=alive_on,
            source=source.value,
            note=note,
            entered_by=by.actor_label,
            recorded_at=at,
        )
        found.save_new()
    return found


def correct_survival_contact(
    *,
    contact: SurvivalContact,
    alive_on: date,
    source: ContactSource,
    by: Actor,
    at: datetime,
    reason: str,
    note: str = "",
    version: int | None = None,
) -> SurvivalContact:
    """Correct a contact about survival. Needs CORRECT_RECORD; overall survival is counted anew.

    Raises RuleViolated("reason-required", "in-the-future", "after-death"), Conflict("stale-version", "voided").
    """
    with command(
        participant=contact.participant,
        permission=Permission.CORRECT_RECORD,
        action="followup.survival_contact_corrected",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        require_reason(reason, "an entered fact is changed")
        _require_day(course, alive_on, at, "alive_on")
        current = _current(SurvivalContact.objects.get(pk=contact.pk), version)
        current.alive_on, current.source, current.note = alive_on, source.value, note
        current.save_changes(["alive_on", "source", "note"])
        seen = facts_of_contact(current, course.participant.site.time_zone)
        check_records(course, [seen], at=at)
    return current


def withdraw_survival_contact(
    *, contact: SurvivalContact, by: Actor, at: datetime, reason: str, version: int | None = None
) -> SurvivalContact:
    """Take back a contact that there was not. Needs CORRECT_RECORD; it stays readable, voided.

    Overall survival is counted without it. Raises RuleViolated("reason-required"), Conflict("stale-version", "voided").
    """
    with command(
        participant=contact.participant,
        permission=Permission.CORRECT_RECORD,
        action="followup.survival_contact_withdrawn",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = _current(SurvivalContact.objects.get(pk=contact.pk), version)
        _void(current, at, reason)
        check_records(course, [], at=at, gone=[str(current.pk)])
    return current


# ---- What they share


def _require_named(name: str) -> None:
    if not name.strip():
        raise RuleViolated("name-required", "Name the therapy.", field="name")


def _require_day(course: Course, on: date, at: datetime, field: str) -> None:
    """Nothing happens in the future or after death."""
    require_past(day_start_at(on, course.participant.site.time_zone), at, field)
    died = course.last(EventKind.DIED)
    if died is not None and on > died.on:
        words = f"The participant died on {died.on.isoformat()}. Correct the day."
        raise RuleViolated("after-death", words, field=field)


def _current(row: R, version: int | None) -> R:
    if row.voided_at is not None:
        raise Conflict("voided", "This entry was taken back. Load the page again.")
    row.version = version or row.version
    return row


def _void(row: R, at: datetime, reason: str) -> None:
    require_reason(reason, "an entered fact is taken back")
    row.voided_at, row.void_reason = at, reason
    row.save_changes(["voided_at", "void_reason"])


def _happened(
    course: Course, kind: EventKind, on: date, ref: str, *, by: Actor, at: datetime, reason: str
) -> None:
    happening = Happening(kind=kind, occurred_at=_instant(course, on), ref=ref)
    happened(course, [happening], by=by, at=at, reason=reason)


def _moved(
    course: Course, kind: EventKind, on: date, ref: str, *, by: Actor, at: datetime, reason: str
) -> None:
    correct_event(
        course=course,
        ref=ref,
        kind=kind,
        occurred_at=_instant(course, on),
        by=by,
        at=at,
        reason=reason,
    )


def _instant(course: Course, on: date) -> datetime:
    """The last known instant of that day: what happened on the day of an infusion did not come before it."""
    same_day = [one.at for one in course.events if one.on == on]
    return max([day_start_at(on, course.participant.site.time_zone), *same_day])
