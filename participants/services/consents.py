"""Informed consent: signatures, and what a missing or outdated one means."""

from datetime import datetime

from participants.models import Consent, IcfVersion, Participant, Signer
from participants.queries.course import Course
from participants.rules import consent_checks, require_past, settle
from participants.services.followers import tell_followers
from participants.services.journey import Happening, JudgedAgain, command, correct_event, happened
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.gates import Gate, gate
from trialsite.protocol.types import Act, EventKind
from trialsite.protocol.windows import civil_date


def record_consent(
    *,
    participant: Participant,
    icf: IcfVersion,
    signed_at: datetime,
    by: Actor,
    at: datetime,
    signer: Signer = Signer.PARTICIPANT,
    representative_relation: str = "",
    impartial_witness: str = "",
    obtained_by: str = "",
    copy_handed_over: bool = True,
    reason: str = "",
) -> Consent:
    """Record the signature of an ICF version. Needs RECORD_CONSENT; records `consented`.

    A version not approved at the site on that day, or outdated, is accepted with a reason and becomes an
    important deviation. Raises RuleViolated("in-the-future", "relation-required", "reason-required"),
    Conflict("already-signed").
    """
    require_past(signed_at, at, "signed_at")
    _require_relation(signer, representative_relation)
    with command(
        participant=participant,
        permission=Permission.RECORD_CONSENT,
        action="participants.consent_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        _require_unsigned(course, icf)
        findings = settle(_signature_gate(course, icf, signed_at), happened=True, reason=reason)
        consent = Consent(
            participant=course.participant,
            icf=icf,
            signed_at=signed_at,
            signer=signer,
            representative_relation=representative_relation,
            impartial_witness=impartial_witness,
            obtained_by=obtained_by or by.actor_label,
            copy_handed_over=copy_handed_over,
            recorded_at=at,
        )
        consent.save_new()
        signed = Happening(
            kind=EventKind.CONSENTED,
            occurred_at=signed_at,
            item=icf.number,
            ref=str(consent.pk),
            facts={"signer": str(signer)},
        )
        happened(course, [signed], by=by, at=at, reason=reason, findings=findings)
    return consent


def correct_consent(
    *, consent: Consent, signed_at: datetime, by: Actor, at: datetime, reason: str
) -> Consent:
    """Correct the instant of signature; everything counted from it moves. Needs CORRECT_RECORD.

    Whether the version was approved and in force is judged again for the corrected instant.
    """
    require_past(signed_at, at, "signed_at")
    with command(
        participant=consent.participant,
        permission=Permission.CORRECT_RECORD,
        action="participants.consent_corrected",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        icf, before = consent.icf, _signature_gate(course, consent.icf, consent.signed_at)
        consent.signed_at = signed_at
        consent.save_changes(["signed_at"])
        correct_event(
            course=course,
            ref=str(consent.pk),
            kind=EventKind.CONSENTED,
            occurred_at=signed_at,
            by=by,
            at=at,
            reason=reason,
            judged=JudgedAgain(before=before, again=lambda after: _signature_gate(after, icf, signed_at)),
        )
        tell_followers(course.participant, by=by, at=at)
    return consent


def _require_relation(signer: Signer, relation: str) -> None:
    if signer == Signer.REPRESENTATIVE and not relation.strip():
        raise RuleViolated(
            "relation-required",
            "Say how the representative is related to the participant.",
            field="representative_relation",
        )


_TAKES_BACK = {EventKind.WITHDRAWN_FROM_VISITS, EventKind.WITHDRAWN_FROM_DATA_USE}


def _require_unsigned(course: Course, icf: IcfVersion) -> None:
    """Refuse a second signature of the same version, unless the first was taken back since."""
    taken_back = [event.at for event in course.events if event.kind in _TAKES_BACK]
    if any(
        event.kind is EventKind.CONSENTED and event.item == icf.number
        for event in course.events
        if not taken_back or event.at > max(taken_back)
    ):
        raise Conflict("already-signed", f"ICF {icf.number} is signed already.")


def _signature_gate(course: Course, icf: IcfVersion, signed_at: datetime) -> Gate:
    signed_on = civil_date(signed_at, course.participant.site.time_zone)
    return gate(Act.START_SCREENING, consent_checks(course.versions.icfs, icf.number, signed_at, signed_on))
