"""First contact: a participant is registered and gets a subject code."""

import secrets
from datetime import datetime

from participants.models import Participant
from participants.queries.course import lock_course
from participants.services.followers import tell_followers
from participants.services.journey import Happening, happened
from trialsite.accounts.models import Site
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.errors import RuleViolated
from trialsite.protocol.codes import ALPHABET, RANDOM_LENGTH, make_code
from trialsite.protocol.types import Arm, EventKind

_ATTEMPTS = 20


def refer_participant(
    *,
    site: Site,
    referred_at: datetime,
    by: Actor,
    at: datetime,
    sex: str = "",
    birth_year: int | None = None,
    intended_arm: Arm | None = None,
    referral_source: str = "",
    reason: str = "",
    code: str | None = None,
) -> Participant:
    """Register a participant at `site` under a fresh subject code that was never used before.

    Needs REFER_PARTICIPANT. Records `referred`. code: given only by an import that keeps existing codes.
    Raises RuleViolated("birth-year-implausible"), RuleViolated("in-the-future").
    """
    require(by, Permission.REFER_PARTICIPANT, site.pk)
    _require_plausible(birth_year, at)
    with acting(by=by, at=at, action="participants.referred", reason=reason):
        participant = Participant(
            code=code or _fresh_code(site.subject_prefix),
            site=site,
            sex=sex,
            birth_year=birth_year,
            intended_arm=intended_arm.value if intended_arm else "",
            referral_source=referral_source,
            recorded_at=at,
        )
        participant.save_new()
        course = lock_course(participant.pk)
        happened(
            course, [Happening(kind=EventKind.REFERRED, occurred_at=referred_at)], by=by, at=at, reason=reason
        )
    return participant


def edit_participant(
    *,
    participant: Participant,
    version: int,
    by: Actor,
    at: datetime,
    reason: str,
    sex: str | None = None,
    birth_year: int | None = None,
    referral_source: str | None = None,
) -> Participant:
    """Correct coded particulars, against the version that was read. Needs EDIT_PARTICIPANT.

    None leaves a value as it is. Raises RuleViolated("reason-required"), Conflict("stale-version").
    """
    require(by, Permission.EDIT_PARTICIPANT, participant.site_id)
    if not reason.strip():
        raise RuleViolated("reason-required", "Say why the particulars change.", field="reason")
    _require_plausible(birth_year, at)
    given = {"sex": sex, "birth_year": birth_year, "referral_source": referral_source}
    changes = {name: value for name, value in given.items() if value is not None}
    with acting(by=by, at=at, action="participants.particulars_corrected", reason=reason):
        current = (
            Participant.objects.select_for_update(of=("self",), no_key=True)
            .select_related("site")
            .get(pk=participant.pk)
        )
        current.version = version
        for name, value in changes.items():
            setattr(current, name, value)
        current.save_changes(changes)
        if changes.keys() & {"sex", "birth_year"}:
            tell_followers(current, by=by, at=at)
            current.refresh_from_db(fields=["version", "evidence_lapses_on"])
    return current


def _fresh_code(prefix: str) -> str:
    """Draw until the code is unused; the unique index is the judge should two draws meet."""
    for _ in range(_ATTEMPTS):
        code = make_code(prefix, "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH)))
        if not Participant.objects.filter(code=code).exists():
            return code
    raise RuleViolated("no-free-code", "No free subject code was found. Give the site another prefix.")


def _require_plausible(birth_year: int | None, at: datetime) -> None:
    if birth_year is not None and not at.year - 120 <= birth_year <= at.year:
        raise RuleViolated(
            "birth-year-implausible", "Give the year of birth with four digits.", field="birth_year"
        )
