"""Under which numbers laboratories know the participants."""

import re
from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from participants.models import Participant
from participants.rules import require_reason
from participants.services.journey import command
from screening.models import SubjectAlias
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor, acting
from trialsite.errors import Conflict, RuleViolated

# What is not seen cannot be compared: no spaces inside, no letters that look like others.
_NUMBER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/#-]{0,58}[A-Za-z0-9])?", re.ASCII)


def link_subject(*, participant: Participant, number: str, by: Actor, at: datetime) -> SubjectAlias:
    """Let results under `number` be those of this participant. Needs IMPORT_RESULTS.

    The number is the laboratory's, pseudonymous. Linked to this participant already: nothing changes.
    Raises RuleViolated("number-malformed", "number-is-a-code"), Conflict("number-taken").
    """
    number = number.strip()
    _require_usable(number)
    with command(
        participant=participant,
        permission=Permission.IMPORT_RESULTS,
        action="screening.subject_linked",
        by=by,
        at=at,
    ):
        known = SubjectAlias.objects.filter(number=number).first()
        if known is not None:
            return _same(known, participant)
        alias = SubjectAlias(participant=participant, number=number, recorded_at=at)
        try:
            with transaction.atomic():
                alias.save_new()
        except IntegrityError as first:
            raise _taken(number) from first
    return alias


def link_subjects(*, links: Sequence[tuple[str, Participant]], by: Actor, at: datetime) -> int:
    """Link many numbers, all or none; return how many were new. Needs IMPORT_RESULTS. Raises as `link_subject`."""
    with acting(by=by, at=at, action="screening.subject_linked"):
        found = [link_subject(participant=one, number=number, by=by, at=at) for number, one in links]
    return sum(alias.recorded_at == at for alias in found)


def unlink_subject(*, alias: SubjectAlias, by: Actor, at: datetime, reason: str) -> None:
    """Take a wrong number away from a participant. Needs IMPORT_RESULTS. Results imported under it stay.

    Raises RuleViolated("reason-required").
    """
    require_reason(reason, "a number is taken away")
    with command(
        participant=alias.participant,
        permission=Permission.IMPORT_RESULTS,
        action="screening.subject_unlinked",
        by=by,
        at=at,
        reason=reason,
    ):
        SubjectAlias.objects.filter(pk=alias.pk).delete()


def _require_usable(number: str) -> None:
    if not _NUMBER.fullmatch(number):
        raise RuleViolated(
            "number-malformed",
            "Give the number as the laboratory writes it: up to 60 letters, digits and . _ / # -, no spaces.",
            field="number",
        )
    if Participant.objects.filter(code=number).exists():
        raise RuleViolated(
            "number-is-a-code", "This is a participant's own code; it needs no link.", field="number"
        )


def _same(known: SubjectAlias, participant: Participant) -> SubjectAlias:
    if known.participant_id != participant.pk:
        raise _taken(known.number)
    return known


def _taken(number: str) -> Conflict:
    return Conflict("number-taken", f"{number} belongs to another participant already.", field="number")
