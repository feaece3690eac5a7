"""Commands that may be signed as they are done: `signature` in the body, from a session.

A token signs nothing. What a program records with one is accepted as the fact it is, unsigned, and its record asks to
be signed, as does what a person records without a signature.
"""

from typing import Any
from uuid import uuid5

from rest_framework.request import Request

from trialsite.api.fields import CleanCharField, EnumField, StrictBooleanField
from trialsite.api.problems import field_refused
from trialsite.api.serializers import InSerializer
from trialsite.api.steps import UnderCommand
from trialsite.errors import NotPermitted
from trialsite.signing.proof import prove
from trialsite.signing.rules import Meaning

_COMPONENTS = frozenset({"password", "code"})  # of which no digest is kept


class SignatureIn(InSerializer):
    """The signature of an act: as on the page, name and code at the first signing of a session."""

    meaning = EnumField(
        Meaning, required=False, help_text="One of those its kind offers; by default the usual one."
    )
    seen = CleanCharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=64,
        help_text="`seen` of what the act rests on, as you read it; needed where there is one.",
    )
    signer = CleanCharField(
        required=False, default="", allow_blank=True, max_length=150, help_text="Your user name."
    )
    password = CleanCharField(
        max_length=200, trim_whitespace=False, write_only=True, help_text="Your password."
    )
    code = CleanCharField(
        required=False, default="", allow_blank=True, max_length=20, help_text="Code of your second factor."
    )
    states_equivalence = StrictBooleanField(
        required=False,
        default=False,
        help_text="Before the first: that it is the equivalent of your handwriting.",
    )


class MayBeSignedIn(InSerializer):
    """Input of an act that may be signed as it is done."""

    signature = SignatureIn(
        required=False,
        allow_null=True,
        help_text="Signs the record in the same transaction; in a session only. Left out, it is to be signed later.",
    )


class SigningCommand(UnderCommand, abstract=True):
    """A command whose record may be signed with it. `run` finds `signing`, and `seen` where `rests_on_seen`.

    The components are checked before the transaction, so that a failure is counted whatever becomes of the act.
    """

    meaning = Meaning.APPROVAL
    rests_on_seen = True

    def prepare(self, request: Request, key: str, given: dict[str, Any]) -> object:
        """Prove who signs, where a signature is sent; the digest of a repetition leaves the components out."""
        sent = given.pop("signature", None)
        given["signing"] = None
        if sent is None:
            return None
        if request.auth is not None:
            raise NotPermitted("session-required", "A token signs nothing: sign in with name and password.")
        if self.rests_on_seen:
            given["seen"] = sent["seen"]
            if not sent["seen"]:
                raise field_refused("signature.seen", "required", "Say by `seen` what you read.")
        given["signing"] = {
            "meaning": sent.get("meaning") or self.meaning,
            "proof": prove(
                request._request,
                name=sent["signer"],
                password=sent["password"],
                code=sent["code"],
                token=str(uuid5(self.person.pk, key)),
            ),
            "states_equivalence": sent["states_equivalence"],
        }
        body: Any = request.data
        kept = {name: value for name, value in body["signature"].items() if name not in _COMPONENTS}
        return {**body, "signature": kept}
