"""Freezing a visit or a participant, locking a site or the trial, and unlocking: each under signature."""

from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Model

from trialsite.accounts.models import Site
from trialsite.accounts.permissions import Actor, Permission, refusal, require
from trialsite.audit.acting import acting
from trialsite.errors import Conflict, RuleViolated
from trialsite.signing.kinds import kind_of
from trialsite.signing.models import Lock, LockScope
from trialsite.signing.proof import Proof
from trialsite.signing.rules import Meaning
from trialsite.signing.services.signing import sign

# Every write under way holds a share of this table (the guard's look into it): so locking waits for them, and those
# that come after see the lock. Where they take too long nothing is locked and the caller is told to try again.
_WAIT_FOR_WRITES = "SET LOCAL lock_timeout = '5s'; LOCK TABLE signing_lock IN ACCESS EXCLUSIVE MODE"


def lock(
    *,
    target: Model | None,
    proof: Proof,
    by: Actor,
    at: datetime,
    reason: str,
    states_equivalence: bool = False,
) -> Lock:
    """Lock a signable record, a participant (by its casebook), a site, or, with None, the whole trial.

    From then on the database refuses every change of anything under it, whichever way it comes, until `unlock`.
    Needs FREEZE_DATA for a record or a participant, LOCK_DATA for a site, LOCK_DATA at every site for the trial.
    Raises RuleViolated("reason-required"), Conflict("locked-already") and what `sign` raises.
    """
    _require_reason(reason)
    row = _row(target, by, at, reason)
    _require_may(row, by)
    with acting(by=by, at=at, action="signing.locked", reason=reason):
        with connection.cursor() as cursor:
            cursor.execute(_WAIT_FOR_WRITES)
        if Lock.objects.in_force().filter(scope=row.scope, target_id=row.target_id).exists():
            raise Conflict("locked-already", f"{row.name} is locked already.")
        row.save_new()
        sign(
            record=row,
            meaning=Meaning.LOCKING,
            proof=proof,
            by=by,
            at=at,
            reason=reason,
            states_equivalence=states_equivalence,
        )
    return row


def unlock(
    *, locked: Lock, proof: Proof, by: Actor, at: datetime, reason: str, states_equivalence: bool = False
) -> Lock:
    """Lift a lock, with a reason and under a signature. The lock stays on record. Needs what `lock` needed.

    Raises RuleViolated("reason-required"), Conflict("unlocked-already") and what `sign` raises.
    """
    _require_reason(reason)
    _require_may(locked, by)
    with acting(by=by, at=at, action="signing.unlocked", reason=reason):
        current = Lock.objects.select_for_update().get(pk=locked.pk)
        if current.unlocked_at is not None:
            raise Conflict("unlocked-already", f"{current.name} is not locked any more.")
        signature = sign(
            record=current,
            meaning=Meaning.UNLOCKING,
            proof=proof,
            by=by,
            at=at,
            reason=reason,
            states_equivalence=states_equivalence,
        )
        current.unlocked_at, current.unlocked_by, current.unlock_reason = at, by.actor_label, reason
        current.unlock_signature = signature
        current.save_changes(["unlocked_at", "unlocked_by", "unlock_reason", "unlock_signature"])
    return current


def _row(target: Model | None, by: Actor, at: datetime, reason: str) -> Lock:
    told = {"locked_at": at, "locked_by": by.actor_label, "reason": reason, "recorded_at": at}
    if target is None:
        return Lock(scope=LockScope.TRIAL, name="the whole trial", **told)
    if isinstance(target, Site):
        return Lock(
            scope=LockScope.SITE, target_id=target.pk, site=target, name=f"site {target.code}", **told
        )
    return _row_of_record(target, told)


def _row_of_record(target: Any, told: dict[str, Any]) -> Lock:
    kind = kind_of(target)
    owner = kind.owner(target)
    is_participant = owner.participant_id == target.pk
    return Lock(
        scope=LockScope.PARTICIPANT if is_participant else LockScope.RECORD,
        kind=kind.name,
        target_id=target.pk,
        participant_id=owner.participant_id,
        site=owner.site,
        name=(f"participant {owner.code}" if is_participant else f"{target} of {owner.code}")[:120],
        **told,
    )


def _require_may(row: Lock, by: Actor) -> None:
    if row.scope == LockScope.TRIAL:
        for site_id in Site.objects.values_list("pk", flat=True):
            require(by, Permission.LOCK_DATA, site_id)
        return
    permission = Permission.LOCK_DATA if row.scope == LockScope.SITE else Permission.FREEZE_DATA
    site = row.present_site
    if site is None:
        raise refusal(permission)
    require(by, permission, site.pk)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise RuleViolated("reason-required", "Say why.", field="reason")
