"""The contraception ledger: the only writer of childbearing potential, methods and confirmations.

Facts are never refused for what they say; what does not cover shows as a gap. Source: clinical rules 6.4.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from uuid import uuid4

from followup.models import AgreementConfirmation, ChildbearingStatus, MethodUse
from followup.models.contraception import LedgerEntry
from followup.rules.contraception import Ground
from participants.models import Participant
from participants.models.participant import Sex
from participants.queries.course import Course
from participants.rules import require_reason
from participants.services.journey import Happening, command, happened, void_event
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.scheduled_tests import NEEDED, NOT_NEEDED
from trialsite.protocol.types import ContraceptiveMethod, EventKind
from trialsite.protocol.windows import civil_date, day_start_at

Entry = TypeVar("Entry", bound=LedgerEntry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A method in use. Civil dates at the site; effective_last_on: last day on which it works, where that is known."""

    method: str
    started_on: date
    stopped_on: date | None = None
    effective_last_on: date | None = None
    note: str = ""


def record_childbearing_status(
    *,
    participant: Participant,
    is_possible: bool,
    since_on: date,
    by: Actor,
    at: datetime,
    ground: str = "",
    note: str = "",
    reason: str = "",
) -> ChildbearingStatus:
    """Record whether a woman is of childbearing potential, from a day on; the tests that are owed follow.

    Needs RECORD_SAFETY; records `test_need_stated`. ground: why not, required then. Raises RuleViolated(
    "concerns-nobody", "ground-required", "ground-unwanted", "unknown-code", "remark-required", "in-the-future").
    """
    _require_ground(is_possible=is_possible, ground=ground, note=note)
    with command(
        participant=participant,
        permission=Permission.RECORD_SAFETY,
        action="followup.childbearing_status_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        if course.participant.sex == Sex.MALE:
            raise RuleViolated("concerns-nobody", "The record says that the participant is a man.")
        _require_not_later(course, since_on, at, "since_on")
        status = ChildbearingStatus(
            participant=course.participant,
            is_possible=is_possible,
            ground=ground,
            since_on=since_on,
            note=note,
            entered_by=by.actor_label,
            recorded_at=at,
        )
        status.save_new()
        stated = Happening(
            kind=EventKind.TEST_NEED_STATED,
            occurred_at=min(day_start_at(since_on, course.participant.site.time_zone), at),
            ref=str(status.pk),
            facts={"is_needed": NEEDED if is_possible else NOT_NEEDED},
        )
        happened(course, [stated], by=by, at=at, reason=reason)
    return status


def record_method(
    *, participant: Participant, used: Used, by: Actor, at: datetime, reason: str = ""
) -> MethodUse:
    """Record a method of contraception with its dates. Needs RECORD_VISIT.

    One that does not count, as the rhythm method, covers nothing: alone it is refused unless a reason says why it
    goes on record. Raises RuleViolated("unknown-method", "end-required", "dates-reversed", "in-the-future",
    "method-alone").
    """
    with command(
        participant=participant,
        permission=Permission.RECORD_VISIT,
        action="followup.contraceptive_method_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        return _save_method(course, used, by=by, at=at, reason=reason)


def correct_method(
    *, use: MethodUse, used: Used, by: Actor, at: datetime, reason: str, version: int | None = None
) -> MethodUse:
    """Record what the method and its dates really were; the first entry stays, voided. Needs CORRECT_RECORD.

    Raises as `record_method`, and RuleViolated("reason-required"), Conflict("stale-version", "voided-already").
    """
    require_reason(reason, "an entered method is changed")
    with command(
        participant=use.participant,
        permission=Permission.CORRECT_RECORD,
        action="followup.contraceptive_method_corrected",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        former = _void(MethodUse, use, version, at=at, reason=reason)
        return _save_method(course, used, by=by, at=at, reason=reason, corrects=former)


def stop_method(
    *, use: MethodUse, stopped_on: date, by: Actor, at: datetime, version: int | None = None, reason: str = ""
) -> MethodUse:
    """Record the last day on which a method was used. Needs RECORD_VISIT.

    Raises RuleViolated("in-the-future", "dates-reversed"), Conflict("stopped-already", "voided-already",
    "stale-version").
    """
    with command(
        participant=use.participant,
        permission=Permission.RECORD_VISIT,
        action="followup.contraceptive_method_stopped",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = _in_force(MethodUse, use)
        if current.stopped_on is not None:
            raise Conflict("stopped-already", "The last day of this method is on record. Correct it instead.")
        _require_not_later(course, stopped_on, at, "stopped_on")
        _require_order(current.started_on, stopped_on, "stopped_on")
        current.version = version or current.version
        current.stopped_on = stopped_on
        current.save_changes(["stopped_on"])
    return current


def confirm_agreement(
    *,
    participant: Participant,
    confirmed_on: date,
    is_agreed: bool,
    by: Actor,
    at: datetime,
    note: str = "",
    reason: str = "",
) -> AgreementConfirmation:
    """Record that the agreement to contraception was asked again, and the answer. Needs RECORD_VISIT.

    Raises RuleViolated("in-the-future"), Conflict("confirmed-already").
    """
    with command(
        participant=participant,
        permission=Permission.RECORD_VISIT,
        action="followup.contraception_agreement_confirmed",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        _require_not_later(course, confirmed_on, at, "confirmed_on")
        same = AgreementConfirmation.objects.filter(
            participant=course.participant, confirmed_on=confirmed_on, voided_at=None
        )
        if same.exists():
            raise Conflict("confirmed-already", "The answer of this day is on record. Take it back first.")
        confirmation = AgreementConfirmation(
            participant=course.participant,
            confirmed_on=confirmed_on,
            is_agreed=is_agreed,
            note=note,
            entered_by=by.actor_label,
            recorded_at=at,
        )
        confirmation.save_new()
    return confirmation


def void_entry(*, entry: Entry, by: Actor, at: datetime, reason: str, version: int | None = None) -> Entry:
    """Take back an entry of the ledger; it stays readable, and what followed from it goes. Needs CORRECT_RECORD.

    Raises RuleViolated("reason-required"), Conflict("stale-version", "voided-already").
    """
    require_reason(reason, "an entry is taken back")
    with command(
        participant=entry.participant,
        permission=Permission.CORRECT_RECORD,
        action="followup.contraception_entry_voided",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        former = _void(type(entry), entry, version, at=at, reason=reason)
        if isinstance(former, ChildbearingStatus):
            void_event(
                course=course,
                ref=str(former.pk),
                kind=EventKind.TEST_NEED_STATED,
                at=at,
                reason=reason,
            )
    return former


def refuse_contact(
    *, participant: Participant, refused_at: datetime, by: Actor, at: datetime, reason: str = ""
) -> Course:
    """Record that the participant wants no more contact: reminders stop, the period runs on. Needs EDIT_PARTICIPANT.

    Records `contact_refused`. Raises RuleViolated("in-the-future"), Conflict("refused-already").
    """
    with command(
        participant=participant,
        permission=Permission.EDIT_PARTICIPANT,
        action="followup.contact_refused",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        if course.last(EventKind.CONTACT_REFUSED) is not None:
            raise Conflict("refused-already", "It is on record that contact is refused.")
        refused = Happening(kind=EventKind.CONTACT_REFUSED, occurred_at=refused_at, ref=str(uuid4()))
        return happened(course, [refused], by=by, at=at, reason=reason)


def allow_contact(*, participant: Participant, by: Actor, at: datetime, reason: str) -> Course:
    """Take back that contact is refused; reminders go on. Needs EDIT_PARTICIPANT.

    Raises RuleViolated("reason-required"), Conflict("not-refused").
    """
    require_reason(reason, "contact is allowed again")
    with command(
        participant=participant,
        permission=Permission.EDIT_PARTICIPANT,
        action="followup.contact_allowed",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        refused = course.last(EventKind.CONTACT_REFUSED)
        if refused is None:
            raise Conflict("not-refused", "It is not on record that contact is refused.")
        return void_event(course=course, ref=refused.ref, kind=refused.kind, at=at, reason=reason)


# ---- What is sound


def _require_ground(*, is_possible: bool, ground: str, note: str) -> None:
    if is_possible and ground:
        raise RuleViolated(
            "ground-unwanted", "A ground is given only where it is not possible.", field="ground"
        )
    if not is_possible and not ground:
        raise RuleViolated("ground-required", "Say why childbearing is not possible.", field="ground")
    if ground and ground not in set(Ground):
        raise RuleViolated("unknown-code", f"Choose from: {', '.join(Ground)}.", field="ground")
    if ground == Ground.OTHER and not note.strip():
        raise RuleViolated("remark-required", "Describe the other ground.", field="note")


def _require_not_later(course: Course, on: date, at: datetime, field: str) -> None:
    if on > civil_date(at, course.participant.site.time_zone):
        raise RuleViolated("in-the-future", "The day cannot lie after today.", field=field)


def _require_order(first: date, last: date | None, field: str) -> None:
    if last is not None and last < first:
        raise RuleViolated("dates-reversed", "The last day lies before the first.", field=field)


def _method(course: Course, method_id: str, at: datetime) -> ContraceptiveMethod:
    methods = course.version_at(at).contraceptive_methods
    found = next((one for one in methods if one.id == method_id), None)
    if found is None:
        names = ", ".join(one.id for one in methods)
        raise RuleViolated("unknown-method", f"Choose from: {names}.", field="method")
    return found


def _require_sound(course: Course, used: Used, at: datetime, reason: str) -> None:
    method = _method(course, used.method, at)
    _require_not_later(course, used.started_on, at, "started_on")
    if used.stopped_on is not None:
        _require_not_later(course, used.stopped_on, at, "stopped_on")
    _require_order(used.started_on, used.stopped_on, "stopped_on")
    _require_order(used.started_on, used.effective_last_on, "effective_last_on")
    if method.has_end and used.effective_last_on is None:
        raise RuleViolated("end-required", "Give the last day on which it works.", field="effective_last_on")
    if not method.is_effective and not reason.strip() and not _is_covered(course, used.started_on, at):
        raise RuleViolated(
            "method-alone",
            f"{method.title} alone is not acceptable. Record another method first; or give a reason, and it "
            "goes on record as a gap.",
            field="method",
        )


def _is_covered(course: Course, on: date, at: datetime) -> bool:
    effective = frozenset(one.id for one in course.version_at(at).contraceptive_methods if one.is_effective)
    uses = MethodUse.objects.filter(participant=course.participant, voided_at=None, method__in=effective)
    return any(one.span(effective).has(on) for one in uses)


# ---- Writing


def _save_method(
    course: Course,
    used: Used,
    *,
    by: Actor,
    at: datetime,
    reason: str,
    corrects: MethodUse | None = None,
) -> MethodUse:
    _require_sound(course, used, at, reason)
    use = MethodUse(
        participant=course.participant,
        method=used.method,
        started_on=used.started_on,
        stopped_on=used.stopped_on,
        effective_last_on=used.effective_last_on,
        note=used.note,
        entered_by=by.actor_label,
        corrects=corrects,
        recorded_at=at,
    )
    use.save_new()
    return use


def _in_force(model: type[Entry], entry: Entry) -> Entry:
    current = model._default_manager.get(pk=entry.pk)
    if current.voided_at is not None:
        raise Conflict("voided-already", "This entry was taken back already. Load the page again.")
    return current


def _void(model: type[Entry], entry: Entry, version: int | None, *, at: datetime, reason: str) -> Entry:
    current = _in_force(model, entry)
    current.version = version or current.version
    current.voided_at, current.void_reason = at, reason
    current.save_changes(["voided_at", "void_reason"])
    return current
