"""Signing over the API: in a session, with its protection against forged requests. A token signs nothing."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission, require_anywhere
from trialsite.api import idempotency
from trialsite.api.commands import CommandView
from trialsite.api.idempotency import Answer
from trialsite.api.views import ApiView
from trialsite.errors import NotPermitted
from trialsite.signing.api.lists import SignedList
from trialsite.signing.api.shapes import LockOut, SignableOut, SignIn, SigningIn
from trialsite.signing.kinds import Kind, kind_named
from trialsite.signing.models import Lock
from trialsite.signing.proof import Proof, prove
from trialsite.signing.queries import Manifest, obstacles_of, signatures_of
from trialsite.signing.rules import digest
from trialsite.signing.services.locks import lock, unlock
from trialsite.signing.services.signing import sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signable:
    """A record as the API shows it for signing."""

    kind: str
    record: UUID
    participant: str
    heading: str
    lines: tuple[Line, ...]
    content: Any
    schema_version: int
    seen: str
    meanings: tuple[str, ...]
    obstacles: tuple[str, ...]
    signatures: tuple[Manifest, ...] = field(default=())


def _found(user: User, name: str, record_id: UUID) -> tuple[Kind, Any]:
    kind = kind_named(name)
    record = kind.visible_to(user).filter(pk=record_id).first() if kind and kind.has_page else None
    if kind is None or record is None:
        raise Http404
    return kind, record


def _signable(user: User, kind: Kind, record: Any) -> Signable:
    shown, content = kind.shown(record), kind.content(record)
    return Signable(
        kind=kind.name,
        record=record.pk,
        participant=kind.owner(record).code,
        heading=shown.heading,
        lines=tuple(Line(name=label, value=value) for label, value in shown.lines),
        content=content,
        schema_version=kind.schema_version,
        seen=digest(content),
        meanings=tuple(one.value for one in kind.meanings),
        obstacles=obstacles_of(record, user),
        signatures=signatures_of(record),
    )


class ReadSignable(ApiView):
    """Read a record as it would be signed: text, canonical content, its digest, and its signatures."""

    required_permission = Permission.VIEW_PARTICIPANT
    gives = SignableOut

    def get(self, request: Request, kind: str, record_id: UUID) -> Response:
        """Answer the record."""
        found, record = _found(self.person, kind, record_id)
        return Response(SignableOut.represent(_signable(self.person, found, record)))


class SignedCommand(CommandView, abstract=True):
    """A command that is signed. The components are checked before it begins, so that a failure is counted."""

    proof: Proof

    def post(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Prove who signs, then do it once per key. The digest of a repeated request leaves the components out."""
        if request.auth is not None:
            raise NotPermitted("session-required", "A token signs nothing: sign in with name and password.")
        key = idempotency.required_key(request)
        require_anywhere(self.person, self.required_permission)
        self.before()
        given = self._given(request)
        self.proof = prove(
            request._request,
            name=given["signer"],
            password=given["password"],
            code=given["code"],
            token=str(uuid5(self.person.pk, key)),
        )
        content = {name: str(value) for name, value in given.items() if name not in {"password", "code"}}
        at = clock.now()
        with transaction.atomic():
            reserved = idempotency.reserve(
                user_id=self.person.pk, request=request, key=key, at=at, content=content
            )
            if isinstance(reserved, Answer):
                return reserved.response()
            answer = self._answer(self.run(None, given, by=self.person, at=at), 201 if self.creates else 200)
            reserved.keep(answer)
        return answer.response()

    def before(self) -> None:
        """Raise Http404 where there is nothing to sign, before anybody's password is asked."""


class SignRecord(SignedCommand):
    """Sign a record. In a session only; refused where it changed since `seen`, or where you may not."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = None
    takes, gives, creates = SignIn, SignableOut, True

    def before(self) -> None:
        self.kind, self.record = _found(self.person, self.kwargs["kind"], self.kwargs["record_id"])

    def run(self, target: Any, given: dict[str, Any], *, by: User, at: datetime) -> Signable:
        sign(
            record=self.record,
            meaning=given["meaning"],
            proof=self.proof,
            by=by,
            at=at,
            seen=given["seen"],
            reason=given["reason"],
            states_equivalence=given["states_equivalence"],
        )
        return _signable(by, self.kind, self.kind.all_rows().get(pk=self.record.pk))


class LockList(SignedList):
    """List the locks at your sites, and those of the whole trial, newest first, with their signatures."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Lock
    order = ("-locked_at", "-id")
    gives = LockOut


class FreezeRecord(SignedCommand):
    """Freeze a record, or a participant by its casebook, under signature."""

    required_permission = Permission.FREEZE_DATA
    model = None
    takes, gives, creates = SigningIn, LockOut, True

    def before(self) -> None:
        _, self.record = _found(self.person, self.kwargs["kind"], self.kwargs["record_id"])

    def run(self, target: Any, given: dict[str, Any], *, by: User, at: datetime) -> Lock:
        return _locked(self.record, self.proof, given, by, at)


class LockSite(SignedCommand):
    """Lock the data of a site under signature. Nothing of its participants changes until it is unlocked."""

    required_permission = Permission.LOCK_DATA
    model = Site
    takes, gives, creates = SigningIn, LockOut, True

    def before(self) -> None:
        self.site = self.target()

    def run(self, target: Any, given: dict[str, Any], *, by: User, at: datetime) -> Lock:
        return _locked(self.site, self.proof, given, by, at)


class LockTrial(SignedCommand):
    """Lock the data of the whole trial under signature. Needs the permission at every site."""

    required_permission = Permission.LOCK_DATA
    model = None
    takes, gives, creates = SigningIn, LockOut, True

    def run(self, target: Any, given: dict[str, Any], *, by: User, at: datetime) -> Lock:
        return _locked(None, self.proof, given, by, at)


def _locked(target: Model | None, proof: Proof, given: dict[str, Any], by: User, at: datetime) -> Lock:
    return lock(
        target=target,
        proof=proof,
        by=by,
        at=at,
        reason=given["reason"],
        states_equivalence=given["states_equivalence"],
    )


class Unlock(SignedCommand):
    """Lift a lock under signature, with a reason."""

    required_permission = Permission.FREEZE_DATA
    model = None
    takes, gives = SigningIn, LockOut

    def before(self) -> None:
        rows = Lock.objects.visible_to(self.person, self.required_permission)
        found = rows.in_force().filter(pk=self.kwargs["lock_id"]).first()
        if found is None:
            raise Http404
        self.lock = found

    def run(self, target: Any, given: dict[str, Any], *, by: User, at: datetime) -> Lock:
        return unlock(
            locked=self.lock,
            proof=self.proof,
            by=by,
            at=at,
            reason=given["reason"],
            states_equivalence=given["states_equivalence"],
        )
