"""Signing, withdrawing a signature, and noticing that one does not hold any more."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model

from trialsite.accounts.models import User
from trialsite.accounts.permissions import Actor, Permission, require, require_anywhere
from trialsite.audit.acting import acting
from trialsite.audit.models import Entry
from trialsite.errors import Conflict, InvalidTransition, NotPermitted, RuleViolated
from trialsite.failpoints import failpoint
from trialsite.signing.kinds import Kind, kind_named, kind_of
from trialsite.signing.models import Signature, SignatureBreak, SigningStatement
from trialsite.signing.proof import Proof
from trialsite.signing.queries import RESET_LATELY, SHARED_ACCOUNT, signatures_of, signatures_of_many
from trialsite.signing.rules import (
    MEANINGS_VERSION,
    NEEDS_REASON,
    STATEMENT,
    STATEMENT_VERSION,
    Meaning,
    Standing,
    digest,
    is_fresh,
    may_still_sign,
    row_ids,
)

Signing = Mapping[str, Any]  # what `sign` takes beside record, actor and time
LOOKS_BACK = timedelta(
    minutes=10
)  # the recheck runs each minute; entries of a transaction under way come later


def sign(
    *,
    record: Model,
    meaning: Meaning,
    proof: Proof,
    by: Actor,
    at: datetime,
    seen: str | None = None,
    reason: str = "",
    states_equivalence: bool = False,
) -> Signature:
    """Sign a record as it is stored now. Needs the permission of its kind; joins the act that is open, if one is.

    proof: from `proof.prove`, given before the transaction. seen: digest of what the signer was shown
    (`queries.seen_digest`); None only where the same act has just made or closed the record, which the signer entered.
    Called last in an act: what the act changes of the record afterwards would break the signature.
    states_equivalence: the signer says now that the signature is as good as handwriting; asked once, before the first.
    Raises NotPermitted("not-permitted", "not-a-person", "shared-account", "not-the-signer", "reset-lately"),
    RuleViolated("meaning-not-offered", "reason-required", "statement-required", "cannot-sign", "proof-expired"),
    Conflict("signed-content-changed", "signed-already").
    """
    kind = kind_of(record)
    with acting(by=by, at=at, action="signing.signed", reason=reason):
        kind.lock_owner(record)
        fresh = _locked(kind, record)
        owner = kind.owner(fresh)
        signer = _signer(by, proof, at)
        if owner.site is not None:
            require(signer, kind.permission, owner.site.pk)
        else:
            require_anywhere(signer, kind.permission)
        _require_meaning(kind, meaning, reason)
        content = kind.content(fresh)
        if seen is not None and digest(content) != seen:
            raise Conflict(
                "signed-content-changed",
                "This record changed after you opened the page. Nothing was signed: read it again below, then sign.",
            )
        _require_free(kind, fresh, signer, meaning)
        _state_equivalence(signer, states_equivalence, at)
        failpoint("signing-before-signature")
        signature = _written(kind, fresh, content, meaning, signer, proof, at, reason)
        failpoint("signing-after-signature")
    return signature


def sign_in_act(*, record: Model, signing: Signing | None, by: Actor, at: datetime) -> Signature | None:
    """Sign what this act has just made or ended, if the form or the request asked for it; called last in the act.

    signing: `signing_of` of the form. None: the act stands unsigned and its record asks to be signed.
    """
    return sign(record=record, by=by, at=at, **signing) if signing is not None else None


def require_seen(seen: str | None, present: str) -> None:
    """Pass if what the act rests on is what the signer was shown. seen: its digest then; None where nobody signs.

    Raises Conflict("signed-content-changed").
    """
    if seen is not None and seen != present:
        raise Conflict(
            "signed-content-changed",
            "What this rests on changed after you opened the page. Nothing was recorded and nothing signed: "
            "load the page again and read it, then sign.",
        )


def withdraw(*, signature: Signature, proof: Proof, by: Actor, at: datetime, reason: str) -> Signature:
    """Take the own signature back, with a reason and under a signature; the first stays on record.

    Raises what `sign` raises, NotPermitted("not-the-signer") for somebody else's, Conflict("withdrawn-already").
    """
    kind = kind_named(signature.kind)
    if kind is None:
        raise InvalidTransition("kind-unknown", "This kind of record is not known here any more.")
    _require_reason(Meaning.WITHDRAWAL, reason)
    with acting(by=by, at=at, action="signing.withdrawn", reason=reason):
        current = Signature.objects.select_for_update().get(pk=signature.pk)
        signer = _signer(by, proof, at)
        if current.signer_id != signer.pk:
            raise NotPermitted("not-the-signer", "A signature is withdrawn by the person who gave it.")
        if current.withdraws_id or Signature.objects.filter(withdraws=current).exists():
            raise Conflict("withdrawn-already", "This signature was withdrawn already.")
        record = kind.all_rows().get(pk=current.record_id)
        row = _row(kind, record, kind.content(record), Meaning.WITHDRAWAL, signer, proof, at, reason)
        row.withdraws = current
        row.own_digest = row.digest_of_all()
        row.save_new()
    return row


def recheck(*, by: Actor, at: datetime, whole: bool = False) -> int:
    """Notice the signatures that do not hold any more; return how many were new. Needs RUN_SWEEP.

    Looks at those whose rows the trail names in the last minutes, or, `whole`, at every one: the nightly look.
    """
    require(by, Permission.RUN_SWEEP, None)
    rows = Signature.objects.filter(noticed__isnull=True, withdraws__isnull=True)
    if not whole:
        touched = _touched(at)
        if not touched:
            return 0
        rows = rows.filter(bound__overlap=touched)
    count = 0
    by_kind: dict[str, set[Any]] = {}
    for name, record_id in rows.values_list("kind", "record_id").iterator():
        by_kind.setdefault(name, set()).add(record_id)
    for name, keys in by_kind.items():
        count += _notice(name, keys, by, at)
    return count


def _touched(at: datetime) -> list[str]:
    """The ids of rows that were written lately, and of those they point to."""
    found: set[str] = set()
    recent = Entry.objects.filter(recorded_at__gte=at - LOOKS_BACK).exclude(table_name__startswith="signing_")
    for row_id, old, new in recent.values_list("row_id", "old", "new").iterator():
        found.add(row_id)
        for values in (old, new):
            found |= {str(value) for key, value in (values or {}).items() if key.endswith("_id") and value}
    return sorted(found)


def _notice(name: str, keys: set[Any], by: Actor, at: datetime) -> int:
    kind = kind_named(name)
    if kind is None:
        return 0
    noticed = set(SignatureBreak.objects.filter(signature__kind=name).values_list("signature_id", flat=True))
    new = [
        SignatureBreak(
            signature=one.signature,
            paths=", ".join(d.path for d in one.differences)[:1000],
            entry_id=one.entry.id if one.entry else None,
            recorded_at=at,
        )
        for those in signatures_of_many(list(kind.all_rows().filter(pk__in=keys))).values()
        for one in those
        if one.standing in {Standing.CHANGED, Standing.UNVERIFIABLE} and one.signature.pk not in noticed
    ]
    if new:
        with acting(by=by, at=at, action="signing.break_noticed"):
            SignatureBreak.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


# ---- The rules of signing


def _signer(by: Actor, proof: Proof, at: datetime) -> User:
    """Return the signer as they are now, roles included: they may have changed since the page was opened."""
    if not isinstance(by, User):
        raise NotPermitted("not-a-person", "Only a person signs.")
    if proof.user_id != by.pk:
        raise NotPermitted("not-the-signer", "Nobody signs for another: sign in as yourself.")
    if not is_fresh(proof.proved_at, at):
        raise RuleViolated("proof-expired", "Give your password again.", field="password")
    signer: User = User.objects.get(pk=by.pk)
    if not signer.is_active:
        raise NotPermitted("not-permitted", "This account is not active.")
    if signer.is_shared:
        raise NotPermitted("shared-account", SHARED_ACCOUNT)
    if not may_still_sign(signer.password_reset_at, at):
        raise NotPermitted("reset-lately", RESET_LATELY)
    return signer


def _locked(kind: Kind, record: Model) -> Any:
    kind.model._base_manager.select_for_update(of=("self",), no_key=True).get(pk=record.pk)
    return kind.all_rows().get(pk=record.pk)


def _require_meaning(kind: Kind, meaning: Meaning, reason: str) -> None:
    if meaning not in kind.meanings:
        offered = ", ".join(one.value for one in kind.meanings)
        raise RuleViolated("meaning-not-offered", f"Choose one of: {offered}.", field="meaning")
    _require_reason(meaning, reason)


def _require_reason(meaning: Meaning, reason: str) -> None:
    if meaning in NEEDS_REASON and not reason.strip():
        raise RuleViolated("reason-required", "Say why.", field="reason")


def _require_free(kind: Kind, record: Any, signer: User, meaning: Meaning) -> None:
    """Refuse what order or separation of duties forbids, and the same signature once more."""
    obstacles = kind.obstacles(record, signer)
    if obstacles:
        raise RuleViolated("cannot-sign", " ".join(obstacles))
    for one in signatures_of(record):
        if one.holds and one.signature.signer_id == signer.pk and one.signature.meaning == meaning.value:
            raise Conflict("signed-already", "You have signed this already, and your signature holds.")


def _state_equivalence(signer: User, states: bool, at: datetime) -> None:
    if SigningStatement.objects.filter(user=signer).exists():
        return
    if not states:
        raise RuleViolated(
            "statement-required",
            "Before you sign for the first time, confirm that your electronic signature is the equivalent of your "
            "handwritten one.",
            field="states_equivalence",
        )
    statement = SigningStatement(user=signer, text=STATEMENT, text_version=STATEMENT_VERSION, recorded_at=at)
    statement.save_new()


def _written(
    kind: Kind,
    record: Any,
    content: Any,
    meaning: Meaning,
    signer: User,
    proof: Proof,
    at: datetime,
    reason: str,
) -> Signature:
    row = _row(kind, record, content, meaning, signer, proof, at, reason)
    row.own_digest = row.digest_of_all()
    row.save_new()
    return row


def _row(
    kind: Kind,
    record: Any,
    content: Any,
    meaning: Meaning,
    signer: User,
    proof: Proof,
    at: datetime,
    reason: str,
) -> Signature:
    owner = kind.owner(record)
    return Signature(
        kind=kind.name,
        record_id=record.pk,
        participant_id=owner.participant_id,
        site=owner.site,
        signer=signer,
        printed_name=signer.display_name,
        user_name=signer.username,
        role=_role(signer, owner.site),
        signed_at=at,
        zone=owner.site.time_zone if owner.site else "UTC",
        meaning=meaning.value,
        meaning_words=meaning.words,
        meanings_version=MEANINGS_VERSION,
        reason=reason,
        shown=kind.shown(record).text,
        schema_version=kind.schema_version,
        content=content,
        content_digest=digest(content),
        factors=proof.factors,
        bound=sorted(row_ids([content]) | {str(record.pk)}),
        recorded_at=at,
    )


def _role(signer: User, site: Any) -> str:
    """The roles that count at the site."""
    here = signer.access.roles_by_site.get(site.pk, frozenset()) if site else frozenset(signer.access.roles)
    return ", ".join(sorted(role.value for role in here | signer.access.everywhere))
